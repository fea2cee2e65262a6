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
FORGET = 3
"""Failures in a row after which a new address is given up."""

_PERMANENT = frozenset((301, 308))


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """Where a feed seems to have moved to, how often that was seen, and since when (microseconds UTC)."""

    to: str | None = None
    count: int = 0
    since_at: int | None = None


def confirmed(moved: Moved, now: int) -> str | None:
    """The new address, once it may be believed."""
    enough = moved.count >= SIGHTINGS and moved.since_at is not None and now - moved.since_at >= SPAN
    return moved.to if enough else None


def after_answer(moved: Moved, hops: Sequence[Hop], now: int) -> Moved:
    """What to remember after a feed came by way of *hops*."""
    permanent = bool(hops) and all(hop.status in _PERMANENT for hop in hops)
    if not permanent:
        return Moved()
    again = moved.to == hops[-1].url
    return Moved(to=hops[-1].url, count=moved.count + 1 if again else 1, since_at=moved.since_at if again else now)


def kept(new_address: str | None, failures: int) -> str | None:
    """The new address after so many failures in a row: at last it is given up, and the declared one is asked again."""
    return new_address if failures < FORGET else None
