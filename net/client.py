"""The one HTTP client for whoever talks to strangers: guarded addresses, bounded bodies, one limit for all the time.

It stands on httpcore, the engine of httpx, because there the network backend is a public parameter, and because
cookies, proxies from the environment and automatic redirects and decoding are what it must not have.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from types import TracebackType
from typing import Literal, Self

import anyio.lowlevel
import httpcore
import httpx

from net.decode import BadCoding, Body, TooLarge
from net.failure import FailureKind, NetFailure, failure_of
from net.guard import AddressPolicy, check_url, read_url
from net.pools import Pools
from net.resolve import Resolve, system_resolver
from net.stopwatch import Stopwatch

MAX_REDIRECTS = 5
CONNECT_S = 5.0
TOTAL_S = 30.0
FEED_BYTES = 15_000_000
KEEP_BYTES = 65_536

_SOONER_S = 0.05
"""Before the end of all the time reading a body that may be cut ends."""
_REDIRECTS = frozenset((301, 302, 303, 307, 308))
Headers = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """One redirect that was followed: the status of the answer, and where it led."""

    status: int
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """An answer. `headers` have lower-case names (repeated ones joined by ", "); `body` is decoded; `url` is the one
    that answered; `truncated` says that the body broke off, or was cut at the limit of a POST.
    """

    status: int
    headers: Headers
    body: bytes
    url: str
    hops: tuple[Hop, ...]
    elapsed_s: float
    truncated: bool


Answer = Response | NetFailure
BeforeSending = Callable[[], Awaitable[None]]
BeforeHop = Callable[[str], Awaitable[BeforeSending | None]]


@cache
def trusted() -> ssl.SSLContext:
    """The certificates of httpx, read once a process; a parent that calls it shares them with its forked children."""
    return httpx.create_ssl_context(trust_env=False)


def preload() -> None:
    """Load what clients share: certificates, and the parts of anyio that httpcore asks for with its first connection.
    Whoever calls it before forking saves each child 6 MB. Must not be called where an event loop runs.
    """
    trusted()
    asyncio.run(anyio.lowlevel.checkpoint())


class GuardedClient:
    """Reuses connections; use it in one event loop, as an `async with` or with `aclose`.

    *allow* are CIDR networks let through though not public; *tls* replaces the trusted certificates (of httpx); more
    than *at_once* requests wait, and half as many idle ones are kept.
    """

    def __init__(
        self,
        *,
        allow: Iterable[str] = (),
        user_agent: str = "Tocsin",
        connect_s: float = CONNECT_S,
        at_once: int = 200,
        resolve: Resolve = system_resolver,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._user_agent = user_agent
        self._connect_s = connect_s
        self._pools = Pools(AddressPolicy.of(allow), resolve, tls or trusted(), at_once)

    async def get(
        self,
        url: str,
        *,
        headers: Headers | None = None,
        limit_bytes: int = FEED_BYTES,
        total_s: float = TOTAL_S,
        follow: bool = True,
        proxy: str | None = None,
        before_sending: BeforeSending | None = None,
        before_hop: BeforeHop | None = None,
    ) -> Answer:
        """Fetch *url*. A body over *limit_bytes* (after decoding) is a failure; one that broke off is `truncated`.
        *proxy* is a URL, which may hold a user name and a password. *before_sending* is awaited when *url* is connected
        and nothing is sent yet; *before_hop* when a redirect leads to the URL it is given, in no part of *total_s*, and
        says what is awaited before that one is sent. What either raises ends the request, and is raised.
        """
        sent = {"accept-encoding": "gzip", **(headers or {})}
        request = _Request("GET", url, sent, b"", limit_bytes, "fail", proxy, before_sending, before_hop)
        return await self._within(total_s, request, follow)

    async def post(
        self,
        url: str,
        *,
        content: bytes,
        headers: Headers | None = None,
        total_s: float = 20.0,
        keep_bytes: int = KEEP_BYTES,
    ) -> Answer:
        """Send *content* to *url*; redirects are answers, never followed. Only *keep_bytes* of the answer's body are
        read: the status is what counts, so a body that is too long, broken or slow leaves it `truncated`.
        """
        request = _Request("POST", url, {"accept-encoding": "identity", **(headers or {})}, content, keep_bytes, "cut")
        return await self._within(total_s, request, follow=False)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._pools.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def _within(self, total_s: float, request: _Request, follow: bool) -> Answer:
        try:
            async with Stopwatch(total_s) as watch:
                return await self._hop(request, (), follow, watch)
        except TimeoutError:
            return NetFailure(kind="timeout", message=f"no complete answer from {request.host} within {total_s:g} s")

    async def _hop(self, request: _Request, hops: tuple[Hop, ...], follow: bool, watch: Stopwatch) -> Answer:
        url = read_url(request.url)
        if isinstance(url, str):
            return NetFailure(kind="url", message=f"{request.url[:200]}: {url}")
        if request.proxy and (why := self._pools.why_refused(request.host)):
            return NetFailure(kind="refused_address", message=f"{request.host} ({why}) is not public")
        answer = await self._send(request, url, hops, watch)
        if isinstance(answer, NetFailure) or not follow or answer.status not in _REDIRECTS:
            return answer
        target = _target(answer)
        if isinstance(target, NetFailure):
            return target
        if len(hops) == MAX_REDIRECTS:
            return NetFailure(kind="too_many_redirects", message=f"more than {MAX_REDIRECTS} redirects")
        hop = Hop(status=answer.status, url=target)
        return await self._hop(await _to(request, target, watch), (*hops, hop), follow, watch)

    async def _send(self, request: _Request, url: httpx.URL, hops: tuple[Hop, ...], watch: Stopwatch) -> Answer:
        try:
            async with self._pools.of(request.proxy).stream(
                request.method,
                httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                headers=self._headers(request, url.netloc),
                content=request.content,
                extensions={"timeout": {"connect": self._connect_s}, **_traced(request.before_sending)},
            ) as response:
                return await _receive(response, request, hops, watch)
        except (*_HTTPCORE_ERRORS, BadCoding, TooLarge) as error:
            return failure_of(error, request.host, request.limit, through=request.proxy)

    def _headers(self, request: _Request, host: bytes) -> list[tuple[bytes, bytes]]:
        """The caller's headers, which may replace all but Host."""
        given = {name.lower(): value for name, value in request.headers.items()}
        headers = {"user-agent": self._user_agent, "accept": "*/*", **given, "host": host.decode("ascii")}
        return [
            (name.encode("latin-1", "replace"), value.encode("latin-1", "replace")) for name, value in headers.items()
        ]


