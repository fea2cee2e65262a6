"""What the rate guard holds back: which rules, how much, and the buttons that tell or discard it."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Path, Request, Response
from fastapi.responses import RedirectResponse

from console.problems import Refusal
from console.rendering import page
from console.settings import Console
from console.strip import look_around
from console.visitors import CSRF_FIELD, Analyst, SignedIn, check_meant
from store import holding
from store.activity import active_rules

router = APIRouter(include_in_schema=False, dependencies=[Depends(look_around)])

Id = Annotated[str, Path(max_length=200)]
Csrf = Annotated[str, Form(alias=CSRF_FIELD)]
Reason = Annotated[str, Form(max_length=1_000)]


@router.get("/held")
def show(request: Request, console: Console) -> Response:
    """The rules whose alerts wait."""
    titles = {row["id"]: row["title"] for row in active_rules(console.db)}
    return page(request, "held.html", {"rules": holding.held_rules(console.db), "titles": titles})


@router.post("/held/{id}/release")
def release(request: Request, console: Console, id: Id, visitor: SignedIn, who: Analyst, csrf: Csrf = "") -> Response:
    """Tell all that a rule has waiting. Where nothing waits any more, the page shows that."""
    check_meant(request, console, visitor, csrf)
    holding.release(console.db, id, who.name)
    return RedirectResponse("/held", HTTPStatus.SEE_OTHER)


@router.post("/held/{id}/discard")
def discard(
    request: Request,
    console: Console,
    id: Id,
    visitor: SignedIn,
    who: Analyst,
    reason: Reason = "",
    csrf: Csrf = "",
) -> Response:
    """Tell nobody what a rule has waiting, for good."""
    check_meant(request, console, visitor, csrf)
    try:
        holding.discard(console.db, id, who.name, reason)
    except ValueError as error:
        raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, f"Nothing is discarded: {error}.") from None
    return RedirectResponse("/held", HTTPStatus.SEE_OTHER)
