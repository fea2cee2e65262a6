"""Signing in with a one-time link, and out again."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from console.problems import Refusal
from console.rendering import page
from console.settings import Console
from console.visitors import CSRF_FIELD, SignedIn, check_meant, check_origin
from store.access import end_session, signin_is_open, use_signin

MAX_FAILURES = 10
WITHIN_S = 60.0

open_router = APIRouter()
"""What needs no sign-in."""
router = APIRouter()

Secret = Annotated[str, Form(max_length=200)]


class Attempts:
    """Counts failed sign-ins by address, in memory: MAX_FAILURES within WITHIN_S seconds, then it must wait."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._failed: deque[tuple[float, str]] = deque(maxlen=10_000)

    def wait_s(self, address: str) -> float:
        """How long *address* must wait before its next try; 0 where it need not."""
        with self._lock:
            since = self._clock() - WITHIN_S
            while self._failed and self._failed[0][0] <= since:
                self._failed.popleft()
            times = [at for at, who in self._failed if who == address]
            return times[-MAX_FAILURES] - since if len(times) >= MAX_FAILURES else 0.0

    def failed(self, address: str) -> None:
        """Note a failure."""
        with self._lock:
            self._failed.append((self._clock(), address))


@open_router.get("/signin", include_in_schema=False)
def show(request: Request, console: Console, token: Annotated[str, Query(max_length=200)] = "") -> Response:
    """The page behind a sign-in link. It only asks: scanners and previews open links too, and must not spend them."""
    usable = bool(token) and signin_is_open(console.db, token)
    return page(request, "signin.html", {"token": token, "usable": usable})


@open_router.post("/signin", include_in_schema=False)
def sign_in(request: Request, console: Console, token: Secret) -> Response:
    """Spend a sign-in link."""
    check_origin(request, console)
    attempts: Attempts = request.app.state.attempts
    address = request.client.host if request.client else ""
    if (wait_s := attempts.wait_s(address)) > 0:
        after = {"Retry-After": str(int(wait_s) + 1)}
        detail = f"Too many tries that failed. Wait {int(wait_s) + 1} seconds."
        raise Refusal(HTTPStatus.TOO_MANY_REQUESTS, detail, headers=after)
    cookie = use_signin(console.db, token, console.session_s)
    if cookie is None:
        attempts.failed(address)
        return page(request, "signin.html", {"token": token, "usable": False}, status=HTTPStatus.FORBIDDEN)
    answer = RedirectResponse("/", HTTPStatus.SEE_OTHER)
    answer.set_cookie(
        console.cookie, cookie, max_age=int(console.session_s), httponly=True, samesite="lax", secure=console.secure
    )
    return answer


@router.post("/signout", include_in_schema=False)
def sign_out(
    request: Request, console: Console, visitor: SignedIn, csrf: Annotated[str, Form(alias=CSRF_FIELD)] = ""
) -> Response:
    """End the session."""
    check_meant(request, console, visitor, csrf)
    end_session(console.db, request.cookies.get(console.cookie, ""))
    answer = RedirectResponse("/signin", HTTPStatus.SEE_OTHER)
    answer.delete_cookie(console.cookie, httponly=True, samesite="lax", secure=console.secure)
    return answer
