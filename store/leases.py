"""Leases: who works on something, and until when. One that has run out is nobody's.

A lease that ends later than now plus the longest one given has also run out: the clock was set back after it was
taken, and waiting for it could take hours.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.schema import Column

from store.database import Database
from store.tables import lease

LEASE_S = 60
"""Seconds of every lease on articles and deliveries: longer than the 20 s that a try to send may take."""

SECOND = 1_000_000

NO_LEASE: dict[str, Any] = {"lease_owner": None, "lease_until_at": None}
"""The columns of a row that nobody works on."""

SKEW_S = 30
"""Who asks may have read the time a moment before the holder did, and has waited for the holder's transaction since:
only a lease that ends later than the longest one by more than this was taken by a clock gone wrong. (Without it,
sixteen senders on PostgreSQL took some deliveries twice.)
"""


def free(until_at: Column[int], now: int, longest_s: int = LEASE_S) -> ColumnElement[bool]:
    """The condition that nobody holds the lease in column *until_at*, of those given for *longest_s* at most."""
    return or_(until_at.is_(None), until_at <= now, until_at > now + (longest_s + SKEW_S) * SECOND)


def lead(db: Database, name: str, owner: str, for_s: int) -> bool:
    """Take or renew the leadership called *name* for *for_s* seconds; False while another holds it."""
    with db.write() as connection:
        now = db.now(connection)
        until_at = now + for_s * SECOND
        values = {"name": name, "owner": owner, "until_at": until_at}
        insert = (postgresql.insert if db.dialect == "postgresql" else sqlite.insert)(lease).values(values)
        open_to_us = or_(lease.c.owner == owner, lease.c.until_at <= now, lease.c.until_at > until_at + SKEW_S * SECOND)
        connection.execute(
            insert.on_conflict_do_update(
                index_elements=["name"],
                set_={"owner": insert.excluded.owner, "until_at": insert.excluded.until_at},
                where=open_to_us,
            )
        )
        return connection.scalar(select(lease.c.owner).where(lease.c.name == name)) == owner


def resign(db: Database, name: str, owner: str) -> None:
    """Give the leadership up, so that the next one need not wait for its end."""
    with db.write() as connection:
        connection.execute(lease.delete().where(lease.c.name == name, lease.c.owner == owner))
