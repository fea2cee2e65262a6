"""Watching: parsing beside bare feedparser, updating beside reader, 304s beside a bare httpx loop, a day, ten minutes.

WATCH_S=120 shortens the ten minutes.
"""

from __future__ import annotations

import asyncio
import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import feedparser
import httpx
from sqlalchemy import update

from benchmarks import _growth
from benchmarks._feed_server import ETAG, MODIFIED, feed_server, real_documents
from benchmarks._servers import DATABASES, ROOT, Servers, servers
from benchmarks._shared import missing, shown
from benchmarks._watch import EAGER, Taken, hush
from store.feeds import sync_feeds
from store.tables import feed
from watcher.formats.source import Source
from watcher.pool import ParsePool

ROUNDS = 3
FEEDS = 10_000
SOURCE = Source(url="https://feed.example/rss", content_type="application/xml")


def main() -> None:
    """Print the figures."""
    hush()
    with servers() as given:
        if not missing("corpora/real-feeds.tar.gz"):
            parsing()
            beside_reader(given)
        unchanged(given)
        if not missing("corpora/stream.jsonl.gz"):
            _growth.day(given)
        _growth.long_run(given, float(os.environ.get("WATCH_S", "600")))


# -- parsing ----------------------------------------------------------------------------------------------------------
def parsing() -> None:
    """Feeds per second, in as many processes as feedparser alone, by turns."""
    documents = real_documents()
    for processes in (1, 2):
        with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
            list(pool.map(bare_parse, documents[:8]))
            pairs = [(_bare_s(pool, documents), asyncio.run(_ours_s(processes, documents))) for _ in range(ROUNDS)]
        bare_s, ours_s = (min(each) for each in zip(*pairs, strict=True))
        rates = f"{len(documents) / ours_s:.1f}, {len(documents) / bare_s:.1f}"
        shown(f"parsing, processes: {processes}; feeds/s, and feedparser alone", rates)
        shown("  of feedparser alone with the same switches", f"{bare_s / ours_s:.2f}", "at least 0.8")


def bare_parse(body: bytes) -> int:
    """feedparser alone; how many entries."""
    try:
        read = feedparser.parse(io.BytesIO(body), sanitize_html=False, resolve_relative_uris=False)
    except Exception:  # noqa: BLE001 - it raises this and that
        return 0
    return len(read.entries)


def _bare_s(pool: ProcessPoolExecutor, documents: list[bytes]) -> float:
    started_s = time.perf_counter()
    list(pool.map(bare_parse, documents))
    return time.perf_counter() - started_s


async def _ours_s(processes: int, documents: list[bytes]) -> float:
    async with ParsePool(processes) as pool:
        await asyncio.gather(*(pool.parse(body, SOURCE, time.time()) for body in documents[:8]))
        started_s = time.perf_counter()
        await asyncio.gather(*(pool.parse(body, SOURCE, time.time()) for body in documents))
        return time.perf_counter() - started_s


# -- beside reader ----------------------------------------------------------------------------------------------------
def beside_reader(given: Servers) -> None:
    """The same feeds from the same server into an empty database of each."""
    with feed_server("real") as url, tempfile.TemporaryDirectory() as folder:
        ours, same, shipped = [], [], []
        for number in range(ROUNDS):
            ours.append(_update(given, url))
            same.append(_read(Path(folder) / f"{number}.same", url, "ours"))
            shipped.append(_read(Path(folder) / f"{number}.shipped", url, "shipped"))
    for what, theirs, target in (("with our switches", same, "1.2x"), ("as shipped", shipped, "3x")):
        clock = statistics.median(b.seconds / a.seconds for a, b in zip(ours, theirs, strict=True))
        cpu = statistics.median(b.cpu_s / a.cpu_s for a, b in zip(ours, theirs, strict=True))
        shown(f"updating 100 feeds, beside reader {what}", f"{clock:.1f}x", f"at least {target}")
        shown("  in time of processors", f"{cpu:.1f}x")


def _update(given: Servers, url: str) -> Taken:
    db, database_url = given.ledger("sqlite")
    sync_feeds(db, _growth.declared(url, 100, 3_600))
    db.close()
    return _taken("benchmarks._watch", database_url, "once")


def _read(file: Path, url: str, switches: str) -> Taken:
    return _taken("benchmarks._reader", str(file), url, "100", switches)


def _taken(module: str, *arguments: str) -> Taken:
    command = [sys.executable, "-m", module, *arguments]
    said = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    return Taken(**json.loads(said.stdout.splitlines()[-1]))


# -- not modified -----------------------------------------------------------------------------------------------------
def unchanged(given: Servers) -> None:
    """Requests per second where 95 % of 10,000 feeds have not changed, with a bare loop before and after."""
    with feed_server("unchanged") as url:
        for kind in DATABASES:
            before = _bare_requests_s(url)
            took = _looks(given, kind, url)
            bare = FEEDS / statistics.mean((before, _bare_requests_s(url)))
            ours = took.looks / took.seconds
            shown(f"{kind}: {took.looks:,} looks, 95 % not modified; a bare httpx loop", f"{ours:.0f}/s, {bare:.0f}/s")
            shown("  of the bare loop", f"{ours / bare:.2f}", "at least 0.7")
            shown("  memory (PSS) with the parsing child", f"{took.pss / 1e6:.0f} MB", "under 400 MB")


def _looks(given: Servers, kind: str, url: str) -> Taken:
    db, database_url = given.ledger(kind)
    sync_feeds(db, _growth.declared(url, FEEDS, 3_600))
    with db.write() as connection:
        known = {"etag": ETAG, "last_modified": MODIFIED, "status": "ok", "first_success_at": 1, "last_success_at": 1}
        connection.execute(update(feed).values(**known))
    db.close()
    return _taken("benchmarks._watch", database_url, "once")


def _bare_requests_s(url: str) -> float:
    """Seconds of a loop that asks for the same and forgets the answers."""

    async def run() -> None:
        room = asyncio.Semaphore(EAGER.at_once)
        headers = {"if-none-match": ETAG, "if-modified-since": MODIFIED}
        async with httpx.AsyncClient(limits=httpx.Limits(max_connections=EAGER.at_once)) as client:

            async def ask(number: int) -> None:
                async with room:
                    await client.get(f"{url}/{number}", headers=headers)

            await asyncio.gather(*map(ask, range(FEEDS)))

    started_s = time.perf_counter()
    asyncio.run(run())
    return time.perf_counter() - started_s
