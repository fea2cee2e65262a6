"""One door to SQLite and PostgreSQL alike: `read()` and `write()` transactions, and the ledger's clock."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, InvalidatePoolError

from store.turnstile import begin_writing, turn

BUSY_TIMEOUT_MS = 30_000
"""How long a SQLite writer waits for another: longer than any transaction may take."""
_PAGES_KIB = 512
"""What each connection keeps of SQLite's pages. The system keeps the file too: with the usual 2 MB a process grew by
10 MB in its first hour, and was no faster.
"""
_ALIVE_S = 1.0
"""For which a connection that was just used is taken for alive."""
_STATEMENTS = 32
"""What each connection keeps of prepared statements. Of those with lists there is one for each length: the usual 128
took ten minutes to fill, and 3 MB a process.
"""
_PRAGMAS = (
    f"busy_timeout = {BUSY_TIMEOUT_MS}",
    "synchronous = FULL",
    "foreign_keys = ON",
    f"cache_size = -{_PAGES_KIB}",
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def microseconds(instant: datetime) -> int:
    """Microseconds since 1970 UTC of an aware *instant*."""
    delta = instant - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def instant(microseconds_utc: int) -> datetime:
    """The aware datetime (UTC) of integer microseconds since 1970."""
    return datetime.fromtimestamp(microseconds_utc // 1_000_000, UTC).replace(microsecond=microseconds_utc % 1_000_000)


class Database:
    """A connection pool. Made in the process that uses it, never before a fork.

    *url* is an SQLAlchemy URL (`postgresql://…` is taken as psycopg 3) or the path of an SQLite file.
    """

    def __init__(self, url: str) -> None:
        self.engine: Engine = _engine(url)

    @property
    def dialect(self) -> str:
        """ "sqlite" or "postgresql"."""
        return self.engine.dialect.name

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A short transaction that only reads: an open reader keeps SQLite's WAL from being cut back."""
        with self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that writes, committed at the end. On SQLite it holds the only write lock from the start
        (BEGIN IMMEDIATE): with the default, 1,370 of 2,000 concurrent increments were lost without an error.
        """
        with self.engine.connect() as connection:
            connection = connection.execution_options(tocsin_write=True)
            with connection.begin():
                yield connection

    def now(self, connection: Connection) -> int:
        """Microseconds UTC by the ledger's own clock, so that leases of several hosts agree."""
        if self.dialect == "postgresql":
            return int(connection.scalar(text("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint")) or 0)
        return time.time_ns() // 1_000

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def _engine(url: str) -> Engine:
    address = url if "://" in url else f"sqlite:///{Path(url).resolve()}"
    parsed = make_url(address)
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(parsed.render_as_string(hide_password=False))
    if parsed.get_backend_name() not in ("postgresql", "postgres"):
        raise ValueError(f"{parsed.render_as_string()}: only sqlite:// and postgresql:// databases are supported")
    return _postgresql(parsed.set(drivername="postgresql+psycopg"))


def _postgresql(url: URL) -> Engine:
    """Connections that have rested are asked whether they still live; SQLAlchemy's pre-ping asks each time, and takes
    as long as another statement of a short transaction.
    """
    engine = create_engine(url, pool_size=5, max_overflow=20)

    @event.listens_for(engine, "checkin")
    def given_back(_connection: Any, record: Any) -> None:
        record.info["used_s"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def taken(connection: Any, record: Any, _fairy: Any) -> None:
        if time.monotonic() - record.info.get("used_s", 0.0) > _ALIVE_S:
            _ping(engine, connection)

    return engine


def _ping(engine: Engine, connection: Any) -> None:
    """Have all connections made anew where this one is dead."""
    try:
        engine.dialect.do_ping(connection)
    except engine.dialect.loaded_dbapi.Error as error:  # its driver is 9 MB, loaded where it is used alone
        raise InvalidatePoolError from error


def _into_wal(connection: Any) -> None:
    """Turn the write-ahead log on. Several that open a new database at once can meet in a lock for which SQLite does
    not wait, whatever the timeout, because waiting could be for ever: the losers ask again.
    """
    until = time.monotonic() + BUSY_TIMEOUT_MS / 1_000
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.02)


def _sqlite(url: str) -> Engine:
    arguments = {"timeout": BUSY_TIMEOUT_MS / 1_000, "cached_statements": _STATEMENTS}
    engine = create_engine(url, connect_args=arguments, pool_size=5, max_overflow=20)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        _into_wal(connection)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        if connection.get_execution_options().get("tocsin_write", False):
            _begin_writing(connection)
        else:
            connection.exec_driver_sql("BEGIN")

    return engine


def _begin_writing(connection: Connection) -> None:
    raw: Any = connection.connection.dbapi_connection
    try:
        with turn(Path(str(connection.engine.url.database))) as waited_s:
            begin_writing(raw, BUSY_TIMEOUT_MS, waited_s)
    except sqlite3.Error as error:
        raise DBAPIError.instance("BEGIN IMMEDIATE", None, error, sqlite3.Error, dialect=connection.dialect) from error
