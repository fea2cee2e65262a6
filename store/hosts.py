"""When a host may be asked again: the spacing after the last request, or the rest that it asked for. All watchers of a
ledger share it, so that two of them, or one that was started again, are no ruder to a host than one.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, and_, delete, not_, or_, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from store.database import Database
from store.leases import SECOND
from store.tables import host

LONGEST_REST_S = 86_400
"""What a host may ask for at most; one that would rest longer was told so before the clock was set back."""

_LOCK = 7_163_002
"""PostgreSQL's advisory lock: without it two watchers could each give a host its last free place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """No request to *host* starts before *until_at* (microseconds UTC), because it asked for it: *why* in words."""

    host: str
    until_at: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """Leave to start one request to *host* now: at *at* by the ledger's time, and *since_s* by the steady clock."""

    host: str
    at: int
    since_s: float = field(default_factory=time.monotonic)


def in_turn(connection: Connection) -> None:
    """Who gives turns, or takes leases back, does so one after the other; SQLite's writers do anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})


def resting(at: int, spacing_s: float) -> Any:
    """Hosts that must not be asked now; a rest or a spacing longer than can be given is from a clock gone wrong."""
    asked_for = and_(host.c.why.is_not(None), host.c.next_start_at <= at + LONGEST_REST_S * SECOND)
    return and_(host.c.next_start_at > at, or_(asked_for, host.c.next_start_at <= at + round(spacing_s * SECOND)))


def start(connection: Connection, names: Iterable[str], at: int, spacing_s: float) -> None:
    """Requests to the hosts *names* start now; a rest that one has asked for since it was picked stands."""
    next_start_at = at + round(spacing_s * SECOND)
    rows = [{"name": name, "next_start_at": next_start_at, "started_at": at, "why": None} for name in sorted(names)]
    if rows:
        statement = _insert(connection).values(rows)
        given = {column: statement.excluded[column] for column in ("next_start_at", "started_at", "why")}
        free_now = not_(resting(at, spacing_s))
        connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=given, where=free_now))


def wait_s(connection: Connection, name: str, at: int, spacing_s: float, delay_s: float) -> float:
    """Seconds until the host *name* may be asked: it does not rest, and the last request to it started *delay_s* ago. 0
    where that is now.
    """
    row = connection.execute(select(host, resting(at, spacing_s).label("rests")).where(host.c.name == name)).first()
    if row is None:
        return 0.0
    free_at = row.next_start_at if row.rests else at
    if row.started_at is not None and row.started_at <= at:
        free_at = max(free_at, row.started_at + round(delay_s * SECOND))
    return float((free_at - at) / SECOND)


def start_again(db: Database, turn: Turn, at_last: int, spacing_s: float) -> bool:
    """Use the *turn* only *at_last*: the next one waits for that. False where somebody else was given a turn, or the
    host asked for rest, in between.
    """
    ours = and_(host.c.name == turn.host, host.c.next_start_at == turn.at + round(spacing_s * SECOND))
    later = {"next_start_at": at_last + round(spacing_s * SECOND), "started_at": at_last}
    with db.write() as connection:
        in_turn(connection)  # or who leases at this moment could have seen the host free, and start there too
        return bool(connection.execute(update(host).where(ours).values(**later)).rowcount)


def forget_hosts(db: Database) -> None:
    """Drop what was known of hosts a day ago: redirects name new ones without end."""
    with db.write() as connection:
        old = host.c.next_start_at < db.now(connection) - LONGEST_REST_S * SECOND
        free = select(host.c.name).where(old).with_for_update(skip_locked=True)  # nobody is waited for: store.locks
        connection.execute(delete(host).where(host.c.name.in_(connection.scalars(free).all())))


def rest_of(db: Database, name: str) -> Rest | None:
    """The rest that the host *name* has asked for and that is not over; None where it may be asked."""
    with db.read() as connection:
        row = connection.execute(select(host).where(host.c.name == name, host.c.why.is_not(None))).first()
        over = row is None or row.next_start_at <= db.now(connection)
    return None if row is None or over else Rest(host=name, until_at=row.next_start_at, why=row.why)


def rest_host(connection: Connection, rest: Rest) -> None:
    """Let the host rest, if it does not rest longer already."""
    statement = _insert(connection).values(name=rest.host, next_start_at=rest.until_at, why=rest.why)
    given = {column: statement.excluded[column] for column in ("next_start_at", "why")}
    longer = statement.excluded.next_start_at > host.c.next_start_at
    connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=given, where=longer))


def _insert(connection: Connection) -> Any:
    return (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(host)
