"""Whose turn it is: which watcher fetches which feed now, and which hosts that takes a place at."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Select, and_, func, not_, or_, select, update

from store.database import Database
from store.feeds import NO_REST, FeedState, state_of
from store.hosts import Turn, in_turn, resting, start, wait_s
from store.leases import NO_LEASE, SECOND, free
from store.many import among
from store.tables import feed, host

FULL_S = 1.0
"""After which to ask again for a place at a host that has none: nobody knows when an answer will end."""

_SCAN, _SCAN_FIRST = 2_000, 4
_HELD = feed.c.lease_until_at.is_not(None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leased:
    """Feeds that *owner* alone may fetch until the lease runs out; `at` is the ledger's time when it was given,
    `since_s` the steady clock's at that moment. Where there are none, `more_at` is when there may be one (None: nothing
    is due that waits for its host alone), and `next_at` when the next one falls due (None: none ever does).
    """

    owner: str
    at: int
    since_s: float = field(default_factory=time.monotonic)
    feeds: tuple[FeedState, ...] = ()
    more_at: int | None = None
    next_at: int | None = None

    def turn(self, name: str) -> Turn:
        """The turn at the host *name* that came with the lease."""
        return Turn(host=name, at=self.at, since_s=self.since_s)


def lease_due(
    db: Database,
    owner: str,
    *,
    limit: int,
    lease_s: int,
    per_host: int,
    spacing_s: float = 0.0,
    now: int | None = None,
    sure: bool = False,
) -> Leased:
    """Lease up to *limit* due feeds: at most *per_host* of one host at once over all watchers, and starts at a host at
    least *spacing_s* apart. Each must be fetched at once. *now* (microseconds) replaces the ledger's clock. Unless the
    caller is *sure* that some are due, that is looked up before anybody is made to wait.
    """
    if not sure and (none := _none_due(db, owner, lease_s, now)) is not None:
        return none
    with db.write() as connection:
        in_turn(connection)
        at = db.now(connection) if now is None else now  # anew: waiting for the lock may have taken a while
        since_s = time.monotonic()
        picked = _pick(connection, at, limit, lease_s, per_host, spacing_s)
        feeds = _take(connection, owner, picked, at, lease_s)
        if spacing_s:
            start(connection, {one.host for one in feeds}, at, spacing_s)
        more_at = None if feeds else _more_at(connection, at, lease_s, spacing_s)
        next_at = None if feeds else _next_at(connection, at)
    return Leased(owner=owner, at=at, since_s=since_s, feeds=feeds, more_at=more_at, next_at=next_at)


def _none_due(db: Database, owner: str, lease_s: int, now: int | None) -> Leased | None:
    """That there is nothing to lease, where nothing is due."""
    with db.read() as connection:
        at = db.now(connection) if now is None else now
        if connection.execute(select(feed.c.id).where(_due(at, lease_s)).limit(1)).first() is not None:
            return None
        return Leased(owner=owner, at=at, next_at=_next_at(connection, at))


def _take(connection: Connection, owner: str, picked: Sequence[str], at: int, lease_s: int) -> tuple[FeedState, ...]:
    """Lease the picked feeds that nobody is changing at this moment; the others' turn comes with the next lease."""
    free_now = select(feed.c.id).where(among(connection, feed.c.id, picked), _due(at, lease_s))
    taken = {"lease_owner": owner, "lease_until_at": at + lease_s * SECOND, "last_attempt_at": at}
    leased = update(feed).where(feed.c.id.in_(free_now.with_for_update(skip_locked=True))).values(**taken)
    rows = connection.execute(leased.returning(feed, *NO_REST)).all()
    return tuple(sorted(map(state_of, rows), key=lambda one: one.next_check_at))


def _due(at: int, lease_s: int) -> Any:
    """Due and not leased."""
    return and_(feed.c.removed_at.is_(None), feed.c.next_check_at <= at, free(feed.c.lease_until_at, at, lease_s))


def _pick(connection: Connection, at: int, limit: int, lease_s: int, per_host: int, spacing_s: float) -> list[str]:
    """The feeds to lease. Mostly some of the first ones will do; else, of busy hosts, more are looked at."""
    busy = Counter(_busy(connection, at, lease_s))
    full = [name for name, count in busy.items() if count >= per_host]
    open_to_us = _open(connection, full, at, lease_s, spacing_s)
    picked: list[str] = []
    for most in (_SCAN_FIRST * limit, max(_SCAN, _SCAN_FIRST * limit)):
        rows: Sequence[Any] = connection.execute(open_to_us.limit(most)).all()
        picked = _fitting(rows, busy, limit, per_host, spacing_s)
        if len(picked) == limit or len(rows) < most:
            break
    return picked


