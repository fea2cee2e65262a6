"""Notices out: what was noticed anywhere becomes deliveries for those who want it, told by the clock's leader."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from store import notices
from store.subscriptions import Filter, Subscription, ensure_owned
from workers.context import Context
from workers.entitlement import entitled_to_notice
from workers.smtp import is_mailbox
from workers.telling import Telling

AT_ONCE = 100
"""Notices of one transaction; what is left is told at the next tick."""

PATIENCE_S = 1
"""Seconds that the clock waits for whoever holds the subscriptions, before it goes on ringing and asks again."""


def tell_notices(context: Context) -> list[str]:
    """Make the deliveries of notices that wait; returns the ids of those that can leave. A notice is told by one
    leader, in one transaction with all of its deliveries.
    """
    if not notices.any_untold(context.db):
        return []
    with context.db.write() as connection:
        notices.wait_at_most(connection, PATIENCE_S)
        telling = Telling(context=context, connection=connection, now=context.db.now(connection))
        for row in notices.hold_untold(connection, AT_ONCE):
            telling.tell_noticed(_linked(row, context.base_url), _receivers(telling, row))
        return telling.finish()


def _linked(row: Row[Any], base_url: str) -> dict[str, Any]:
    """The columns of the notice, with a link that can be followed."""
    notice = row.data["notice"]
    about = {**notice["about"], "link": base_url + notice["about"]["link"]}
    return {**row._mapping, "data": {**row.data, "notice": {**notice, "about": about}}}


def _receivers(telling: Telling, row: Row[Any]) -> list[Subscription]:
    """Who wants notices of this kind. Of an address also its owners, and never by way of that address; what is for one
    subscription is for no other.
    """
    wanted = entitled_to_notice(telling.held(), row.kind)
    about = row.data["notice"]["about"]
    if about["what"] == "subscription":
        return [one for one in wanted if one.id == about["id"]]
    if about["what"] != "endpoint":
        return wanted
    receivers = {one.id: one for one in [*wanted, *_owners(telling, about["id"])] if one.endpoint_id != about["id"]}
    return sorted(receivers.values(), key=lambda one: one.id)


def _owners(telling: Telling, endpoint_id: str) -> list[Subscription]:
    """The owners of an address, by their own mail address: that of the subscription is what does not work."""
    if telling.context.smtp is None:
        return []
    owners = sorted({one.owner for one in telling.held() if one.endpoint_id == endpoint_id and is_mailbox(one.owner)})
    found = [_of_owner(owner) for owner in owners]
    for one in found:
        ensure_owned(telling.connection, one, telling.now)
    return found


def _of_owner(owner: str) -> Subscription:
    """No file can declare this id: it has a colon."""
    return Subscription(id=f"owner:{owner}", owner=owner, filter=Filter(), channel="email", address=owner)
