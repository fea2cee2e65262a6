"""Deliveries for programs, and the messages of a subscription to pull."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path, Query

from console.api import models, shapes
from console.parameters import DeliveryStatus, Limit, Place, cursor
from console.problems import Refusal
from console.settings import Console
from store.inbox import Cursor, Row
from store.outbox import list_deliveries, pull

router = APIRouter(prefix="/api/v1", tags=["deliveries"])


@router.get("/deliveries")
def deliveries(
    console: Console,
    status: DeliveryStatus | None = None,
    subscription: Annotated[str, Query(max_length=100)] = "",
    digest: Annotated[str, Query(max_length=100, description="The id of a digest: what went into it.")] = "",
    before: Place = "",
    limit: Limit = 50,
) -> models.Deliveries:
    """Deliveries, newest first."""
    place = cursor("before", before)
    found = list_deliveries(
        console.db, status=status, subscription_id=subscription, digest_id=digest, before=place, limit=limit
    )
    last = found.deliveries[-1] if found.more else None
    return models.Deliveries(
        deliveries=[shapes.delivery(row) for row in found.deliveries],
        next_before=str(Cursor(last["created_at"], last["id"])) if last else None,
    )


@router.get("/subscriptions/{id}/messages")
def messages(
    console: Console,
    id: Annotated[str, Path(max_length=100)],
    after: Annotated[int, Query(ge=0, lt=2**62, description="The last `seq` that you have; 0 at the beginning.")] = 0,
    limit: Limit = 100,
) -> models.Messages:
    """The messages of a subscription in their sequence. A receiver that misses a `seq` finds it here."""
    found = pull(console.db, id, after, limit)
    if found is None:
        raise Refusal(HTTPStatus.NOT_FOUND, f"There is no subscription {id!r}; /api/v1/subscriptions lists them.")
    shown = [_message(row) for row in found.messages]
    return models.Messages(messages=shown, next_after=shown[-1].seq if shown else after, more=found.more)


def _message(row: Row) -> models.Message:
    kept = {name: row[name] for name in ("id", "seq", "status", "why")}
    told = {"type": row["kind"], "timestamp": shapes.when(row["at"]), **row["body"]}
    return models.Message.model_validate({**told, **kept})
