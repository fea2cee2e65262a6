from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from feed_server import FeedServer, Reply, feed_server, item, rss
from sqlalchemy import select, update

from net.client import GuardedClient
from store.database import Database
from store.feeds import Feed, FeedState, find_feed, recent_fetches, sync_feeds
from store.tables import article, feed
from watcher.poll import Manners, Watcher
from watcher.pool import ParsePool

AGENT = "Tocsin/test (+mailto:desk@example.org)"
QUICK = Manners(spacing_s=0.0, total_s=2.0)


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with feed_server() as running:
        yield running


def declared(url: str, **settings: Any) -> Feed:
    return Feed(url=url, name="Example", outlet="example.org", **settings)


def due_again(db: Database) -> None:
    with db.write() as connection:
        connection.execute(update(feed).values(next_check_at=0))


def poll(db: Database, rung: list[str] | None = None, manners: Manners = QUICK, times: int = 1) -> int:
    """Poll what is due, so many times, with a real client and a real pool."""

    async def run() -> int:
        looked = 0
        ring = rung.extend if rung is not None else (lambda ids: None)
        async with GuardedClient(allow=["127.0.0.0/8"], user_agent=AGENT) as client, ParsePool(1, limit_s=20.0) as pool:
            watcher = Watcher(db=db, client=client, pool=pool, ring=ring, manners=manners)
            for _ in range(times):
                due_again(db)
                looked += await watcher.poll_due()
        return looked

    return asyncio.run(run())


def articles(db: Database) -> list[Any]:
    with db.read() as connection:
        return list(connection.execute(select(article).order_by(article.c.title)).all())


def state_of(db: Database, url: str) -> FeedState:
    found = find_feed(db, url)
    assert found is not None
    return found


def test_a_feed_becomes_articles_and_the_second_look_is_silent(db: Database, server: FeedServer) -> None:
    server.answers["/feed"] = Reply(rss(item(1), item(2)), headers={"ETag": '"a"', "Last-Modified": "yesterday"})
    sync_feeds(db, [declared(server.url(), backfill_s=10**9, tags=("energy",))])
    rung: list[str] = []
    assert poll(db, rung, times=2) == 2
    assert [row.title for row in articles(db)] == ["Ministers met in round 1", "Ministers met in round 2"]
    assert sorted(rung) == sorted(row.id for row in articles(db))
    first = articles(db)[0]
    assert (first.url, first.text) == ("https://news.example.org/1", "The ministers spoke about item 1.")
    assert (first.outlet, first.tier, first.tags, first.revision) == ("example.org", "press", ["energy"], 1)
    lines = recent_fetches(db, state_of(db, server.url()).id)
    assert [(line["outcome"], line["entries"], line["new"], line["known"]) for line in lines] == [
        ("unchanged", 0, 0, 0),
        ("fetched", 2, 2, 0),
    ]
