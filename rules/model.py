"""The values that rules read and what they find. Frozen; every other room speaks in these words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal


class Status(StrEnum):
    """What a claim says of its act. One value per claim; `unknown` beats a guess."""

    DONE = "done"
    AGREED = "agreed"
    ANNOUNCED = "announced"
    UNDERWAY = "underway"
    PLANNED = "planned"
    PROPOSED = "proposed"
    DEMANDED = "demanded"
    THREATENED = "threatened"
    POSSIBLE = "possible"
    TALKS = "talks"
    CONDITIONAL = "conditional"
    DENIED = "denied"
    REFUSED = "refused"
    UNKNOWN = "unknown"


class Zone(StrEnum):
    """Where in an article a claim stands, and so whether it is news or history."""

    HEADLINE = "headline"
    LEAD = "lead"
    BODY = "body"
    BACKGROUND = "background"


class Role(StrEnum):
    """The office of a speaker, as the text gives it."""

    OFFICIAL = "official"
    FORMER = "former"
    OPPOSITION = "opposition"
    ANALYST = "analyst"
    COMPANY = "company"
    PERSON = "person"
    OUTLET = "outlet"
    UNKNOWN = "unknown"


class Level(StrEnum):
    """What its reader must do: note it, read it today, act today, act now."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


LEVELS: tuple[Level, ...] = (Level.LOW, Level.MEDIUM, Level.HIGH, Level.CRITICAL)
"""Ascending: `LEVELS.index` orders them."""

Field = Literal["title", "text"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """What rules read. `text` is plain text, paragraphs separated by newlines.

    `published_at` is aware (UTC) and the only clock that rules know; `lang` is a BCP 47 tag, None if not known.
    """

    id: str
    title: str
    text: str = ""
    url: str | None = None
    source: str | None = None
    published_at: datetime | None = None
    lang: str | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """A quoted span: `text == article.<field>[start:end]`, offsets in Unicode code points."""

    field: Field
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who asserts a claim. `named` is False for "officials said"."""

    name: str | None
    title: str | None
    role: Role
    named: bool = True


@dataclass(frozen=True, slots=True)
class Confirm:
    """How many independent outlets raise an alert to its rule's level within a time, and its level until then."""

    outlets: int
    within_s: int
    otherwise: Level


@dataclass(frozen=True, slots=True)
class Emit:
    """How a match becomes an alert: the key says which event.

    `key` are (variable, value) pairs in the rule's order; a value is None where the text does not say it (the ledger
    then puts the story's id in its place). `state` and `becomes` name a state that this match opens ("in_force") or
    closes ("ended"), shared by all rules that name the same state; None for a rule without one. `once_per_s` is the
    time in seconds during which a further match of the same key is a sighting; None means as long as the episode is
    open. `confirm` says how many outlets it takes; None for a rule that does not ask.
    """

    key: tuple[tuple[str, str | None], ...] = ()
    state: str | None = None
    becomes: str | None = None
    once_per_s: int | None = None
    confirm: Confirm | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """One rule holding for one article, with bindings and evidence. `confidence` is 0 to 1."""

    rule: str
    level: Level
    status: Status
    speaker: Speaker | None
    zone: Zone
    bindings: Mapping[str, str]
    evidence: tuple[Evidence, ...]
    confidence: float = 1.0
    signs: tuple[str, ...] = ()
    """What the confidence was weighed by, sorted."""
    emit: Emit = field(default_factory=Emit)


@dataclass(frozen=True, slots=True)
class Held:
    """The rules that hold for one article, each group sorted by rule: those that stand, and those that are silent
    because one that they give way to holds as well.
    """

    standing: tuple[Match, ...]
    silent: tuple[Match, ...] = ()
