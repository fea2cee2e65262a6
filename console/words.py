"""Values in words, as templates show them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from store.addresses import masked
from store.database import instant
from store.words import counted, safe_url
from watcher.mending import in_words

VERDICTS = {"useful": "useful", "false_alarm": "false alarm", "duplicate": "duplicate"}

LASTS = {"1h": "1 hour", "2h": "2 hours", "8h": "8 hours", "1d": "1 day", "3d": "3 days", "1w": "1 week"}
"""How long a silence made in a form can last."""

FEED_STATUS = {
    "new": "not fetched yet",
    "ok": "working",
    "failing": "failing",
    "gone": "gone",
}

PUBLISHED_FROM = {
    "declared": "as the feed says",
    "inferred": "inferred",
    "first_seen": "when we first saw it: the feed gives no usable date",
}

OUTCOMES = {"opened": "opened the alert", "sighting": "seen again", "suppressed": "suppressed"}

_UNITS = ((86_400, "day", "days"), (3_600, "h", "h"), (60, "min", "min"))


def iso(microseconds: int) -> str:
    """RFC 3339 in UTC, to the second."""
    return instant(microseconds).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment(microseconds: int) -> str:
    """For people: `25 Nov 2026, 14:32 UTC`."""
    return f"{instant(microseconds):%d %b %Y, %H:%M} UTC".lstrip("0")


def span(seconds: float) -> str:
    """A length of time in its largest unit: `3 days`, `5 h`, `12 min`, `40 s`."""
    for size, one, many in _UNITS:
        count = int(seconds // size)
        if count:
            return f"{count} {one if count == 1 else many}"
    return f"{max(0, int(seconds))} s"


def ago(microseconds: int, now: int) -> str:
    """How long before *now* an instant was; `in 5 min` for one that comes."""
    seconds = (now - microseconds) / 1_000_000
    if seconds <= -1:
        return f"in {span(-seconds)}"
    return "just now" if seconds < 45 else f"{span(seconds)} ago"


def speaker(value: Mapping[str, Any] | None) -> str:
    """Who says it: name and office, as far as the text gives them; empty where nobody is quoted."""
    if not value:
        return ""
    parts = [part for part in (value.get("name"), value.get("title")) if part]
    return ", ".join(str(part) for part in parts) or f"somebody ({value.get('role') or 'unknown'})"


def percent(share: float | None) -> str:
    """`83 %`."""
    return "—" if share is None else f"{share * 100:.0f} %"


def place(source: str) -> str:
    """`packs/conflict.yml:1`: a rule's file within its folder, wherever that is."""
    return "/".join(source.rsplit("/", 2)[-2:])


FILTERS: dict[str, Callable[..., Any]] = {
    "ago": ago,
    "counted": counted,
    "feed_status": lambda value: FEED_STATUS.get(value, value),
    "error_class": in_words,
    "iso": iso,
    "masked": masked,
    "moment": moment,
    "outcome": lambda value: OUTCOMES.get(value, value),
    "percent": percent,
    "place": place,
    "published_from": lambda value: PUBLISHED_FROM.get(value, value),
    "safe_url": safe_url,
    "span": span,
    "speaker": speaker,
    "verdict": lambda value: VERDICTS.get(value, value),
}
