"""Alerts and articles for programs, and verdicts."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Header, Path, Request

from console.api import models, shapes
from console.parameters import Limit, Place, WantedAlerts, cursor
from console.problems import Refusal
from console.settings import Console
from console.visitors import Analyst, SignedIn, check_meant
from store.inbox import COMMIT_US, Cursor, Page, give_verdict, list_alerts, read_alert, read_article, read_line

router = APIRouter(prefix="/api/v1", tags=["alerts"])

Id = Annotated[str, Path(max_length=100)]


@router.get("/alerts")
def alerts(
    console: Console, wanted: WantedAlerts, after: Place = "", before: Place = "", limit: Limit = 50
) -> models.Alerts:
    """Alerts, newest first: the newest, or those next to a cursor."""
    since = cursor("after", after)
    found = list_alerts(console.db, wanted, after=since, before=cursor("before", before), limit=limit)
    last = found.alerts[-1].cursor if found.alerts else None
    return models.Alerts(
        alerts=[shapes.alert(one, console.base_url) for one in found.alerts],
        next_after=str(_next(found, since)),
        next_before=str(last) if last and (found.more or since) else None,
        more=found.more,
    )


def _next(found: Page, since: Cursor | None) -> Cursor:
    """Where to ask on for newer ones. At the end of what there is, a little before the newest: another transaction may
    yet commit an alert with an instant before it.
    """
    newest = found.alerts[0].cursor if found.alerts else None
    if since is not None and found.more and newest is not None:
        return newest
    settled = Cursor(found.now - COMMIT_US, "-")
    safe = min(newest, settled) if newest else settled
    return max(safe, since) if since else safe


@router.get("/alerts/{id}")
def alert(console: Console, id: Id) -> models.WholeAlert:
    """One alert with its sightings, episodes and deliveries."""
    detail = read_alert(console.db, id)
    if detail is None:
        raise Refusal(HTTPStatus.NOT_FOUND, "There is no such alert (any more).")
    return shapes.whole_alert(detail, console.base_url)


@router.post("/alerts/{id}/verdict")
def verdict(
    request: Request,
    console: Console,
    id: Id,
    wanted: models.VerdictWanted,
    visitor: SignedIn,
    who: Analyst,
    x_csrf_token: Annotated[str, Header(include_in_schema=False)] = "",
) -> models.Alert:
    """Say what you think of an alert, as analyst or admin."""
    check_meant(request, console, visitor, x_csrf_token)
    found = give_verdict(console.db, id, wanted.verdict, who.name)
    line = read_line(console.db, id) if found else None
    if line is None:
        raise Refusal(HTTPStatus.NOT_FOUND, "There is no such alert (any more).")
    return shapes.alert(line, console.base_url)


@router.get("/articles/{id}", tags=["articles"])
def article(console: Console, id: Id) -> models.Article:
    """One article as it is kept."""
    row = read_article(console.db, id)
    if row is None:
        raise Refusal(HTTPStatus.NOT_FOUND, "There is no such article (any more).")
    return shapes.article(row)
