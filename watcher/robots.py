"""Whether a site's robots.txt lets us read a page (RFC 9309), and how far apart it wants requests (Crawl-delay)."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from protego import Protego

from net.client import GuardedClient
from net.failure import NetFailure
from watcher.turns import TurnAt, TurnPassed

AGENT = "Tocsin"
LIMIT_BYTES = 500_000
"""RFC 9309 2.5 wants 500 KiB read at least."""
KEPT_S = 24 * 3_600.0
"""RFC 9309 2.4: not longer than a day."""
AGAIN_S = 600.0
"""After which a robots.txt that could not be had is asked for again."""
LONGEST_DELAY_S = 60.0
"""A Crawl-delay that asks for more is taken as this."""
_REMEMBERED = 1_000
_MORE = re.compile(rf"(?im)^([ \t]*user-agent[ \t]*:[ \t]*{AGENT})[/ \t(][^\r\n]*")
"""What follows our name where somebody wrote it with a version (RFC 9309 2.2.1 wants the name alone). It looks over
no end of a line: an empty file of many lines would take the square of its length.
"""

Allowed = Callable[[str], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What a site's robots.txt asks of us: which URLs may be read, seconds between two requests, until when (steady
    clock) this is believed.
    """

    allowed: Allowed
    until_s: float
    delay_s: float = 0.0


@dataclass(slots=True)
class Robots:
    """What the sites' robots.txt say, remembered for a day."""

    client: GuardedClient
    _known: dict[str, Policy] = field(default_factory=dict)

    async def policy(self, url: str, led: TurnAt, proxy: str | None = None) -> Policy:
        """What holds for the site of *url*, asked for in a turn of *led*. Where there is no robots.txt (4xx) all may be
        read, where the site is ill nothing.
        """
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        known = self._known.get(origin)
        if known is None or known.until_s < time.monotonic():
            known = await self._ask(origin, led, proxy)
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[origin] = known
        return known

    async def _ask(self, origin: str, led: TurnAt, proxy: str | None) -> Policy:
        url, ill = f"{origin}/robots.txt", Policy(allowed=_nothing, until_s=time.monotonic() + AGAIN_S)
        try:
            before = await led(url)
            answer = await self.client.get(
                url, limit_bytes=LIMIT_BYTES, total_s=10.0, proxy=proxy, before_sending=before, before_hop=led
            )
        except TurnPassed:
            return ill
        if isinstance(answer, NetFailure) or answer.status == 429 or answer.status >= 500:
            return ill
        until_s = time.monotonic() + KEPT_S
        if answer.status != 200:
            return Policy(allowed=_everything, until_s=until_s)
        return policy_of(answer.body, until_s)


def policy_of(body: bytes, until_s: float) -> Policy:
    """What a robots.txt says; a Crawl-delay within limits."""
    rules = Protego.parse(_MORE.sub(r"\1", body.decode("utf-8-sig", "replace")))
    delay_s = min(max(rules.crawl_delay(AGENT) or 0.0, 0.0), LONGEST_DELAY_S)
    return Policy(allowed=lambda url: bool(rules.can_fetch(url, AGENT)), until_s=until_s, delay_s=delay_s)


def _everything(_url: str) -> bool:
    return True


def _nothing(_url: str) -> bool:
    return False
