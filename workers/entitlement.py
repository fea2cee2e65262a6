"""Who gets a message, and of what it is only shown: subscriptions' filters over an alert's facts, or a notice's kind.

Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from rules.model import LEVELS, Level
from rules.shape import duration_s
from store.leases import SECOND
from store.messages import TOO_OLD
from store.subscriptions import Filter, Subscription


def entitled(subscriptions: Iterable[Subscription], facts: Mapping[str, Any]) -> list[Subscription]:
    """Those of *subscriptions* whose filter lets the *facts* of an alert pass."""
    return [one for one in subscriptions if passes(one.filter, facts)]


def entitled_to_notice(subscriptions: Iterable[Subscription], kind: str) -> list[Subscription]:
    """Those of *subscriptions* that want notices of this *kind*."""
    return [one for one in subscriptions if any(fnmatchcase(kind, glob) for glob in one.filter.notices)]


def passes(wanted: Filter, facts: Mapping[str, Any]) -> bool:
    """Whether a message with these facts is wanted: a rule that some glob names, at least the level and the
    confidence, one of the tags and one of the tiers (where any are given).
    """
    return (
        any(fnmatchcase(facts["rule"], glob) for glob in wanted.rules)
        and _at_least(facts["level"], wanted.level)
        and facts["confidence"] >= wanted.confidence
        and (not wanted.tags or not set(wanted.tags).isdisjoint(facts["tags"]))
        and (not wanted.tiers or facts["tier"] in wanted.tiers)
    )


def too_old(wanted: Filter, facts: Mapping[str, Any], now: int) -> str | None:
    """Why a message told *now* (microseconds UTC) is shown and not sent: what it rests on was published longer ago than
    the subscription asks for. None where it is sent.
    """
    if wanted.max_age is None or now - facts["asserted_at"] <= duration_s(wanted.max_age) * SECOND:
        return None
    return f"{TOO_OLD} {wanted.max_age}"


def _at_least(level: str, minimum: str) -> bool:
    return LEVELS.index(Level(level)) >= LEVELS.index(Level(minimum))
