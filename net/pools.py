"""Pools of connections: one straight out, guarded, and one for each proxy that is used."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from typing import Any

import httpcore
import httpx

from net.connections import Connections
from net.guard import AddressPolicy, is_address
from net.resolve import GuardedBackend, Resolve, system_resolver

KEPT_S = 15.0
"""How long an idle connection is kept for the next request."""


class Pools:
    """Connections by the way they take. A proxy is the operator's own: it may be anywhere, and looks up names."""

    def __init__(self, policy: AddressPolicy, resolve: Resolve, tls: ssl.SSLContext, at_once: int) -> None:
        self._policy = policy
        self._at_once = at_once
        self._common: Mapping[str, Any] = {"ssl_context": tls, "keepalive_expiry": KEPT_S}
        straight = httpcore.AsyncConnectionPool(**self._common, network_backend=GuardedBackend(policy, resolve))
        self._pools: dict[str | None, Connections] = {None: self._pool(straight)}

    def of(self, proxy: str | None) -> Connections:
        """The connections through the URL of a *proxy*; None is straight out."""
        if proxy not in self._pools:
            self._pools[proxy] = self._pool(_through(proxy or "", self._common))
        return self._pools[proxy]

    def _pool(self, way: httpcore.AsyncConnectionPool) -> Connections:
        return Connections(way.create_connection, at_once=self._at_once, kept=self._at_once // 2, kept_s=KEPT_S)

    def why_refused(self, host: str) -> str | None:
        """Why no proxy is asked for *host*: an address that is not public, in any spelling. A name is the proxy's."""
        if host.rstrip(".").lower() == "localhost":
            return "loopback"
        if not is_address(host):
            return None
        return next(filter(None, map(self._policy.why_refused, system_resolver(host, 0))), None)

    async def aclose(self) -> None:
        """Close all connections."""
        await asyncio.gather(*(pool.aclose() for pool in self._pools.values()))


def _through(proxy: str, common: Mapping[str, Any]) -> httpcore.AsyncConnectionPool:
    parsed = httpx.URL(proxy)
    own = httpcore.URL(scheme=parsed.raw_scheme, host=parsed.raw_host, port=parsed.port, target=b"/")
    auth = (parsed.username, parsed.password) if parsed.username else None
    return httpcore.AsyncHTTPProxy(own, proxy_auth=auth, **common)
