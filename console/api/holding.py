"""What the rate guard holds back, for programs: list it, let it be told, discard it."""

from __future__ import annotations

from dataclasses import asdict
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Header, Path, Request

from console.api import models
from console.api.shapes import timed
from console.problems import Refusal
from console.settings import Console
from console.visitors import Analyst, SignedIn, check_meant
from store import holding

router = APIRouter(prefix="/api/v1", tags=["alerts"])

Id = Annotated[str, Path(max_length=200)]
Csrf = Annotated[str, Header(alias="x-csrf-token", include_in_schema=False)]


@router.get("/held")
def held(console: Console) -> models.HeldRules:
    """The rules that opened more alerts than their limit, and what of them waits to be told."""
    rules = [timed(asdict(one)) for one in holding.held_rules(console.db)]
    return models.HeldRules.model_validate({"rules": rules})


@router.post("/held/{id}/release")
def release(
    request: Request, console: Console, id: Id, visitor: SignedIn, who: Analyst, x_csrf_token: Csrf = ""
) -> models.LetGo:
    """Tell all that a rule has waiting, whatever its limit, as analyst or admin."""
    check_meant(request, console, visitor, x_csrf_token)
    return _let_go(holding.release(console.db, id, who.name))


@router.post("/held/{id}/discard")
def discard(
    request: Request,
    console: Console,
    id: Id,
    wanted: models.DiscardWanted,
    visitor: SignedIn,
    who: Analyst,
    x_csrf_token: Csrf = "",
) -> models.LetGo:
    """Tell nobody what a rule has waiting, for good, as analyst or admin."""
    check_meant(request, console, visitor, x_csrf_token)
    try:
        return _let_go(holding.discard(console.db, id, who.name, wanted.reason))
    except ValueError as error:
        raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, f"`reason`: {error}.") from None


def _let_go(count: int) -> models.LetGo:
    if not count:
        raise Refusal(HTTPStatus.NOT_FOUND, "Nothing of this rule waits.")
    return models.LetGo(alerts=count)
