"""Silences, and the wish for one."""

from __future__ import annotations

from datetime import datetime

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from console.api.models.answer import Answer


class Silence(Answer):
    """What is kept back: messages that fit all that is given of `rule`, `bindings`, `outlet` and `alert_id`.
    `suppressed` counts the deliveries that were not sent because of it.
    """

    id: str
    rule: str | None
    bindings: dict[str, str]
    outlet: str | None
    alert_id: str | None
    author: str
    reason: str
    created_at: datetime
    until_at: datetime
    removed_at: datetime | None
    removed_by: str | None
    suppressed: int


class Silences(Answer):
    """Silences."""

    silences: list[Silence]


class SilenceWanted(BaseModel):
    """A silence to make: for so long (`8h`), or until an instant. `rule` is an id or a glob."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    reason: str = Field(max_length=500)
    rule: str | None = Field(None, max_length=200)
    bindings: dict[str, str] = {}
    outlet: str | None = Field(None, max_length=200)
    alert_id: str | None = Field(None, max_length=100)
    lasts: str | None = Field(None, alias="for", examples=["30m", "8h", "2d"])
    until: AwareDatetime | None = None
