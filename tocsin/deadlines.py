"""How long a client of the console may take, and how many there may be. uvicorn has a limit only for connections that
rest between two requests: one that sends a byte now and then would be kept for ever, and cost a descriptor.
"""

from __future__ import annotations

import asyncio
import socket

import h11
import structlog
from uvicorn.protocols.http.h11_impl import H11Protocol

_log = structlog.get_logger("tocsin.serve")


class Deadlines(H11Protocol):
    """uvicorn's protocol for a connection, which is broken off where a request is not whole in time, or its answer is
    not taken. How long the answer takes to be made is not limited here.
    """

    request_s: float = 15.0
    """For a whole request, head and body, from its first byte on, or from the connection on where it is the first."""

    unread_s: float = 30.0
    """For which a client may take nothing of what is sent to it."""

    at_once: int = 512
    """Connections; further ones are closed. Half of the descriptors that a process has where nobody gave it more."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """The first deadline begins; it does not where there are too many connections."""
        super().connection_made(transport)
        if len(self.connections) > self.at_once:
            transport.abort()
            return
        _drop_if_unread(transport.get_extra_info("socket"), self.unread_s)
        self._begin()

    def data_received(self, data: bytes) -> None:
        """A request begins or goes on, and may be whole."""
        self._begin()
        super().data_received(data)
        if self.conn.their_state not in (h11.IDLE, h11.SEND_BODY):
            self._end()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        self._end()
        super().connection_lost(exc)

    def _begin(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(self.request_s, self._break_off)

    def _end(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _break_off(self) -> None:
        """Browsers open connections that they may not need: those that said nothing are not worth a line."""
        heard, _ = self.conn.trailing_data
        self.transport.abort()  # first: a line that cannot be written keeps nobody connected
        if heard or self.conn.their_state is not h11.IDLE:
            _log.info("client.too_slow", client=self.client and self.client[0], seconds=self.request_s)


def _drop_if_unread(connection: socket.socket | None, seconds: float) -> None:
    """Linux then ends a connection whose other side acknowledges nothing, or has no room, for so long (tcp(7))."""
    if connection is not None and hasattr(socket, "TCP_USER_TIMEOUT"):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(seconds * 1_000))
