"""Sends deliveries: a loop of its own in each worker process, up to 64 tries at once, fair between addresses.

A turn is one transaction that records the tries that have ended and leases what may leave next. Turns follow each
other as tries end, so a receiver that hangs keeps its own four tries and nothing else. The loop outlives the job that
woke it; a process that dies leaves leases that run out, and the tries are repeated under the same ids.
"""

from __future__ import annotations

import asyncio
import random
import threading
import time
import uuid
from collections.abc import Coroutine
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError

from net.client import GuardedClient
from store import deliveries
from store.endpoints import AHEAD_S, slot_anew
from store.leases import SECOND
from store.tries import Parcel, Tried
from workers.channels import CHANNELS, TryAgain
from workers.channels.channel import Outcome
from workers.context import Context
from workers.fate import tried_of

AT_ONCE = 64
BATCH_S = 0.05
"""How long outcomes are gathered while other tries that may end any moment are in the air."""

YOUNG_S = 0.1

LATE_S = 0.05
"""By so much, or by the spacing of its address, a try may miss its slot."""

DRAIN_S = 17.0
"""Seconds for what is in the air when the worker stops; whoever started it waits 20 s."""
_TAKE_UP_S = 60.0
_RETRY_TURN_S = 1.0

_log = structlog.get_logger("tocsin.deliver")


