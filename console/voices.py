"""Which of those who told of an event are voices of their own, and which only pass one on. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

COPY = "copy of the same text"
AGAIN = "the same outlet again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """One who told of it (columns of a match and its article); `why_not` says why it counts for none of its own, ""
    where it does.
    """

    row: Mapping[str, Any]
    why_not: str = ""


def voices(sightings: Iterable[Mapping[str, Any]]) -> tuple[Voice, ...]:
    """*sightings* in their order, without those that were suppressed. An outlet counts once, and so does a story."""
    outlets: set[str] = set()
    stories: set[str] = set()
    heard: list[Voice] = []
    for row in sightings:
        if row["outcome"] == "suppressed":
            continue
        why_not = AGAIN if row["outlet"] in outlets else COPY if row["story_id"] in stories else ""
        heard.append(Voice(row=row, why_not=why_not))
        outlets.add(row["outlet"])
        stories.add(row["story_id"])
    return tuple(heard)
