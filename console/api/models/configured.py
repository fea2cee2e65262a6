"""Feeds, rules and subscriptions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from console.api.models.answer import Answer
from rules.model import Level


class Feed(Answer):
    """A watched feed and how it does."""

    id: str
    url: str
    name: str
    outlet: str
    tier: str
    tags: list[str]
    status: str
    failures: int
    error_class: str | None
    error: str | None
    last_success_at: datetime | None
    last_new_at: datetime | None
    usual_gap_s: int | None
    troubles: list[str]
    next_check_at: datetime
    next_check_why: str | None


class Feeds(Answer):
    """All feeds by name."""

    feeds: list[Feed]


class Rule(Answer):
    """A rule in force. `precision` is the share of judged alerts that were no false alarm."""

    id: str
    version: str
    hash: str
    title: str
    level: Level
    maturity: str
    tags: list[str]
    source: str
    alerts: int
    last_at: datetime | None
    precision: float | None


class Rules(Answer):
    """All rules in force by id."""

    rules: list[Rule]


class Subscription(Answer):
    """Who gets what; no secret is shown. `unsubscribed_at` is when its receiver asked for no more."""

    id: str
    owner: str
    filter: dict[str, Any]
    channel: str
    address: str
    cadence: dict[str, Any]
    unsubscribed_at: datetime | None


class Subscriptions(Answer):
    """All subscriptions in force by id."""

    subscriptions: list[Subscription]
