"""Subscriptions and endpoints: who gets which messages, where, and what is known of that address."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, case, exists, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from store.database import Database
from store.ids import endpoint_id
from store.leases import NO_LEASE
from store.locks import CONFIGURE, hold_deliveries, one_at_a_time
from store.rate import spacing_of
from store.tables import attempt, delivery, endpoint, subscription
from store.unsubscribing import suppress

OWNER = "owner"
"""Origin of subscriptions that nobody declares: how an owner hears of an address of theirs that fails."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which messages are wanted: alerts of the `rules` (globs) that pass the rest, where an empty `tags` or `tiers`
    lets all pass; and `notices`, globs over store.notices.KINDS. `max_age` (such as 3d) is how old an article may be
    when it is told; what is older is shown and not sent.
    """

    rules: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    level: str = "low"
    tags: tuple[str, ...] = ()
    tiers: tuple[str, ...] = ()
    confidence: float = 0.0
    max_age: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """`secret` is a reference (env:NAME, file:PATH; several separated by spaces), never the secret itself. `options`
    may have a `rate` as store.rate reads it, `concurrency` and `tries` as numbers, and `headers`: names to values or
    references.
    """

    id: str
    owner: str
    filter: Filter
    channel: str
    address: str
    secret: str | None = None
    cadence: Mapping[str, Any] = field(default_factory=lambda: {"instant": True})
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def endpoint_id(self) -> str:
        """The id of where it leads."""
        return endpoint_id(self.channel, self.address)


def sync(db: Database, subscriptions: Iterable[Subscription], origin: str = "file") -> None:
    """Make *subscriptions* the whole of what *origin* declares, in one transaction.

    One that vanished is marked removed: it gets nothing new, what is pending still leaves. One that comes back goes on
    counting where its sequence numbers stopped. Where the address of a subscription changed, its pending deliveries go
    to the new one, under the same ids and with the same bytes; where the channel changed, they are suppressed.
    """
    declared = {one.id: one for one in subscriptions}
    with db.write() as connection:
        one_at_a_time(connection, CONFIGURE)
        now = db.now(connection)
        chosen = select(subscription).order_by(subscription.c.id).with_for_update(key_share=True)
        rows = connection.execute(chosen).all()
        there = {row.id: row for row in rows}
        for id, one in sorted(declared.items()):
            _declare(connection, one, there.get(id), origin, now)
        gone = [row.id for row in rows if row.origin == origin and row.removed_at is None and row.id not in declared]
        if gone:
            connection.execute(update(subscription).where(subscription.c.id.in_(gone)).values(removed_at=now))
        _pace(connection)
        _redirect(connection, [(one, there[id]) for id, one in sorted(declared.items()) if id in there], now)


def ensure_owned(connection: Connection, one: Subscription, now: int) -> None:
    """Insert a subscription that no file declares, unless it is there: an owner's own, for notices."""
    _ensure_endpoint(connection, one)
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    values = {**_columns(one), "origin": OWNER, "created_at": now}
    connection.execute(dialect.insert(subscription).values(**values).on_conflict_do_nothing())


def _declare(connection: Connection, one: Subscription, row: Row[Any] | None, origin: str, now: int) -> None:
    _ensure_endpoint(connection, one)
    values = {**_columns(one), "origin": origin, "removed_at": None}
    if row is None:
        connection.execute(insert(subscription).values(**values, created_at=now))
        return
    connection.execute(update(subscription).where(subscription.c.id == one.id).values(**values))


def _redirect(connection: Connection, pairs: Sequence[tuple[Subscription, Row[Any]]], now: int) -> None:
    """What waits of those that lead elsewhere now goes there, where it can; *pairs* are each with what it was."""
    moved = [(one, row) for one, row in pairs if (one.channel, one.address) != (row.channel, row.address)]
    if not moved:
        return
    of_these = delivery.c.subscription_id.in_([one.id for one, _ in moved])
    hold_deliveries(connection, and_(of_these, delivery.c.status == "pending"))
    for one, row in moved:
        change = _drop_pending if row.channel != one.channel else _move_pending
        change(connection, one, now)


def _drop_pending(connection: Connection, one: Subscription, now: int) -> None:
    """What was frozen for one channel cannot leave by another; what waits for a digest is not frozen yet."""
    chosen = (delivery.c.subscription_id == one.id) & (delivery.c.status == "pending")
    ungathered = delivery.c.gather_at.is_not(None) & delivery.c.digest_id.is_(None)
    led = {"endpoint_id": one.endpoint_id, "channel": one.channel}
    connection.execute(update(delivery).where(chosen, ungathered).values(**led))
    why = f"its subscription is told by {one.channel} since"
    ended = {"status": "suppressed", "why": why, "next_at": None, "done_at": now}
    connection.execute(update(delivery).where(chosen, ~ungathered).values(**ended, **NO_LEASE))


