"""The looks that are under way, so many at once."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any


class Running:
    """At most *at_once* tasks; they take care of their own failures."""

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self.tasks: set[asyncio.Task[None]] = set()

    @property
    def room(self) -> int:
        """How many more may start. Where all is full, a quarter must end first: a lease costs a transaction."""
        free = self._at_once - len(self.tasks)
        return free if free >= max(1, self._at_once // 4) else 0

    def add(self, look: Coroutine[Any, Any, None]) -> None:
        """Start one."""
        task = asyncio.create_task(look)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def pause(self, stopping: asyncio.Task[bool], pause_s: float, *, until_done: bool) -> None:
        """Rest for *pause_s*, or until *stopping* ends; where all was full only until there is room, and with
        *until_done* only until nothing runs.
        """
        clock = asyncio.get_running_loop().time
        end, full = clock() + pause_s, self.room == 0
        while (left_s := end - clock()) > 0 and not stopping.done():
            await asyncio.wait({stopping, *self.tasks}, timeout=left_s, return_when=asyncio.FIRST_COMPLETED)
            if (full and self.room) or (until_done and not self.tasks):
                return

    async def drain(self, limit_s: float) -> None:
        """Wait *limit_s* for what is under way; what is late then is cancelled."""
        if not self.tasks:
            return
        _done, late = await asyncio.wait(self.tasks, timeout=limit_s)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
