"""Heartbeats: at the beginning of each period of a subscription that wants them, what happened in the last one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from rules.shape import duration_s
from store.database import Database
from store.heartbeats import add_heartbeat, counts
from store.leases import SECOND
from store.notices import was_noticed
from store.subscriptions import Subscription, in_force
from workers.entitlement import entitled_to_notice

KIND = "heartbeat"
PERIOD = "24h"
"""Where the subscription does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A heartbeat that one subscription is to get, of the stretch from one instant to the next (microseconds UTC)."""

    subscription_id: str
    from_at: int
    until_at: int


def stretch(options: Mapping[str, Any], now: int) -> tuple[int, int]:
    """The last whole period: periods are counted from 1970, so that everyone who asks finds the same."""
    period = duration_s(options.get("heartbeat", PERIOD)) * SECOND
    until_at = now // period * period
    return until_at - period, until_at


def send_heartbeats(db: Database) -> int:
    """Say what is due and was not said; returns how many. Two that do so at once say it once: a heartbeat's id is made
    of its subscription and its stretch. What fell due while nobody was at work is not made up for.
    """
    with db.read() as connection:
        found = [(one, counts(connection, one.from_at, one.until_at)) for one in _due(connection, db.now(connection))]
    sent = 0
    for one, what in found:
        with db.write() as connection:
            now = db.now(connection)
            sent += add_heartbeat(connection, one.subscription_id, one.from_at, one.until_at, what, now)
    return sent


def _due(connection: Connection, now: int) -> list[Due]:
    wanted = entitled_to_notice(in_force(connection), KIND)
    due = [_of(one, now) for one in wanted]
    return [one for one in due if not was_noticed(connection, KIND, one.subscription_id, one.until_at)]


def _of(one: Subscription, now: int) -> Due:
    from_at, until_at = stretch(one.options, now)
    return Due(subscription_id=one.id, from_at=from_at, until_at=until_at)
