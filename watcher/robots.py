"""Whether a site's robots.txt lets us read a page (RFC 9309)."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from protego import Protego

from net.client import GuardedClient
from net.failure import NetFailure

AGENT = "Tocsin"
LIMIT_BYTES = 500_000
"""RFC 9309 2.5 wants 500 KiB read at least."""
KEPT_S = 24 * 3_600.0
"""RFC 9309 2.4: not longer than a day."""
AGAIN_S = 600.0
"""After which a robots.txt that could not be had is asked for again."""
_REMEMBERED = 1_000

Allowed = Callable[[str], bool]


@dataclass(slots=True)
class Robots:
    """What the sites' robots.txt say, remembered for a day."""

    client: GuardedClient
    turn: Callable[[str], Awaitable[bool]]
    """Waits for a turn at the host of a URL; False where that would take too long."""
    _known: dict[str, tuple[float, Allowed]] = field(default_factory=dict)

    async def allow(self, url: str, proxy: str | None = None) -> bool:
        """Whether *url* may be read. Where there is no robots.txt (4xx) all may, where the site is ill nothing."""
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        until_s, allowed = self._known.get(origin, (0.0, _nothing))
        if until_s < time.monotonic():
            until_s, allowed = await self._ask(origin, proxy)
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[origin] = until_s, allowed
        return allowed(url)

    async def _ask(self, origin: str, proxy: str | None) -> tuple[float, Allowed]:
        if not await self.turn(origin):
            return time.monotonic() + AGAIN_S, _nothing
        now_s = time.monotonic()
        answer = await self.client.get(f"{origin}/robots.txt", limit_bytes=LIMIT_BYTES, total_s=10.0, proxy=proxy)
        if isinstance(answer, NetFailure) or answer.status == 429 or answer.status >= 500:
            return now_s + AGAIN_S, _nothing
        if answer.status != 200:
            return now_s + KEPT_S, _everything
        rules = Protego.parse(answer.body.decode("utf-8", "replace"))
        return now_s + KEPT_S, lambda url: bool(rules.can_fetch(url, AGENT))


def _everything(_url: str) -> bool:
    return True


def _nothing(_url: str) -> bool:
    return False
