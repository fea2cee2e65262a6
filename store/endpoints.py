"""Addresses: how they have answered of late, when they rest, and when nothing is sent there any more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, or_, select, update

from store.leases import SECOND
from store.tables import delivery, endpoint
from store.tries import GIVE_UP_S, Tried

MAX_REST_S = 86_400
CALM_FAILURES = 5
"""Failures in a row after which an address rests between tries."""

REST_S = 60
WORN_OUT_FAILURES = 10


def rest_s(failures_in_a_row: int, asked_s: float | None) -> float:
    """How long an address is left alone after a failure: as long as it asks, up to a day, and a minute at least once it
    has failed CALM_FAILURES times in a row (an address with 100,000 due deliveries would be tried all the time).
    """
    calm_s = REST_S if failures_in_a_row >= CALM_FAILURES else 0
    return max(calm_s, min(asked_s or 0.0, MAX_REST_S))


def takes(now: int) -> ColumnElement[bool]:
    """The condition that an address takes deliveries; a rest beyond the longest was set by a clock gone wrong."""
    rest = endpoint.c.rest_until_at
    rested = or_(rest.is_(None), rest <= now, rest > now + MAX_REST_S * SECOND)
    return and_(endpoint.c.disabled_at.is_(None), rested)


def note_tries(connection: Connection, tried: Sequence[Tried], now: int) -> None:
    """Keep what tries, in the order in which they ended, say of their addresses. These are locked in one order, so that
    two workers never wait for each other.
    """
    by_endpoint: dict[str, list[Tried]] = {}
    for one in tried:
        by_endpoint.setdefault(one.endpoint_id, []).append(one)
    locked = select(endpoint.c.id).where(endpoint.c.id.in_(list(by_endpoint))).order_by(endpoint.c.id)
    connection.execute(locked.with_for_update(key_share=True))
    well = sorted(id for id, those in by_endpoint.items() if any(one.outcome == "delivered" for one in those))
    if well:
        calm = {"failures": 0, "failing_since_at": None, "rest_until_at": None, "last_error": None}
        connection.execute(update(endpoint).where(endpoint.c.id.in_(well)).values(**calm, last_success_at=now))
    for id, those in sorted(by_endpoint.items()):
        if failures := _since_success(those):
            _note_failures(connection, id, failures, now)
        if why := next((one.disable for one in those if one.disable), None):
            _disable(connection, id, why, now)


def _since_success(those: Sequence[Tried]) -> Sequence[Tried]:
    successes = [number for number, one in enumerate(those) if one.outcome == "delivered"]
    return those[successes[-1] + 1 :] if successes else those


def _note_failures(connection: Connection, id: str, failures: Sequence[Tried], now: int) -> None:
    row = connection.execute(select(endpoint).where(endpoint.c.id == id)).one()
    in_a_row, since = row.failures + len(failures), row.failing_since_at or now
    pause_s = rest_s(in_a_row, max(one.asked_s or 0.0 for one in failures))
    values: dict[str, Any] = {"failures": in_a_row, "failing_since_at": since, "last_error": failures[-1].detail}
    if pause_s:
        values["rest_until_at"] = now + int(pause_s * SECOND)
    connection.execute(update(endpoint).where(endpoint.c.id == id).values(**values))
    if in_a_row >= WORN_OUT_FAILURES and since <= now - GIVE_UP_S * SECOND:
        why = f"nothing but failures for {GIVE_UP_S // 86_400} days; the last: {failures[-1].detail}"
        _disable(connection, id, why, now)


def _disable(connection: Connection, id: str, why: str, now: int) -> None:
    """Send nothing there any more: what is pending is dead, visibly, and can be replayed."""
    disabled = {"disabled_at": now, "disabled_why": why}
    connection.execute(update(endpoint).where(endpoint.c.id == id).values(**disabled))
    pending = and_(delivery.c.endpoint_id == id, delivery.c.status == "pending")
    dead = {"status": "dead", "why": f"address disabled: {why}", "next_at": None, "done_at": now}
    no_lease = {"lease_owner": None, "lease_until_at": None}
    connection.execute(update(delivery).where(pending).values(**dead, **no_lease))
