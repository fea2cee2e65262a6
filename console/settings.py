"""What the wiring gives the console, and how endpoints get at it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request

from rules import RuleSet
from store.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleSettings:
    """`rules()` gives the rule set in force, `redis_ok()` says within about a second whether Redis answers.

    `base_url` is how people reach the console; the Host header of a request is never trusted. `metrics_open` lets
    anybody read /metrics; otherwise it answers loopback, and bearer tokens.
    """

    db: Database
    rules: Callable[[], RuleSet]
    base_url: str
    redis_ok: Callable[[], bool]
    version: str
    session_s: float = 7 * 86_400
    metrics_open: bool = False
    live_every_s: float = field(default=2.5)

    @property
    def secure(self) -> bool:
        """Do people come by https?"""
        return urlsplit(self.base_url).scheme == "https"

    @property
    def origin(self) -> str:
        """Scheme, host and port as a browser's Origin header writes them."""
        parts = urlsplit(self.base_url)
        default = {"http": 80, "https": 443}.get(parts.scheme)
        host = f"[{parts.hostname}]" if parts.hostname and ":" in parts.hostname else parts.hostname or ""
        port = f":{parts.port}" if parts.port not in (None, default) else ""
        return f"{parts.scheme}://{host}{port}"

    @property
    def cookie(self) -> str:
        """The session cookie's name. Cookies do not know ports, so two consoles on one host need two names; the prefix
        `__Host-` (RFC 6265bis) lets a browser take it only from this very host, by https.
        """
        return "__Host-tocsin" if self.secure else f"tocsin_{urlsplit(self.base_url).port or 80}"


async def console_of(request: Request) -> ConsoleSettings:
    """The settings of the application that answers *request*."""
    settings: ConsoleSettings = request.app.state.console
    return settings


Console = Annotated[ConsoleSettings, Depends(console_of)]
