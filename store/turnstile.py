"""Writers of one SQLite file pass one after the other, in about the order in which they came.

SQLite has no queue for its write lock: who finds it taken asks again, ever more rarely, while who commits and begins
anew at once has it back before. A watcher that stored a feed of 10,000 entries, chunk by chunk, kept everybody else
from writing until it was done. Here whoever wants to write waits at the turnstile, and only the first one asks SQLite.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_ASK_S = 0.001


@contextmanager
def turn(file: Path) -> Iterator[None]:
    """The first place before the database *file*, over all processes. The kernel gives it to the next one whenever its
    holder leaves, or dies. Where nothing can be written beside the database there is none, and SQLite decides.
    """
    place = None
    with suppress(OSError):
        place = os.open(f"{file}-turn", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        if place is not None:
            fcntl.flock(place, fcntl.LOCK_EX)
        yield
    finally:
        if place is not None:
            fcntl.flock(place, fcntl.LOCK_UN)  # to close it is not enough where a child was forked meanwhile
            os.close(place)


def begin_writing(connection: sqlite3.Connection, within_ms: int) -> None:
    """Take SQLite's write lock, asking often: nobody else does meanwhile.

    Raises:
        sqlite3.OperationalError: another one has had it all the time, or the database cannot be used.
    """
    until = time.monotonic() + within_ms / 1_000
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
