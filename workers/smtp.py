"""The mail server as a value, read from a URL such as smtp+starttls://user:password@host:587."""

from __future__ import annotations

import re
import ssl
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote, urlsplit

Security = Literal["plain", "starttls", "tls"]

_SCHEMES: dict[str, tuple[Security, int]] = {
    "smtp": ("plain", 25),
    "smtp+starttls": ("starttls", 587),
    "smtps": ("tls", 465),
}


_MAILBOX = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?\Z")


def is_mailbox(text: str) -> bool:
    """Whether *text* is one plain address such as desk@example.org, and nothing else."""
    return _MAILBOX.match(text) is not None and ".." not in text


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpServer:
    """Where mail is handed over. `tls` replaces the trusted certificates of the system."""

    host: str
    port: int
    security: Security
    user: str | None = None
    password: str | None = None
    tls: ssl.SSLContext | None = None

    def __repr__(self) -> str:
        return f"SmtpServer({self.security} {self.host}:{self.port})"  # never the password

    @classmethod
    def parse(cls, url: str) -> SmtpServer:
        """The server that *url* names. TLS is required unless the scheme is plain `smtp`.

        Raises:
            ValueError: the URL is not one of a mail server; the message says how to write it, without its password.
        """
        parts = urlsplit(url.strip())
        if parts.scheme not in _SCHEMES:
            raise ValueError(
                f"mail server: the URL must start with smtp+starttls://, smtps:// or smtp://, not {parts.scheme!r}"
            )
        security, port = _SCHEMES[parts.scheme]
        if not parts.hostname:
            raise ValueError("mail server: the URL names no host; write smtp+starttls://user:password@host:587")
        return cls(
            host=parts.hostname,
            port=_port(parts.netloc) or port,
            security=security,
            user=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
        )


def _port(netloc: str) -> int | None:
    try:
        return urlsplit(f"//{netloc}").port
    except ValueError:
        raise ValueError("mail server: the port must be a number from 1 to 65535") from None
