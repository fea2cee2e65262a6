"""Who writes without a pause keeps nobody else out, and who dies at the turnstile stands in nobody's way."""

from __future__ import annotations

import fcntl
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from store.database import BUSY_TIMEOUT_MS, Database
from store.turnstile import TURN_S, begin_writing, turn

BUSY = """
import sys, time
from sqlalchemy import text
from store.database import Database
db = Database(sys.argv[1])
while True:
    with db.write() as connection:
        connection.execute(text("INSERT INTO written VALUES (1)"))
        print("began", flush=True)
        time.sleep(0.05)
"""

FIRST = """
import sys, time
from pathlib import Path
from store.turnstile import turn
with turn(Path(sys.argv[1])):
    print("first", flush=True)
    time.sleep(60)
"""

FORKING = """
import os, signal, sys, time
from pathlib import Path
from store.turnstile import turn
signal.alarm(20)
with turn(Path(sys.argv[1])):
    child = os.fork()
    if not child:
        time.sleep(60)
        os._exit(0)
try:
    with turn(Path(sys.argv[1])):
        print("again", flush=True)
finally:
    os.kill(child, signal.SIGKILL)
"""

LOCKLESS = """
import ctypes, errno, platform, struct, sys
from sqlalchemy import text
from store.database import Database
flock = {"x86_64": 73, "aarch64": 32}[platform.machine()]
steps = [(0x20, 0, 0, 0), (0x15, 0, 1, flock), (0x06, 0, 0, 0x50000 | errno.ENOLCK), (0x06, 0, 0, 0x7FFF0000)]
rules = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
program = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(steps), ctypes.addressof(rules)))
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, program) == 0
db = Database(sys.argv[1])
with db.write() as connection:
    connection.execute(text("INSERT INTO written VALUES (1)"))
print("written", flush=True)
"""
"""The kernel refuses this process flock(2), with the error of a file system that has no locks."""


@contextmanager
def running(program: str, file: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that has said its first word."""
    command = [sys.executable, "-c", program, str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    db = Database(str(tmp_path / "ledger"))
    with db.write() as connection:
        connection.execute(text("CREATE TABLE written (one INTEGER)"))
    db.close()
    return tmp_path / "ledger"


def test_who_writes_without_a_pause_keeps_nobody_else_out(file: Path) -> None:
    db, waited_s = Database(str(file)), []
    with running(BUSY, file), running(BUSY, file):
        for _ in range(10):
            started = time.monotonic()
            with db.write() as connection:
                waited_s.append(time.monotonic() - started)
                connection.execute(text("INSERT INTO written VALUES (2)"))
    db.close()
    assert sum(waited_s) < 10.0  # with SQLite's own asking a single one lasts as long as the others write


def test_who_is_killed_at_the_turnstile_stands_in_nobodys_way(file: Path) -> None:
    db = Database(str(file))
    with running(FIRST, file) as process:
        process.send_signal(signal.SIGKILL)
        with db.write() as connection:
            connection.execute(text("INSERT INTO written VALUES (1)"))
    db.close()


@pytest.mark.timeout(60)
def test_who_is_stopped_at_the_turnstile_keeps_nobody_out_for_ever(file: Path) -> None:
    db, started = Database(str(file)), time.monotonic()
    with running(FIRST, file) as process:
        process.send_signal(signal.SIGSTOP)
        with db.write() as connection:
            connection.execute(text("INSERT INTO written VALUES (1)"))
        assert process.poll() is None
    db.close()
    assert TURN_S <= time.monotonic() - started < BUSY_TIMEOUT_MS / 1_000


def test_who_has_waited_in_vain_queues_again_once_the_turnstile_is_free(file: Path) -> None:
    def waited_s() -> float:
        with turn(file, 0.5) as seconds:
            return seconds

    def has_a_place() -> bool:
        with turn(file, 0.5), open(f"{file}-turn") as other:
            try:
                fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
            return False

    with running(FIRST, file):
        assert waited_s() >= 0.5
        assert waited_s() < 0.5
    deadline = time.monotonic() + 20
    while not has_a_place():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.timeout(60)
def test_what_was_waited_for_at_the_turnstile_is_not_waited_for_again_before_sqlite(file: Path) -> None:
    other, mine = sqlite3.connect(file, isolation_level=None), sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with running(FIRST, file):
        started = time.monotonic()
        with pytest.raises(sqlite3.OperationalError, match="locked"), turn(file, 2.0) as waited_s:
            begin_writing(mine, 3_000, waited_s)
        assert 2.9 < time.monotonic() - started < 4.5
    mine.close()
    other.close()


def test_where_a_file_system_has_no_locks_sqlite_decides(file: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", LOCKLESS, str(file)], capture_output=True, text=True, check=False)
    assert (ended.stdout, ended.stderr) == ("written\n", "")


def test_who_writes_past_the_turnstile_is_waited_for_and_not_for_ever(file: Path) -> None:
    other, mine = sqlite3.connect(file, isolation_level=None), sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(sqlite3.OperationalError, match="locked"), turn(file):
        begin_writing(mine, 100)
    other.execute("COMMIT")
    begin_writing(mine, 100)
    mine.execute("COMMIT")
    mine.close()
    other.close()


def test_what_fails_there_is_an_error_of_sqlalchemy_as_with_any_statement(file: Path) -> None:
    db = Database(str(file))
    with db.read() as connection:
        beneath = connection.connection.dbapi_connection
    assert beneath is not None
    beneath.close()
    with pytest.raises(DBAPIError, match="closed database"), db.write():
        pass


def test_a_child_that_was_forked_at_the_turnstile_holds_nobody_up(file: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", FORKING, str(file)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "again\n"
