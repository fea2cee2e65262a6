"""Notices, and who was told of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from console.api.models.answer import Answer


class AboutNotice(Answer):
    """The thing that a notice is about: a feed, rule, endpoint or subscription."""

    what: str
    id: str
    name: str


class ToldNotice(Answer):
    """What became of a notice for one subscription."""

    subscription_id: str
    status: str
    why: str | None


class Notice(Answer):
    """Something about the service itself; `told_at` is null while it waits to be told, `words` once it is pruned."""

    id: str
    type: str
    at: datetime
    told_at: datetime | None
    about: AboutNotice | None
    words: str | None
    details: dict[str, Any]
    told: list[ToldNotice]


class Notices(Answer):
    """Notices, newest first."""

    notices: list[Notice]
    next_before: str | None = Field(description="Give it as `before` to get older ones; null where there are none.")
