"""Messages and their deliveries, made inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from store.tables import delivery, endpoint, message, subscription

TOO_OLD = "older than max_age"
"""How the reason begins why a delivery was not sent because its article was too old for the subscription."""


def add_message(connection: Connection, values: dict[str, Any]) -> None:
    """Insert a message."""
    connection.execute(insert(message), values)


def restate(connection: Connection, id: str, values: Mapping[str, Any]) -> None:
    """Let a message that nobody was told be another one."""
    connection.execute(update(message).where(message.c.id == id).values(**values))


@dataclass(slots=True)
class Numbers:
    """The sequence numbers of subscriptions, counted up in one transaction, which holds those that it has read. `keep`
    writes them down, before the deliveries that bear them.
    """

    connection: Connection
    _last: dict[str, int] = field(default_factory=dict)
    _changed: set[str] = field(default_factory=set)

    def read(self, subscription_ids: Iterable[str]) -> None:
        """Read, and hold, what is not read yet; all at once, since each statement costs what a delivery does."""
        ids = sorted({*subscription_ids} - self._last.keys())
        chosen = select(subscription.c.id, subscription.c.last_seq).where(subscription.c.id.in_(ids))
        if ids:
            rows = self.connection.execute(chosen.order_by(subscription.c.id).with_for_update(key_share=True))
            self._last |= {row.id: row.last_seq for row in rows}

    def next(self, subscription_id: str) -> int:
        """The next number of one that has been read."""
        self._last[subscription_id] += 1
        self._changed.add(subscription_id)
        return self._last[subscription_id]

    def keep(self) -> None:
        """Write down what was counted."""
        counted = update(subscription).where(subscription.c.id == bindparam("this"))
        rows = [{"this": id, "last_seq": self._last[id]} for id in sorted(self._changed)]
        if rows:
            self.connection.execute(counted, rows)
        self._changed.clear()


def disabled(connection: Connection, endpoint_ids: Collection[str]) -> dict[str, str]:
    """Why those of the endpoints that are disabled are."""
    chosen = select(endpoint.c.id, endpoint.c.disabled_why)
    chosen = chosen.where(endpoint.c.id.in_(endpoint_ids), endpoint.c.disabled_at.is_not(None))
    return {id: why or "disabled" for id, why in connection.execute(chosen)}


def add_deliveries(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Insert deliveries."""
    if rows:
        connection.execute(insert(delivery), list(rows))
