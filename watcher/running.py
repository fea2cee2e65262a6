"""The looks that are under way: so many at once, and besides them those that only wait for the ledger."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine, Iterator
from typing import Any

ASIDE = 200
"""Looks that wait for the ledger before no more are begun: it is slow, or away."""


class Running:
    """At most *at_once* tasks, and ASIDE that are done but for the ledger; they take care of their own failures."""

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._aside = 0
        self._moved = asyncio.Event()
        self.tasks: set[asyncio.Task[None]] = set()

    @property
    def room(self) -> int:
        """How many more may start. Where all is full, a quarter must end first: a lease costs a transaction."""
        free = min(self._at_once - len(self.tasks) + self._aside, ASIDE - self._aside)
        return free if free >= max(1, self._at_once // 4) else 0

    def add(self, look: Coroutine[Any, Any, None]) -> None:
        """Start one."""
        task = asyncio.create_task(look)
        self.tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self.tasks.discard(task)
        self._moved.set()

    @contextlib.contextmanager
    def aside(self) -> Iterator[None]:
        """Within it one of the tasks takes no place: it asks nobody, and holds next to nothing."""
        self._aside += 1
        self._moved.set()
        try:
            yield
        finally:
            self._aside -= 1

    async def pause(self, stopping: asyncio.Task[bool], pause_s: float, *, until_done: bool) -> None:
        """Rest for *pause_s*, or until *stopping* ends; where all was full only until there is room, and with
        *until_done* only until nothing runs.
        """
        full = self.room == 0
        stopping.add_done_callback(self._stop)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause_s):
                while not (stopping.done() or (full and self.room) or (until_done and not self.tasks)):
                    self._moved.clear()
                    await self._moved.wait()
        stopping.remove_done_callback(self._stop)

    def _stop(self, _: asyncio.Task[bool]) -> None:
        self._moved.set()

    async def drain(self, limit_s: float) -> None:
        """Wait *limit_s* for what is under way; what is late then is cancelled."""
        if not self.tasks:
            return
        _done, late = await asyncio.wait(self.tasks, timeout=limit_s)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
