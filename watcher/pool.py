"""A few child processes that parse, replaced when they die, hang or have grown old; the pool itself never breaks."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import struct
import sys
from dataclasses import asdict, dataclass
from types import TracebackType
from typing import Any, Self

from watcher.entry import Document, NotAFeed, value_of
from watcher.formats.source import Source

LIMIT_S = 60.0
"""Time for one document; 100,000 items (18 MB) take feedparser 13 s."""
PER_CHILD = 500
"""Documents after which a child is replaced, against what leaks."""
IDLE_S = 20.0
"""Rest after which a child is ended: it holds some 25 MB, and starting one takes about as long as a slow feed."""


@dataclass(slots=True)
class _Child:
    process: asyncio.subprocess.Process
    served: int = 0
    idle_since: float = 0.0


class ChildPool:
    """Use it in one event loop, as an `async with` or with `aclose`. Children start when they are first needed."""

    PROGRAM = ""
    """The module that children run."""

    def __init__(
        self, size: int = 2, *, limit_s: float = LIMIT_S, per_child: int = PER_CHILD, idle_s: float = IDLE_S
    ) -> None:
        self._limit_s = limit_s
        self._per_child = per_child
        self._idle_s = idle_s
        self._places = asyncio.Semaphore(size)
        self._idle: list[_Child] = []  # the one that rests longest first
        self._ending: asyncio.Task[None] | None = None

    async def _exchange(self, body: bytes, head: dict[str, Any]) -> dict[str, Any] | str:
        """A child's answer to *body*, or why there is none."""
        async with self._places:
            child = self._idle.pop() if self._idle else await _start(self.PROGRAM)
            try:
                async with asyncio.timeout(self._limit_s):
                    answer = await _ask(child, body, head)
            except TimeoutError:
                await _end(child)
                return f"reading the document took longer than {self._limit_s:g} s"
            except (OSError, asyncio.IncompleteReadError, ValueError):
                await _end(child, patience_s=1.0)
                return f"the parser died of this document ({_death(child)})"
            except BaseException:
                await _end(child)
                raise
            await self._put_back(child, answer)
            return answer

    async def _put_back(self, child: _Child, answer: dict[str, Any]) -> None:
        child.served += 1
        if answer["retire"] or child.served >= self._per_child:
            await _end(child)
            return
        child.idle_since = asyncio.get_running_loop().time()
        self._idle.append(child)
        if self._ending is None or self._ending.done():
            self._ending = asyncio.create_task(self._end_idle())

    async def _end_idle(self) -> None:
        """End children as they have rested long enough, until none rests."""
        clock = asyncio.get_running_loop().time
        while self._idle:
            left_s = self._idle[0].idle_since + self._idle_s - clock()
            if left_s > 0:
                await asyncio.sleep(left_s)
            else:
                await _end(self._idle.pop(0))

    async def aclose(self) -> None:
        """End all children."""
        if self._ending is not None:
            self._ending.cancel()
            await asyncio.gather(self._ending, return_exceptions=True)
        idle, self._idle = self._idle, []
        for child in idle:
            await _end(child)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


class ParsePool(ChildPool):
    """Children that parse feeds."""

    PROGRAM = "watcher.child"

    async def parse(self, body: bytes, source: Source, now_s: float) -> Document | NotAFeed:
        """Parse *body* in a child, as of *now_s* (Unix time)."""
        answer = await self._exchange(body, {**asdict(source), "now_s": now_s})
        return NotAFeed(error_class="parser", message=answer) if isinstance(answer, str) else value_of(answer)


class PagePool(ChildPool):
    """Children that read articles' pages."""

    PROGRAM = "watcher.page_child"

    async def read(self, body: bytes, url: str) -> str:
        """The article's text in a page; '' where there is none, or the page cannot be read."""
        answer = await self._exchange(body, {"url": url})
        return "" if isinstance(answer, str) else str(answer["text"])


async def _start(program: str) -> _Child:
    pipe = asyncio.subprocess.PIPE
    arguments = ("-P", "-m", program, str(os.getpid()))
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, stdin=pipe, stdout=pipe, start_new_session=True, limit=1 << 20
    )
    return _Child(process)


async def _ask(child: _Child, body: bytes, head: dict[str, Any]) -> dict[str, Any]:
    stdin, stdout = child.process.stdin, child.process.stdout
    assert stdin is not None  # noqa: S101 - both are pipes
    assert stdout is not None  # noqa: S101
    encoded = json.dumps(head).encode()
    stdin.write(struct.pack(">II", len(encoded), len(body)) + encoded)
    stdin.write(body)
    await stdin.drain()
    (length,) = struct.unpack(">I", await stdout.readexactly(4))
    answer: dict[str, Any] = json.loads(await stdout.readexactly(length))
    return answer


async def _end(child: _Child, patience_s: float = 0.0) -> None:
    """End a child. One that is dying already is given time, or asyncio would lose what it died of."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(child.process.wait(), patience_s)
    if child.process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            child.process.kill()
    await child.process.wait()


def _death(child: _Child) -> str:
    code = child.process.returncode
    return f"signal {-code}" if code is not None and code < 0 else f"exit {code}"
