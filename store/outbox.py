"""What was told, for people and programs to read: deliveries, notices, the messages of a subscription in sequence."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select, true, tuple_

from store.database import Database
from store.inbox import MAX_LIMIT, Cursor, Row
from store.notices import KINDS
from store.tables import UNDELIVERED, alert, attempt, delivery, endpoint, message, rule, subscription

_held = delivery.alias("held")
_HOLDS = select(func.count()).where(_held.c.digest_id == delivery.c.id).scalar_subquery().label("holds")

LAST_TRY = (
    select(attempt.c.detail).where(attempt.c.delivery_id == delivery.c.id).order_by(attempt.c.id.desc()).limit(1)
).scalar_subquery()
"""What the last try of a delivery brought; nothing before the first."""

STATUSES = ("pending", "delivered", "dead", "suppressed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliveries:
    """Newest first, rows as mappings of their columns without the body; `kind` and `alert_id` are the message's,
    `address`, `disabled_why`, `rest_until_at` and `last_error` the endpoint's; `holds` counts what went into a digest.
    """

    deliveries: tuple[Row, ...]
    more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Messages:
    """A part of a subscription's sequence, without a hole. Each has `id`, `seq`, `status` and `why` of its delivery,
    `kind` and `at` (microseconds UTC) of its message, and `body`: what was or will be sent, as an object.
    """

    messages: tuple[Row, ...]
    more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Notices:
    """Newest first, rows as mappings: `id`, `kind`, `at` and `told_at` (microseconds UTC, None while it waits),
    `notice` (what it says; None once pruned) and `told`: subscription, status and reason of each of its deliveries.
    """

    notices: tuple[Row, ...]
    more: bool


def list_notices(db: Database, *, kind: str | None = None, before: Cursor | None = None, limit: int = 50) -> Notices:
    """The newest ones (before a cursor), of one kind or of all."""
    columns = (message.c.id, message.c.kind, message.c.at, message.c.told_at, message.c.data)
    chosen = select(*columns).where(message.c.alert_id.is_(None), message.c.kind.in_(KINDS))  # a digest is none
    if kind:
        chosen = chosen.where(message.c.kind == kind)
    if before is not None:
        chosen = chosen.where(tuple_(message.c.at, message.c.id) < tuple_(before.opened_at, before.id))
    size = max(1, min(limit, MAX_LIMIT))
    with db.read() as connection:
        rows = connection.execute(chosen.order_by(message.c.at.desc(), message.c.id.desc()).limit(size + 1)).all()
        told = _told(connection, [row.id for row in rows])
    found = [
        {"id": row.id, "kind": row.kind, "at": row.at, "told_at": row.told_at, "notice": row.data.get("notice")}
        for row in rows[:size]
    ]
    return Notices(notices=tuple({**one, "told": told.get(one["id"], [])} for one in found), more=len(rows) > size)


def _told(connection: Connection, message_ids: Sequence[str]) -> dict[str, list[Row]]:
    columns = (delivery.c.message_id, delivery.c.subscription_id, delivery.c.status, delivery.c.why)
    chosen = select(*columns).where(delivery.c.message_id.in_(message_ids)).order_by(delivery.c.subscription_id)
    told: dict[str, list[Row]] = {}
    for row in connection.execute(chosen).mappings():
        told.setdefault(row["message_id"], []).append(dict(row))
    return told


def list_deliveries(
    db: Database,
    *,
    status: str | None = None,
    subscription_id: str | None = None,
    digest_id: str | None = None,
    before: Cursor | None = None,
    limit: int = 50,
) -> Deliveries:
    """The newest ones (before a cursor), by when they were made; with *digest_id* those that went into it."""
    columns = [column for column in delivery.c if column.name != "body"]
    of_endpoint = (endpoint.c.address, endpoint.c.disabled_why, endpoint.c.rest_until_at, endpoint.c.last_error)
    of_alert = (message.c.kind, message.c.alert_id, alert.c.rule_id, rule.c.title.label("rule_title"))
    chosen = select(*columns, *of_endpoint, *of_alert, _HOLDS).join(endpoint, endpoint.c.id == delivery.c.endpoint_id)
    chosen = chosen.join(message, message.c.id == delivery.c.message_id)
    chosen = chosen.outerjoin(alert, alert.c.id == message.c.alert_id).outerjoin(rule, rule.c.hash == alert.c.rule_hash)
    if status:
        chosen = chosen.where(delivery.c.status == status, true() if status == "delivered" else UNDELIVERED)
    if subscription_id:
        chosen = chosen.where(delivery.c.subscription_id == subscription_id)
    if digest_id:
        chosen = chosen.where(delivery.c.digest_id == digest_id)
    if before is not None:
        place = tuple_(delivery.c.created_at, delivery.c.id)
        chosen = chosen.where(place < tuple_(before.opened_at, before.id))
    size = max(1, min(limit, MAX_LIMIT))
    chosen = chosen.order_by(delivery.c.created_at.desc(), delivery.c.id.desc()).limit(size + 1)
    with db.read() as connection:
        found = [dict(row) for row in connection.execute(chosen).mappings()]
    return Deliveries(deliveries=tuple(found[:size]), more=len(found) > size)


def pull(db: Database, subscription_id: str, after: int, limit: int = 100) -> Messages | None:
    """What comes after sequence number *after*; None where there never was such a subscription.

    Numbers are counted up inside the transaction that makes the delivery, holding the subscription, so whoever sees one
    sees all before it: a receiver that finds a hole in what it got fills it from here.
    """
    names = ("id", "seq", "channel", "status", "why", "body", "pruned_at")
    columns = tuple(delivery.c[name] for name in names)
    of_message = (message.c.kind, message.c.at, message.c.data)
    chosen = select(*columns, *of_message).join(message, message.c.id == delivery.c.message_id)
    chosen = chosen.where(delivery.c.subscription_id == subscription_id, delivery.c.seq > after)
    size = max(1, min(limit, MAX_LIMIT))
    with db.read() as connection:
        if connection.scalar(select(subscription.c.id).where(subscription.c.id == subscription_id)) is None:
            return None
        rows = connection.execute(chosen.order_by(delivery.c.seq).limit(size + 1)).mappings().all()
    return Messages(messages=tuple(map(_message, rows[:size])), more=len(rows) > size)


def _message(row: Mapping[Any, Any]) -> Row:
    kept = {name: row[name] for name in ("id", "seq", "status", "why")}
    return {**kept, "kind": row["kind"], "at": row["at"], "body": _body(row)}


def _body(row: Mapping[Any, Any]) -> dict[str, Any]:
    """The object that a webhook got; for another channel the same object, as a webhook would have got it. Of a pruned
    one, that it was.
    """
    if row["pruned_at"] is not None:
        return {"type": row["kind"], "data": {"seq": row["seq"], "pruned": True}}
    if row["channel"] == "webhook":
        try:
            body = json.loads(row["body"])
        except ValueError:
            body = None
        if isinstance(body, dict):
            return body
    return {"data": {**row["data"], "seq": row["seq"]}}
