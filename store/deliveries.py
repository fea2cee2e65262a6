"""Deliveries on their way out: leased fairly between addresses, and what became of each try."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, func, insert, or_, select, true, update

from store.database import Database
from store.leases import LEASE_S, SECOND, free
from store.tables import attempt, delivery, endpoint, message, subscription

PER_ENDPOINT = 4
"""Tries at once to one address, over all workers."""

GIVE_UP_S = 5 * 86_400
"""Seconds after which a delivery is no longer tried by itself: receivers remember ids for seven days."""

MAX_STARTS = 30
"""Tries begun, whether or not they came to an end, before a delivery is given up: ten planned ones, and as many as a
machine that is killed again and again may cut off.
"""

REPLAYED = "replayed"
_MAX_REST_S = 86_400
_CANDIDATES = 4_000
_NO_LEASE: dict[str, Any] = {"lease_owner": None, "lease_until_at": None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """A leased delivery: `body` is sent as it is; `attempt` counts from 1, cut-off tries included; `failures` are tries
    of it that ended badly, `endpoint_failures` those of its address in a row. Instants are microseconds UTC.
    """

    id: str
    subscription_id: str
    endpoint_id: str
    channel: str
    address: str
    secret: str | None
    body: bytes
    attempt: int
    failures: int
    endpoint_failures: int
    created_at: int
    leased_at: int
    message_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One try that ended. `outcome` is delivered, try_again or refused; `status` what the delivery becomes: delivered,
    pending (again in `wait_s`) or dead; the address then rests `rest_s`, or is disabled with a reason.
    """

    delivery_id: str
    endpoint_id: str
    number: int
    started_at: int
    elapsed_ms: int
    outcome: str
    status: str
    detail: str
    code: int | None = None
    response: str | None = None
    wait_s: float = 0.0
    rest_s: float = 0.0
    disable: str | None = None


def exchange(db: Database, owner: str, tried: Sequence[Tried], room: int) -> list[Parcel]:
    """Record what became of tries and lease up to *room* due deliveries, in one transaction: a commit is what a
    delivery costs.
    """
    with db.write() as connection:
        now = db.now(connection)
        if tried:
            _record(connection, owner, tried, now)
        return _lease(connection, owner, room, now) if room > 0 else []


def release(db: Database, owner: str, ids: Iterable[str]) -> None:
    """Give leased deliveries back, due at once: their worker stops."""
    chosen = and_(delivery.c.id.in_(list(ids)), delivery.c.lease_owner == owner)
    with db.write() as connection:
        connection.execute(update(delivery).where(chosen).values(**_NO_LEASE))


def waiting(db: Database, limit: int) -> list[str]:
    """Ids of deliveries that are due, that nobody has leased, and whose address takes more now."""
    with db.read() as connection:
        return _pick(connection, limit, db.now(connection))


def replay(db: Database, delivery_id: str) -> bool:
    """Send a delivery once more, now, with the same id and bytes; False where there is none or it still is pending."""
    values = {"status": "pending", "why": REPLAYED, "done_at": None, **_NO_LEASE}
    with db.write() as connection:
        chosen = and_(delivery.c.id == delivery_id, delivery.c.status.in_(("dead", "delivered")))
        values["next_at"] = db.now(connection)
        return bool(connection.execute(update(delivery).where(chosen).values(**values)).rowcount)


def _lease(connection: Connection, owner: str, room: int, now: int) -> list[Parcel]:
    ids = _pick(connection, room, now)
    if not ids:
        return []
    chosen = select(delivery.c.id, delivery.c.created_at, delivery.c.attempts, delivery.c.why)
    chosen = chosen.where(delivery.c.id.in_(ids), delivery.c.status == "pending", free(delivery.c.lease_until_at, now))
    rows = connection.execute(chosen.order_by(delivery.c.id).with_for_update(skip_locked=True)).all()
    hopeless = {row.id: why for row in rows if (why := _hopeless(row, now))}
    for id, why in hopeless.items():
        dead = {"status": "dead", "why": why, "next_at": None, "done_at": now, **_NO_LEASE}
        connection.execute(update(delivery).where(delivery.c.id == id).values(**dead))
    ours = [row.id for row in rows if row.id not in hopeless]
    values = {
        "lease_owner": owner,
        "lease_until_at": now + LEASE_S * SECOND,
        "attempts": delivery.c.attempts + 1,
    }
    connection.execute(update(delivery).where(delivery.c.id.in_(ours)).values(**values))
    return _parcels(connection, ours, now)


