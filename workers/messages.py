"""What an alert tells: the facts that filters read, and the webhook's `data`, bounded. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC
from typing import Any

from sqlalchemy import Row

from rules.engine import Rule
from rules.model import Evidence, Match
from store.database import instant
from workers.alerts import level_of

VERSION = 1
"""Of the payload's schema."""

MAX_EVIDENCE = 8
MAX_QUOTE = 600
MAX_WORDS = 500
MAX_BINDINGS = 20

Article = Row[Any]


def when(microseconds: int | None) -> str | None:
    """RFC 3339 in UTC, to the second."""
    if microseconds is None:
        return None
    return instant(microseconds).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def asserted_at(article: Article) -> int:
    """When the article says what it says: microseconds UTC."""
    return int(article.published_at if article.published_at is not None else article.first_seen_at)


def claim_of(match: Match, rule: Rule, *, confirmed: bool = False) -> dict[str, Any]:
    """The columns that a match and its alert share; *confirmed* where enough outlets told of it."""
    return {
        "rule_id": match.rule,
        "rule_hash": rule.hash,
        "level": str(level_of(match, confirmed=confirmed)),
        "status": str(match.status),
        "zone": str(match.zone),
        "speaker": speaker_of(match),
        "bindings": bindings_of(match),
        "evidence": evidence_of(match.evidence),
        "confidence": match.confidence,
    }


FOLLOWS = ("level", "status", "zone", "speaker", "bindings", "evidence", "confidence")
"""Columns of an alert that follow its article."""


def facts_of(claim: Mapping[str, Any], rule: Rule, article: Article) -> dict[str, Any]:
    """What subscriptions select by."""
    return {
        "rule": rule.id,
        "tags": sorted({*rule.tags, *article.tags}),
        "level": claim["level"],
        "tier": article.tier,
        "outlet": article.outlet,
        "confidence": claim["confidence"],
        "asserted_at": asserted_at(article),
        "quiet": article.quiet,
    }


def speaker_of(match: Match) -> dict[str, Any] | None:
    """The speaker as the ledger keeps it."""
    return None if match.speaker is None else {**asdict(match.speaker), "role": str(match.speaker.role)}


def evidence_of(evidence: Sequence[Evidence]) -> list[dict[str, Any]]:
    """The quotations, each and all of them bounded; offsets stay true to what is quoted."""
    return [
        {"field": one.field, "start": one.start, "end": one.start + len(text), "text": text}
        for one in evidence[:MAX_EVIDENCE]
        for text in (one.text[:MAX_QUOTE],)
    ]


def bindings_of(match: Match) -> dict[str, str]:
    """The variables in the rule's order, bounded."""
    return {name[:100]: value[:200] for name, value in list(match.bindings.items())[:MAX_BINDINGS]}


def data_of(alert: Mapping[str, Any], rule: Rule, article: Article, base_url: str) -> dict[str, Any]:
    """The webhook's `data` without `seq`; *alert* are the columns of its row with the claim told."""
    return {
        "version": VERSION,
        "alert": {
            "id": alert["id"],
            "rule": {
                "id": rule.id,
                "version": rule.version,
                "hash": rule.hash,
                "title": rule.title[:MAX_WORDS],
                "level": alert["level"],
                "tags": list(rule.tags)[:MAX_BINDINGS],
            },
            "status": alert["status"],
            "speaker": alert["speaker"],
            "zone": alert["zone"],
            "bindings": alert["bindings"],
            "evidence": alert["evidence"],
            "opened_at": when(alert["opened_at"]),
            "episode": alert["episode"],
            "story": alert["story_id"],
        },
        "article": _article(article),
        "outlets": alert["outlets"],
        "link": f"{base_url}/alerts/{alert['id']}",
    }


def restated(data: Mapping[str, Any], alert: Mapping[str, Any], article: Article, *, level: str) -> dict[str, Any]:
    """The `data` of a message that nobody was told, with its alert as it now stands."""
    claim = {name: alert[name] for name in ("status", "speaker", "zone", "bindings", "evidence")}
    said = {**data["alert"], **claim, "rule": {**data["alert"]["rule"], "level": level}}
    return {**data, "alert": said, "article": _article(article), "outlets": alert["outlets"]}


def _article(article: Article) -> dict[str, Any]:
    return {
        "id": article.id,
        "url": article.url,
        "title": article.title[:MAX_WORDS],
        "outlet": article.outlet,
        "tier": article.tier,
        "published_at": when(article.published_at),
        "published_from": article.published_from,
        "first_seen_at": when(article.first_seen_at),
        "revision": article.revision,
        "hash": article.content_hash,
    }
