"""Why no answer came, as a value: a kind for programs and words for people."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import httpcore
import httpx

from net.decode import BadCoding, TooLarge
from net.resolve import AddressRefused, LookupFailed

FailureKind = Literal[
    "url",
    "dns",
    "refused_address",
    "connect",
    "proxy",
    "tls",
    "timeout",
    "too_large",
    "too_many_redirects",
    "redirect",
    "protocol",
    "closed",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class NetFailure:
    """No usable answer came. `message` says what happened and names the host."""

    kind: FailureKind
    message: str


def failure_of(error: Exception, host: str, limit_bytes: int, through: str | None = None) -> NetFailure:
    """Put what went wrong while talking to *host*, *through* a proxy or straight, into words."""
    match error:
        case httpcore.ConnectError() | httpcore.ConnectTimeout() if through is not None:
            proxy = httpx.URL(through).copy_with(userinfo=b"")
            return NetFailure(kind="proxy", message=f"no connection to the proxy {proxy} ({_words(error)})")
        case AddressRefused():
            return NetFailure(kind="refused_address", message=str(error))
        case LookupFailed():
            return NetFailure(kind="dns", message=str(error))
        case TooLarge():
            return NetFailure(kind="too_large", message=f"the body from {host} is larger than {limit_bytes:,} bytes")
        case BadCoding():
            return NetFailure(kind="protocol", message=f"{host}: {error}")
    return _of_connection(error, host)


def _of_connection(error: Exception, host: str) -> NetFailure:
    secure = next((cause for cause in _causes(error) if isinstance(cause, ssl.SSLError)), None)
    if secure is not None:
        return NetFailure(kind="tls", message=f"no secure connection to {host} ({_words(secure)})")
    match error:
        case httpcore.TimeoutException():
            return NetFailure(kind="timeout", message=f"{host} did not answer in time ({_words(error)})")
        case httpcore.ProxyError():
            return NetFailure(kind="proxy", message=f"the proxy does not lead to {host} ({_words(error)})")
        case httpcore.ConnectError():
            return NetFailure(kind="connect", message=f"no connection to {host} ({_words(error)})")
        case httpcore.RemoteProtocolError() if "isconnect" in str(error):
            return NetFailure(kind="closed", message=f"{host} closed the connection without an answer")
        case httpcore.NetworkError():
            return NetFailure(kind="closed", message=f"{host} broke the connection off ({_words(error)})")
    return NetFailure(kind="protocol", message=f"{host} does not speak proper HTTP ({_words(error)})")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _words(error: BaseException) -> str:
    """What the innermost cause says: wrappers repeat it, or say nothing."""
    spoken = [str(cause) for cause in _causes(error) if str(cause)]
    return spoken[-1][:200] if spoken else type(error).__name__