def _hopeless(row: Row[Any], now: int) -> str | None:
    """Why a delivery is given up unsent: it is too old, or has cut off too many workers. Not one replayed by hand."""
    if row.why == REPLAYED:
        return None
    if row.created_at < now - GIVE_UP_S * SECOND:
        return f"not delivered within {GIVE_UP_S // 86_400} days"
    return f"{MAX_STARTS} tries begun without an end" if row.attempts >= MAX_STARTS else None


def _pick(connection: Connection, room: int, now: int) -> list[str]:
    """Ids of due deliveries, each address getting its first before any gets its second.

    Of each address the PER_ENDPOINT foremost due ones are read, leased ones among them: those are in flight, so what is
    free of them is what it may still take. An address with 100,000 due ones costs no more than one with four.
    """
    rows = connection.execute(_foremost(connection, now)).all()
    ranked = [
        (rank, row.next_at, row.id)
        for _, group in groupby(rows, key=lambda row: row.endpoint_id)
        for rank, row in enumerate(group)
        if _is_free(row, now)
    ]
    return [id for _, _, id in sorted(ranked)[:room]]


def _is_free(row: Row[Any], now: int) -> bool:
    until = row.lease_until_at
    return until is None or until <= now or until > now + LEASE_S * SECOND


def _takes(now: int) -> ColumnElement[bool]:
    """The condition that an address takes deliveries; a rest beyond the longest was set by a clock gone wrong."""
    rest = endpoint.c.rest_until_at
    rested = or_(rest.is_(None), rest <= now, rest > now + _MAX_REST_S * SECOND)
    return and_(endpoint.c.disabled_at.is_(None), rested)


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
            select(*(front.c[name] for name in columns))
            .select_from(endpoint)
            .join(front, true())
            .where(_takes(now))
            .order_by(front.c.endpoint_id, front.c.next_at, front.c.seq)
            .limit(_CANDIDATES)
        )
    # SQLite has no LATERAL, but a table-valued function may read the columns before it
    inner = due.with_only_columns(delivery.c.id).correlate(endpoint).subquery()
    ids = select(func.json_group_array(inner.c.id)).scalar_subquery()
    each = func.json_each(ids).table_valued("value", name="each", joins_implicitly=True)
    return (
        select(*(delivery.c[name] for name in columns))
        .select_from(endpoint)
        .join(each, true())
        .join(delivery, delivery.c.id == each.c.value)
        .where(_takes(now))
        .order_by(delivery.c.endpoint_id, delivery.c.next_at, delivery.c.seq)
        .limit(_CANDIDATES)
    )


def _parcels(connection: Connection, ids: Sequence[str], now: int) -> list[Parcel]:
    failures = select(func.count()).where(attempt.c.delivery_id == delivery.c.id, attempt.c.outcome != "delivered")
    chosen = (
        select(
            delivery.c.id,
            delivery.c.subscription_id,
            delivery.c.endpoint_id,
            delivery.c.channel,
            endpoint.c.address,
            subscription.c.secret,
            delivery.c.body,
            delivery.c.attempts.label("attempt"),
            failures.scalar_subquery().label("failures"),
            endpoint.c.failures.label("endpoint_failures"),
            delivery.c.created_at,
            message.c.at.label("message_at"),
        )
        .join(endpoint, endpoint.c.id == delivery.c.endpoint_id)
        .join(subscription, subscription.c.id == delivery.c.subscription_id)
        .join(message, message.c.id == delivery.c.message_id)
        .where(delivery.c.id.in_(ids))
        .order_by(delivery.c.subscription_id, delivery.c.seq)
    )
    return [Parcel(**row._mapping, leased_at=now) for row in connection.execute(chosen)]


