"""The watch service: fetches feeds, and takes over a changed feeds.yml."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Sequence

from net.client import GuardedClient
from store.database import Database
from store.services import start_beating
from tocsin.secret import resolver
from tocsin.supervise import Service
from tocsin.wiring import LOOK_S, Wiring, feeds_in_force
from watcher.poll import Watcher
from watcher.pool import ParsePool
from workers.doorbell import Doorbell


def watch_service(wiring: Wiring) -> Service:
    """Fetches feeds."""
    return Service("watch", lambda: asyncio.run(_watch(wiring)))


async def watch_once(wiring: Wiring) -> int:
    """Look at the feeds that are due; returns how many that were."""
    db = Database(wiring.settings.database)
    feeds_in_force(wiring, db)()
    async with GuardedClient(allow=wiring.allow, user_agent=wiring.user_agent) as client, ParsePool() as pool:
        return await _watcher(wiring, db, client, pool).poll_due()


async def _watch(wiring: Wiring) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    db = Database(wiring.settings.database)
    start_beating(db, "watch")
    feeds = feeds_in_force(wiring, db)
    await asyncio.to_thread(feeds)
    async with (
        GuardedClient(allow=wiring.allow, user_agent=wiring.user_agent) as client,
        ParsePool() as pool,
        asyncio.TaskGroup() as group,
    ):
        group.create_task(_look_for_changes(feeds, stop))
        group.create_task(_watcher(wiring, db, client, pool).watch(stop))


def _watcher(wiring: Wiring, db: Database, client: GuardedClient, pool: ParsePool) -> Watcher:
    ring = _ring(Doorbell(wiring.redis_url))
    return Watcher(db=db, client=client, pool=pool, ring=ring, secrets=resolver(wiring.settings.config))


async def _look_for_changes(value: Callable[[], object], stop: asyncio.Event) -> None:
    while not stop.is_set():
        await asyncio.to_thread(value)
        try:
            await asyncio.wait_for(stop.wait(), LOOK_S)
        except TimeoutError:
            continue


def _ring(doorbell: Doorbell) -> Callable[[Sequence[str]], None]:
    def ring(article_ids: Sequence[str]) -> None:
        doorbell.match(list(article_ids))

    return ring
