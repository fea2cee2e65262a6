"""Turns at a host: so many requests at once, and so much time between two starts."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

_REMEMBERED = 1_000


@dataclass(slots=True)
class _Host:
    places: asyncio.Semaphore
    next_at: float = 0.0
    waiting: int = 0


class Hosts:
    """*at_once* requests per host, starts *spacing_s* seconds apart."""

    def __init__(self, at_once: int, spacing_s: float) -> None:
        self._at_once = at_once
        self._spacing_s = spacing_s
        self._hosts: dict[str, _Host] = {}

    @asynccontextmanager
    async def turn(self, host: str) -> AsyncIterator[None]:
        """Wait for a turn at *host* and keep it for the body."""
        self._forget()
        record = self._hosts.setdefault(host, _Host(asyncio.Semaphore(self._at_once)))
        record.waiting += 1
        try:
            async with record.places:
                now = time.monotonic()
                start_at = max(now, record.next_at)
                record.next_at = start_at + self._spacing_s
                await asyncio.sleep(start_at - now)
                yield
        finally:
            record.waiting -= 1

    def _forget(self) -> None:
        if len(self._hosts) > _REMEMBERED:
            now = time.monotonic()
            self._hosts = {name: host for name, host in self._hosts.items() if host.waiting or host.next_at > now}
