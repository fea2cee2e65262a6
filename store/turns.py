"""Whose turn it is: which watcher fetches which feed now, and when a host may be asked again. All watchers of a ledger
share both, so that two of them, or one that was started again, are no ruder to a host than one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, func, or_, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from store.database import Database
from store.feeds import STATE, FeedState, state_of
from store.tables import feed, host

FREE = {"lease_owner": None, "lease_until_at": None}

_SECOND = 1_000_000
_SCAN = 2_000
_LOCK = 7_163_002
"""PostgreSQL's advisory lock: without it two watchers could each give a host its last free place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leased:
    """Feeds that *owner* alone may fetch until the lease runs out; `at` is the ledger's time when it was given, and
    `more_at` when a further due feed may be had (None: nothing is due that waits for its host alone).
    """

    owner: str
    at: int
    feeds: tuple[FeedState, ...] = ()
    more_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """No request to *host* starts before *until_at* (microseconds UTC), because it asked for it: *why* in words."""

    host: str
    until_at: int
    why: str


def lease_due(
    db: Database,
    owner: str,
    *,
    limit: int,
    lease_s: int,
    per_host: int,
    spacing_s: float = 0.0,
    now: int | None = None,
) -> Leased:
    """Lease up to *limit* due feeds: at most *per_host* of one host at once over all watchers, and starts at a host at
    least *spacing_s* apart. Each must be fetched at once. *now* (microseconds) replaces the ledger's clock.
    """
    with db.read() as connection:
        at = db.now(connection) if now is None else now
        if connection.execute(select(feed.c.id).where(_due(at, lease_s)).limit(1)).first() is None:
            return Leased(owner=owner, at=at)
    with db.write() as connection:
        if db.dialect == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        at = db.now(connection) if now is None else now  # anew: waiting for the lock may have taken a while
        picked = _pick(connection, at, limit, lease_s, per_host, spacing_s)
        taken = {"lease_owner": owner, "lease_until_at": at + lease_s * _SECOND, "last_attempt_at": at}
        connection.execute(update(feed).where(feed.c.id.in_(picked)).values(**taken))
        if spacing_s:
            _start(connection, set(picked.values()), at + round(spacing_s * _SECOND))
        rows = connection.execute(STATE.where(feed.c.id.in_(picked)).order_by(feed.c.next_check_at)).all()
        more_at = connection.scalar(_waiting(at, lease_s, spacing_s))
    return Leased(owner=owner, at=at, feeds=tuple(state_of(row) for row in rows), more_at=more_at)


def _due(at: int, lease_s: int) -> Any:
    """Due and not leased. A lease that ends later than any given now was taken before the clock was set back."""
    until_at = feed.c.lease_until_at
    free = or_(until_at.is_(None), until_at <= at, until_at > at + lease_s * _SECOND)
    return and_(feed.c.removed_at.is_(None), feed.c.next_check_at <= at, free)


def _resting(at: int, spacing_s: float) -> Any:
    """Hosts that must not be asked now; of the spacing likewise only as much as can be given."""
    later = host.c.next_start_at > at
    return and_(later, or_(host.c.why.is_not(None), host.c.next_start_at <= at + round(spacing_s * _SECOND)))


def _pick(connection: Connection, at: int, limit: int, lease_s: int, per_host: int, spacing_s: float) -> dict[str, str]:
    """The feeds to lease: id → host."""
    live = and_(feed.c.lease_until_at > at, feed.c.lease_until_at <= at + lease_s * _SECOND)
    busy = Counter(connection.scalars(select(feed.c.host).where(live)))
    full = [name for name, count in busy.items() if count >= per_host]
    free = and_(feed.c.host.not_in(select(host.c.name).where(_resting(at, spacing_s))), feed.c.host.not_in(full))
    chosen = select(feed.c.id, feed.c.host).where(_due(at, lease_s), free).order_by(feed.c.next_check_at).limit(_SCAN)
    picked: dict[str, str] = {}
    started: set[str] = set()
    for id, name in connection.execute(chosen.with_for_update(skip_locked=True)):
        if len(picked) < limit and busy[name] < per_host and not (spacing_s and name in started):
            busy[name] += 1
            started.add(name)
            picked[id] = name
    return picked


def _start(connection: Connection, names: Iterable[str], next_start_at: int) -> None:
    """Requests to the hosts *names* start now."""
    rows = [{"name": name, "next_start_at": next_start_at, "why": None} for name in sorted(names)]
    if rows:
        statement = _insert(connection).values(rows)
        given = {column: statement.excluded[column] for column in ("next_start_at", "why")}
        connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=given))


def _waiting(at: int, lease_s: int, spacing_s: float) -> Any:
    """The first instant at which a due feed's host has been spaced; what a host asked for is not waited for."""
    spaced = select(func.min(host.c.next_start_at)).join(feed, feed.c.host == host.c.name)
    return spaced.where(_due(at, lease_s), _resting(at, spacing_s), host.c.why.is_(None))


def rest_host(connection: Connection, rest: Rest) -> None:
    """Let the host rest, if it does not rest longer already."""
    statement = _insert(connection).values(name=rest.host, next_start_at=rest.until_at, why=rest.why)
    given = {column: statement.excluded[column] for column in ("next_start_at", "why")}
    longer = statement.excluded.next_start_at > host.c.next_start_at
    connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=given, where=longer))


def _insert(connection: Connection) -> Any:
    return (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(host)


def release(db: Database, owner: str) -> None:
    """Give back every lease of *owner*, as a watcher that ends in order does."""
    with db.write() as connection:
        connection.execute(update(feed).where(feed.c.lease_owner == owner).values(**FREE))
