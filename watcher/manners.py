"""How the watcher treats hosts and itself."""

from __future__ import annotations

from dataclasses import dataclass, field

from watcher.health import Patience

_LATE = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """Requests at once (in all, per host), seconds between two starts at a host, limits of one fetch, how long a feed
    is leased (anew while a look at it is under way), and what is called trouble.
    """

    at_once: int = 48
    per_host: int = 2
    spacing_s: float = 5.0
    total_s: float = 30.0
    limit_bytes: int = 15_000_000
    lease_s: int = 30
    drain_s: float = 10.0
    patience: Patience = field(default_factory=Patience)

    @property
    def late_s(self) -> float:
        """How late a turn at a host may be used."""
        return self.spacing_s * _LATE

    @property
    def apart_s(self) -> float:
        """Seconds from one turn at a host to the next: where the first is used late and the next at once, they are
        still the spacing apart.
        """
        return self.spacing_s + self.late_s
