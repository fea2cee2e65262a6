"""Digests: which messages wait for one, and that each of them shares the fate of the one it went into.

What goes into a digest is a delivery like any other, but it does not leave on its own: it has no number and no body,
and `gather_at` in place of `next_at`. The digest is a message with a delivery of its own, made at that instant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, literal_column, or_, select, update

from store.database import Database
from store.ids import digest_id
from store.leases import SECOND
from store.locks import hold_deliveries
from store.subscriptions import Subscription, of_row
from store.tables import delivery, message, subscription

Row = Mapping[str, Any]

LONGEST_S = 8 * 86_400
"""No period is longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A period of a subscription that has ended, at `until` (microseconds UTC), with messages that wait."""

    subscription_id: str
    until: int


def due(db: Database, limit: int) -> list[Due]:
    """The periods that have ended and whose digests are not made, the oldest first; those that ended while nothing ran
    are among them.
    """
    with db.read() as connection:
        now = db.now(connection)
        chosen = select(delivery.c.subscription_id, delivery.c.gather_at.label("until")).distinct()
        chosen = chosen.where(_ungathered(), delivery.c.gather_at <= now)
        rows = connection.execute(chosen.order_by(delivery.c.gather_at, delivery.c.subscription_id).limit(limit))
        return [Due(subscription_id=row.subscription_id, until=row.until) for row in rows]


def hold(connection: Connection, subscription_id: str) -> Subscription:
    """The subscription, in force or removed, held until the end of the transaction: nobody adds to it meanwhile, and
    nobody else makes its digests.
    """
    chosen = select(subscription).where(subscription.c.id == subscription_id)
    return of_row(connection.execute(chosen.with_for_update(key_share=True)).one())


def waiting(connection: Connection, due: Due, limit: int) -> list[Row]:
    """What waits for the digest, in the order in which it came: `id` of the delivery, and of its message `message_id`,
    `kind`, `at`, `alert_id`, `facts` and `data`.
    """
    of_message = (message.c.kind, message.c.at, message.c.alert_id, message.c.revision, message.c.facts, message.c.data)
    chosen = select(delivery.c.id, delivery.c.message_id, *of_message).join(message)
    chosen = chosen.where(
        _ungathered(), delivery.c.subscription_id == due.subscription_id, delivery.c.gather_at == due.until
    )
    chosen = chosen.order_by(message.c.at, message.c.alert_id, message.c.revision, delivery.c.id).limit(limit)
    rows = connection.execute(chosen.with_for_update(of=delivery, key_share=True)).mappings()
    return [dict(row) for row in rows]


def next_part(connection: Connection, due: Due) -> int:
    """1, or one more than the digests of this period that were made: of many messages, or of one that came late."""
    part = 1
    while connection.scalar(
        select(message.c.id).where(message.c.id == digest_id(due.subscription_id, due.until, part))
    ):
        part += 1
    return part


def gathered(connection: Connection, ids: Sequence[str], digest: str) -> None:
    """These deliveries went into the delivery *digest*."""
    connection.execute(update(delivery).where(delivery.c.id.in_(ids)).values(digest_id=digest))
    follow(connection, [digest])


def why_untold(
    connection: Connection, subscription_id: str, alert_id: str, kinds: Sequence[str]
) -> tuple[str, str | None] | None:
    """Why all messages of *kinds* about an alert were kept from a subscription, and by which silence; None where one of
    them was sent or waits.
    """
    chosen = select(delivery.c.status, delivery.c.why, delivery.c.silence_id).join(message)
    chosen = chosen.where(message.c.alert_id == alert_id, message.c.kind.in_(kinds))
    rows = connection.execute(
        chosen.where(delivery.c.subscription_id == subscription_id).order_by(delivery.c.created_at, delivery.c.id)
    ).all()
    told = not rows or any(row.status != "suppressed" for row in rows)
    return None if told else (rows[-1].why, rows[-1].silence_id)


def suppressed(connection: Connection, id: str, why: str, silence_id: str | None, now: int) -> None:
    """This delivery is kept back and goes into no digest."""
    ended = {"status": "suppressed", "why": why, "silence_id": silence_id, "done_at": now}
    connection.execute(update(delivery).where(delivery.c.id == id).values(**ended))


def bring_near(connection: Connection, now: int) -> None:
    """Let what waits for a digest further away than the longest period be gathered now: the clock was wrong then."""
    far = delivery.c.gather_at > now + LONGEST_S * SECOND
    hold_deliveries(connection, and_(_ungathered(), far))
    connection.execute(update(delivery).where(_ungathered(), far).values(gather_at=now))


def follow(connection: Connection, ids: Sequence[str]) -> None:
    """Where some of these deliveries are digests, what went into them takes over what became of them."""
    digest = delivery.alias("digest")
    own = {
        name: select(digest.c[name]).where(digest.c.id == delivery.c.digest_id) for name in ("status", "why", "done_at")
    }
    values = {name: chosen.scalar_subquery() for name, chosen in own.items()}
    connection.execute(update(delivery).where(delivery.c.digest_id.in_(ids)).values(**values))


def with_contents(ids: Sequence[str]) -> ColumnElement[bool]:
    """The condition of these deliveries, and of what went into those that are digests."""
    return or_(delivery.c.id.in_(ids), delivery.c.digest_id.in_(ids))


def _ungathered() -> ColumnElement[bool]:
    """In the words of its index."""
    is_pending = delivery.c.status == literal_column("'pending'")
    return and_(delivery.c.digest_id.is_(None), is_pending, delivery.c.gather_at.is_not(None))
