"""Is it the feeds that fail, or our own network? Where most hosts that just worked fail one after the other, no feed is
to blame, and none is punished for it.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

LAST = 10
"""Hosts that have a vote: those heard of last."""
LEAST = 5
"""Votes without which nothing is said."""
SHARE = 0.8
WINDOW_S = 900.0
"""Age in seconds from which on a vote no longer counts."""

NETWORK_KINDS = frozenset(("dns", "connect", "proxy", "timeout", "closed", "tls"))
"""Failures that our own network may have caused (kinds of `net.failure`)."""


@dataclass(slots=True)
class Network:
    """What the hosts say of our network. A host votes "down" when it fails although it worked at the last look, so
    that feeds which are dead for good have no vote.
    """

    _votes: OrderedDict[str, tuple[float, bool]] = field(default_factory=OrderedDict)

    def heard(self, host: str, *, reached: bool, worked_before: bool, at_s: float) -> None:
        """A look at *host* ended at *at_s* (seconds of any steady clock)."""
        self._votes.pop(host, None)
        if reached or worked_before:
            self._votes[host] = (at_s, not reached)
        while len(self._votes) > LAST:
            self._votes.popitem(last=False)

    def is_down(self, at_s: float) -> bool:
        """Whether most of the hosts heard of last cannot be reached."""
        votes = [down for when, down in self._votes.values() if when > at_s - WINDOW_S]
        return len(votes) >= LEAST and sum(votes) >= SHARE * len(votes)
