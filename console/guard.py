"""Before and after every endpoint: bounded requests, and headers that leave a browser no room for mischief."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import Response
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from console.problems import Refusal, problem
from console.security import SECURITY_HEADERS

MAX_BODY_BYTES = 64 * 1024
MAX_QUERY_BYTES = 8 * 1024


class Guard:
    """Wraps an application; a request that is too large is answered 413 or 414 before anything of it is kept."""

    def __init__(self, app: ASGIApp, *, secure: bool = False) -> None:
        self._app = app
        self._headers = SECURITY_HEADERS | ({"Strict-Transport-Security": "max-age=31536000"} if secure else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refusal = _refusal(scope)
        if refusal is not None:
            await refusal(scope, receive, self._with_headers(send))
            return
        await self._app(scope, _bounded(receive), self._with_headers(send))

    def _with_headers(self, send: Send) -> Send:
        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        return answer


def _refusal(scope: Scope) -> Response | None:
    if len(scope["query_string"]) > MAX_QUERY_BYTES:
        return problem(HTTPStatus.REQUEST_URI_TOO_LONG, f"The query is longer than {MAX_QUERY_BYTES} bytes.")
    if "\0" in scope["path"] or b"%00" in scope["query_string"]:
        # PostgreSQL has no such character, so nothing that is kept has it
        return problem(HTTPStatus.BAD_REQUEST, "The address has a NUL character in it; leave it out.")
    return None


def _bounded(receive: Receive) -> Receive:
    taken = 0

    async def take() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > MAX_BODY_BYTES:
            detail = f"The body is longer than {MAX_BODY_BYTES} bytes."
            raise Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail)
        return message

    return take
