"""What every answer of the API has in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Answer(BaseModel):
    """Fields may be added to any answer; none changes its meaning."""

    model_config = ConfigDict(from_attributes=True)
