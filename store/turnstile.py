"""Writers of one SQLite file pass one after the other, in about the order in which they came.

SQLite has no queue for its write lock: who finds it taken asks again, ever more rarely, while who commits and begins
anew at once has it back before. A watcher that stored a feed of 10,000 entries, chunk by chunk, kept everybody else
from writing until it was done. Here whoever wants to write waits at the turnstile, and only the first one asks SQLite.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager, suppress
from pathlib import Path

TURN_S = 10.0
"""Seconds after which who waits at the turnstile passes it by: its holder may have been stopped, or itself waits for a
program that knows no turnstile.
"""

_ASK_S = 0.001

_passed_by: set[Path] = set()
"""Where this process has waited in vain, and still queues: until it is let in, nobody else of it does."""

os.register_at_fork(after_in_child=_passed_by.clear)  # the thread that queues is not in the child


@contextmanager
def turn(file: Path, within_s: float = TURN_S) -> Iterator[float]:
    """The first place before the database *file*, over all processes; gives the seconds for which it was waited for.
    The kernel gives it to the next one whenever its holder leaves, or dies. Where it is not ours *within_s*, or nothing
    can be written or locked beside the database, there is none, and SQLite decides.
    """
    since = time.monotonic()
    place = None if file in _passed_by else _place(file, within_s)
    try:
        yield time.monotonic() - since
    finally:
        if place is not None:
            _leave(place)


def _place(file: Path, within_s: float) -> int | None:
    place = None
    try:
        place = os.open(f"{file}-turn", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        return place if _is_free(place) or _is_let_in(file, place, within_s) else None
    except (OSError, RuntimeError):  # read-only, without locks (some network file systems), or without threads
        if place is not None:
            os.close(place)
        return None


def _is_free(place: int) -> bool:
    try:
        fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_let_in(file: Path, place: int, within_s: float) -> bool:
    """Queue for *place*. The kernel keeps the order, but knows no limit of time: so a thread waits, and gives the place
    back if it comes when nobody wants it any more.
    """
    came: Future[None] = Future()
    threading.Thread(target=_queue, args=(file, place, came), name="turnstile", daemon=True).start()
    try:
        wait([came], within_s)
    except BaseException:  # such as the time limit of a job
        if not came.cancel():
            _leave(place)
        raise
    _passed_by.add(file)
    if came.cancel():
        return False
    _passed_by.discard(file)
    return True


def _queue(file: Path, place: int, came: Future[None]) -> None:
    with suppress(OSError):  # then nothing is locked, and SQLite decides
        fcntl.flock(place, fcntl.LOCK_EX)
    if came.set_running_or_notify_cancel():
        came.set_result(None)
    else:
        _passed_by.discard(file)
        _leave(place)


def _leave(place: int) -> None:
    with suppress(OSError):
        fcntl.flock(place, fcntl.LOCK_UN)  # to close it is not enough where a child was forked meanwhile
    os.close(place)


def begin_writing(connection: sqlite3.Connection, within_ms: int, waited_s: float = 0.0) -> None:
    """Take SQLite's write lock, asking often: hardly anybody else does meanwhile. Of the time for it *waited_s* have
    gone by at the turnstile.

    Raises:
        sqlite3.OperationalError: another one has had it all the time, or the database cannot be used.
    """
    until = time.monotonic() + within_ms / 1_000 - waited_s
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        while not _has_begun(connection, last=time.monotonic() > until):
            time.sleep(_ASK_S)
    finally:
        connection.execute(f"PRAGMA busy_timeout = {within_ms}")


def _has_begun(connection: sqlite3.Connection, *, last: bool) -> bool:
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if last or error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise
        return False
    return True
