"""Alerts with all that became of them, and the articles they quote."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from console.api.models.answer import Answer
from console.api.models.deliveries import DeliveryOfAlert
from rules.model import Level


class RuleOfAlert(Answer):
    """The rule that matched; `hash` names its exact text."""

    id: str
    hash: str
    title: str | None


class Speaker(Answer):
    """Who asserts the claim; `named` is false for "officials said"."""

    name: str | None
    title: str | None
    role: str
    named: bool = True


class Evidence(Answer):
    """A quoted span of the article."""

    field: Literal["title", "text"]
    start: int
    end: int
    text: str


class ArticleOfAlert(Answer):
    """The article that opened the alert."""

    id: str
    url: str | None
    title: str
    outlet: str
    tier: str
    published_at: datetime | None
    first_seen_at: datetime
    revision: int


class Alert(Answer):
    """One event. `quiet` says why it was shown and not told, `held` why it waits to be told, `outlets` how many voices
    tell of it.
    """

    id: str
    rule: RuleOfAlert
    level: Level
    status: str
    zone: str
    speaker: Speaker | None
    bindings: dict[str, str]
    evidence: list[Evidence]
    confidence: float
    episode: int
    opened_at: datetime
    seen_at: datetime
    closed_at: datetime | None
    quiet: str | None
    held: str | None
    outlets: int
    verdict: str | None
    verdict_by: str | None
    verdict_at: datetime | None
    article: ArticleOfAlert
    link: str


class Alerts(Answer):
    """Newest first. Ask on with `after=next_after` for newer ones, with `before=next_before` for older ones. An alert
    may come twice with `after`: know it by its id.
    """

    alerts: list[Alert]
    next_after: str | None = Field(description="Give it as `after` to get what comes next.")
    next_before: str | None = Field(description="Give it as `before` to get older ones; null where there are none.")
    more: bool


class Sighting(Answer):
    """A match of the alert."""

    article_id: str
    title: str
    url: str | None
    outlet: str
    at: datetime
    outcome: str
    why: str | None


class Episode(Answer):
    """One opening of the same key."""

    id: str
    episode: int
    rule_id: str
    becomes: str | None
    opened_at: datetime
    closed_at: datetime | None


class WholeAlert(Alert):
    """With all that became of it."""

    sightings: list[Sighting]
    episodes: list[Episode]
    deliveries: list[DeliveryOfAlert]


class VerdictWanted(BaseModel):
    """`null` takes a verdict back."""

    model_config = ConfigDict(extra="forbid")

    verdict: Literal["useful", "false_alarm", "duplicate"] | None


class Article(Answer):
    """An article as it is kept; `text` is plain, paragraphs separated by newlines."""

    id: str
    feed: str
    url: str | None
    title: str
    text: str
    author: str | None
    lang: str | None
    outlet: str
    tier: str
    tags: list[str]
    published_at: datetime | None
    published_from: str
    first_seen_at: datetime
    revised_at: datetime
    revision: int
    hash: str
    story: str
    evaluated_at: datetime | None
    parked_why: str | None
