"""Connections, kept for the next request to the same place. What a request costs does not grow with their
number: httpcore's own pool looks at every connection for every other one, which at 48 requests at once took more time
than the requests.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpcore

Make = Callable[[httpcore.Origin], httpcore.AsyncConnectionInterface]
"""Makes a connection to an origin; it opens with its first request."""

_Place = tuple[bytes, bytes, int]
_Idle = tuple[httpcore.AsyncConnectionInterface, float]
"""A connection, and when it was last used: to look whether its server has closed it costs as much as a system call."""


class Connections:
    """At most *at_once* requests are under way (more wait), each on a connection of its own; *kept* idle ones stay open
    for the next request to their place, for *kept_s* seconds, those least lately used go first.
    """

    def __init__(self, make: Make, *, at_once: int, kept: int, kept_s: float) -> None:
        self._make = make
        self._free = asyncio.Semaphore(at_once)
        self._kept = kept
        self._kept_s = kept_s
        self._count = 0
        self._idle: dict[_Place, list[_Idle]] = {}

    @contextlib.asynccontextmanager
    async def stream(self, method: str, url: httpcore.URL, **request: Any) -> AsyncIterator[httpcore.Response]:
        """Send a request and give its answer; at the end the connection is kept if the answer was read to its end."""
        async with self._free:
            connection = await self._take(url.origin)
            try:
                async with connection.stream(method, url, **request) as response:
                    yield response
            finally:
                await self._give_back(_place(url.origin), connection)

    async def _take(self, origin: httpcore.Origin) -> httpcore.AsyncConnectionInterface:
        waiting = self._idle.get(_place(origin), [])
        while waiting:
            connection, _ = waiting.pop()
            self._count -= 1
            if not connection.has_expired():
                return connection
            await connection.aclose()
        return self._make(origin)

    async def _give_back(self, place: _Place, connection: httpcore.AsyncConnectionInterface) -> None:
        """What is cut off in the middle of an answer is closed by httpcore, and what never opened needs no closing."""
        if connection.is_closed():
            return
        if not connection.is_idle() or _has_more(connection):
            await connection.aclose()
            return
        self._idle[place] = [*self._idle.pop(place, []), (connection, time.monotonic())]  # the last place in turn
        self._count += 1
        await self._clear()

    async def _clear(self) -> None:
        """Close what is too many, and what has waited too long, of the place whose turn is longest ago."""
        while self._idle:
            place, waiting = next(iter(self._idle.items()))
            if waiting and self._count <= self._kept and time.monotonic() - waiting[0][1] < self._kept_s:
                return
            if waiting:
                self._count -= 1
                await waiting.pop(0)[0].aclose()
            if not waiting:
                self._idle.pop(place, None)

    async def aclose(self) -> None:
        """Close those that are kept."""
        idle, self._idle, self._count = self._idle, {}, 0
        for connection, _ in (one for waiting in idle.values() for one in waiting):
            await connection.aclose()


def _has_more(connection: httpcore.AsyncConnectionInterface) -> bool:
    """Whether more came with the answer than the answer: it would be read as the answer to the next request, which the
    server may never have seen. httpcore leaves that in h11's hands, and says nothing of it.
    """
    inner: Any = connection
    while inner is not None and not hasattr(inner, "_h11_state"):
        inner = getattr(inner, "_connection", None)
    return inner is not None and bool(inner._h11_state.trailing_data[0])


def _place(origin: httpcore.Origin) -> _Place:
    return origin.scheme, origin.host, origin.port
