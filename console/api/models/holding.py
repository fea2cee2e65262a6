"""What the rate guard holds back, and the wish that it be told or discarded."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from console.api.models.answer import Answer


class HeldRule(Answer):
    """A rule with alerts that are opened and shown, and wait to be told. `released` of them are about to be."""

    rule_id: str
    waiting: int
    released: int
    since_at: datetime
    why: str


class HeldRules(Answer):
    """All rules that are held back, by id."""

    rules: list[HeldRule]


class DiscardWanted(BaseModel):
    """Why what waits is told to nobody."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(max_length=500)


class LetGo(Answer):
    """How many alerts are told, or discarded."""

    alerts: int
