"""One limit for all the time of a request, which stands still while a turn at another host is waited for."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from types import TracebackType
from typing import Self, TypeVar

T = TypeVar("T")


class Stopwatch:
    """An `async with` that raises TimeoutError when *total_s* seconds have passed in it, pauses left out."""

    def __init__(self, total_s: float) -> None:
        self.total_s = total_s
        self._limit = asyncio.timeout(total_s)
        self._started_s = time.monotonic()

    async def __aenter__(self) -> Self:
        await self._limit.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._limit.__aexit__(kind, error, trace)

    @property
    def elapsed_s(self) -> float:
        """Seconds so far."""
        return time.monotonic() - self._started_s

    @property
    def left_s(self) -> float:
        """Seconds that are left."""
        return self.total_s - self.elapsed_s

    async def paused(self, waiting: Awaitable[T]) -> T:
        """What *waiting* gives; its time does not count."""
        stopped_s, left_s = time.monotonic(), self.left_s
        self._limit.reschedule(None)
        found = await waiting
        self._started_s += time.monotonic() - stopped_s
        self._limit.reschedule(asyncio.get_running_loop().time() + left_s)
        return found
