"""Rows of the ledger as the API shows them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from console.api import models
from store.addresses import masked
from store.database import instant
from store.inbox import AlertDetail, AlertLine, Row
from store.silences import Silence
from store.words import safe_url


def when(microseconds: int | None) -> datetime | None:
    """An instant of the ledger, to the second."""
    return None if microseconds is None else instant(microseconds).replace(microsecond=0)


def timed(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row with its instants (columns `at` and `…_at`) as datetimes."""
    return {name: when(value) if name == "at" or name.endswith("_at") else value for name, value in row.items()}


def alert(line: AlertLine, base_url: str) -> models.Alert:
    """An alert as the list shows it."""
    return models.Alert.model_validate(_alert(line, base_url))


def whole_alert(detail: AlertDetail, base_url: str) -> models.WholeAlert:
    """An alert with all that became of it."""
    own = _alert(detail.line, base_url)
    return models.WholeAlert.model_validate(
        {
            **own,
            "sightings": [timed(one) for one in detail.sightings],
            "episodes": [timed(one) for one in detail.episodes],
            "deliveries": [
                {**timed(one), "address": masked(one["address"]), "tries": [timed(each) for each in one["tries"]]}
                for one in detail.deliveries
            ],
        }
    )


def delivery(row: Row) -> models.ListedDelivery:
    """A delivery as the list shows it."""
    shown = {**timed(row), "type": row["kind"], "address": masked(row["address"])}
    return models.ListedDelivery.model_validate(shown)


def silence(one: Silence) -> models.Silence:
    """A silence with what it keeps back."""
    return models.Silence.model_validate(timed({**asdict(one.scope), **asdict(one)}))


def notice(row: Row) -> models.Notice:
    """A notice with what became of it."""
    said = {"about": None, "words": None, "details": {}, **(row["notice"] or {})}
    own = {"id": row["id"], "type": row["kind"], "at": when(row["at"]), "told_at": when(row["told_at"])}
    return models.Notice.model_validate({**said, **own, "told": row["told"]})


def article(row: Row) -> models.Article:
    """An article."""
    shown = {**timed(row), "url": safe_url(row["url"]), "hash": row["content_hash"], "story": row["story_id"]}
    return models.Article.model_validate(shown)


def _alert(line: AlertLine, base_url: str) -> dict[str, Any]:
    own = timed({name: getattr(line, name) for name in AlertLine.__dataclass_fields__})
    of_article = {name: own[name] for name in ("title", "outlet", "tier", "published_at", "first_seen_at")}
    identity = {"id": line.article_id, "url": safe_url(line.url), "revision": line.article_revision}
    return {
        **own,
        "rule": {"id": line.rule_id, "hash": line.rule_hash, "title": line.rule_title},
        "article": {**of_article, **identity},
        "link": f"{base_url}/alerts/{line.id}",
    }
