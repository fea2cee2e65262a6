"""Deliveries: who was told what, and what stands in the way."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response

from console.parameters import DeliveryStatus, Place, cursor
from console.rendering import page
from console.settings import Console
from console.strip import look_around
from console.visitors import SignedIn
from store.inbox import Cursor
from store.outbox import STATUSES, list_deliveries
from store.subscriptions import list_subscriptions
from store.unsubscribing import list_unsubscribed

router = APIRouter(include_in_schema=False, dependencies=[Depends(look_around)])


@router.get("/deliveries")
def show(
    request: Request,
    console: Console,
    visitor: SignedIn,
    status: DeliveryStatus | Literal[""] = "",
    subscription: Annotated[str, Query(max_length=100)] = "",
    before: Place = "",
) -> Response:
    """The newest deliveries."""
    place = cursor("before", before)
    found = list_deliveries(console.db, status=status, subscription_id=subscription, before=place)
    query = {name: value for name, value in (("status", status), ("subscription", subscription)) if value}
    last = found.deliveries[-1] if found.more else None
    older = {**query, "before": str(Cursor(last["created_at"], last["id"]))} if last else {}
    shown = {
        "deliveries": found.deliveries,
        "subscriptions": list_subscriptions(console.db),
        "unsubscribed": list_unsubscribed(console.db),
        "statuses": STATUSES,
        "status": status,
        "subscription": subscription,
        "filtered": bool(query),
        "older": urlencode(older),
        "whole_address": visitor.access.may("admin"),
    }
    return page(request, "deliveries.html", shown)
