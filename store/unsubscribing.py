"""Who wants no more of a subscription at an address. It outlives every reload of a file; only an operator undoes it."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Select, and_, delete, exists, select, update
from sqlalchemy.dialects import postgresql, sqlite

from store.database import Database
from store.leases import NO_LEASE
from store.locks import hold_deliveries
from store.tables import delivery, endpoint, signing_key, subscription, unsubscribed

WHY = "unsubscribed by its receiver"
"""Of deliveries that were not sent for it."""

_KEY = "unsubscribe"
_KEY_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Whom a delivery was for: an address of a subscription. `at` is when it was unsubscribed (microseconds UTC)."""

    subscription_id: str
    address: str
    at: int | None


def link_key(connection: Connection) -> bytes:
    """The key that links to unsubscribe are signed with: 32 random bytes, made at first use and kept for ever."""
    found = find_link_key(connection)
    if found is not None:
        return found
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    made = dialect.insert(signing_key).values(name=_KEY, key=secrets.token_bytes(_KEY_BYTES))
    connection.execute(made.on_conflict_do_nothing())
    return bytes(connection.execute(select(signing_key.c.key).where(signing_key.c.name == _KEY)).scalar_one())


def find_link_key(connection: Connection) -> bytes | None:
    """The same where it has been made; None: no link was ever sent."""
    key = connection.scalar(select(signing_key.c.key).where(signing_key.c.name == _KEY))
    return None if key is None else bytes(key)


def reader_of(db: Database, delivery_id: str) -> Reader | None:
    """Whom a delivery was for; None where the ledger has no such delivery."""
    with db.read() as connection:
        row = connection.execute(_reader(delivery_id)).one_or_none()
        return None if row is None else Reader(subscription_id=row.subscription_id, address=row.address, at=row.at)


def unsubscribe(db: Database, delivery_id: str) -> Reader | None:
    """End what the delivery's subscription sends to its address; what waits is suppressed. Twice is as good as once.

    Whoever makes deliveries holds the subscription meanwhile, and so does this: nothing slips through between the two.
    """
    with db.write() as connection:
        row = connection.execute(_reader(delivery_id)).one_or_none()
        if row is None:
            return None
        held = select(subscription.c.id).where(subscription.c.id == row.subscription_id)
        connection.execute(held.with_for_update(key_share=True))
        at = row.at or db.now(connection)
        dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
        values = {"subscription_id": row.subscription_id, "endpoint_id": row.endpoint_id, "at": at}
        connection.execute(dialect.insert(unsubscribed).values(**values).on_conflict_do_nothing())
        suppress(connection, row.subscription_id, db.now(connection))
        return Reader(subscription_id=row.subscription_id, address=row.address, at=at)


def suppress(connection: Connection, subscription_id: str, now: int) -> None:
    """What waits for an address where the subscription is not wanted is not sent."""
    chosen = and_(delivery.c.subscription_id == subscription_id, delivery.c.status == "pending", unwanted())
    ended = {"status": "suppressed", "why": WHY, "next_at": None, "done_at": now, **NO_LEASE}
    hold_deliveries(connection, chosen)
    connection.execute(update(delivery).where(chosen).values(**ended))


def unwanted(address: ColumnElement[str] = delivery.c.endpoint_id) -> ColumnElement[bool]:
    """The condition that a delivery's subscription is not wanted at its address, or at another one."""
    return exists().where(
        unsubscribed.c.subscription_id == delivery.c.subscription_id,
        unsubscribed.c.endpoint_id == address,
    )


def those_unsubscribed(connection: Connection, endpoint_ids: Collection[str]) -> set[tuple[str, str]]:
    """The pairs of subscription and one of these endpoints that are not to be told anything."""
    chosen = select(unsubscribed.c.subscription_id, unsubscribed.c.endpoint_id)
    rows = connection.execute(chosen.where(unsubscribed.c.endpoint_id.in_(endpoint_ids)))
    return {(row.subscription_id, row.endpoint_id) for row in rows}


def list_unsubscribed(db: Database) -> Mapping[tuple[str, str], int]:
    """When (microseconds UTC) each pair of subscription and endpoint was unsubscribed."""
    with db.read() as connection:
        rows = connection.execute(select(unsubscribed))
        return {(row.subscription_id, row.endpoint_id): row.at for row in rows}


def resubscribe(db: Database, subscription_id: str, endpoint_id: str) -> bool:
    """Let a subscription send to the address again; False where it was not unsubscribed. What was suppressed stays."""
    chosen = and_(unsubscribed.c.subscription_id == subscription_id, unsubscribed.c.endpoint_id == endpoint_id)
    with db.write() as connection:
        return bool(connection.execute(delete(unsubscribed).where(chosen)).rowcount)


def _reader(delivery_id: str) -> Select[tuple[str, str, str, int | None]]:
    pair = and_(
        unsubscribed.c.subscription_id == delivery.c.subscription_id,
        unsubscribed.c.endpoint_id == delivery.c.endpoint_id,
    )
    columns = (delivery.c.subscription_id, delivery.c.endpoint_id, endpoint.c.address, unsubscribed.c.at)
    chosen = select(*columns).join(endpoint, endpoint.c.id == delivery.c.endpoint_id).outerjoin(unsubscribed, pair)
    return chosen.where(delivery.c.id == delivery_id)
