"""A permanent redirect is believed after ten sightings over a day: some sites flap, or redirect to a login for an hour.

Pure. The declared URL stays the feed's identity; only where it is fetched from changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from net.client import Hop

SIGHTINGS = 10
SPAN = 24 * 3_600 * 1_000_000
"""Microseconds between the first and the last sighting."""

_PERMANENT = frozenset((301, 308))


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """Where a feed seems to have moved to, how often that was seen, and since when (microseconds UTC)."""

    to: str | None = None
    count: int = 0
    since_at: int | None = None


def address(url: str, moved: Moved, now: int) -> str:
    """Where to fetch the feed declared with *url* from."""
    return moved.to if moved.to and _confirmed(moved, now) else url


def _confirmed(moved: Moved, now: int) -> bool:
    return moved.count >= SIGHTINGS and moved.since_at is not None and now - moved.since_at >= SPAN


def after_answer(moved: Moved, asked: str, url: str, hops: Sequence[Hop], now: int) -> Moved:
    """What to remember after a feed came from *asked* by way of *hops*. *url* is the declared one."""
    permanent = bool(hops) and all(hop.status in _PERMANENT for hop in hops)
    if permanent and moved.to == hops[-1].url:
        return Moved(to=moved.to, count=moved.count + 1, since_at=moved.since_at)
    if permanent:
        return Moved(to=hops[-1].url, count=1, since_at=now)
    return moved if asked != url else Moved()


def after_failure(moved: Moved, asked: str, url: str) -> Moved:
    """A new address that does not answer is forgotten; the declared one is asked again."""
    return Moved() if asked != url else moved
