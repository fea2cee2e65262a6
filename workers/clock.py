"""The clock: once a second it looks in SQL for work that nobody does, and rings. A wiped Redis cannot silence it.

It is a thread, not a job; of all the processes that run one, the leader by lease rings.
"""

from __future__ import annotations

import os
import socket
import threading
import time
import uuid
from collections.abc import Callable, Sequence

import structlog

from store import deliveries, evaluations
from store.database import Database
from store.leases import lead, resign
from workers.context import Bell

TICK_S = 1.0
LEADER_S = 10
"""Seconds of leadership; a leader that dies is replaced after them."""

AGAIN_S = 5.0
"""The same id is not rung again within this time: its job may be under way."""

OLD_S = 2.0
"""Articles this young have just been rung for by who brought them."""

ARTICLES = 2_000
DELIVERIES = 500

_log = structlog.get_logger("tocsin.clock")


class Clock:
    """`tick` is one look; `run` looks until *stop* is set and survives whatever fails. Each of *tell* tells what waits
    for the leader (notices, alerts held back, digests) and gives the ids of the deliveries that it made.
    """

    def __init__(self, db: Database, doorbell: Bell, *tell: Callable[[], Sequence[str]]) -> None:
        self._db = db
        self._doorbell = doorbell
        self._owner = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        self._tell = tell
        self._rung: dict[str, float] = {}

    def tick(self) -> int:
        """Ring for what waits, if we lead; returns for how many ids."""
        if not lead(self._db, "clock", self._owner, LEADER_S):
            return 0
        self._forget()
        articles = self._fresh(evaluations.waiting(self._db, ARTICLES, OLD_S))
        due = self._fresh(deliveries.waiting(self._db, DELIVERIES))
        if articles and self._doorbell.match(articles):
            self._remember(articles)
        if due and self._doorbell.deliver(due):
            self._remember(due)
        return len(articles) + len(due) + sum(map(self._told, self._tell))

    def _told(self, tell: Callable[[], Sequence[str]]) -> int:
        """Last in the tick, and never in the way of the bell or of each other."""
        try:
            told = list(tell())
        except Exception as error:  # noqa: BLE001  # it waits in the ledger; the next tick tells it
            _log.warning("clock.telling_failed", error=str(error))
            return 0
        if told and self._doorbell.deliver(told):
            self._remember(told)
        return len(told)

    def run(self, stop: threading.Event) -> None:
        """Tick once a second."""
        while not stop.is_set():
            started = time.monotonic()
            try:
                self.tick()
            except Exception as error:  # noqa: BLE001  # the ledger may be away for a while; the clock must not stop
                _log.warning("clock.failed", error=str(error))
            stop.wait(max(0.0, TICK_S - (time.monotonic() - started)))
        self._resign()

    def _resign(self) -> None:
        try:
            resign(self._db, "clock", self._owner)
        except Exception as error:  # noqa: BLE001  # the lease runs out by itself
            _log.info("clock.unresigned", error=str(error))

    def _fresh(self, ids: list[str]) -> list[str]:
        return [id for id in ids if id not in self._rung]

    def _remember(self, ids: list[str]) -> None:
        self._rung.update(dict.fromkeys(ids, time.monotonic() + AGAIN_S))

    def _forget(self) -> None:
        now = time.monotonic()
        self._rung = {id: until for id, until in self._rung.items() if until > now}


def start_clock(
    db: Database, doorbell: Bell, stop: threading.Event, *tell: Callable[[], Sequence[str]]
) -> threading.Thread:
    """Run a clock in a thread until *stop* is set. *db* must be of this process."""
    thread = threading.Thread(target=Clock(db, doorbell, *tell).run, args=(stop,), name="clock", daemon=True)
    thread.start()
    return thread
