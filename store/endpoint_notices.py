"""Notices about addresses: one that has failed for long, one that is disabled, one that works again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, func, select

from store.addresses import masked
from store.leases import SECOND
from store.notices import About, add_notice, was_noticed
from store.tables import delivery, endpoint, message, subscription
from store.tries import GIVE_UP_S, Tried
from store.words import moment

FAILING_S = GIVE_UP_S // 2
"""Seconds of nothing but failures after which somebody is told: half of the time until an address is disabled."""

FAILING_FAILURES = 5
"""Failures in a row that there must be by then."""

_HOUR_S = 3_600


def notice_failing(connection: Connection, id: str, tried: Sequence[Tried], now: int) -> None:
    """Say that nothing arrives at an address, once it has lasted FAILING_S. *tried* are the tries that failed."""
    row = _row(connection, id)
    long = row.failing_since_at is not None and row.failing_since_at <= now - FAILING_S * SECOND
    if not long or row.failures < FAILING_FAILURES or not _serves_alerts(connection, id, tried):
        return
    left_h = max(0, (row.failing_since_at + GIVE_UP_S * SECOND - now) // (_HOUR_S * SECOND))
    words = (
        f"Nothing arrives at {row.address} ({_whose(connection, id)}) since {moment(row.failing_since_at)}: "
        f"{row.failures} tries in a row failed. The last: {row.last_error}. What waits is sent by itself as soon as "
        f"the address takes it; after {left_h} more hours of failures the address is disabled."
    )
    _add(connection, "endpoint.failing", row, words, episode=row.failing_since_at, now=now)


def notice_disabled(connection: Connection, id: str, tried: Sequence[Tried], why: str, now: int) -> None:
    """Say that an address is disabled, before what waits for it is marked dead."""
    row = _row(connection, id)
    if not _serves_alerts(connection, id, tried):
        return
    waits = select(func.count()).where(delivery.c.endpoint_id == id, delivery.c.status == "pending")
    count = int(connection.scalar(waits) or 0)
    whose = _whose(connection, id)
    words = (
        f"Nothing is sent to {row.address} ({whose}) any more: {why}. {count} that waited are given up. Mend the "
        "receiver or correct `to` in subscriptions.yml, let the address be used again with "
        f"`tocsin subscriptions enable {whose.split(', ')[0]}`, and send again what is missing with "
        "`tocsin deliveries replay`."
    )
    _add(connection, "endpoint.disabled", row, words, episode=row.failing_since_at or now, now=now)


def notice_recovered(connection: Connection, since: Iterable[tuple[str, int | None]], now: int) -> None:
    """Say that addresses work again, of whose failing somebody was told; *since* when each has failed."""
    for id, at in since:
        long = at is not None and at <= now - FAILING_S * SECOND
        if at is not None and long and was_noticed(connection, "endpoint.failing", id, at):
            row = _row(connection, id)
            words = (
                f"{row.address} ({_whose(connection, id)}) takes deliveries again, after failing since "
                f"{moment(at)}. What waited is on its way; there is nothing to do."
            )
            _add(connection, "endpoint.recovered", row, words, episode=at, now=now)


def _serves_alerts(connection: Connection, id: str, tried: Sequence[Tried]) -> bool:
    """Whether an alert failed, or waits for the address: a notice that fails makes no notice."""
    chosen = select(delivery.c.id).join(message, message.c.id == delivery.c.message_id)
    chosen = chosen.where(message.c.alert_id.is_not(None))
    failed = chosen.where(delivery.c.id.in_([one.delivery_id for one in tried]))
    waiting = chosen.where(delivery.c.endpoint_id == id, delivery.c.status == "pending")
    return any(connection.execute(each.limit(1)).first() is not None for each in (failed, waiting))


def _row(connection: Connection, id: str) -> Row[Any]:
    return connection.execute(select(endpoint).where(endpoint.c.id == id)).one()


def _whose(connection: Connection, id: str) -> str:
    row = _row(connection, id)
    chosen = select(subscription.c.id).where(subscription.c.channel == row.channel)
    chosen = chosen.where(subscription.c.address == row.address, subscription.c.removed_at.is_(None))
    return ", ".join(connection.scalars(chosen.order_by(subscription.c.id).limit(5))) or "no subscription any more"


def _add(connection: Connection, kind: str, row: Row[Any], words: str, *, episode: int, now: int) -> None:
    """The whole address is its owner's, and may stand in an error too."""
    shown = masked(row.address)
    about = About(what="endpoint", id=row.id, name=shown, path="/deliveries?status=dead")
    add_notice(connection, kind, about, words.replace(row.address, shown), episode=episode, now=now)
