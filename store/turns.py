"""Whose turn it is: which watcher fetches which feed now, and when a host may be asked again. All watchers of a ledger
share both, so that two of them, or one that was started again, are no ruder to a host than one.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, and_, func, not_, or_, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from store.database import Database
from store.feeds import STATE, FeedState, state_of
from store.leases import NO_LEASE, SECOND, free
from store.tables import feed, host

LONGEST_REST_S = 86_400
"""What a host may ask for at most; one that would rest longer was told so before the clock was set back."""

_SCAN = 2_000
_HELD = feed.c.lease_until_at.is_not(None)
_LOCK = 7_163_002
"""PostgreSQL's advisory lock: without it two watchers could each give a host its last free place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leased:
    """Feeds that *owner* alone may fetch until the lease runs out; `at` is the ledger's time when it was given,
    `since_s` the steady clock's at that moment. Where there are none, `more_at` is when there may be one (None: nothing
    is due that waits for its host alone).
    """

    owner: str
    at: int
    since_s: float = field(default_factory=time.monotonic)
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
        _in_turn(connection)
        at = db.now(connection) if now is None else now  # anew: waiting for the lock may have taken a while
        since_s = time.monotonic()
        picked = _pick(connection, at, limit, lease_s, per_host, spacing_s)
        taken = {"lease_owner": owner, "lease_until_at": at + lease_s * SECOND, "last_attempt_at": at}
        connection.execute(update(feed).where(feed.c.id.in_(picked)).values(**taken))
        if spacing_s:
            _start(connection, set(picked.values()), at, spacing_s)
        rows = connection.execute(STATE.where(feed.c.id.in_(picked)).order_by(feed.c.next_check_at)).all()
        more_at = None if picked else connection.scalar(_waiting(at, lease_s, spacing_s))
    feeds = tuple(state_of(row) for row in rows)
    return Leased(owner=owner, at=at, since_s=since_s, feeds=feeds, more_at=more_at)


def _in_turn(connection: Connection) -> None:
    """Who leases, or takes leases back, does so one after the other; SQLite's writers do anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})


def _due(at: int, lease_s: int) -> Any:
    """Due and not leased."""
    return and_(feed.c.removed_at.is_(None), feed.c.next_check_at <= at, free(feed.c.lease_until_at, at, lease_s))


def _resting(at: int, spacing_s: float) -> Any:
    """Hosts that must not be asked now; a rest or a spacing longer than can be given is from a clock gone wrong."""
    asked_for = and_(host.c.why.is_not(None), host.c.next_start_at <= at + LONGEST_REST_S * SECOND)
    return and_(host.c.next_start_at > at, or_(asked_for, host.c.next_start_at <= at + round(spacing_s * SECOND)))


def _pick(connection: Connection, at: int, limit: int, lease_s: int, per_host: int, spacing_s: float) -> dict[str, str]:
    """The feeds to lease: id → host."""
    live = and_(feed.c.lease_until_at.is_not(None), not_(free(feed.c.lease_until_at, at, lease_s)))
    busy = Counter(connection.scalars(select(feed.c.host).where(live)))
    full = [name for name, count in busy.items() if count >= per_host]
    open_to_us = and_(feed.c.host.not_in(select(host.c.name).where(_resting(at, spacing_s))), feed.c.host.not_in(full))
    chosen = (
        select(feed.c.id, feed.c.host).where(_due(at, lease_s), open_to_us).order_by(feed.c.next_check_at).limit(_SCAN)
    )
    picked: dict[str, str] = {}
    started: set[str] = set()
    for id, name in connection.execute(chosen):
        if len(picked) == limit:
            break
        if busy[name] < per_host and not (spacing_s and name in started):
            busy[name] += 1
            started.add(name)
            picked[id] = name
    return _free_now(connection, picked, at, lease_s)


def _free_now(connection: Connection, picked: Mapping[str, str], at: int, lease_s: int) -> dict[str, str]:
    """Those of the picked feeds that nobody is changing at this moment; the others' turn comes with the next lease."""
    chosen = select(feed.c.id).where(feed.c.id.in_(picked), _due(at, lease_s))
    return {id: picked[id] for id in connection.scalars(chosen.with_for_update(skip_locked=True))}