def _open(connection: Connection, full: Sequence[str], at: int, lease_s: int, spacing_s: float) -> Select[Any]:
    """What is due at hosts that may be asked now: id, and hosts. One that leads to another host needs a place there
    too.
    """
    resting_now = select(host.c.name).where(resting(at, spacing_s))
    free_there = [
        and_(column.not_in(resting_now), not_(among(connection, column, full)))
        for column in (feed.c.host, feed.c.also_host)
    ]
    open_to_us = and_(free_there[0], or_(feed.c.also_host.is_(None), free_there[1]))
    chosen = select(feed.c.id, feed.c.host, feed.c.also_host).where(_due(at, lease_s), open_to_us)
    return chosen.order_by(feed.c.next_check_at)


def _fitting(
    rows: Iterable[Sequence[Any]], busy: Mapping[str, int], limit: int, per_host: int, spacing_s: float
) -> list[str]:
    """Those of *rows*, at most *limit*, that fit beside what is *busy* and beside each other."""
    picked: list[str] = []
    taken = Counter(busy)
    started: set[str] = set()
    for id, *names in rows:
        hosts = _named(names)
        if all(taken[name] < per_host for name in hosts) and not (spacing_s and hosts & started):
            taken.update(hosts)
            started |= hosts
            picked.append(id)
        if len(picked) == limit:
            break
    return picked


def _named(names: Sequence[str | None]) -> set[str]:
    return {name for name in names if name is not None}


def _busy(connection: Connection, at: int, lease_s: int, but: str | None = None) -> Iterator[str]:
    """The hosts of the looks under way, each as often as there are; *but* that at one feed."""
    live = and_(_HELD, not_(free(feed.c.lease_until_at, at, lease_s)))
    for id, *names in connection.execute(select(feed.c.id, feed.c.host, feed.c.also_host).where(live)):
        if id != but:
            yield from _named(names)


def turn_at(
    db: Database,
    owner: str,
    id: str,
    name: str,
    *,
    lease_s: int,
    per_host: int,
    spacing_s: float,
    delay_s: float = 0.0,
    now: int | None = None,
) -> Turn | float:
    """A turn, and with it a place, at the host *name* for *owner*'s look at the feed *id*: where a redirect leads, or
    where a page is. A look has one request under way at a time, and so one place besides its feed's. Requests to the
    host start *spacing_s* apart, and this one *delay_s* after the last. Where it cannot be now, the seconds after which
    to ask again.
    """
    with db.write() as connection:
        in_turn(connection)
        at = db.now(connection) if now is None else now
        if Counter(_busy(connection, at, lease_s, but=id))[name] >= per_host:
            return FULL_S
        if (wait := wait_s(connection, name, at, spacing_s, delay_s)) > 0:
            return wait
        if not connection.execute(_ours(owner, id).values(also_host=name)).rowcount:
            return FULL_S  # the lease is lost
        if spacing_s:
            start(connection, [name], at, spacing_s)
    return Turn(host=name, at=at)


def _ours(owner: str, id: str) -> Any:
    return update(feed).where(feed.c.id == id, feed.c.lease_owner == owner)


def _more_at(connection: Connection, at: int, lease_s: int, spacing_s: float) -> int | None:
    """The first instant at which a due feed's host has been spaced; what a host asked for is not waited for."""
    spaced = select(func.min(host.c.next_start_at))
    waiting = and_(_due(at, lease_s), resting(at, spacing_s), host.c.why.is_(None))
    joined = (spaced.join(feed, column == host.c.name) for column in (feed.c.host, feed.c.also_host))
    found = (connection.scalar(chosen.where(waiting)) for chosen in joined)
    return min((instant for instant in found if instant is not None), default=None)


def _next_at(connection: Connection, at: int) -> int | None:
    """When the next feed falls due that is not due yet."""
    later = select(func.min(feed.c.next_check_at)).where(feed.c.removed_at.is_(None), feed.c.next_check_at > at)
    found: int | None = connection.scalar(later)
    return found


def renew(db: Database, owner: str, ids: Collection[str], lease_s: int, now: int | None = None) -> None:
    """Hold *owner*'s leases of the feeds *ids* for *lease_s* from now on: looks at them are still under way."""
    ours = and_(_HELD, feed.c.lease_owner == owner, feed.c.id.in_(ids))
    with db.write() as connection:
        until_at = (db.now(connection) if now is None else now) + lease_s * SECOND
        connection.execute(select(feed.c.id).where(ours).order_by(feed.c.id).with_for_update())  # as who commits does
        connection.execute(update(feed).where(ours).values(lease_until_at=until_at))


def release_one(db: Database, owner: str, id: str, also_host: str | None = None) -> None:
    """Give back *owner*'s lease of the feed *id*, unlooked at; *also_host* says where there was no turn for it."""
    led = {"also_host": also_host} if also_host else {}
    with db.write() as connection:
        connection.execute(_ours(owner, id).values(**NO_LEASE, **led))


def release(db: Database, *owners: str) -> int:
    """Give back every lease of *owners*, as a watcher that ends in order does; return how many."""
    with db.write() as connection:
        in_turn(connection)
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
