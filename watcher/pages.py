"""The whole text of articles of which a feed gives a teaser alone, from their pages, where the feed's owner wants it.

The same guard and manners as for feeds, and the site's robots.txt. Whatever fails leaves the feed's text, and no
article waits for more than ten pages, or much longer than two minutes.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Self

import structlog

from net.client import BeforeSending, GuardedClient, Response
from net.failure import NetFailure
from watcher.decide import Decided, Decision
from watcher.pool import PagePool
from watcher.robots import Robots
from watcher.turns import TurnAt, TurnPassed

MOST = 10
"""Pages for one look at a feed: the rest keeps the feed's text, and the others do not wait for it."""
LONGEST_S = 120.0
"""After which no further page of one look is asked for: a site may want a minute between two."""
TEASER = 1_500
"""Characters from which on a feed's text is taken for the whole."""
LIMIT_BYTES = 5_000_000
TOTAL_S = 10.0

log = structlog.get_logger("tocsin.watcher")


class _NotAllowed(Exception):  # noqa: N818
    """The site's robots.txt says no."""


@dataclass(slots=True)
class Pages:
    """Use it as an `async with`: its children end with it."""

    client: GuardedClient
    robots: Robots = field(init=False)
    pool: PagePool = field(init=False)

    def __post_init__(self) -> None:
        self.robots = Robots(self.client)
        self.pool = PagePool(1, limit_s=20.0)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.pool.aclose()

    async def added(self, decision: Decision, led: TurnAt, proxy: str | None = None) -> Decision:
        """*decision* with the texts of the pages, as far as they could be had; each request in a turn of *led*."""
        wanted = [one for one in (*decision.new, *decision.changed) if _is_teaser(one)][:MOST]
        found = await self._texts(wanted, led, proxy)
        if wanted:
            log.info("feed.pages", wanted=len(wanted), read=sum(map(bool, found.values())))
        new, changed = (
            tuple(replace(one, page_text=found.get(one.article_id)) for one in some)
            for some in (decision.new, decision.changed)
        )
        return replace(decision, new=new, changed=changed)

    async def _texts(self, wanted: Sequence[Decided], led: TurnAt, proxy: str | None) -> dict[str, str]:
        """Article → text of its page; '' where that was wanted and could not be had."""
        end_s = time.monotonic() + LONGEST_S
        found = {one.article_id: "" for one in wanted}
        for one in wanted:
            if time.monotonic() < end_s:
                found[one.article_id] = await self._text(one, led, proxy)
        return found

    async def _text(self, one: Decided, led: TurnAt, proxy: str | None) -> str:
        answer = await self._page(one.entry.url or "", led, proxy)
        if answer is None or answer.status != 200 or answer.truncated:
            return ""
        text = _without_title(await self.pool.read(answer.body, answer.url), one.entry.title)
        return text if len(text) > len(one.entry.text) else ""

    async def _page(self, url: str, led: TurnAt, proxy: str | None) -> Response | None:
        async def allowed(url: str) -> BeforeSending:
            policy = await self.robots.policy(url, led, proxy)
            if not policy.allowed(url):
                raise _NotAllowed
            return await led(url, policy.delay_s)

        try:
            answer = await self.client.get(
                url,
                headers={"accept": "text/html"},
                limit_bytes=LIMIT_BYTES,
                total_s=TOTAL_S,
                proxy=proxy,
                before_sending=await allowed(url),
                before_hop=allowed,
            )
        except (TurnPassed, _NotAllowed):
            return None
        return None if isinstance(answer, NetFailure) else answer


def _without_title(text: str, title: str) -> str:
    """A rule that reads headline and text must not read the headline twice."""
    first, _, rest = text.partition("\n")
    return rest if first.casefold() == title.casefold() else text


def _is_teaser(one: Decided) -> bool:
    return one.quiet is None and one.entry.url is not None and len(one.entry.text) < TEASER
