"""A watcher's turns: it leases due feeds, holds on to those it looks at, and takes over what the dead have held."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Protocol

import structlog
from sqlalchemy.exc import SQLAlchemyError

from net.client import BeforeSending
from store.database import Database
from store.feeds import FeedState, host_of
from store.hosts import Turn, start_again
from store.owners import is_dead, new_owner
from store.turns import Leased, lease_due, release, release_one, renew, take_back, turn_at
from watcher.manners import Manners

log = structlog.get_logger("tocsin.watcher")

RENEWALS = 6
"""Within one lease: so often it is renewed, and so often those of the dead are looked for."""
WAIT_S = 30.0
"""Longest wait for a turn at a host to which a look is led."""
_AFTER_ERROR_S = 5.0


class TurnPassed(Exception):  # noqa: N818
    """There was no turn at the host: another watcher has had it, or it would take too long. Nothing was sent there."""

    def __init__(self, host: str) -> None:
        super().__init__(host)
        self.host = host


class TurnAt(Protocol):
    """`Turns.at` for one feed."""

    async def __call__(self, url: str, delay_s: float = 0.0) -> BeforeSending: ...


@dataclass(slots=True, kw_only=True)
class Turns:
    """The turns of one watcher. *now* (microseconds UTC) replaces the ledger's clock in simulations."""

    db: Database
    manners: Manners
    now: Callable[[], int] | None = None
    owner: str = field(default_factory=new_owner)
    _held: set[str] = field(default_factory=set)
    _more: bool = False

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
        self._more = len(leased.feeds) == limit
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
            sure=self._more,
        )

    async def in_time(self, turn: Turn) -> Turn:
        """The *turn*, taken once more where a busy machine would use it late: the host would see the next request too
        early.

        Raises:
            TurnPassed: another watcher has had its turn meanwhile.
        """
        while self.manners.spacing_s and _age_s(turn) > self.manners.late_s:
            at = turn.at + round(_age_s(turn) * 1_000_000)
            again = replace(turn, at=at, since_s=time.monotonic())
            if not await asyncio.to_thread(start_again, self.db, turn, at, self.manners.apart_s):
                raise TurnPassed(turn.host)
            turn = again
        return turn

    def used(self, turn: Turn) -> BeforeSending:
        """What to await when the request is about to be sent: connecting may have taken longer than a turn keeps.
        Raises TurnPassed where the turn cannot be taken once more.
        """

        async def still_in_time() -> None:
            await self.in_time(turn)

        return still_in_time

    async def at(self, state: FeedState, url: str, delay_s: float = 0.0) -> BeforeSending:
        """Wait for a turn at the host of *url*, to which a look at the feed leads; what is to be awaited when the
        request is about to be sent. *delay_s* is what that host wants between two requests.

        Raises:
            TurnPassed: it would take too long.
        """
        name, end_s = host_of(url), time.monotonic() + delay_s + WAIT_S
        while not isinstance(turn := await asyncio.to_thread(self._turn_at, state, name, delay_s), Turn):
            if time.monotonic() + turn > end_s:
                raise TurnPassed(name)
            await asyncio.sleep(turn)
        return self.used(turn)

    def _turn_at(self, state: FeedState, name: str, delay_s: float) -> Turn | float:
        of = self.manners
        return turn_at(
            self.db,
            self.owner,
            state.id,
            name,
            lease_s=of.lease_s,
            per_host=of.per_host,
            spacing_s=of.apart_s,
            delay_s=delay_s if of.spacing_s else 0.0,
            now=self.now() if self.now else None,
        )

    async def pass_on(self, state: FeedState, passed: TurnPassed) -> None:
        """Leave the feed to the next turn, at the host where there was none too."""
        elsewhere = passed.host if passed.host != state.host else None
        await asyncio.to_thread(release_one, self.db, self.owner, state.id, elsewhere)

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


def _age_s(turn: Turn) -> float:
    return time.monotonic() - turn.since_s
