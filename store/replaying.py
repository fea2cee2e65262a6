"""Sending again what has ended: under the same ids, with the same bytes, and with all tries before it once more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, case, func, select, tuple_, update

from store.database import Database
from store.digests import follow, with_contents
from store.locks import hold_deliveries
from store.tables import UNDELIVERED, delivery, endpoint, subscription
from store.unsubscribing import unwanted

BATCH = 200
"""Deliveries of one transaction: a longer one makes every other writer of SQLite wait."""

REPLAYED = "replayed"
"""The `why` of a delivery until its first try after it was sent again has ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which deliveries: one by its `id`, of a subscription those from `first` to `last` in its sequence, or those that
    died at `died_since_at` (microseconds UTC) or later. What is given must all hold.
    """

    id: str | None = None
    subscription_id: str | None = None
    first: int | None = None
    last: int | None = None
    died_since_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """How many leave again, and how many do not, by the reason in words."""

    leave: int
    stay: Mapping[str, int]


_GONE = "its body is gone since it is older than TOCSIN_KEEP_BODIES; what it told is in the alert"
_STAYS = case(
    (delivery.c.status == "pending", "still on its way"),
    (delivery.c.status == "suppressed", "suppressed: it was kept back on purpose"),
    (delivery.c.digest_id.is_not(None), "in a digest, which can be sent again as a whole"),
    (delivery.c.pruned_at.is_not(None), _GONE),
    (
        and_(delivery.c.gather_at.is_(None), delivery.c.channel != subscription.c.channel),
        "its subscription is told by another channel since",
    ),
    (unwanted(endpoint.c.id), "its receiver has unsubscribed"),
    (endpoint.c.disabled_at.is_not(None), "its address is disabled; first: tocsin subscriptions enable ID"),
)
_LEADS = and_(endpoint.c.channel == subscription.c.channel, endpoint.c.address == subscription.c.address)
"""The condition that an address is where a subscription leads by now."""


def count(db: Database, choice: Choice) -> int:
    """How many deliveries are chosen."""
    with db.read() as connection:
        return connection.scalar(select(func.count()).select_from(delivery).where(_chosen(choice))) or 0


def replay(db: Database, choice: Choice) -> Iterator[Replayed]:
    """Send the chosen deliveries again, now, in transactions of BATCH; yields what became of each. They go where their
    subscriptions lead by now. What is cut off is done in part, and may be asked for again: what is on its way already
    stays so. What died before its digest was made goes into one of its own.
    """
    place = func.coalesce(delivery.c.seq, 0) if choice.died_since_at is None else delivery.c.created_at
    keys = (place, delivery.c.id)
    chosen = select(delivery.c.id, _STAYS.label("stays"), place.label("place")).join(subscription)
    chosen = chosen.join(endpoint, _LEADS).where(_chosen(choice))
    chosen = chosen.order_by(*keys).limit(BATCH)
    after: tuple[Any, ...] | None = None
    while True:
        later = chosen if after is None else chosen.where(tuple_(*keys) > tuple_(*after))
        with db.write() as connection:
            found = connection.execute(later).all()
            rows = _held(connection, later, [row.id for row in found])
            leaving = [row.id for row in rows if row.stays is None]
            _send_again(connection, leaving, db.now(connection))
        if not found:
            return
        after = (found[-1].place, found[-1].id)
        yield Replayed(leave=len(leaving), stay=Counter(row.stays for row in rows if row.stays is not None))


def _held(connection: Connection, chosen: Select[Any], ids: Sequence[str]) -> Sequence[Row[Any]]:
    """Those of *ids* that are still chosen once they are held, with what went into them where they are digests. Their
    subscriptions are held first: they lead nowhere else meanwhile.
    """
    of_these = select(delivery.c.subscription_id).where(delivery.c.id.in_(ids))
    held = select(subscription.c.id).where(subscription.c.id.in_(of_these)).order_by(subscription.c.id)
    connection.execute(held.with_for_update(key_share=True)).all()
    hold_deliveries(connection, with_contents(ids))
    return connection.execute(chosen.where(delivery.c.id.in_(ids))).all()


def _send_again(connection: Connection, ids: Sequence[str], now: int) -> None:
    alone = delivery.c.gather_at.is_(None)
    when = {"next_at": case((alone, now)), "gather_at": case((~alone, now))}
    values = {"status": "pending", "why": REPLAYED, "replayed_at": now, "done_at": None, **when}
    connection.execute(update(delivery).where(delivery.c.id.in_(ids)).values(**values))
    connection.execute(update(delivery).where(with_contents(ids)).values(**_led()))
    follow(connection, ids)


def _led() -> dict[str, Any]:
    """The columns of a delivery that say where its subscription leads by now."""
    own = subscription.c.id == delivery.c.subscription_id
    return {
        "endpoint_id": select(endpoint.c.id).where(own, _LEADS).scalar_subquery(),
        "channel": select(subscription.c.channel).where(own).scalar_subquery(),
    }


def _chosen(choice: Choice) -> ColumnElement[bool]:
    conditions = [
        delivery.c.digest_id.is_(None) if choice.id is None else delivery.c.id == choice.id,
        None if choice.subscription_id is None else delivery.c.subscription_id == choice.subscription_id,
        None if choice.first is None else delivery.c.seq >= choice.first,
        None if choice.last is None else delivery.c.seq <= choice.last,
        None if choice.died_since_at is None else _died(choice.died_since_at),
    ]
    return and_(*(one for one in conditions if one is not None))


def _died(since_at: int) -> ColumnElement[bool]:
    return and_(delivery.c.status == "dead", UNDELIVERED, delivery.c.done_at >= since_at)
