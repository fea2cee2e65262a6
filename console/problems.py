"""What went wrong, for whoever asked: problem details (RFC 9457) for programs, a page for people."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException

from console.rendering import page
from console.security import SECURITY_HEADERS

_log = structlog.get_logger("tocsin.console")


class NotSignedIn(Exception):  # noqa: N818
    """Nobody has proved who they are; `why` says what would help."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Refusal(HTTPException):
    """A request that is understood and not done; `detail` says how to mend it."""


def problem(status: int, detail: str, *, headers: Mapping[str, str] | None = None, **more: Any) -> JSONResponse:
    """An RFC 9457 answer; *more* are its extension members."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail, **more}
    return JSONResponse(body, status, headers=dict(headers or {}), media_type="application/problem+json")


def for_programs(request: Request) -> bool:
    """Is it a program that asks?"""
    path = request.url.path
    return path.startswith("/api/") or path in ("/metrics", "/healthz", "/readyz", "/alerts.atom")


def install(app: FastAPI) -> None:
    """Give every way to fail its answer."""
    app.exception_handler(NotSignedIn)(_not_signed_in)
    app.exception_handler(HTTPException)(_refused)
    app.exception_handler(RequestValidationError)(_bad_parameters)
    app.exception_handler(SQLAlchemyError)(_no_ledger)
    app.exception_handler(Exception)(_defect)


def _answer(request: Request, status: int, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    if for_programs(request):
        return problem(status, detail, headers=headers)
    shown = {"status": status, "title": HTTPStatus(status).phrase, "detail": detail}
    return page(request, "problem.html", shown, status=status, headers=headers)


def _not_signed_in(request: Request, error: NotSignedIn) -> Response:
    if request.method == "GET" and not for_programs(request):
        return RedirectResponse("/signin", HTTPStatus.SEE_OTHER)
    return _answer(request, HTTPStatus.UNAUTHORIZED, error.why, {"WWW-Authenticate": 'Bearer realm="tocsin"'})


def _refused(request: Request, error: HTTPException) -> Response:
    detail = error.detail
    if error.status_code == HTTPStatus.NOT_FOUND and not isinstance(error, Refusal):
        detail = "There is nothing at this address."
    return _answer(request, error.status_code, detail, error.headers)


def _bad_parameters(request: Request, error: RequestValidationError) -> Response:
    problems = [_words(each) for each in error.errors()]
    if not for_programs(request):
        return _answer(request, HTTPStatus.UNPROCESSABLE_ENTITY, " ".join(problems))
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, " ".join(problems), errors=problems)


def _words(error: Mapping[str, Any]) -> str:
    where = ".".join(str(part) for part in error["loc"][1:]) or str(error["loc"][0])
    found = repr(error.get("input"))
    shown = "" if error["type"] == "missing" else f"; found {found if len(found) <= 80 else found[:79] + '…'}"
    return f"{where}: {error['msg']}{shown}."


def _no_ledger(request: Request, error: SQLAlchemyError) -> Response:
    _log.error("console.database", path=request.url.path, error=str(error).splitlines()[0])
    detail = "The database does not answer. Nothing is lost by that; try again in a moment, and see /readyz."
    return _answer(request, HTTPStatus.SERVICE_UNAVAILABLE, detail, {"Retry-After": "5"})


def _defect(request: Request, error: Exception) -> Response:
    """What nobody foresaw. The server logs it with its traceback; whoever asked learns only that it is not their fault.
    This answer leaves outside of the guard, so it brings the guard's headers itself.
    """
    detail = "This is a defect of Tocsin; its log says more."
    return _answer(request, HTTPStatus.INTERNAL_SERVER_ERROR, detail, SECURITY_HEADERS)
