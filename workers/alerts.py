"""What a match becomes: pure decisions about keys, episodes and states. No clock, no ledger."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rules.model import LEVELS, Emit, Level, Match, Status
from store.episodes import Episode, Open

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
class Joined:
    """The match is of an alert that the same story opened when it said less; `number` is the alert's episode under the
    match's key, None where the match says no more than the alert.
    """

    alert_id: str
    number: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppressed:
    """The match is recorded and shown, and becomes nothing."""

    why: str


Decision = Opened | Sighting | Joined | Suppressed

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


def level_of(match: Match, *, confirmed: bool) -> Level:
    """The level that a match gives its alert: lower until as many outlets tell of it as the rule asks for."""
    if match.emit.confirm is None or confirmed:
        return match.level
    return min(match.level, match.emit.confirm.otherwise, key=LEVELS.index)


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


def join(key: str, story_id: str, others: Sequence[Open], number: int) -> Joined | None:
    """The alert among *others* (open, of the same subject and state, seen in the same story) that a match under *key*
    belongs to, instead of opening episode *number* of it: one that differs only where one of them says nothing.
    """
    for other in others:
        if compatible(key, other.key, story_id):
            known = _unsaid(key, story_id) < _unsaid(other.key, story_id)
            return Joined(alert_id=other.id, number=number if known else None)
    return None


def compatible(key: str, other: str, story_id: str) -> bool:
    """Whether two keys can be of one event that a story tells of."""
    ours, theirs = dict(json.loads(key)), dict(json.loads(other))
    unsaid = f"story:{story_id}"
    return ours.keys() == theirs.keys() and all(
        value == theirs[name] or unsaid in (value, theirs[name]) for name, value in ours.items()
    )


def _unsaid(key: str, story_id: str) -> int:
    return sum(1 for _, value in json.loads(key) if value == f"story:{story_id}")


LADDER = (
    Status.POSSIBLE,
    Status.TALKS,
    Status.PROPOSED,
    Status.PLANNED,
    Status.ANNOUNCED,
    Status.AGREED,
    Status.UNDERWAY,
    Status.DONE,
)
"""How an act comes about. What is denied, demanded or threatened is no step of it."""


def is_further(status: str, than: str) -> bool:
    """Whether an act has come further: planned, now agreed."""
    ladder = [str(one) for one in LADDER]
    return status in ladder and than in ladder and ladder.index(status) > ladder.index(than)


def voices(heard: Sequence[tuple[str, str]]) -> int:
    """How many independent voices (outlet, story) there are: an outlet counts once, and so does a story, since copies
    of one agency text are one voice.
    """
    outlets: set[str] = set()
    stories: set[str] = set()
    count = 0
    for outlet, story in heard:
        count += outlet not in outlets and story not in stories
        outlets.add(outlet)
        stories.add(story)
    return count


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
