"""When bytes came in, whenever a busy test has found the time to read them."""

from __future__ import annotations

import socket
import struct

_LAST_DATA_RECEIVED = 52
"""Where in the kernel's struct tcp_info (Linux) the milliseconds since then are."""


def waited_s(connection: socket.socket) -> float:
    """Seconds since the last bytes came in; 0 where the kernel does not say."""
    if not hasattr(socket, "TCP_INFO"):
        return 0.0
    info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 64)
    (since_ms,) = struct.unpack_from("I", info, _LAST_DATA_RECEIVED)
    return float(since_ms) / 1_000
