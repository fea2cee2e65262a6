"""A watcher in a process of its own, for measuring: `python -m benchmarks._watch DATABASE once` looks at all that is
due and prints what that took; `for` watches until it is killed and prints its size every five seconds, as JSON.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import sys
import time
from dataclasses import asdict, dataclass

import psutil
import structlog

from net.client import GuardedClient
from store.database import Database
from watcher.manners import Manners
from watcher.poll import Watcher
from watcher.pool import ParsePool

EAGER = Manners(spacing_s=0.0, per_host=10_000)
"""One server stands for all hosts: what they may be asked at once is no limit, what a watcher asks at once is."""
SAMPLE_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What a round of looks took: seconds on the clock and of processors, and bytes (PSS) with its children."""

    looks: int
    seconds: float
    cpu_s: float
    pss: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How large a watcher is with its children, and when (seconds of the steady clock, which processes share)."""

    at_s: float
    pss: int
    descriptors: int
    tasks: int


def tree() -> list[psutil.Process]:
    """This process and its children."""
    return [psutil.Process(), *psutil.Process().children(recursive=True)]


def pss() -> int:
    """Bytes (PSS) of them all."""
    return sum(process.memory_full_info().pss for process in tree())


def cpu_s() -> float:
    """Seconds of processors of them all so far."""
    return sum(process.cpu_times().user + process.cpu_times().system for process in tree())


async def once(db: Database) -> None:
    async with GuardedClient(allow=["127.0.0.0/8"]) as client, ParsePool(1) as pool:
        watcher = Watcher(db=db, client=client, pool=pool, ring=lambda _ids: None, manners=EAGER)
        started_s, used_s = time.perf_counter(), cpu_s()
        looks = await watcher.poll_due()
        seconds = time.perf_counter() - started_s
        print(json.dumps(asdict(Taken(looks=looks, seconds=seconds, cpu_s=cpu_s() - used_s, pss=pss()))), flush=True)


async def for_ever(db: Database) -> None:
    async with GuardedClient(allow=["127.0.0.0/8"]) as client, ParsePool(1) as pool:
        watcher = Watcher(db=db, client=client, pool=pool, ring=lambda _ids: None, manners=EAGER)
        watching = asyncio.create_task(watcher.watch(asyncio.Event()))
        next_s = time.monotonic()
        while not watching.done():
            next_s += SAMPLE_S
            await asyncio.sleep(max(0.0, next_s - time.monotonic()))
            print(json.dumps(asdict(size())), flush=True)


def size() -> Size:
    """Now, of this process and those children that have not ended meanwhile."""
    memory = descriptors = 0
    for process in tree():
        with contextlib.suppress(psutil.NoSuchProcess):
            memory, descriptors = memory + process.memory_full_info().pss, descriptors + process.num_fds()
    return Size(at_s=time.monotonic(), pss=memory, descriptors=descriptors, tasks=len(asyncio.all_tasks()))


def hush() -> None:
    """No line in the log for each look."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))


def main(database_url: str, how: str) -> None:
    hush()
    asyncio.run({"once": once, "for": for_ever}[how](Database(database_url)))


if __name__ == "__main__":
    main(*sys.argv[1:])
