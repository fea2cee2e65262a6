"""What must come once, over a simulated day of growing feeds; what must not grow, over minutes of two watchers."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from sqlalchemy import func, select

from benchmarks._feed_server import FEEDS, feed_server
from benchmarks._servers import ROOT, Servers
from benchmarks._shared import shown
from benchmarks._trend import trend
from benchmarks._watch import EAGER, SAMPLE_S, Size
from net.client import GuardedClient
from store.database import Database
from store.feeds import Feed, sync_feeds
from store.tables import article, fetch
from watcher.poll import Watcher
from watcher.pool import ParsePool

DAY_S = 86_400
TICK_S = 900
EVERY_S = 3_600
ENTRIES = 60_000

LONG_FEEDS = 1_000
FEWEST = 24
"""Samples: two minutes."""
GROWTH = (("pss", "memory (PSS) in MB", 1e6, 2.0), ("descriptors", "descriptors", 1, 1.0), ("tasks", "tasks", 1, 1.0))
"""What must not grow, its unit, and by how much both may have risen in the second half."""


def declared(url: str, count: int, every_s: int) -> list[Feed]:
    """So many feeds at the server."""
    return [
        Feed(url=f"{url}/{number}", name=f"Feed {number}", outlet=f"o{number}.example", every=str(every_s))
        for number in range(count)
    ]


# -- a simulated day --------------------------------------------------------------------------------------------------
def day(given: Servers) -> None:
    """The stream comes out over a day in 500 feeds that show their last 30 entries; each must be seen once."""
    db, _url = given.ledger("sqlite")
    started_s = time.perf_counter()
    with feed_server("growing") as url:
        sync_feeds(db, declared(url, FEEDS, EVERY_S))
        looks, offered = asyncio.run(_live(db, url))
    urls, new = _seen(db)
    shown("500 growing feeds over a simulated day: entries offered", f"{offered:,}")
    shown("  articles, each of another entry", f"{urls:,}", f"{offered:,}")
    shown("  entries that looks called new", f"{new:,}", f"{offered:,}")
    shown("  looks at feeds, and the time all took", f"{looks:,}, {time.perf_counter() - started_s:.0f} s")
    db.close()


async def _live(db: Database, url: str) -> tuple[int, int]:
    """Looks, and entries that were offered."""
    start = time.time_ns() // 1_000
    clock = start
    looks = offered = 0
    async with GuardedClient(allow=["127.0.0.0/8"]) as client, ParsePool(2) as pool:
        watcher = Watcher(db=db, client=client, pool=pool, ring=lambda _ids: None, manners=EAGER, now=lambda: clock)
        for second in range(TICK_S, DAY_S + 2 * EVERY_S, TICK_S):
            clock = start + second * 1_000_000
            released = min(ENTRIES, ENTRIES * second // DAY_S)
            offered = int((await asyncio.to_thread(httpx.get, f"{url}/released/{released}")).content)
            looks += await watcher.poll_due()
    return looks, offered


def _seen(db: Database) -> tuple[int, int]:
    with db.read() as connection:
        distinct = connection.scalar(select(func.count(func.distinct(article.c.url))))
        return distinct or 0, connection.scalar(select(func.sum(fetch.c.new))) or 0


# -- two watchers for minutes -----------------------------------------------------------------------------------------
def long_run(given: Servers, for_s: float) -> None:
    """Two watchers share 1,000 feeds that are due every minute. Both are measured every five seconds; what grows in the
    second half by more than is allowed, and surely, grows.
    """
    db, database_url = given.ledger("sqlite")
    with feed_server("unchanged") as url:
        sync_feeds(db, declared(url, LONG_FEEDS, 60))
        with _watcher(database_url) as one, _watcher(database_url) as two:
            rounds = max(FEWEST, round(for_s / SAMPLE_S))
            sizes = [[_size(process) for process in (one, two)] for _ in range(rounds)]
    with db.read() as connection:
        looks = connection.scalar(select(func.count()).select_from(fetch)) or 0
    shown(f"two watchers, 1,000 feeds, {for_s:.0f} s: looks", f"{looks:,}")
    for what, name, unit, allowed in GROWTH:
        samples = [(both[0].at_s, sum(getattr(size, what) for size in both) / unit) for both in sizes]
        found = trend(samples)
        shown(
            f"  {name}: level of the second half, rise over it", f"{found.level:.1f}, {found.rise:+.1f}", f"{allowed}"
        )
        shown("    grows", "yes" if found.grows(allowed) else "no", "no")
    db.close()


@contextmanager
def _watcher(database_url: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "benchmarks._watch", database_url, "for"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


def _size(process: subprocess.Popen[str]) -> Size:
    assert process.stdout is not None
    return Size(**json.loads(process.stdout.readline()))