class Sender:
    """The loop, in a thread. `take_up` and `close` are called from other threads."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._owner = f"deliver-{uuid.uuid4()}"
        self._flying: dict[str, asyncio.Task[None]] = {}
        self._since_s: dict[str, float] = {}
        self._ended: list[Tried] = []
        self._stopping = False
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="sender", daemon=True)
        self._thread.start()
        self._run(self._open()).result(_TAKE_UP_S)

    def take_up(self) -> int:
        """Lease what is due and start sending it; returns how many. Waits for the ledger, not for receivers."""
        return int(self._run(self._take_up()).result(_TAKE_UP_S))

    @property
    def has_room(self) -> bool:
        """Whether more tries could be in the air; no lock is needed for a guess."""
        return len(self._flying) < AT_ONCE

    def settle(self) -> None:
        """Wait until nothing is in the air and nothing more can leave now."""
        while self.take_up() or self._flying or self._ended:
            time.sleep(BATCH_S)

    def close(self, within_s: float = DRAIN_S) -> None:
        """Take up nothing more, let what is in the air arrive within *within_s* seconds, give the rest back."""
        self._run(self._close(within_s)).result(within_s + _TAKE_UP_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5.0)
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    async def _open(self) -> None:
        self._news = asyncio.Event()
        self._landed = asyncio.Event()
        self._turn_lock = asyncio.Lock()
        context = self._context
        self._client = GuardedClient(allow=context.allow, user_agent=context.user_agent, at_once=AT_ONCE)
        self._turns = asyncio.create_task(self._turn_for_ever())

    async def _take_up(self) -> int:
        before = len(self._flying)
        await self._turn()
        return max(0, len(self._flying) - before)

    async def _turn_for_ever(self) -> None:
        """A turn whenever tries have ended, gathered for a moment unless nothing else is in the air."""
        while True:
            await self._news.wait()
            await self._gather()
            self._news.clear()
            try:
                await self._turn()
            except Exception as error:  # noqa: BLE001  # the ledger is away: keep the outcomes, and try again
                _log.warning("deliver.unrecorded", outcomes=len(self._ended), error=str(error))
                await asyncio.sleep(_RETRY_TURN_S)
                self._news.set()

    async def _gather(self) -> None:
        """Wait for tries that began just now, not for those that hang."""
        deadline = time.monotonic() + BATCH_S
        while self._young() and (left_s := deadline - time.monotonic()) > 0:
            self._landed.clear()
            try:
                await asyncio.wait_for(self._landed.wait(), left_s)
            except TimeoutError:
                return

    def _young(self) -> bool:
        return max(self._since_s.values(), default=0.0) > time.monotonic() - YOUNG_S

    async def _turn(self) -> None:
        async with self._turn_lock:
            ended = self._ended[:]
            room = 0 if self._stopping or self._context.stopping.is_set() else AT_ONCE - len(self._flying)
            if not ended and room <= 0:
                return
            parcels = await asyncio.to_thread(deliveries.exchange, self._context.db, self._owner, ended, room)
            del self._ended[: len(ended)]
            for parcel in parcels:
                self._flying[parcel.id] = asyncio.create_task(self._carry(parcel))

    async def _carry(self, parcel: Parcel) -> None:
        if parcel.spacing and not await self._has_slot(parcel, parcel.spacing / SECOND):
            self._let_go(parcel)
            return
        started_at, clock_s = time.time_ns() // 1_000, time.monotonic()
        self._since_s[parcel.id] = clock_s
        outcome = await self._send(parcel)
        elapsed_ms = round((time.monotonic() - clock_s) * 1_000)
        tried = tried_of(parcel, outcome, started_at, elapsed_ms, random.random())  # noqa: S311  # spreads waits
        _say(parcel, tried)
        self._ended.append(tried)
        self._let_go(parcel)

    def _let_go(self, parcel: Parcel) -> None:
        self._flying.pop(parcel.id, None)
        self._since_s.pop(parcel.id, None)
        self._landed.set()
        self._news.set()

    async def _has_slot(self, parcel: Parcel, spacing_s: float) -> bool:
        """Wait for the slot of a try. One that a busy machine has missed is taken anew: the slots after it are not
        later for that, and the address would get more at once than it was promised. Where the next one is too far
        ahead to be waited for here, the delivery is given back: False.
        """
        slot_s = parcel.leased_s + parcel.leave_in_s
        await _until(slot_s)
        if time.monotonic() - slot_s <= max(spacing_s, LATE_S):
            return True
        try:
            return await self._has_slot_anew(parcel)
        except SQLAlchemyError as error:
            _log.warning("deliver.slot_missed", delivery=parcel.id, error=str(error))
            return True

    async def _has_slot_anew(self, parcel: Parcel) -> bool:
        slot_s = await asyncio.to_thread(slot_anew, self._context.db, parcel.endpoint_id)
        if slot_s is None:
            await asyncio.to_thread(deliveries.give_back, self._context.db, self._owner, parcel.id)
            return False
        await _until(slot_s)
        return True

    async def _send(self, parcel: Parcel) -> Outcome:
        channel = CHANNELS.get(parcel.channel)
        if channel is None:
            return TryAgain(reason=f"this version knows no channel {parcel.channel!r}", ours=True)
        try:
            return await channel.send(parcel, self._context, self._client)
        except Exception as error:  # noqa: BLE001  # a bug must cost one try, not the loop
            _log.exception("deliver.bug", delivery=parcel.id)
            return TryAgain(reason=f"internal error: {type(error).__name__}: {error}"[:500], ours=True)

    async def _close(self, within_s: float) -> None:
        self._stopping = True
        if self._flying:
            await asyncio.wait(list(self._flying.values()), timeout=within_s)
        left = dict(self._flying)
        for task in left.values():
            task.cancel()
        await asyncio.gather(*left.values(), return_exceptions=True)
        self._turns.cancel()
        await self._turn()
        if left:
            await asyncio.to_thread(deliveries.release, self._context.db, self._owner, list(left))
        await self._client.aclose()


async def _until(moment_s: float) -> None:
    """Sleep until a moment of the steady clock, but no longer than any slot is ahead: a lease is not for ever."""
    await asyncio.sleep(min(AHEAD_S, max(0.0, moment_s - time.monotonic())))


def _say(parcel: Parcel, tried: Tried) -> None:
    say = _log.info if tried.outcome == "delivered" else _log.warning
    say(
        f"delivery.{tried.outcome}",
        delivery=parcel.id,
        subscription=parcel.subscription_id,
        attempt=tried.number,
        detail=tried.detail,
        elapsed_ms=tried.elapsed_ms,
    )


_senders: list[Sender] = []


def sender(context: Context) -> Sender:
    """The sender of this process, started at first use."""
    if not _senders:
        _senders.append(Sender(context))
    return _senders[0]


def settle_sender() -> None:
    """Wait for the sender, if there is one, until nothing more can leave now."""
    for one in _senders:
        one.settle()


def close_sender() -> None:
    """End it, if there is one, after what is in the air."""
    while _senders:
        _senders.pop().close()
