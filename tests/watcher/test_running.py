"""How many looks are under way: those that ask take a place, those that only wait for the ledger do not."""

from __future__ import annotations

import asyncio
import time

from watcher.running import ASIDE, Running


async def rest(running: Running, end: asyncio.Event) -> None:
    with running.aside():
        await end.wait()


async def ask(end: asyncio.Event) -> None:
    await end.wait()


def test_a_look_that_waits_for_the_ledger_leaves_its_place_to_another() -> None:
    async def run() -> tuple[int, int, int]:
        running, end = Running(8), asyncio.Event()
        for _ in range(8):
            running.add(ask(end))
        full = running.room
        for _ in range(6):
            running.add(rest(running, end))
        await asyncio.sleep(0)
        still_full = running.room
        end.set()
        await asyncio.gather(*running.tasks)
        return full, still_full, running.room

    assert asyncio.run(run()) == (0, 0, 8)


def test_where_the_ledger_is_slow_no_more_are_begun() -> None:
    async def run() -> tuple[int, int]:
        running, end = Running(8), asyncio.Event()
        for _ in range(ASIDE - 3):
            running.add(rest(running, end))
        await asyncio.sleep(0)
        some = running.room
        for _ in range(3):
            running.add(rest(running, end))
        await asyncio.sleep(0)
        none = running.room
        end.set()
        await asyncio.gather(*running.tasks)
        return some, none

    assert asyncio.run(run()) == (3, 0)


def test_a_pause_of_a_full_house_ends_as_soon_as_there_is_room() -> None:
    async def run() -> float:
        running, first, rest_of = Running(4), asyncio.Event(), asyncio.Event()
        running.add(ask(first))
        for _ in range(3):
            running.add(ask(rest_of))
        stopping = asyncio.create_task(asyncio.Event().wait())
        asyncio.get_running_loop().call_later(0.05, first.set)
        started_s = time.monotonic()
        await running.pause(stopping, 20.0, until_done=False)
        rest_of.set()
        stopping.cancel()
        return time.monotonic() - started_s

    assert asyncio.run(run()) < 10


def test_a_pause_ends_when_all_is_to_stop() -> None:
    async def run() -> float:
        running, stop = Running(4), asyncio.Event()
        stopping = asyncio.create_task(stop.wait())
        asyncio.get_running_loop().call_later(0.05, stop.set)
        started_s = time.monotonic()
        await running.pause(stopping, 20.0, until_done=False)
        return time.monotonic() - started_s

    assert asyncio.run(run()) < 10
