"""Who writes without a pause keeps nobody else out, and who dies at the turnstile stands in nobody's way."""

from __future__ import annotations

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

from store.database import Database
from store.turnstile import begin_writing, turn

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
