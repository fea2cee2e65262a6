"""A watcher's turns: it leases due feeds, holds on to those it looks at, and takes over what the dead have held."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import structlog
from sqlalchemy.exc import SQLAlchemyError

from store.database import Database
from store.feeds import FeedState
from store.owners import is_dead, new_owner
from store.turns import Leased, lease_due, release, release_one, renew, start_again, take_back
from watcher.manners import Manners

log = structlog.get_logger("tocsin.watcher")

RENEWALS = 6
"""Within one lease: so often it is renewed, and so often those of the dead are looked for."""
_AFTER_ERROR_S = 5.0


class TurnPassed(Exception):  # noqa: N818
    """Another watcher has had its turn at the host meanwhile; nothing was sent."""


@dataclass(slots=True, kw_only=True)
class Turns:
    """The turns of one watcher. *now* (microseconds UTC) replaces the ledger's clock in simulations."""

    db: Database
    manners: Manners
    now: Callable[[], int] | None = None
    owner: str = field(default_factory=new_owner)
    _held: set[str] = field(default_factory=set)

    async def take(self, limit: int) -> Leased:
        """Lease up to *limit* due feeds; none while the ledger is away."""
        if limit <= 0:
            return Leased(owner=self.owner, at=0)
        try:
            leased = await asyncio.to_thread(self._lease, limit)
        except SQLAlchemyError as error:
            log.error("watcher.ledger_unreachable", error=str(error)[:300])
            await asyncio.sleep(_AFTER_ERROR_S)
            return Leased(owner=self.owner, at=0)
        self._held |= {state.id for state in leased.feeds}
        return leased

    def _lease(self, limit: int) -> Leased:
        of = self.manners
        return lease_due(
            self.db,
            self.owner,
            limit=limit,
            lease_s=of.lease_s,
            per_host=of.per_host,
            spacing_s=of.apart_s,
            now=self.now() if self.now else None,
        )

    async def in_time(self, state: FeedState, leased: Leased) -> Leased | None:
        """The turn, taken once more where a busy machine would use it late: the host would see the next request too
        early. None where another watcher has had its turn meanwhile; then the feed waits for the next one.
        """
        while self.manners.spacing_s and _age_s(leased) > self.manners.late_s:
            at = leased.at + round(_age_s(leased) * 1_000_000)
            again = replace(leased, at=at, since_s=time.monotonic())
            if not await asyncio.to_thread(start_again, self.db, state.host, leased.at, at, self.manners.apart_s):
                await asyncio.to_thread(release_one, self.db, self.owner, state.id)
                return None
            leased = again
        return leased

    def used(self, state: FeedState, leased: Leased) -> Callable[[], Awaitable[None]]:
        """What to await when the request is about to be sent: connecting may have taken longer than a turn keeps.
        Raises TurnPassed where the turn cannot be taken once more.
        """

        async def still_in_time() -> None:
            if await self.in_time(state, leased) is None:
                raise TurnPassed

        return still_in_time

    def over(self, id: str) -> None:
        """The look at feed *id* has ended, well or not; its lease, if there still is one, is not renewed."""
        self._held.discard(id)

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """Within it leases are renewed and those of the dead taken over; at its end all are given back."""
        await self._mind()
        keeping = asyncio.create_task(self._keep())
        try:
            yield
        finally:
            keeping.cancel()
            await self._give_back()

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(self.manners.lease_s / RENEWALS)
            await self._mind()

    async def _mind(self) -> None:
        now = self.now() if self.now else None
        try:
            if self._held:
                await asyncio.to_thread(renew, self.db, self.owner, set(self._held), self.manners.lease_s, now)
            freed = await asyncio.to_thread(take_back, self.db, is_dead)
        except SQLAlchemyError as error:
            log.warning("watcher.leases_not_kept", error=str(error)[:300])
            return
        if freed:
            log.info("watcher.took_over", feeds=freed)

    async def _give_back(self) -> None:
        try:
            await asyncio.to_thread(release, self.db, self.owner)
        except SQLAlchemyError as error:
            log.warning("watcher.leases_left", error=str(error)[:300])


def _age_s(leased: Leased) -> float:
    return time.monotonic() - leased.since_s
