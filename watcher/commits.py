"""Commits what looks have brought, many of them at once: a transaction for each took a third of its time."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog

from store.commits import CHUNK, commit_fetch, commit_looks
from store.database import Database
from store.fetches import Ended
from watcher.story import kin

GATHER_S = 0.05
"""How long looks without articles are gathered; a watcher that is killed meanwhile looks at their feeds again."""
MOST = 100
"""Looks in one transaction: a longer one makes every other writer of SQLite wait."""

log = structlog.get_logger("tocsin.watcher")

_Waiting = tuple[Ended, asyncio.Future[list[str] | None]]


@dataclass(slots=True)
class Commits:
    """The commits of one watcher, the *owner* of its leases: one transaction at a time, with all that waits by then."""

    db: Database
    owner: str
    _waiting: list[_Waiting] = field(default_factory=list)
    _writing: asyncio.Task[None] | None = None
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    async def commit(self, look: Ended) -> list[str] | None:
        """Write the *look*; return the ids of the articles to evaluate, or None where its lease was lost meanwhile.

        Raises:
            SQLAlchemyError: it is not written.
        """
        if len(look.outcome.articles) > CHUNK:
            return await asyncio.to_thread(commit_fetch, self.db, self.owner, look.state, look.outcome, look.at, kin)
        written: asyncio.Future[list[str] | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((look, written))
        if look.outcome.articles:
            self._news.set()
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        return await written

    async def settled(self) -> None:
        """Until all that was to be written is."""
        if self._writing is not None:
            await self._writing

    async def _write(self) -> None:
        while self._waiting:
            with contextlib.suppress(TimeoutError):  # articles do not wait
                await asyncio.wait_for(self._news.wait(), GATHER_S)
            await self._write_together(self._next())

    def _next(self) -> Sequence[_Waiting]:
        """What the next transaction takes: those with articles first, as many of these as fit."""
        self._waiting.sort(key=lambda one: not one[0].outcome.articles)
        some, articles = 0, 0
        for look, _ in self._waiting[:MOST]:
            articles += len(look.outcome.articles)
            if articles > CHUNK:
                break
            some += 1
        taken, self._waiting = self._waiting[:some], self._waiting[some:]
        if not (self._waiting and self._waiting[0][0].outcome.articles):
            self._news.clear()
        return taken

    async def _write_together(self, some: Sequence[_Waiting]) -> None:
        """What cannot be written must not take the others with it: where it fails, each is tried alone."""
        try:
            ids = await asyncio.to_thread(commit_looks, self.db, self.owner, [look for look, _ in some], kin)
        except Exception as error:  # noqa: BLE001 - handed over to whoever awaits
            await self._failed(some, error)
            return
        for look, written in some:
            if not written.done():
                written.set_result(ids.get(look.state.id))

    async def _failed(self, some: Sequence[_Waiting], error: Exception) -> None:
        if len(some) > 1:
            log.warning("feeds.not_committed_together", looks=len(some), error=str(error)[:300])
            for one in some:
                await self._write_together([one])
        elif not some[0][1].done():
            some[0][1].set_exception(error)
