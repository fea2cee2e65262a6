"""The page behind the link in every mail: one POST ends the subscription for that address (RFC 8058).

Nobody signs in for it, and no cookie counts: whoever has the mail may. GET only asks, because scanners of mail open
links; the POST needs the body that RFC 8058 gives it, which mail programs send and our own button too.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Path, Request, Response

from console.problems import Refusal
from console.rendering import page
from console.settings import Console, ConsoleSettings
from store.unsubscribing import Reader, find_link_key, reader_of, unsubscribe
from workers.unsubscribing import delivery_of

ONE_CLICK = "One-Click"

router = APIRouter(include_in_schema=False)

Token = Annotated[str, Path(max_length=100)]


@router.api_route("/unsubscribe/{token}", methods=["GET", "HEAD"])
def ask(request: Request, console: Console, token: Token) -> Response:
    """Say what the button does; nothing is changed."""
    reader = reader_of(console.db, _delivery(console, token))
    return page(request, "unsubscribe.html", {"reader": _known(reader), "token": token, "one_click": ONE_CLICK})


@router.post("/unsubscribe/{token}")
def end(
    request: Request,
    console: Console,
    token: Token,
    meant: Annotated[str, Form(alias="List-Unsubscribe", max_length=100)] = "",
) -> Response:
    """End the subscription's mails to this address, before the next one leaves."""
    delivery_id = _delivery(console, token)
    if meant != ONE_CLICK:
        detail = f"The body must be List-Unsubscribe={ONE_CLICK} (RFC 8058). Open the link and press the button."
        raise Refusal(HTTPStatus.BAD_REQUEST, detail)
    reader = unsubscribe(console.db, delivery_id)
    return page(request, "unsubscribe.html", {"reader": _known(reader), "token": token, "one_click": ONE_CLICK})


def _delivery(console: ConsoleSettings, token: str) -> str:
    with console.db.read() as connection:
        key = find_link_key(connection)
    id = delivery_of(token, key) if key else None
    if id is None:
        detail = "This link is not one of ours, or a part of it got lost. Copy it whole from the end of the mail."
        raise Refusal(HTTPStatus.FORBIDDEN, detail)
    return id


def _known(reader: Reader | None) -> Reader:
    if reader is None:
        detail = "This link is ours, but its mail is not in this ledger. Use the link of a newer mail."
        raise Refusal(HTTPStatus.GONE, detail)
    return reader
