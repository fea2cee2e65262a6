"""Counts per day as bars of a small drawing. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from store.words import counted

STEP, WIDTH, HEIGHT = 6, 4, 20
"""Of one day and its bar, in the drawing's units."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle that stands on the ground; `count` is what it means."""

    x: int
    y: float
    height: float
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sparkline:
    """Bars from the oldest day to today, and the same in words."""

    bars: tuple[Bar, ...]
    width: int
    height: int
    words: str


def sparkline(counts: Sequence[int], one: str, many: str | None = None) -> Sparkline:
    """Bars as high as their share of the highest; a day with anything at all is seen. `one` and `many` name what is
    counted.
    """
    highest = max(counts, default=0)
    bars = tuple(
        Bar(day * STEP, round(HEIGHT - height, 1), round(height, 1), count)
        for day, count in enumerate(counts)
        for height in [max(2.0, HEIGHT * count / highest) if count else 1.0]
    )
    total, today = sum(counts), counts[-1] if counts else 0
    words = f"{counted(total, one, many)} in {len(counts)} days, at most {highest} a day, {today} today"
    return Sparkline(bars=bars, width=max(1, len(counts) * STEP - (STEP - WIDTH)), height=HEIGHT, words=words)
