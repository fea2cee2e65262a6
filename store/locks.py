"""The order in which transactions hold rows, so that no two ever wait for each other, and deliveries held in it.

Feeds first, then articles, keys of alerts, subscriptions, addresses (endpoints), deliveries, and hosts; of each in the
order of ids. Who holds something and wants another thing of an earlier kind passes by what is taken (SKIP LOCKED), or
does that in a transaction of its own: whoever notices something only writes the notice, and another one tells it. What
rows refer to is held in a way that lets them (key_share), since a foreign key is looked at whenever they are written.
SQLite has one writer at a time, and needs none of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select, update

from store.tables import delivery

_AT_ONCE = 1_000

CONFIGURE = "configure"
"""What every worker and watcher does when it starts, or finds a file changed."""


def one_at_a_time(connection: Connection, what: str) -> None:
    """Wait, before anything is held, until no other transaction does *what*: rows that are not there yet hold nobody
    off, and two would insert them.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(what, 0))))


def hold_deliveries(connection: Connection, chosen: ColumnElement[bool]) -> None:
    """Hold the deliveries that are *chosen* until the end of the transaction, before several of them are changed: an
    UPDATE takes rows as it finds them.
    """
    if connection.dialect.name == "postgresql":
        held = select(delivery.c.id).where(chosen).order_by(delivery.c.id).with_for_update(key_share=True).subquery()
        connection.execute(select(func.count()).select_from(held))


def change_free(connection: Connection, chosen: ColumnElement[bool], values: Mapping[str, Any]) -> None:
    """Change those deliveries that are *chosen* and that nobody else holds at this moment. A digest goes with all that
    went into it, wherever that would lead by itself, or stays with it where somebody holds a part.
    """
    own = and_(chosen, delivery.c.digest_id.is_(None))
    wholes = or_(own, delivery.c.digest_id.in_(select(delivery.c.id).where(own).correlate(None)))
    if connection.dialect.name != "postgresql":
        connection.execute(update(delivery).where(wholes).values(**values))
        return
    ids = _free(connection, wholes)
    for start in range(0, len(ids), _AT_ONCE):
        some = delivery.c.id.in_(ids[start : start + _AT_ONCE])
        connection.execute(update(delivery).where(some).values(**values))


def _free(connection: Connection, wholes: ColumnElement[bool]) -> list[str]:
    """The ids of those that nobody else holds, held from now on, without the digests of which somebody holds a part."""
    rows = select(delivery.c.id, func.coalesce(delivery.c.digest_id, delivery.c.id).label("whole")).where(wholes)
    free = {row.id: row.whole for row in connection.execute(rows.with_for_update(key_share=True, skip_locked=True))}
    broken = {row.whole for row in connection.execute(rows) if row.id not in free}
    return [id for id, whole in free.items() if whole not in broken]
