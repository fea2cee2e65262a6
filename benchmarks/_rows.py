"""Deliveries by the thousand, as the match job would make them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import insert, update

from store.database import Database
from store.ids import delivery_id, endpoint_id
from store.subscriptions import sync
from store.tables import delivery, message, subscription
from tests.workers.parts import hook

_ROWS = 1_000
_BODY = {"type": "alert.opened", "timestamp": "2026-11-23T09:30:00Z", "data": {"version": 1, "text": "x" * 1_500}}
BODY = json.dumps(_BODY).encode()


def subscribe(db: Database, addresses: Sequence[str]) -> None:
    """A webhook subscription for each address, named s0, s1, …"""
    sync(db, [hook(address, f"s{number}") for number, address in enumerate(addresses)])


def add_due(db: Database, addresses: Sequence[str], count: int, *, first_seq: int = 1) -> list[str]:
    """*count* deliveries that are due now, dealt out over the subscriptions to *addresses*; returns their ids."""
    ids: list[str] = []
    for start in range(0, count, _ROWS):
        with db.write() as connection:
            now = db.now(connection)
            rows = [_row(addresses, number, now, first_seq) for number in range(start, min(count, start + _ROWS))]
            connection.execute(insert(message), [_message(row["message_id"], now) for row in rows])
            connection.execute(insert(delivery), rows)
            last = first_seq + (start + len(rows) - 1) // len(addresses)
            connection.execute(update(subscription).values(last_seq=last))
        ids += [row["id"] for row in rows]
    return ids


def _message(id: str, now: int) -> dict[str, Any]:
    facts = {
        "rule": "x",
        "tags": [],
        "level": "high",
        "tier": "press",
        "confidence": 1.0,
        "quiet": None,
        "entitled": [],
    }
    row = {"id": id, "kind": "alert.opened", "revision": 1, "at": now, "facts": facts, "data": {}}
    return row | ({"told_at": now} if "told_at" in message.c else {})


def _row(addresses: Sequence[str], number: int, now: int, first_seq: int) -> dict[str, Any]:
    place = number % len(addresses)
    told = str(uuid.uuid4())
    return {
        "id": delivery_id(told, f"s{place}"),
        "message_id": told,
        "subscription_id": f"s{place}",
        "endpoint_id": endpoint_id("webhook", addresses[place]),
        "channel": "webhook",
        "seq": first_seq + number // len(addresses),
        "body": BODY,
        "status": "pending",
        "created_at": now,
        "next_at": now,
    }
