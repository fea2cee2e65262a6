"""The order in which transactions hold rows, so that no two ever wait for each other, and deliveries held in it.

Articles first, then keys of alerts, subscriptions, addresses (endpoints), and deliveries last; of each in the order of
ids. Who holds something and wants another thing of an earlier kind passes by what is taken (SKIP LOCKED), or does that
in a transaction of its own. SQLite has one writer at a time, and needs none of it.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, ScalarSelect, func, select

from store.tables import delivery


def hold_deliveries(connection: Connection, chosen: ColumnElement[bool]) -> None:
    """Hold the deliveries that are *chosen* until the end of the transaction, before several of them are changed: an
    UPDATE takes rows as it finds them.
    """
    if connection.dialect.name == "postgresql":
        held = select(delivery.c.id).where(chosen).order_by(delivery.c.id).with_for_update(key_share=True).subquery()
        connection.execute(select(func.count()).select_from(held))


def free_deliveries(chosen: ColumnElement[bool]) -> ScalarSelect[str]:
    """The ids of those that are *chosen* and that nobody else holds at this moment, held from then on."""
    free = select(delivery.c.id).where(chosen).with_for_update(key_share=True, skip_locked=True)
    return free.scalar_subquery()
