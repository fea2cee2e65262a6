"""What a match becomes: pure decisions about keys, episodes and states. No clock, no ledger."""

from __future__ import annotations

import json
from dataclasses import dataclass

from rules.model import Emit
from store.episodes import Episode

SECOND = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The match opens episode `number` of its key, and ends the episode `closes`."""

    number: int
    closes: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """The match is one more of an open alert."""

    alert_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppressed:
    """The match is recorded and shown, and becomes nothing."""

    why: str


Decision = Opened | Sighting | Suppressed

OLDER = "older than the news that set the present state"


def subject_of(rule_id: str, emit: Emit) -> str:
    """What the key is a key of: the state that rules share, or the rule."""
    return f"state:{emit.state}" if emit.state else rule_id


def key_of(emit: Emit, story_id: str) -> str:
    """Canonical JSON of the key. Where the text does not say a part, the story stands for it, so that unrelated events
    never merge; a rule without a key alerts once per story.
    """
    parts = emit.key or (("story", None),)
    pairs = sorted([name, value if value is not None else f"story:{story_id}"] for name, value in parts)
    return json.dumps(pairs, ensure_ascii=False, separators=(",", ":"))


def decide(emit: Emit, latest: Episode | None, asserted_at: int, now: int) -> Decision:
    """What a match becomes, given the latest episode of its key. Instants are microseconds UTC; *asserted_at* is when
    its article was published.

    A state changes only by news that is not older than what set it: feeds are read newest first, and last week's
    "embargo in force" must not reopen what ended today.
    """
    if latest is None:
        return Opened(number=1)
    if latest.closed:
        return Opened(number=latest.number + 1)
    if emit.state and emit.becomes != latest.becomes:
        if asserted_at < latest.asserted_at:
            return Suppressed(why=OLDER)
        return Opened(number=latest.number + 1, closes=latest.id)
    if emit.once_per_s is not None and now - latest.opened_at >= emit.once_per_s * SECOND:
        return Opened(number=latest.number + 1, closes=latest.id)
    return Sighting(alert_id=latest.id)
