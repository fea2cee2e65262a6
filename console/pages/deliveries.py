"""Deliveries: who was told what, and what stands in the way; an admin lets a disabled address be used again."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Literal
from urllib.parse import urlencode

import structlog
from fastapi import APIRouter, Depends, Form, Path, Query, Request, Response
from fastapi.responses import RedirectResponse

from console.parameters import DeliveryStatus, Place, cursor
from console.problems import Refusal
from console.rendering import page
from console.settings import Console
from console.strip import look_around
from console.visitors import CSRF_FIELD, Admin, SignedIn, check_meant
from store.inbox import Cursor
from store.notices import KINDS
from store.outbox import STATUSES, list_deliveries
from store.subscriptions import enable_endpoint, find_subscription, list_disabled, list_subscriptions
from store.unsubscribing import list_unsubscribed

_log = structlog.get_logger("tocsin.console")

router = APIRouter(include_in_schema=False, dependencies=[Depends(look_around)])


@router.get("/deliveries")
def show(
    request: Request,
    console: Console,
    visitor: SignedIn,
    status: DeliveryStatus | Literal[""] = "",
    subscription: Annotated[str, Query(max_length=100)] = "",
    digest: Annotated[str, Query(max_length=100)] = "",
    before: Place = "",
) -> Response:
    """The newest deliveries."""
    place = cursor("before", before)
    found = list_deliveries(console.db, status=status, subscription_id=subscription, digest_id=digest, before=place)
    given = {"status": status, "subscription": subscription, "digest": digest}
    query = {name: value for name, value in given.items() if value}
    last = found.deliveries[-1] if found.more else None
    older = {**query, "before": str(Cursor(last["created_at"], last["id"]))} if last else {}
    shown = {
        "deliveries": found.deliveries,
        "subscriptions": list_subscriptions(console.db),
        "disabled": list_disabled(console.db),
        "unsubscribed": list_unsubscribed(console.db),
        "statuses": STATUSES,
        "headings": KINDS,
        "status": status,
        "subscription": subscription,
        "digest": digest,
        "filtered": bool(query),
        "older": urlencode(older),
        "is_admin": visitor.access.may("admin"),
    }
    return page(request, "deliveries.html", shown)


@router.post("/subscriptions/{id}/enable")
def enable(
    request: Request,
    console: Console,
    id: Annotated[str, Path(max_length=100)],
    visitor: SignedIn,
    who: Admin,
    csrf: Annotated[str, Form(alias=CSRF_FIELD)] = "",
) -> Response:
    """Let the address of a subscription be used again. What died meanwhile stays dead until it is replayed."""
    check_meant(request, console, visitor, csrf)
    found = find_subscription(console.db, id)
    if found is None or not enable_endpoint(console.db, found.channel, found.address):
        raise Refusal(HTTPStatus.NOT_FOUND, "There is no such subscription (any more).")
    _log.info("endpoint.enabled", subscription=id, by=who.name)
    return RedirectResponse(f"/deliveries?{urlencode({'subscription': id})}", HTTPStatus.SEE_OTHER)
