"""From fetched to received, through everything: at half of the rate that is sustained, for a minute."""

from __future__ import annotations

import itertools
import math
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sqlalchemy import select, update

from benchmarks._receiver import Came, Receiver
from benchmarks._shared import shown
from store.database import Database
from store.tables import alert, article, delivery, feed, message
from tests.e2e.parts import FeedServer, Item, Tocsin, free_port, serving
from tests.workers.parts import SECRET

DESKS = 10
"""Each with a rule and an address of its own: an address gets four deliveries at once, and no more."""
FEEDS = 20
EVERY_S = 6.0
BURST = 3_000
MINUTE_S = 60
KEPT = 60
"""Items that a feed shows at least, as feeds do."""
LOOKS_KEPT = 3
"""An item stays in its feed for so many looks, however many come: none may leave before it was fetched."""
AHEAD_S = 2.0
"""How long before its time a feed's next look is set. A watcher knows that time from the look before; one that is set
only when it has come would wait for the watcher's next glance at the ledger, up to a second, together with others.
"""


def latency(hooks: Receiver) -> None:
    """Print the sustained rate, and the percentiles at half of it."""
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as folder, ExitStack() as stack:
        feeds = [FeedServer([]) for _ in range(FEEDS)]
        for number, each in enumerate(feeds, 1):
            each.url = stack.enter_context(serving(each.answer, f"127.0.3.{number}"))
        tocsin, db = _started(Path(folder), feeds, hooks)
        stack.callback(tocsin.stop)
        _warm(feeds, db, hooks)
        with _due_in_turn(db):
            _offer(feeds, BURST, "burst")
            came = _await(hooks, BURST)
            at = sorted(each for each, _, _ in came)
            rate = len(at) / (at[-1] - _first_seen(db, came))
            shown("articles each with an alert, fetched to received, sustained", f"{rate:.0f}/s")
            waits = _minute(feeds, db, hooks, round(rate / 2))
        shown(f"fetched to received at {rate / 2:.0f}/s for {MINUTE_S} s: p50", f"{_share(waits, 0.5):.0f} ms")
        shown("  p99", f"{_share(waits, 0.99):.0f} ms", "under 1,000 ms")


def _word(number: int) -> str:
    return f"zorb{'abcdefghij'[number % DESKS]}fied"


def _started(folder: Path, feeds: list[FeedServer], hooks: Receiver) -> tuple[Tocsin, Database]:
    config, data = folder / "config", folder / "data"
    (config / "rules").mkdir(parents=True)
    data.mkdir()
    (data / "secret").write_text(SECRET)
    rules = (f"rule: bench.r{n}\ntitle: Word {n}\nlevel: high\ntext: {{any: [{_word(n)}]}}\n" for n in range(DESKS))
    (config / "rules" / "words.yml").write_text("---\n".join(rules))
    lines = "".join(f"  - {{url: '{each.url}/rss', every: 1m, backfill: 36500d}}\n" for each in feeds)
    (config / "feeds.yml").write_text(f"feeds:\n{lines}")
    desks = "".join(
        f"  - {{id: h{n}, owner: a@example.org, filter: {{rules: [bench.r{n}]}}, channel: webhook,"
        f" to: '{hooks.url}/h{n}', secret: 'file:{data / 'secret'}', cadence: instant}}\n"
        for n in range(DESKS)
    )
    (config / "subscriptions.yml").write_text(f"subscriptions:\n{desks}")
    tocsin = Tocsin(config, data, {"TOCSIN_PORT": str(free_port()), "TOCSIN_RULE_LIMIT": "0"})
    tocsin.start("run")
    return tocsin, Database(str(data / "tocsin.sqlite3"))


def _offer(feeds: list[FeedServer], count: int, name: str) -> None:
    """Put *count* new items, of one second or at once, into the feeds; the oldest leave."""
    for number in range(count):
        guid = f"{name}-{number}"
        items = feeds[number % len(feeds)].items
        word = _word(number // len(feeds))  # what a feed brings is for all desks in turn
        items.insert(0, Item(guid=guid, title=f"Number {guid}", text=f"The {guid} was {word}."))
    kept = max(KEPT, math.ceil(LOOKS_KEPT * EVERY_S * count / len(feeds)))
    for each in feeds:
        each.items = each.items[:kept]


def _warm(feeds: list[FeedServer], db: Database, hooks: Receiver) -> None:
    _offer(feeds, FEEDS, "warm")
    _await(hooks, FEEDS)


@contextmanager
def _due_in_turn(db: Database) -> Iterator[None]:
    """Each feed is due every EVERY_S seconds, evenly spread: articles come as a stream, not as a burst."""
    stop = threading.Event()
    with db.read() as connection:
        ids = list(connection.scalars(select(feed.c.id)))

    def run() -> None:
        for id in itertools.cycle(ids):
            if stop.wait(EVERY_S / len(ids)):
                return
            with db.write() as connection:
                at = db.now(connection) + round(AHEAD_S * 1_000_000)
                connection.execute(update(feed).where(feed.c.id == id).values(next_check_at=at))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _await(hooks: Receiver, count: int) -> list[Came]:
    came: list[Came] = []
    deadline = time.monotonic() + 240
    while len({id for _, _, id in came}) < count and time.monotonic() < deadline:
        time.sleep(0.5)
        came += hooks.take()
    return came


def _minute(feeds: list[FeedServer], db: Database, hooks: Receiver, per_s: int) -> list[float]:
    for second in range(MINUTE_S):
        started = time.monotonic()
        _offer(feeds, per_s, f"s{second}")
        time.sleep(max(0.0, 1.0 - (time.monotonic() - started)))
    came = _await(hooks, per_s * MINUTE_S)
    seen = _seen(db)
    return sorted((at - seen[id]) * 1_000 for at, _, id in came if id in seen)


def _seen(db: Database) -> dict[str, float]:
    """When the article of each delivery was fetched, in seconds."""
    chosen = select(delivery.c.id, article.c.first_seen_at).select_from(delivery)
    chosen = chosen.join(message).join(alert, alert.c.id == message.c.alert_id)
    with db.read() as connection:
        rows = connection.execute(chosen.join(article, article.c.id == alert.c.article_id))
        return {id: at / 1_000_000 for id, at in rows}


def _first_seen(db: Database, came: list[Came]) -> float:
    seen = _seen(db)
    return min(seen[id] for _, _, id in came)


def _share(waits: list[float], share: float) -> float:
    return waits[min(len(waits) - 1, int(len(waits) * share))]
