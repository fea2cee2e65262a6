"""What a digest shows people: one entry for each alert, as it stands at the end of the period. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rules.model import LEVELS, Level

RETRACTED = "alert.retracted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An alert: the `data` of its newest message, and the `kind` of what that is to somebody who reads only digests."""

    kind: str
    data: Mapping[str, Any]

    @property
    def level(self) -> str:
        """Of the alert."""
        return str(self.data["alert"]["rule"]["level"])


def entries_of(items: Sequence[Mapping[str, Any]]) -> list[Entry]:
    """The entries of a digest's items, which stand in the order in which they were told: the weightiest first, what was
    taken back last. An alert that was opened and then corrected within the period is new to its reader, as corrected;
    one that was opened and then taken back is shown as taken back, because it may have been read elsewhere.
    """
    by_alert: dict[str, list[Mapping[str, Any]]] = {}
    for item in items:
        by_alert.setdefault(item["data"]["alert"]["id"], []).append(item)
    entries = [_entry(those) for those in by_alert.values()]
    return sorted(entries, key=lambda one: (one.kind == RETRACTED, -LEVELS.index(Level(one.level))))


def _entry(items: Sequence[Mapping[str, Any]]) -> Entry:
    kinds = [item["type"] for item in items]
    kind = "alert.opened" if "alert.opened" in kinds and kinds[-1] != RETRACTED else kinds[-1]
    return Entry(kind=kind, data=items[-1]["data"])