def _start(connection: Connection, names: Iterable[str], at: int, spacing_s: float) -> None:
    """Requests to the hosts *names* start now; a rest that one has asked for since it was picked stands."""
    next_start_at = at + round(spacing_s * SECOND)
    rows = [{"name": name, "next_start_at": next_start_at, "why": None} for name in sorted(names)]
    if rows:
        statement = _insert(connection).values(rows)
        given = {column: statement.excluded[column] for column in ("next_start_at", "why")}
        free_now = not_(_resting(at, spacing_s))
        connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=given, where=free_now))


def turn_at(db: Database, name: str, spacing_s: float) -> float:
    """Take a turn at the host *name* for something else than a feed: 0 where it starts now, or else the seconds after
    which to ask again.
    """
    if not spacing_s:
        return 0.0
    with db.write() as connection:
        _in_turn(connection)
        at = db.now(connection)
        next_at = connection.scalar(select(host.c.next_start_at).where(host.c.name == name, _resting(at, spacing_s)))
        if next_at is not None:
            return float(max(next_at - at, 1) / SECOND)
        _start(connection, [name], at, spacing_s)
    return 0.0


def start_again(db: Database, name: str, at: int, at_last: int, spacing_s: float) -> bool:
    """Use the turn at the host *name*, given *at*, only *at_last*: the next one waits for that. False where somebody
    else was given a turn, or the host asked for rest, in between.
    """
    ours = and_(host.c.name == name, host.c.next_start_at == at + round(spacing_s * SECOND))
    later = update(host).where(ours).values(next_start_at=at_last + round(spacing_s * SECOND))
    with db.write() as connection:
        _in_turn(connection)  # or who leases at this moment could have seen the host free, and start there too
        return bool(connection.execute(later).rowcount)


def _waiting(at: int, lease_s: int, spacing_s: float) -> Any:
    """The first instant at which a due feed's host has been spaced; what a host asked for is not waited for."""
    spaced = select(func.min(host.c.next_start_at)).join(feed, feed.c.host == host.c.name)
    return spaced.where(_due(at, lease_s), _resting(at, spacing_s), host.c.why.is_(None))


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


def renew(db: Database, owner: str, ids: Collection[str], lease_s: int, now: int | None = None) -> None:
    """Hold *owner*'s leases of the feeds *ids* for *lease_s* from now on: looks at them are still under way."""
    ours = and_(_HELD, feed.c.lease_owner == owner, feed.c.id.in_(ids))
    with db.write() as connection:
        until_at = (db.now(connection) if now is None else now) + lease_s * SECOND
        connection.execute(select(feed.c.id).where(ours).order_by(feed.c.id).with_for_update())  # as who commits does
        connection.execute(update(feed).where(ours).values(lease_until_at=until_at))


def release_one(db: Database, owner: str, id: str) -> None:
    """Give back *owner*'s lease of the feed *id*, unlooked at."""
    with db.write() as connection:
        connection.execute(update(feed).where(feed.c.id == id, feed.c.lease_owner == owner).values(**NO_LEASE))


def release(db: Database, *owners: str) -> int:
    """Give back every lease of *owners*, as a watcher that ends in order does; return how many."""
    with db.write() as connection:
        _in_turn(connection)
        theirs = update(feed).where(_HELD, feed.c.lease_owner.in_(owners))
        return int(connection.execute(theirs.values(**NO_LEASE)).rowcount)


def take_back(db: Database, is_dead: Callable[[str], bool]) -> int:
    """Free the feeds of those owners that are known to be dead, so that nobody waits for the end of their leases;
    return how many feeds that were.
    """
    with db.read() as connection:
        owners = connection.scalars(select(feed.c.lease_owner).where(_HELD).distinct()).all()
    dead = [owner for owner in owners if is_dead(owner)]
    return release(db, *dead) if dead else 0
