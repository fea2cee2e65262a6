"""Deliveries on their way out: leased fairly between addresses, and what became of each try."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Row, and_, func, insert, select, true, update

from store.database import Database
from store.digests import bring_near, follow, with_contents
from store.endpoints import PER_ENDPOINT, hold_addresses, note_tries, room, take_slots, takes
from store.leases import LEASE_S, NO_LEASE, SECOND, SKEW_S, free
from store.locks import hold_deliveries
from store.replaying import REPLAYED
from store.tables import UNDELIVERED, attempt, delivery, endpoint, message, subscription
from store.tries import GIVE_UP_S, Parcel, Tried

MAX_CUT_OFF = 20
"""Tries begun that never ended, as on a machine that is killed again and again, before a delivery is given up."""

_CANDIDATES = 4_000
_SINCE_AT = func.coalesce(delivery.c.replayed_at, delivery.c.created_at).label("since_at")


def exchange(db: Database, owner: str, tried: Sequence[Tried], limit: int) -> list[Parcel]:
    """Record what became of tries and lease up to *limit* due deliveries, in one transaction: a commit is what a
    delivery costs.
    """
    with db.write() as connection:
        now, now_s = db.now(connection), time.monotonic()
        if tried:
            _record(connection, owner, tried, now)
        leaving, hopeless = _lease(connection, owner, limit, now) if limit > 0 else ({}, {})
        parcels = _parcels(connection, leaving, now, now_s) if leaving else []
    if hopeless:
        _give_up(db, hopeless)
    return parcels


def release(db: Database, owner: str, ids: Iterable[str]) -> None:
    """Give leased deliveries back, due at once: their worker stops."""
    chosen = and_(delivery.c.id.in_(list(ids)), delivery.c.lease_owner == owner)
    with db.write() as connection:
        hold_deliveries(connection, chosen)
        connection.execute(update(delivery).where(chosen).values(**NO_LEASE))


def give_back(db: Database, owner: str, id: str) -> None:
    """Give a leased delivery back as if it had not been taken up: no try of it was begun."""
    chosen = and_(delivery.c.id == id, delivery.c.lease_owner == owner)
    with db.write() as connection:
        hold_deliveries(connection, chosen)
        values = {"attempts": delivery.c.attempts - 1, **NO_LEASE}
        connection.execute(update(delivery).where(chosen).values(**values))


def waiting(db: Database, limit: int) -> list[str]:
    """Ids of deliveries that are due, that nobody has leased, and whose address takes more now."""
    with db.read() as connection:
        return _pick(connection, limit, db.now(connection))


def bring_back(db: Database) -> None:
    """Let what was made in the future be due now: the clock was wrong then, and has been set back."""
    with db.write() as connection:
        now = db.now(connection)
        future = delivery.c.created_at > now + SKEW_S * SECOND
        chosen = and_(delivery.c.status == "pending", UNDELIVERED, future, delivery.c.next_at > now)
        hold_deliveries(connection, chosen)
        connection.execute(update(delivery).where(chosen).values(next_at=now, created_at=now))
    with db.write() as connection:
        bring_near(connection, db.now(connection))


def _lease(connection: Connection, owner: str, limit: int, now: int) -> tuple[Mapping[str, float], Mapping[str, str]]:
    """What leaves in how many seconds, and why what is given up instead is; both by id."""
    ids = _pick(connection, limit, now)
    if not ids:
        return {}, {}
    rows = _locked(connection, ids, now)
    hopeless = {row.id: why for row in rows if (why := _hopeless(connection, row, now))}
    ours = _leaving(connection, [row for row in rows if row.id not in hopeless], now)
    values = {
        "lease_owner": owner,
        "lease_until_at": now + LEASE_S * SECOND,
        "attempts": delivery.c.attempts + 1,
    }
    connection.execute(update(delivery).where(delivery.c.id.in_(ours)).values(**values))
    return ours, hopeless


def _give_up(db: Database, hopeless: Mapping[str, str]) -> None:
    """Let deliveries die visibly, each for its reason; in a transaction of its own, which holds nothing before."""
    with db.write() as connection:
        now = db.now(connection)
        free_now = and_(delivery.c.status == "pending", free(delivery.c.lease_until_at, now))
        hold_deliveries(connection, with_contents(list(hopeless)))
        for id, why in sorted(hopeless.items()):
            dead = {"status": "dead", "why": why, "next_at": None, "done_at": now, **NO_LEASE}
            connection.execute(update(delivery).where(delivery.c.id == id, free_now).values(**dead))
        follow(connection, list(hopeless))


def _locked(connection: Connection, ids: Sequence[str], now: int) -> Sequence[Any]:
    """Those of the deliveries that nobody else takes at this moment, the longest due first."""
    columns = (delivery.c.id, _SINCE_AT, delivery.c.attempts, delivery.c.why, delivery.c.endpoint_id)
    chosen = select(*columns, endpoint.c.spacing).join(endpoint, endpoint.c.id == delivery.c.endpoint_id)
    chosen = chosen.where(delivery.c.id.in_(ids), delivery.c.status == "pending", free(delivery.c.lease_until_at, now))
    chosen = chosen.order_by(delivery.c.next_at, delivery.c.seq, delivery.c.id)
    return connection.execute(chosen.with_for_update(of=delivery, key_share=True, skip_locked=True)).all()


def _leaving(connection: Connection, rows: Sequence[Any], now: int) -> dict[str, float]:
    """In how many seconds each leaves: at once, but for addresses that take only so many in a second."""
    spaced = {row.id: row.endpoint_id for row in rows if row.spacing}
    slots = take_slots(connection, spaced, now) if spaced else {}
    return {row.id: slots.get(row.id, 0.0) for row in rows if not row.spacing or row.id in slots}


def _hopeless(connection: Connection, row: Any, now: int) -> str | None:
    """Why a delivery is given up unsent: it is too old, or has cut off too many workers. Replayed, it is tried once."""
    if row.why == REPLAYED:
        return None
    if row.since_at < now - GIVE_UP_S * SECOND:
        return f"not delivered within {GIVE_UP_S // 86_400} days"
    if row.attempts < MAX_CUT_OFF:
        return None
    ended = select(func.count()).where(attempt.c.delivery_id == row.id)
    cut_off = row.attempts - (connection.scalar(ended) or 0)
    return f"{cut_off} tries begun without an end" if cut_off >= MAX_CUT_OFF else None


def _pick(connection: Connection, limit: int, now: int) -> list[str]:
    """Ids of due deliveries, each address getting its first before any gets its second.

    Of each address the PER_ENDPOINT foremost due ones are read, leased ones among them: those are in flight, and what
    is free of them is what it may still take. An address with 100,000 due ones costs no more than one with four.
    """
    rows = connection.execute(_foremost(connection, now)).all()
    ranked = [
        (rank, row.next_at, row.id)
        for _, group in groupby(rows, key=lambda row: row.endpoint_id)
        for rank, row in _taken(list(group), now)
    ]
    return [id for _, _, id in sorted(ranked)[:limit]]


def _taken(rows: Sequence[Row[Any]], now: int) -> Iterable[tuple[int, Row[Any]]]:
    """Those of one address's foremost that it takes now, each with its place behind what is in flight."""
    free = [row for row in rows if _is_free(row, now)]
    in_flight = len(rows) - len(free)
    return enumerate(free[: room(rows[0].failures, in_flight, rows[0].at_once)], in_flight)