_HTTPCORE_ERRORS = (
    httpcore.NetworkError,
    httpcore.ProxyError,
    httpcore.TimeoutException,
    httpcore.ProtocolError,
    httpcore.UnsupportedProtocol,
)


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    url: str
    headers: Headers
    content: bytes
    limit: int
    overflow: Literal["fail", "cut"]
    proxy: str | None = None
    before_sending: BeforeSending | None = None
    before_hop: BeforeHop | None = None

    @property
    def host(self) -> str:
        return httpx.URL(self.url).host if check_url(self.url) is None else self.url[:100]


async def _to(request: _Request, url: str, watch: Stopwatch) -> _Request:
    """The request that follows a redirect to *url*. One that will be refused is nobody's turn."""
    if request.before_hop is None or check_url(url) is not None:
        return replace(request, url=url, before_sending=None)
    return replace(request, url=url, before_sending=await watch.paused(request.before_hop(url)))


def _traced(before_sending: BeforeSending | None) -> dict[str, object]:
    """The extension of httpcore that awaits *before_sending* at the moment that headers are to be written."""
    if before_sending is None:
        return {}

    async def trace(event: str, _: object) -> None:
        if event.endswith("send_request_headers.started"):
            await before_sending()

    return {"trace": trace}


def _target(answer: Response) -> str | NetFailure:
    """Where a redirect leads: never from https to http, and never to a URL that could not be configured."""
    location = _as_utf8(answer.headers.get("location", "").strip())
    if not location:
        return NetFailure(kind="redirect", message=f"HTTP {answer.status} without a Location")
    try:
        target = httpx.URL(answer.url).join(location)
    except httpx.InvalidURL as error:
        return NetFailure(kind="redirect", message=f"redirect to something that is not a URL ({error})")
    if httpx.URL(answer.url).scheme == "https" and target.scheme == "http":
        return NetFailure(kind="redirect", message=f"redirect from https to http ({target}) refused")
    return str(target.copy_with(fragment=None))


def _as_utf8(header: str) -> str:
    """Servers that do not percent-encode a Location write UTF-8."""
    try:
        return header.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return header


async def _receive(response: httpcore.Response, request: _Request, hops: tuple[Hop, ...], watch: Stopwatch) -> Response:
    headers = _joined(response.headers)
    skip = response.status in _REDIRECTS and request.overflow == "fail"
    body, truncated = (b"", False) if skip else await _read(response, headers, request, watch)
    return Response(
        status=response.status,
        headers=headers,
        body=body,
        url=request.url,
        hops=hops,
        elapsed_s=watch.elapsed_s,
        truncated=truncated,
    )


async def _read(
    response: httpcore.Response, headers: Headers, request: _Request, watch: Stopwatch
) -> tuple[bytes, bool]:
    """The body and whether it is cut. Of a POST whatever came in time is kept: its status is already the answer."""
    cut = request.overflow == "cut"
    body = Body("identity" if cut else headers.get("content-encoding", ""), request.limit)
    try:
        async with asyncio.timeout(watch.left_s - _SOONER_S if cut else None):
            async for piece in response.aiter_stream():
                body.feed(piece)
    except (TooLarge, TimeoutError):
        if not cut:
            raise
        return body.bytes(), True
    except (httpcore.ReadError, httpcore.RemoteProtocolError):
        return body.bytes(), True
    return body.bytes(), not body.whole


def _joined(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in raw:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        joined[key] = f"{joined[key]}, {text}" if key in joined else text
    return joined


__all__ = [
    "Answer",
    "BeforeHop",
    "BeforeSending",
    "FailureKind",
    "GuardedClient",
    "Hop",
    "NetFailure",
    "Response",
    "check_url",
]
