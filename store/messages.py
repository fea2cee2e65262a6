"""Messages and their deliveries, made inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, insert, select, update

from store.tables import delivery, endpoint, message, subscription

TOO_OLD = "older than max_age"
"""How the reason begins why a delivery was not sent because its article was too old for the subscription."""


def add_message(connection: Connection, values: dict[str, Any]) -> None:
    """Insert a message."""
    connection.execute(insert(message).values(values))


def restate(connection: Connection, id: str, values: Mapping[str, Any]) -> None:
    """Let a message that nobody was told be another one."""
    connection.execute(update(message).where(message.c.id == id).values(**values))


def next_seq(connection: Connection, subscription_id: str) -> int:
    """Count up the sequence number of a subscription that this transaction holds."""
    counted = update(subscription).where(subscription.c.id == subscription_id)
    counted = counted.values(last_seq=subscription.c.last_seq + 1).returning(subscription.c.last_seq)
    return int(connection.execute(counted).scalar_one())


def disabled(connection: Connection, endpoint_ids: Sequence[str]) -> dict[str, str]:
    """Why those of the endpoints that are disabled are."""
    chosen = select(endpoint.c.id, endpoint.c.disabled_why)
    chosen = chosen.where(endpoint.c.id.in_(endpoint_ids), endpoint.c.disabled_at.is_not(None))
    return {id: why or "disabled" for id, why in connection.execute(chosen)}


def add_deliveries(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Insert deliveries."""
    if rows:
        connection.execute(insert(delivery), list(rows))