def _is_free(row: Row[Any], now: int) -> bool:
    until = row.lease_until_at
    return until is None or until <= now or until > now + (LEASE_S + SKEW_S) * SECOND


def _foremost(connection: Connection, now: int) -> Any:
    due = (
        select(delivery)
        .where(delivery.c.endpoint_id == endpoint.c.id, delivery.c.status == "pending", delivery.c.next_at <= now)
        .order_by(delivery.c.next_at, delivery.c.seq)
        .limit(PER_ENDPOINT)
    )
    columns = ("endpoint_id", "id", "next_at", "lease_until_at")
    if connection.dialect.name == "postgresql":
        front = due.correlate(endpoint).lateral("front")
        return (
            select(*(front.c[name] for name in columns), endpoint.c.failures, endpoint.c.at_once)
            .select_from(endpoint)
            .join(front, true())
            .where(takes(now))
            .order_by(front.c.endpoint_id, front.c.next_at, front.c.seq)
            .limit(_CANDIDATES)
        )
    # SQLite has no LATERAL, but a table-valued function may read the columns before it
    inner = due.with_only_columns(delivery.c.id).correlate(endpoint).subquery()
    ids = select(func.json_group_array(inner.c.id)).scalar_subquery()
    each = func.json_each(ids).table_valued("value", name="each", joins_implicitly=True)
    return (
        select(*(delivery.c[name] for name in columns), endpoint.c.failures, endpoint.c.at_once)
        .select_from(endpoint)
        .join(each, true())
        .join(delivery, delivery.c.id == each.c.value)
        .where(takes(now))
        .order_by(delivery.c.endpoint_id, delivery.c.next_at, delivery.c.seq)
        .limit(_CANDIDATES)
    )


