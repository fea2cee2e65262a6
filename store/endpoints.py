"""Addresses: how they have answered of late, when they rest, and when nothing is sent there any more."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, case, exists, or_, select, update

from store.database import Database
from store.endpoint_notices import notice_disabled, notice_failing, notice_recovered
from store.leases import NO_LEASE, SECOND
from store.locks import change_free
from store.rate import MAX_SPACING
from store.tables import delivery, endpoint
from store.tries import GIVE_UP_S, Tried

PER_ENDPOINT = 4
"""Tries at once to one address, over all workers; a subscription may ask for fewer."""

MAX_REST_S = 86_400
"""A rest that an address asks for (Retry-After) is granted up to this."""

OPEN_FAILURES = 5
"""Failures in a row, whatever the deliveries, after which the circuit breaker opens."""

REST_S = 60
LONGEST_REST_S = 3_600
OURS_REST_S = 10
WORN_OUT_FAILURES = 10

SOON = 100_000
"""Microseconds from now to the earliest slot that is given in place of one that was missed."""

AHEAD_S = 5
"""How long before its time a try to an address with a rate is taken up: it waits where it is sent, within its lease."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """An address that gets nothing, or one try at a time; `words` say why."""

    endpoint_id: str
    address: str
    words: str


def troubles(db: Database) -> tuple[Trouble, ...]:
    """The addresses that are disabled, or whose circuit breaker is open."""
    columns = (endpoint.c.id, endpoint.c.address, endpoint.c.failures, endpoint.c.last_error, endpoint.c.disabled_why)
    bad = or_(endpoint.c.disabled_at.is_not(None), endpoint.c.failures >= OPEN_FAILURES)
    chosen = select(*columns, endpoint.c.disabled_at).where(bad).order_by(endpoint.c.address)
    with db.read() as connection:
        rows = connection.execute(chosen).all()
    return tuple(Trouble(endpoint_id=row.id, address=row.address, words=_words(row)) for row in rows)


def _words(row: Any) -> str:
    if row.disabled_at is not None:
        return f"disabled: {row.disabled_why}"
    return f"rests between tries: {row.failures} in a row failed, the last: {row.last_error}"


def rest_s(rests: int, asked_s: float | None) -> float:
    """How long an address is left alone after a failure. When the breaker opens (*rests* is 1) it is a minute, after
    each probe that fails twice as long, an hour at most; or as long as the address asks, up to a day.
    """
    own_s = min(REST_S * 2 ** min(rests - 1, 10), LONGEST_REST_S) if rests else 0
    return max(own_s, min(asked_s or 0.0, MAX_REST_S))


def takes(now: int) -> ColumnElement[bool]:
    """The condition that an address takes deliveries; a rest or a slot that is farther away than any can be was set by
    a clock gone wrong.
    """
    rest, slot = endpoint.c.rest_until_at, endpoint.c.slot_at
    rested = or_(rest.is_(None), rest <= now, rest > now + MAX_REST_S * SECOND)
    ahead = now + AHEAD_S * SECOND
    near = or_(endpoint.c.spacing.is_(None), slot.is_(None), slot <= ahead, slot > ahead + MAX_SPACING)
    return and_(endpoint.c.disabled_at.is_(None), rested, near)


def room(failures: int, in_flight: int, at_once: int | None = None) -> int:
    """How many tries more an address takes at once: after OPEN_FAILURES in a row one, the probe."""
    most = PER_ENDPOINT if at_once is None else min(at_once, PER_ENDPOINT)
    return max(0, (most if failures < OPEN_FAILURES else 1) - in_flight)


def take_slots(connection: Connection, wanted: Mapping[str, str], now: int) -> dict[str, float]:
    """In how many seconds each of *wanted* (delivery to its address, which has a spacing) may leave: evenly spaced, so
    that no receiver gets more than it was promised, whoever sends. Those that must wait longer than AHEAD_S are left
    out, and so are all of an address that another transaction holds.
    """
    columns = (endpoint.c.id, endpoint.c.spacing, endpoint.c.slot_at)
    chosen = select(*columns).where(endpoint.c.id.in_(sorted(set(wanted.values())))).order_by(endpoint.c.id)
    slots: dict[str, float] = {}
    for row in connection.execute(chosen.with_for_update(key_share=True, skip_locked=True)).all():
        next_at = _slot(row, now)
        for id in (id for id, address in wanted.items() if address == row.id):
            if next_at <= now + AHEAD_S * SECOND:
                slots[id] = (next_at - now) / SECOND
                next_at += row.spacing
        connection.execute(update(endpoint).where(endpoint.c.id == row.id).values(slot_at=next_at))
    return slots


def slot_anew(db: Database, id: str) -> float | None:
    """When, by the steady clock of this process, a try to the address *id* may leave that has missed its slot: a moment
    from now at the earliest, so that this one is not missed by the time that it takes to write it down. None, and no
    slot is taken, where it would have to wait longer than AHEAD_S.
    """
    with db.write() as connection:
        now, now_s = db.now(connection), time.monotonic()
        columns = (endpoint.c.spacing, endpoint.c.slot_at)
        held = select(*columns).where(endpoint.c.id == id).with_for_update(key_share=True)
        row = connection.execute(held).one()
        next_at = max(_slot(row, now), now + SOON)
        if next_at > now + AHEAD_S * SECOND:
            return None
        later = next_at + (row.spacing or 0)
        connection.execute(update(endpoint).where(endpoint.c.id == id).values(slot_at=later))
    return now_s + (next_at - now) / SECOND


def _slot(row: Any, now: int) -> int:
    wrong = row.slot_at is None or row.slot_at > now + AHEAD_S * SECOND + MAX_SPACING
    return now if wrong else max(now, int(row.slot_at))


def hold_addresses(connection: Connection, tried: Sequence[Tried]) -> Sequence[Any]:
    """The addresses of tries, held until the end of the transaction: before any delivery is (store.locks)."""
    ids = sorted({one.endpoint_id for one in tried})
    chosen = select(endpoint.c.id, endpoint.c.failing_since_at).where(endpoint.c.id.in_(ids)).order_by(endpoint.c.id)
    return connection.execute(chosen.with_for_update(key_share=True)).all()


def note_tries(connection: Connection, rows: Sequence[Any], tried: Sequence[Tried], now: int) -> None:
    """Keep what tries, in the order in which they ended, say of their addresses, whose *rows* are held."""
    by_endpoint: dict[str, list[Tried]] = {}
    for one in tried:
        by_endpoint.setdefault(one.endpoint_id, []).append(one)
    well = sorted(id for id, those in by_endpoint.items() if any(one.outcome == "delivered" for one in those))
    if well:
        notice_recovered(connection, ((row.id, row.failing_since_at) for row in rows if row.id in well), now)
        calm = {"failures": 0, "failing_since_at": None, "rest_until_at": None, "rests": 0, "last_error": None}
        connection.execute(update(endpoint).where(endpoint.c.id.in_(well)).values(**calm, last_success_at=now))
    for id, those in sorted(by_endpoint.items()):
        failures = _since_success(those)
        if theirs := [one for one in failures if not one.ours]:
            _note_failures(connection, id, theirs, now)
        elif failures:
            _note_ours(connection, id, failures[-1].detail, now)
        if why := next((one.disable for one in those if one.disable), None):
            _disable(connection, id, those, why, now)


def _since_success(those: Sequence[Tried]) -> Sequence[Tried]:
    successes = [number for number, one in enumerate(those) if one.outcome == "delivered"]
    return those[successes[-1] + 1 :] if successes else those


def _note_failures(connection: Connection, id: str, failures: Sequence[Tried], now: int) -> None:
    row = connection.execute(select(endpoint).where(endpoint.c.id == id)).one()
    in_a_row, since = row.failures + len(failures), row.failing_since_at or now
    values: dict[str, Any] = {"failures": in_a_row, "failing_since_at": since, "last_error": failures[-1].detail}
    values |= _rest(row, in_a_row, max(one.asked_s or 0.0 for one in failures), now)
    connection.execute(update(endpoint).where(endpoint.c.id == id).values(**values))
    notice_failing(connection, id, failures, now)
    if in_a_row >= WORN_OUT_FAILURES and since <= now - GIVE_UP_S * SECOND:
        why = f"nothing but failures for {GIVE_UP_S // 86_400} days; the last: {failures[-1].detail}"
        _disable(connection, id, failures, why, now)


def _note_ours(connection: Connection, id: str, detail: str, now: int) -> None:
    """Pause for a moment where we could not send: all that is due would be tried, and fail, in a row."""
    until, later = endpoint.c.rest_until_at, now + OURS_REST_S * SECOND
    rests = case((and_(until > later, until <= now + MAX_REST_S * SECOND), until), else_=later)
    connection.execute(update(endpoint).where(endpoint.c.id == id).values(rest_until_at=rests, last_error=detail))


def _rest(row: Row[Any], in_a_row: int, asked_s: float, now: int) -> dict[str, int]:
    """The columns of a rest that begins or grows. A try that was begun before the rest does not make it grow."""
    until = row.rest_until_at or 0
    resting = now < until <= now + MAX_REST_S * SECOND
    opens = in_a_row >= OPEN_FAILURES and not resting
    pause_s = rest_s(row.rests + 1 if opens else 0, asked_s)
    if not pause_s:
        return {}
    later = now + int(pause_s * SECOND)
    return {"rests": row.rests + opens, "rest_until_at": max(later, until) if resting else later}


def _disable(connection: Connection, id: str, tried: Sequence[Tried], why: str, now: int) -> None:
    """Send nothing there any more: what is pending is dead, visibly, and can be replayed."""
    notice_disabled(connection, id, tried, why, now)
    disabled = {"disabled_at": now, "disabled_why": why}
    connection.execute(update(endpoint).where(endpoint.c.id == id).values(**disabled))
    _bury(connection, id, why, now)


def _bury(connection: Connection, id: str, why: str, now: int) -> None:
    """What another transaction works on at this moment is left to bury_stranded."""
    pending = and_(delivery.c.endpoint_id == id, delivery.c.status == "pending")
    dead = {"status": "dead", "why": f"address disabled: {why}", "next_at": None, "done_at": now}
    change_free(connection, pending, {**dead, **NO_LEASE})


def bury_stranded(db: Database) -> None:
    """Let what is pending at disabled addresses die visibly: it was made, or led there, while they were disabled."""
    own = and_(delivery.c.endpoint_id == endpoint.c.id, delivery.c.digest_id.is_(None))
    pending = exists().where(own, delivery.c.status == "pending")
    chosen = select(endpoint.c.id, endpoint.c.disabled_why).where(endpoint.c.disabled_at.is_not(None), pending)
    with db.write() as connection:
        now = db.now(connection)
        for row in connection.execute(chosen.order_by(endpoint.c.id)).all():
            _bury(connection, row.id, row.disabled_why or "by hand", now)
