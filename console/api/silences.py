"""Silences for programs: list, make and end them."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Header, Path, Query, Request, Response

from console.api import models, shapes
from console.parameters import Limit
from console.problems import Refusal
from console.settings import Console
from console.visitors import Analyst, SignedIn, check_meant
from rules.shape import duration_s
from store.database import microseconds
from store.silences import BadSilence, Scope, add, list_silences, remove

router = APIRouter(prefix="/api/v1", tags=["silences"])

Csrf = Annotated[str, Header(alias="x-csrf-token", include_in_schema=False)]


@router.get("/silences")
def silences(
    console: Console,
    ended: Annotated[bool, Query(description="Those that have ended instead, the last one first.")] = False,
    limit: Limit = 200,
) -> models.Silences:
    """The silences in force, the one that ends first first."""
    found = list_silences(console.db, ended=ended, limit=limit)
    return models.Silences(silences=[shapes.silence(one) for one in found])


@router.post("/silences", status_code=HTTPStatus.CREATED)
def make(
    request: Request,
    console: Console,
    wanted: models.SilenceWanted,
    visitor: SignedIn,
    who: Analyst,
    x_csrf_token: Csrf = "",
) -> models.Silence:
    """Keep back what fits all that is given, as analyst or admin."""
    check_meant(request, console, visitor, x_csrf_token)
    scope = Scope(rule=wanted.rule, bindings=wanted.bindings, outlet=wanted.outlet, alert_id=wanted.alert_id)
    try:
        made = add(console.db, scope, author=who.name, reason=wanted.reason, **_times(wanted))
    except BadSilence as error:
        raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, f"{error}.") from None
    return shapes.silence(made)


@router.delete("/silences/{id}", status_code=HTTPStatus.NO_CONTENT)
def end(
    request: Request,
    console: Console,
    id: Annotated[str, Path(max_length=100)],
    visitor: SignedIn,
    who: Analyst,
    x_csrf_token: Csrf = "",
) -> Response:
    """End a silence now, as analyst or admin. What it has kept back stays untold."""
    check_meant(request, console, visitor, x_csrf_token)
    if not remove(console.db, id, who.name):
        raise Refusal(HTTPStatus.NOT_FOUND, "No silence with this id is in force.")
    return Response(status_code=HTTPStatus.NO_CONTENT)


def _times(wanted: models.SilenceWanted) -> dict[str, int]:
    if (wanted.lasts is None) == (wanted.until is None):
        raise BadSilence("say how long: either `for` or `until`")
    if wanted.until is not None:
        return {"until_at": microseconds(wanted.until)}
    try:
        return {"for_s": duration_s(wanted.lasts)}
    except ValueError as error:
        raise BadSilence(f"`for`: {error}") from None