def _parcels(connection: Connection, leaving: Mapping[str, float], now: int, now_s: float) -> list[Parcel]:
    failures = select(func.count()).where(
        attempt.c.delivery_id == delivery.c.id,
        attempt.c.outcome != "delivered",
        attempt.c.started_at >= func.coalesce(delivery.c.replayed_at, 0),
    )
    chosen = (
        select(
            delivery.c.id,
            delivery.c.subscription_id,
            delivery.c.endpoint_id,
            delivery.c.channel,
            endpoint.c.address,
            endpoint.c.spacing,
            subscription.c.secret,
            subscription.c.options,
            delivery.c.body,
            delivery.c.attempts.label("attempt"),
            failures.scalar_subquery().label("failures"),
            _SINCE_AT,
            message.c.at.label("message_at"),
        )
        .join(endpoint, endpoint.c.id == delivery.c.endpoint_id)
        .join(subscription, subscription.c.id == delivery.c.subscription_id)
        .join(message, message.c.id == delivery.c.message_id)
        .where(delivery.c.id.in_(list(leaving)))
        .order_by(delivery.c.subscription_id, delivery.c.seq)
    )
    rows = connection.execute(chosen).mappings()
    return [Parcel(**row, leased_at=now, leased_s=now_s, leave_in_s=leaving[row["id"]]) for row in rows]


def _record(connection: Connection, owner: str, tried: Sequence[Tried], now: int) -> None:
    """Append the tries; change only those deliveries whose lease is still ours. Held are addresses, then deliveries."""
    addresses = hold_addresses(connection, tried)
    columns = (delivery.c.id, delivery.c.status, delivery.c.lease_owner, delivery.c.digest_id)
    chosen = select(*columns).where(with_contents([one.delivery_id for one in tried])).order_by(delivery.c.id)
    rows = connection.execute(chosen.with_for_update(key_share=True)).all()
    ours = {row.id for row in rows if row.lease_owner == owner and row.status == "pending"}
    _append(connection, tried)
    _finish(connection, [one for one in tried if one.delivery_id in ours], now)
    if contents := {row.digest_id for row in rows if row.digest_id is not None}:
        follow(connection, list(contents))
    note_tries(connection, addresses, tried, now)


def _append(connection: Connection, tried: Sequence[Tried]) -> None:
    columns = ("delivery_id", "number", "started_at", "elapsed_ms", "outcome", "code", "detail", "response")
    connection.execute(insert(attempt), [{name: getattr(one, name) for name in columns} for one in tried])


def _finish(connection: Connection, tried: Sequence[Tried], now: int) -> None:
    delivered = [one.delivery_id for one in tried if one.status == "delivered"]
    if delivered:
        done = {"status": "delivered", "why": None, "next_at": None, "done_at": now, **NO_LEASE}
        connection.execute(update(delivery).where(delivery.c.id.in_(delivered)).values(**done))
    for one in tried:
        if one.status != "delivered":
            values = _again(one, now) if one.status == "pending" else _dead(one, now)
            connection.execute(update(delivery).where(delivery.c.id == one.delivery_id).values(**values))


def _again(one: Tried, now: int) -> dict[str, Any]:
    return {"next_at": now + int(one.wait_s * SECOND), "why": None, **NO_LEASE}


def _dead(one: Tried, now: int) -> dict[str, Any]:
    return {"status": "dead", "why": one.detail, "next_at": None, "done_at": now, **NO_LEASE}
