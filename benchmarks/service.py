"""The whole service over 60,000 real feed entries: articles per second, peak memory (PSS), alerts per rule.

The entries are served as 60 feeds from this machine; `tocsin run` fetches, stores, matches and delivers them to a
webhook receiver. Beside it, in the same run: feedparser alone over the same documents in one process.
"""

from __future__ import annotations

import gzip
import io
import json
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from xml.sax.saxutils import escape

import feedparser
import psutil
from sqlalchemy import func, select

from benchmarks._shared import SHARED, missing
from store import tables
from store.database import Database
from tests.e2e.parts import Receiver, Tocsin, free_port, serving, tree

FEEDS = 60
LIMIT_S = 1_200


def documents() -> tuple[list[bytes], int]:
    """The stream as RSS documents, and how many entries they hold."""
    entries: list[list[str]] = [[] for _ in range(FEEDS)]
    with gzip.open(SHARED / "corpora" / "stream.jsonl.gz", "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            item = json.loads(line)
            entries[number % FEEDS].append(
                f"<item><guid>{escape(item['id'])}</guid><title>{escape(item['title'])}</title>"
                f"<link>{escape(item.get('url') or '')}</link><pubDate>{item['published_at']}T12:00:00Z</pubDate>"
                f"<description>{escape(item.get('text') or '')}</description></item>"
            )
    head = '<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>s</title>'
    return [(head + "".join(each) + "</channel></rss>").encode() for each in entries], number + 1


def main() -> None:
    """Print the figures."""
    if missing("corpora/stream.jsonl.gz"):
        return
    feeds, total = documents()
    start = time.perf_counter()
    parsed = sum(len(feedparser.parse(io.BytesIO(feed), sanitize_html=False).entries) for feed in feeds[:6])
    bare = parsed / (time.perf_counter() - start)
    print(f"feedparser alone, one process: {bare:,.0f} entries/s")
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        # an address each, since the watcher spares a host that has many feeds
        urls = [stack.enter_context(serving(_feed(feed), f"127.0.1.{n + 1}")) for n, feed in enumerate(feeds)]
        receiver = Receiver()
        receiver.url = stack.enter_context(serving(receiver.answer))
        _measure(Path(folder), urls, receiver, total, bare)


def _feed(body: bytes) -> Callable[[BaseHTTPRequestHandler, bytes], None]:
    def answer(request: BaseHTTPRequestHandler, _body: bytes) -> None:
        request.send_response(200)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    return answer


def _measure(folder: Path, urls: list[str], receiver: Receiver, total: int, bare: float) -> None:
    config, data = folder / "config", folder / "data"
    config.mkdir()
    data.mkdir()
    (data / "secret").write_text(receiver.secret)
    feeds = "".join(f"  - {{url: '{url}/rss', backfill: 36500d}}\n" for url in urls)
    (config / "feeds.yml").write_text(f"feeds:\n{feeds}")
    (config / "subscriptions.yml").write_text(
        "subscriptions:\n  - {id: all, owner: a@example.org, filter: {rules: ['*']}, channel: webhook,"
        f" to: '{receiver.url}/hook', secret: 'file:{data / 'secret'}', cadence: instant}}\n"
    )
    tocsin = Tocsin(config, data, {"TOCSIN_PORT": str(free_port()), "TOCSIN_RULE_LIMIT": "0"})
    start = time.perf_counter()
    service = tocsin.start("run")
    try:
        db, peak = None, 0
        while time.perf_counter() - start < LIMIT_S:
            time.sleep(0.5)
            peak = max(peak, sum(_pss(process) for process in tree(service.pid)))
            if db is None and (data / "tocsin.sqlite3").exists():
                db = Database(str(data / "tocsin.sqlite3"))
            if db is not None and _done(db, total):
                break
        seconds = time.perf_counter() - start
        assert db is not None
        _report(db, seconds, peak, receiver, bare)
    finally:
        tocsin.stop()


def _pss(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except psutil.Error:
        return 0


def _done(db: Database, total: int) -> bool:
    article, delivery = tables.article, tables.delivery
    try:
        with db.read() as connection:
            seen = connection.scalar(select(func.sum(tables.fetch.c.entries))) or 0
            waiting = connection.scalar(select(func.count()).where(article.c.evaluated_at.is_(None)))
            due = connection.scalar(select(func.count()).where(delivery.c.status == "pending"))
    except Exception:  # noqa: BLE001 - not migrated yet
        return False
    return seen >= total and not waiting and not due


def _report(db: Database, seconds: float, peak: int, receiver: Receiver, bare: float) -> None:
    with db.read() as connection:
        articles = connection.scalar(select(func.count()).select_from(tables.article)) or 0
        entries = connection.scalar(select(func.sum(tables.fetch.c.entries))) or 0
        alerts = Counter(
            dict(connection.execute(select(tables.alert.c.rule_id, func.count()).group_by("rule_id")).all())
        )
    print(f"{entries:,} entries gave {articles:,} articles in {seconds:.1f} s: {articles / seconds:,.0f} articles/s")
    print(f"that is {articles / seconds / bare:.2f} of feedparser alone; peak memory (PSS) {peak / 1e6:,.0f} MB")
    print(f"{len(receiver.events)} alerts received, signatures verified, {receiver.forged} refused")
    for rule, count in sorted(alerts.items()):
        print(f"  {rule:34} {count:5} alerts")
