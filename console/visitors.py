"""Who is asking: a browser's session or a program's bearer token; and whether a change was really meant by them."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, Request

from console.problems import NotSignedIn, Refusal
from console.settings import Console, ConsoleSettings
from store.access import Access, session_of, token_of

CSRF_HEADER = "x-csrf-token"
CSRF_FIELD = "csrf"

_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip")


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Who asks. `csrf` is what their forms must carry; empty for a bearer token, which no browser sends by itself."""

    access: Access
    csrf: str = ""


def visitor(request: Request, console: Console) -> Visitor:
    """Whoever asks, with a session or a bearer token.

    Raises:
        NotSignedIn: neither is valid.
    """
    found = _by_token(console, bearer(request)) or _by_session(console, request.cookies.get(console.cookie))
    if found is None:
        raise NotSignedIn(_why(request))
    request.state.visitor = found
    return found


def feed_visitor(request: Request, console: Console, token: str | None = None) -> Visitor:
    """As `visitor`; a token may also stand in the query, because feed readers can neither sign in nor send headers."""
    found = _by_token(console, token)
    if found is None:
        return visitor(request, console)
    request.state.visitor = found
    return found


def analyst(found: Annotated[Visitor, Depends(visitor)]) -> Access:
    """Whoever asks, if they may judge alerts."""
    return _allowed(found.access, "analyst")


def admin(found: Annotated[Visitor, Depends(visitor)]) -> Access:
    """Whoever asks, if they may change what is sent."""
    return _allowed(found.access, "admin")


def may_read_metrics(request: Request, console: Console) -> None:
    """Anybody where the settings say so; this machine itself, unless it asks for somebody else (a proxy); a token."""
    if not (console.metrics_open or (_is_here(request) and not _is_forwarded(request))):
        visitor(request, console)


SignedIn = Annotated[Visitor, Depends(visitor)]
Analyst = Annotated[Access, Depends(analyst)]
Admin = Annotated[Access, Depends(admin)]


def csrf_of(cookie: str) -> str:
    """The form token of a session: known to its own pages and to nobody who cannot read its cookie."""
    return hashlib.sha256(b"csrf\0" + cookie.encode("utf-8", "replace")).hexdigest()


def check_origin(request: Request, console: ConsoleSettings) -> None:
    """Refuse a change that a page of another site sent.

    Browsers say where a request comes from in Sec-Fetch-Site (Fetch Metadata, W3C), older ones and those on plain http
    in Origin; the Host header says nothing, because it is made up by whoever asks.
    """
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None and site not in ("same-origin", "none"):
        raise Refusal(HTTPStatus.FORBIDDEN, "This request comes from a page of another site.")
    if site is None and origin is not None and origin != console.origin:
        why = f"This request comes from {origin[:100]!r}, and people reach this console at {console.origin}."
        raise Refusal(HTTPStatus.FORBIDDEN, f"{why} If that is the same, set TOCSIN_BASE_URL to it.")


def check_meant(request: Request, console: ConsoleSettings, found: Visitor, token: str | None) -> None:
    """Refuse a change that whoever is signed in did not mean: from another site, or without the form's token."""
    if not found.csrf:
        return
    check_origin(request, console)
    if not hmac.compare_digest(found.csrf.encode(), (token or "").encode("utf-8", "replace")):
        raise Refusal(HTTPStatus.FORBIDDEN, "This form is out of date. Load the page again and repeat it.")


def bearer(request: Request) -> str | None:
    """The token of `Authorization: Bearer …` (RFC 6750)."""
    kind, _, secret = request.headers.get("authorization", "").partition(" ")
    return secret.strip() if kind.lower() == "bearer" else None


def _by_token(console: ConsoleSettings, secret: str | None) -> Visitor | None:
    access = token_of(console.db, secret) if secret else None
    return Visitor(access=access) if access else None


def _by_session(console: ConsoleSettings, cookie: str | None) -> Visitor | None:
    access = session_of(console.db, cookie) if cookie else None
    return Visitor(access=access, csrf=csrf_of(cookie)) if access and cookie else None


def _why(request: Request) -> str:
    if bearer(request) is not None:
        return "This token is unknown or revoked; `tocsin tokens create` makes a new one."
    return "Send `Authorization: Bearer TOKEN`; `tocsin tokens create` makes a token."


def _allowed(access: Access, role: str) -> Access:
    if not access.may(role):
        raise Refusal(HTTPStatus.FORBIDDEN, f"This needs the role {role}; {access.name} has the role {access.role}.")
    return access


def _is_here(request: Request) -> bool:
    try:
        address = ipaddress.ip_address(request.client.host if request.client else "")
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def _is_forwarded(request: Request) -> bool:
    return any(name in request.headers for name in _FORWARDED)
