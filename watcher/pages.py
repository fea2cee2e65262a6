"""The whole text of articles of which a feed gives a teaser alone, from their pages, where the feed's owner wants it.

The same guard and manners as for feeds, and the site's robots.txt. Whatever fails leaves the feed's text, and no
article waits for more than ten pages.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Self

import structlog

from net.client import GuardedClient
from net.failure import NetFailure
from store.database import Database
from store.feeds import host_of
from store.turns import turn_at
from watcher.decide import Decided, Decision
from watcher.pool import PagePool
from watcher.robots import Robots

MOST = 10
"""Pages for one look at a feed: the rest keeps the feed's text, and the others do not wait for it."""
TEASER = 1_500
"""Characters from which on a feed's text is taken for the whole."""
LIMIT_BYTES = 5_000_000
TOTAL_S = 10.0
WAIT_S = 30.0
"""Longest wait for a turn at the page's host."""

log = structlog.get_logger("tocsin.watcher")


@dataclass(slots=True)
class Pages:
    """Use it as an `async with`: its children end with it."""

    db: Database
    client: GuardedClient
    spacing_s: float
    robots: Robots = field(init=False)
    pool: PagePool = field(init=False)

    def __post_init__(self) -> None:
        self.robots = Robots(self.client, self._turn)
        self.pool = PagePool(1, limit_s=20.0)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.pool.aclose()

    async def added(self, decision: Decision, proxy: str | None = None) -> Decision:
        """*decision* with the texts of the pages, as far as they could be had."""
        wanted = [one for one in (*decision.new, *decision.changed) if _is_teaser(one)][:MOST]
        found = {one.article_id: await self._text(one, proxy) for one in wanted}
        if wanted:
            log.info("feed.pages", wanted=len(wanted), read=sum(map(bool, found.values())))
        new, changed = (
            tuple(replace(one, page_text=found.get(one.article_id)) for one in some)
            for some in (decision.new, decision.changed)
        )
        return replace(decision, new=new, changed=changed)

    async def _text(self, one: Decided, proxy: str | None) -> str:
        url = one.entry.url or ""
        if not await self.robots.allow(url, proxy) or not await self._turn(url):
            return ""
        answer = await self.client.get(
            url, headers={"accept": "text/html"}, limit_bytes=LIMIT_BYTES, total_s=TOTAL_S, proxy=proxy
        )
        if isinstance(answer, NetFailure) or answer.status != 200 or answer.truncated:
            return ""
        text = _without_title(await self.pool.read(answer.body, answer.url), one.entry.title)
        return text if len(text) > len(one.entry.text) else ""

    async def _turn(self, url: str) -> bool:
        """Wait for a turn at the host of *url*, which all watchers share; False where that would take too long."""
        waited_s = 0.0
        while wait_s := await asyncio.to_thread(turn_at, self.db, host_of(url), self.spacing_s):
            waited_s += wait_s
            if waited_s > WAIT_S:
                return False
            await asyncio.sleep(wait_s)
        return True


def _without_title(text: str, title: str) -> str:
    """A rule that reads headline and text must not read the headline twice."""
    first, _, rest = text.partition("\n")
    return rest if first.casefold() == title.casefold() else text


def _is_teaser(one: Decided) -> bool:
    return one.quiet is None and one.entry.url is not None and len(one.entry.text) < TEASER
