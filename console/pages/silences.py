"""Silences: what is not told for now, who says so and why; making and ending them, and snoozing an alert."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Path, Request, Response
from fastapi.responses import RedirectResponse

from console.problems import Refusal
from console.rendering import page
from console.settings import Console, ConsoleSettings
from console.strip import look_around
from console.visitors import CSRF_FIELD, Analyst, SignedIn, check_meant
from rules.shape import duration_s
from store.activity import active_rules
from store.silences import BadSilence, Scope, add, list_silences, remove

router = APIRouter(include_in_schema=False, dependencies=[Depends(look_around)])

Id = Annotated[str, Path(max_length=100)]
Csrf = Annotated[str, Form(alias=CSRF_FIELD)]
Field = Annotated[str, Form(max_length=1_000)]
_EMPTY = dict.fromkeys(("rule", "binding", "outlet", "lasts", "reason"), "")
_ENDED = 20


@router.get("/silences")
def show(request: Request, console: Console) -> Response:
    """Those in force, and the last that have ended."""
    return _page(request, console, _EMPTY, "")


@router.post("/silences")
def make(
    request: Request,
    console: Console,
    visitor: SignedIn,
    who: Analyst,
    rule: Field = "",
    binding: Field = "",
    outlet: Field = "",
    lasts: Field = "",
    reason: Field = "",
    csrf: Csrf = "",
) -> Response:
    """Silence what a form names; what is wrong is said above the form, which keeps what was written."""
    check_meant(request, console, visitor, csrf)
    given = {"rule": rule, "binding": binding, "outlet": outlet, "lasts": lasts, "reason": reason}
    try:
        scope = Scope(rule=rule.strip() or None, bindings=_binding(binding), outlet=outlet.strip() or None)
        _add(console, scope, who.name, reason, lasts)
    except BadSilence as error:
        return _page(request, console, given, str(error), HTTPStatus.UNPROCESSABLE_ENTITY)
    return RedirectResponse("/silences", HTTPStatus.SEE_OTHER)


@router.post("/silences/{id}/remove")
def end(request: Request, console: Console, id: Id, visitor: SignedIn, who: Analyst, csrf: Csrf = "") -> Response:
    """End a silence now; one that is over already stays as it is."""
    check_meant(request, console, visitor, csrf)
    remove(console.db, id, who.name)
    return RedirectResponse("/silences", HTTPStatus.SEE_OTHER)


@router.post("/alerts/{id}/snooze")
def snooze(
    request: Request,
    console: Console,
    id: Id,
    visitor: SignedIn,
    who: Analyst,
    lasts: Field = "",
    reason: Field = "",
    csrf: Csrf = "",
) -> Response:
    """Tell nothing more of one alert for a while."""
    check_meant(request, console, visitor, csrf)
    try:
        _add(console, Scope(alert_id=id), who.name, reason, lasts)
    except BadSilence as error:
        raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, f"This alert is not snoozed: {error}.") from None
    return RedirectResponse(f"/alerts/{id}", HTTPStatus.SEE_OTHER)


def _add(console: ConsoleSettings, scope: Scope, author: str, reason: str, lasts: str) -> None:
    try:
        for_s = duration_s(lasts)
    except ValueError as error:
        raise BadSilence(str(error)) from None
    add(console.db, scope, author=author, reason=reason, for_s=for_s)


def _binding(text: str) -> Mapping[str, str]:
    """`TARGET=IR` as a binding; none where nothing is written."""
    name, _, value = (part.strip() for part in text.partition("="))
    if bool(name) != bool(value):
        raise BadSilence("write a binding as NAME=VALUE, such as TARGET=IR")
    return {name: value} if name else {}


def _page(
    request: Request, console: ConsoleSettings, given: Mapping[str, str], problem: str, status: int = HTTPStatus.OK
) -> Response:
    shown = {
        "silences": list_silences(console.db),
        "ended": list_silences(console.db, ended=True, limit=_ENDED),
        "rules": active_rules(console.db),
        "given": given,
        "problem": problem,
    }
    return page(request, "silences.html", shown, status=status)
