"""What is old loses its weight, and nothing old is told again."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import pytest
from sqlalchemy import func, select, update

from net.client import GuardedClient
from store import evaluations
from store.database import Database
from store.deliveries import exchange
from store.feeds import Feed, recent_fetches, sync_feeds
from store.ledger import ledger
from store.outbox import pull
from store.retention import FOLDED, Keep, Pruned, prune
from store.subscriptions import sync
from store.tables import alert, article, attempt, delivery, feed, fetch, match, message
from tests.watcher.feed_server import FeedServer, Reply, feed_server, item, rss
from tests.workers.conftest import Silent, secrets
from tests.workers.parts import Words, hook, replay_one
from watcher.manners import Manners
from watcher.poll import Watcher
from watcher.pool import ParsePool
from workers.channels import Delivered
from workers.context import Context
from workers.fate import tried_of
from workers.matching import match_articles

NOTHING = Keep(texts_s=0, bodies_s=0, evidence_s=0, fetches_s=0)


def entry(number: int, text: str) -> str:
    """An item of today: one without a date would belong to the silent baseline."""
    return item(number, text=text, pubDate=format_datetime(datetime.now(UTC).replace(hour=0, minute=1)))


ITEMS = (entry(1, "The embargo has ended."), entry(2, "Rain."), entry(3, "Another embargo has ended."))


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with feed_server() as running:
        yield running


def poll(db: Database, server: FeedServer, *items: str) -> None:
    """Offer *items* and look at the feed once."""
    server.answers["/feed"] = Reply(rss(*items))
    with db.write() as connection:
        connection.execute(update(feed).values(next_check_at=0))

    async def run() -> None:
        async with GuardedClient(allow=["127.0.0.0/8"], user_agent="t") as client, ParsePool(1, limit_s=20.0) as pool:
            quick = Manners(spacing_s=0.0, total_s=2.0)
            await Watcher(db=db, client=client, pool=pool, ring=lambda _: None, manners=quick).poll_due()

    asyncio.run(run())


def work(db: Database) -> None:
    """Evaluate what waits, and deliver what is due."""
    words = Words()
    context = Context(db=db, doorbell=Silent(), rules=lambda: words, secrets=secrets)
    match_articles(context, evaluations.waiting(db, 100))
    sent = exchange(db, "me", [], 100)
    exchange(db, "me", [tried_of(one, Delivered(code=200, response="thanks"), 1, 3, 0.5) for one in sent], 0)


@pytest.fixture
def worked(db: Database, server: FeedServer) -> Database:
    """Three articles, two alerts, two deliveries that arrived, and three looks at the feed."""
    sync(db, [hook("http://127.0.0.1:1/a")])
    sync_feeds(db, [Feed(url=server.url(), name="Example", outlet="example.org", backfill_s=10**9)])
    poll(db, server, *ITEMS[:2])
    poll(db, server, *ITEMS)
    poll(db, server, *reversed(ITEMS))
    work(db)
    assert [count(db, table) for table in (article, alert, delivery)] == [3, 2, 2]
    return db


def count(db: Database, table: Any) -> int:
    with db.read() as connection:
        return int(connection.scalar(select(func.count()).select_from(table)) or 0)


def values(db: Database, column: Any) -> list[Any]:
    with db.read() as connection:
        return list(connection.scalars(select(column)))


def rows_by_kind(pruned: tuple[Pruned, ...]) -> dict[str, int]:
    return {one.what: one.rows for one in pruned}


WHOLE = {
    "texts of articles": 3,
    "bodies of deliveries": 2,
    "bodies of messages": 2,
    "evidence of matches": 2,
    "evidence of alerts": 2,
    "lines of the fetch log": 2,
}


def test_what_is_old_is_emptied_once_and_the_ledger_stays_even(worked: Database) -> None:
    assert rows_by_kind(prune(worked, NOTHING, dry_run=True)) == WHOLE
    assert set(values(worked, article.c.text)) != {""}
    assert rows_by_kind(prune(worked, NOTHING)) == WHOLE
    assert set(values(worked, article.c.text)) == {""}
    assert set(values(worked, delivery.c.body)) == {b""}
    assert values(worked, attempt.c.response) == [None, None]
    assert values(worked, message.c.data) == [{}, {}]
    assert values(worked, match.c.evidence) == values(worked, alert.c.evidence) == [[], []]
    assert [line["outcome"] for line in recent_fetches(worked, values(worked, feed.c.id)[0])] == [FOLDED]
    audit = ledger(worked)
    assert (audit.balanced, audit.odd) == (True, ())
    assert set(rows_by_kind(prune(worked, NOTHING)).values()) == {0}


def test_what_is_young_or_kept_for_ever_stays_whole(worked: Database) -> None:
    assert prune(worked, Keep()) == ()
    year_s = 365 * 86_400
    kept = prune(worked, Keep(texts_s=year_s, bodies_s=year_s, evidence_s=year_s, fetches_s=year_s))
    assert set(rows_by_kind(kept).values()) == {0}
    assert "" not in values(worked, article.c.text)


def test_after_pruning_the_same_feed_brings_no_article_and_no_alert_again(worked: Database, server: FeedServer) -> None:
    prune(worked, NOTHING)
    before = [count(worked, table) for table in (article, match, alert, message, delivery)]
    poll(worked, server, entry(9, "Snow."), *ITEMS)
    work(worked)
    assert [count(worked, table) for table in (article, match, alert, message, delivery)] == [
        before[0] + 1,
        *before[1:],
    ]
    assert ledger(worked).balanced


def test_a_pruned_article_that_is_revised_has_a_text_again(worked: Database, server: FeedServer) -> None:
    prune(worked, NOTHING)
    poll(worked, server, entry(2, "Rain, and later snow."))
    assert sum(text != "" for text in values(worked, article.c.text)) == 1
    assert values(worked, article.c.pruned_at).count(None) == 1
    work(worked)
    assert ledger(worked).balanced


def test_what_waits_or_is_parked_keeps_what_it_needs(worked: Database, server: FeedServer) -> None:
    poll(worked, server, entry(7, "A new embargo."), *ITEMS)
    sync(worked, [hook("http://127.0.0.1:1/a"), hook("http://127.0.0.1:1/b", "second")])
    words = Words()
    context = Context(db=worked, doorbell=Silent(), rules=lambda: words, secrets=secrets)
    prune(worked, NOTHING)
    waiting = evaluations.waiting(worked, 10)
    assert len(waiting) == 1
    match_articles(context, waiting)
    prune(worked, NOTHING)
    parcels = exchange(worked, "me", [], 10)
    assert len(parcels) == 2
    assert all(b"embargo" in one.body for one in parcels)
    assert ledger(worked).balanced


def test_a_pruned_delivery_is_not_sent_again_and_the_pull_endpoint_says_so(worked: Database) -> None:
    prune(worked, NOTHING)
    assert not replay_one(worked, values(worked, delivery.c.id)[0])
    assert values(worked, delivery.c.status) == ["delivered", "delivered"]
    pulled = pull(worked, "desk-hook", 0)
    assert pulled is not None
    assert [one["body"]["data"] for one in pulled.messages] == [{"seq": 1, "pruned": True}, {"seq": 2, "pruned": True}]


def test_pruning_that_is_stopped_goes_on_next_time(worked: Database) -> None:
    first = prune(worked, NOTHING, stopped=lambda: True)
    assert rows_by_kind(first)["texts of articles"] == 3
    prune(worked, NOTHING)
    assert ledger(worked).balanced


def test_the_fetch_log_is_added_up_over_many_lines(worked: Database) -> None:
    id = values(worked, feed.c.id)[0]
    lines = [
        {"feed_id": id, "at": number, "outcome": "fetched", "entries": 3, "known": 2, "skipped": {"empty": 1}}
        for number in range(1, 1_000)
    ]
    with worked.write() as connection:
        connection.execute(fetch.insert(), lines)
    before = ledger(worked).equations[0]
    assert rows_by_kind(prune(worked, Keep(fetches_s=3600))) == {"lines of the fetch log": 998}
    assert ledger(worked).equations[0] == before
    assert count(worked, fetch) == 1 + 3
