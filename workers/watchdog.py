"""The watchdog: what must be done or noticed now and then, by one worker of all, and not once a second.

It is a thread of its own beside the clock, because pruning takes minutes and the bell must ring meanwhile.
"""

from __future__ import annotations

import os
import socket
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from store.database import Database
from store.deliveries import bring_back
from store.endpoints import bury_stranded
from store.hosts import forget_hosts
from store.leases import lead, resign
from store.quiet_rules import notice_quiet_rules
from store.retention import Keep, prune
from workers.heartbeats import send_heartbeats

LOOK_S = 20.0
LEADER_S = 60
"""Seconds of leadership; renewed at each look."""

HOUR_S = 3_600
DAY_S = 86_400

_log = structlog.get_logger("tocsin.watchdog")


@dataclass(frozen=True, slots=True, kw_only=True)
class Duties:
    """What the watchdog does beside mending: prune by `keep` once a day (None: never)."""

    keep: Keep | None = None


class Watchdog:
    """`look` is one look; `run` looks until *stop* is set and survives whatever fails."""

    def __init__(self, db: Database, duties: Duties, stop: threading.Event) -> None:
        self._db = db
        self._duties = duties
        self._stop = stop
        self._noticed_s = 0.0
        self._owner = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"

    def look(self) -> bool:
        """Do what is due, if we lead; returns whether we do."""
        if not lead(self._db, "watchdog", self._owner, LEADER_S):
            return False
        for duty in (self._mend, self._notice, self._prune):
            self._survive(duty)
        return True

    def run(self) -> None:
        """Look every LOOK_S seconds."""
        while not self._stop.is_set():
            started = time.monotonic()
            self._survive(self.look)
            self._stop.wait(max(0.0, LOOK_S - (time.monotonic() - started)))
        self._survive(lambda: resign(self._db, "watchdog", self._owner))

    def _survive(self, work: Callable[[], object]) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001  # the ledger may be away for a while; the next look repeats it
            _log.warning("watchdog.failed", error=str(error))

    def _mend(self) -> None:
        """What two transactions, or two clocks, that knew nothing of each other have left behind."""
        bury_stranded(self._db)
        bring_back(self._db)

    def _notice(self) -> None:
        """Heartbeats that are due and, once an hour over all workers, rules that have gone quiet and hosts of old."""
        self._noticed_s = time.monotonic()
        send_heartbeats(self._db)
        if lead(self._db, "quiet rules", f"{self._owner}-{uuid.uuid4().hex[:8]}", HOUR_S):
            notice_quiet_rules(self._db)
            forget_hosts(self._db)

    def _prune(self) -> None:
        """Once a day over all workers: a lease of a day that nobody renews."""
        keep = self._duties.keep
        if keep is None or not lead(self._db, "prune", f"{self._owner}-{uuid.uuid4().hex[:8]}", DAY_S):
            return
        done = prune(self._db, keep, stopped=self._keep_leading)
        _log.info("watchdog.pruned", **{one.what.replace(" ", "_"): one.rows for one in done})

    def _keep_leading(self) -> bool:
        """Whether to stop pruning; else our leadership is renewed, and heartbeats go on, however long it takes."""
        if time.monotonic() - self._noticed_s > LOOK_S:
            self._survive(self._notice)
        return self._stop.is_set() or not lead(self._db, "watchdog", self._owner, LEADER_S)


def start_watchdog(db: Database, duties: Duties, stop: threading.Event) -> threading.Thread:
    """Run a watchdog in a thread until *stop* is set. *db* must be of this process."""
    thread = threading.Thread(target=Watchdog(db, duties, stop).run, name="watchdog", daemon=True)
    thread.start()
    return thread