def _move_pending(connection: Connection, one: Subscription, now: int) -> None:
    """Those that failed at the old address need not wait out their schedule at the new one."""
    chosen = (delivery.c.subscription_id == one.id) & (delivery.c.status == "pending")
    failed = exists().where(attempt.c.delivery_id == delivery.c.id)
    next_at = case((failed, now), else_=delivery.c.next_at)
    connection.execute(update(delivery).where(chosen).values(endpoint_id=one.endpoint_id, next_at=next_at))
    suppress(connection, one.id, now)


def _ensure_endpoint(connection: Connection, one: Subscription) -> None:
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    values = {"id": one.endpoint_id, "channel": one.channel, "address": one.address}
    connection.execute(dialect.insert(endpoint).values(**values).on_conflict_do_nothing())


def _pace(connection: Connection) -> None:
    """Give each address the strictest `rate` and `concurrency` of those who use it."""
    options: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for one in in_force(connection):
        options[one.endpoint_id].append(one.options)
    columns = (endpoint.c.id, endpoint.c.spacing, endpoint.c.at_once)
    chosen = select(*columns).where(endpoint.c.id.in_(list(options))).order_by(endpoint.c.id)
    for row in connection.execute(chosen).all():
        pace = _strictest(options[row.id])
        if pace != {"spacing": row.spacing, "at_once": row.at_once}:
            connection.execute(update(endpoint).where(endpoint.c.id == row.id).values(**pace))


def _strictest(options: Sequence[Mapping[str, Any]]) -> dict[str, int | None]:
    """The columns of an address whose subscriptions have these options."""
    spacings = [spacing_of(one["rate"]) for one in options if "rate" in one]
    at_once = [int(one["concurrency"]) for one in options if "concurrency" in one]
    return {"spacing": max(spacings, default=None), "at_once": min(at_once, default=None)}


def _columns(one: Subscription) -> dict[str, Any]:
    wanted = one.filter
    return {
        "id": one.id,
        "owner": one.owner,
        "filter": {
            "rules": list(wanted.rules),
            "notices": list(wanted.notices),
            "level": wanted.level,
            "tags": list(wanted.tags),
            "tiers": list(wanted.tiers),
            "confidence": wanted.confidence,
            "max_age": wanted.max_age,
        },
        "channel": one.channel,
        "address": one.address,
        "secret": one.secret,
        "cadence": dict(one.cadence),
        "options": dict(one.options),
    }


def of_row(row: Row[Any]) -> Subscription:
    """The value of a row of table subscription."""
    wanted = row.filter
    return Subscription(
        id=row.id,
        owner=row.owner,
        filter=Filter(
            rules=tuple(wanted["rules"]),
            notices=tuple(wanted.get("notices", ())),
            level=wanted["level"],
            tags=tuple(wanted["tags"]),
            tiers=tuple(wanted["tiers"]),
            confidence=wanted["confidence"],
            max_age=wanted["max_age"],
        ),
        channel=row.channel,
        address=row.address,
        secret=row.secret,
        cadence=row.cadence,
        options=row.options,
    )


def in_force(connection: Connection) -> list[Subscription]:
    """The subscriptions that get new messages, by id."""
    return [of_row(row) for row in connection.execute(_in_force())]


def hold_in_force(connection: Connection) -> list[Subscription]:
    """The same, held until the end of the transaction against others that count up their sequence numbers: always in
    the order of ids, so that two transactions never wait for each other.
    """
    return [of_row(row) for row in connection.execute(_in_force().with_for_update(key_share=True))]


def _in_force() -> Select[Any]:
    return select(subscription).where(subscription.c.removed_at.is_(None)).order_by(subscription.c.id)


def list_subscriptions(db: Database) -> list[Subscription]:
    """All subscriptions in force that somebody declared, by id."""
    with db.read() as connection:
        return [of_row(row) for row in connection.execute(_in_force().where(subscription.c.origin != OWNER))]


def find_subscription(db: Database, id: str) -> Subscription | None:
    """One in force, an owner's own (owner:desk@example.org) among them; None where there is none."""
    with db.read() as connection:
        row = connection.execute(_in_force().where(subscription.c.id == id)).one_or_none()
    return None if row is None else of_row(row)


def list_disabled(db: Database) -> Mapping[str, str]:
    """Why each disabled endpoint, by its id, is disabled."""
    chosen = select(endpoint.c.id, endpoint.c.disabled_why).where(endpoint.c.disabled_at.is_not(None))
    with db.read() as connection:
        return {row.id: row.disabled_why or "by hand" for row in connection.execute(chosen)}


def enable_endpoint(db: Database, channel: str, address: str) -> bool:
    """Let deliveries go to a disabled address again; False where there is no such address. What died meanwhile is not
    sent by itself: replay it.
    """
    fresh = {"disabled_at": None, "disabled_why": None, "failures": 0, "failing_since_at": None}
    fresh |= {"rest_until_at": None, "rests": 0}
    chosen = endpoint.c.id == endpoint_id(channel, address)
    with db.write() as connection:
        return bool(connection.execute(update(endpoint).where(chosen).values(**fresh)).rowcount)