def _record(connection: Connection, owner: str, tried: Sequence[Tried], now: int) -> None:
    """Append the tries; change only those deliveries whose lease is still ours."""
    columns = ("delivery_id", "number", "started_at", "elapsed_ms", "outcome", "code", "detail", "response")
    connection.execute(insert(attempt), [{name: getattr(one, name) for name in columns} for one in tried])
    chosen = select(delivery.c.id).where(
        delivery.c.id.in_([one.delivery_id for one in tried]),
        delivery.c.lease_owner == owner,
        delivery.c.status == "pending",
    )
    ours = set(connection.scalars(chosen.order_by(delivery.c.id).with_for_update()))
    _finish(connection, [one for one in tried if one.delivery_id in ours], now)
    _note_endpoints(connection, tried, now)


def _finish(connection: Connection, tried: Sequence[Tried], now: int) -> None:
    delivered = [one.delivery_id for one in tried if one.status == "delivered"]
    if delivered:
        done = {"status": "delivered", "why": None, "next_at": None, "done_at": now, **_NO_LEASE}
        connection.execute(update(delivery).where(delivery.c.id.in_(delivered)).values(**done))
    for one in tried:
        if one.status != "delivered":
            values = _again(one, now) if one.status == "pending" else _dead(one, now)
            connection.execute(update(delivery).where(delivery.c.id == one.delivery_id).values(**values))


def _again(one: Tried, now: int) -> dict[str, Any]:
    return {"next_at": now + int(one.wait_s * SECOND), "why": None, **_NO_LEASE}


def _dead(one: Tried, now: int) -> dict[str, Any]:
    return {"status": "dead", "why": one.detail, "next_at": None, "done_at": now, **_NO_LEASE}


def _note_endpoints(connection: Connection, tried: Sequence[Tried], now: int) -> None:
    by_endpoint: dict[str, list[Tried]] = {}
    for one in tried:
        by_endpoint.setdefault(one.endpoint_id, []).append(one)
    well = [id for id, those in by_endpoint.items() if those[-1].outcome == "delivered"]
    calm = {"failures": 0, "failing_since_at": None, "rest_until_at": None, "last_error": None}
    if well:
        connection.execute(update(endpoint).where(endpoint.c.id.in_(sorted(well))).values(**calm, last_success_at=now))
    for id, those in sorted(by_endpoint.items()):
        if id not in well:
            _note_failure(connection, id, those, now)


def _note_failure(connection: Connection, id: str, those: Sequence[Tried], now: int) -> None:
    bad = [one for one in those if one.outcome != "delivered"]
    rest_s = max(one.rest_s for one in bad)
    values: Mapping[str, Any] = {
        "failures": endpoint.c.failures + len(bad),
        "failing_since_at": func.coalesce(endpoint.c.failing_since_at, now),
        "last_error": bad[-1].detail,
        **({"rest_until_at": now + int(rest_s * SECOND)} if rest_s else {}),
    }
    connection.execute(update(endpoint).where(endpoint.c.id == id).values(**values))
    why = next((one.disable for one in bad if one.disable), None) or _worn_out(connection, id, now)
    if why is not None:
        _disable(connection, id, why, now)


def _worn_out(connection: Connection, id: str, now: int) -> str | None:
    """Why an address is given up that has answered nothing but failures for days."""
    row = connection.execute(select(endpoint).where(endpoint.c.id == id)).one()
    if row.failures < 10 or row.failing_since_at > now - GIVE_UP_S * SECOND:
        return None
    return f"nothing but failures for {GIVE_UP_S // 86_400} days; the last: {row.last_error}"


def _disable(connection: Connection, id: str, why: str, now: int) -> None:
    """Send nothing there any more: what is pending is dead, visibly, and can be replayed."""
    disabled = {"disabled_at": now, "disabled_why": why}
    connection.execute(update(endpoint).where(endpoint.c.id == id).values(**disabled))
    pending = and_(delivery.c.endpoint_id == id, delivery.c.status == "pending")
    dead = {"status": "dead", "why": f"address disabled: {why}", "next_at": None, "done_at": now, **_NO_LEASE}
    connection.execute(update(delivery).where(pending).values(**dead))
