"""What a match becomes: pure decisions about keys, episodes and states. No clock, no ledger."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rules.model import Emit, Match
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


def place_of(match: Match, story_id: str) -> tuple[str, str]:
    """The (subject, key) under which a match of a story is recorded."""
    return subject_of(match.rule, match.emit), key_of(match.emit, story_id)


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


Claim = Mapping[str, Any]
"""The columns of a match or an alert that say what is claimed: level, status, bindings, speaker, evidence, …"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """The revised article says the same in other words or elsewhere: nobody is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """The alert holds, but as `claim` says and not as it was told."""

    claim: Claim


@dataclass(frozen=True, slots=True, kw_only=True)
class Retracted:
    """Nothing that was seen supports the alert any longer."""


Revision = Kept | Corrected | Retracted


def revise(before: Claim, held: Claim | None, supporter: Claim | None) -> Revision:
    """What the revision of the article behind an alert does to it. *before* is what was told, *held* what the revision
    still claims under the same key, *supporter* what an article of an independent outlet claims.
    """
    if held is not None:
        return Kept() if _told_of(held) == _told_of(before) else Corrected(claim=held)
    return Corrected(claim=supporter) if supporter is not None else Retracted()


def _told_of(claim: Claim) -> tuple[Any, ...]:
    """What a reader would call the claim: not where its words stand, nor their punctuation and case."""
    quotes = [re.findall(r"\w+", one["text"].casefold()) for one in claim["evidence"]]
    speaker = claim["speaker"] and claim["speaker"]["name"]
    return claim["level"], claim["status"], claim["bindings"], speaker, quotes
