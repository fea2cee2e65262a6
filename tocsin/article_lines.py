"""Articles and matches as lines of JSON: what `rules match` reads and writes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from rules import Article, Match, RuleSet


def article_of(line: str) -> Article:
    """An article from a line of JSON. ValueError says what is wrong with it."""
    try:
        data = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"not JSON: {error}; write one object per line") from None
    if not isinstance(data, dict):
        raise ValueError(f"expected an object, found {type(data).__name__}")
    for key in ("id", "title"):
        if not isinstance(data.get(key), str):
            raise ValueError(f"key {key!r} must be a string")
    for key in ("text", "url", "source", "lang", "published_at"):
        if data.get(key) is not None and not isinstance(data[key], str):
            raise ValueError(f"key {key!r} must be a string")
    return Article(
        id=data["id"],
        title=data["title"],
        text=data.get("text") or "",
        url=data.get("url"),
        source=data.get("source"),
        published_at=instant(data.get("published_at")),
        lang=data.get("lang"),
    )


def instant(text: str | None) -> datetime | None:
    """An ISO 8601 date or instant, UTC where it names no zone. ValueError says so if it is none."""
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"key 'published_at' must be an ISO 8601 date, found {text!r}") from None


def match_line(found: Match) -> dict[str, Any]:
    """A match as `rules match` writes it."""
    speaker = found.speaker
    return {
        "rule": found.rule,
        "level": found.level.value,
        "status": found.status.value,
        "speaker": {"name": speaker.name, "title": speaker.title, "role": speaker.role.value} if speaker else None,
        "zone": found.zone.value,
        "bindings": dict(found.bindings),
        "evidence": [{"field": e.field, "start": e.start, "end": e.end, "text": e.text} for e in found.evidence],
        "confidence": found.confidence,
    }


def answer(rules: RuleSet, number: int, line: str) -> tuple[bool, str]:
    """(is the line good, its answer as a line of JSON). `number` counts from 1."""
    try:
        article = article_of(line)
    except ValueError as error:
        return False, _dumped({"id": None, "line": number, "error": str(error)})
    return True, _dumped({"id": article.id, "matches": [match_line(m) for m in rules.match(article)]})


_ENCODER = json.JSONEncoder(ensure_ascii=False)


def _dumped(value: dict[str, Any]) -> str:
    # A lone surrogate ("\\ud800" is legal JSON) has no UTF-8: such a line is written with escapes.
    text = _ENCODER.encode(value)
    return text if text.isascii() or _is_utf8(text) else json.dumps(value)


def _is_utf8(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
