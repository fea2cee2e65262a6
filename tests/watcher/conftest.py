"""The server that feeds are fetched from, and looks at one of its feeds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from feed_server import FeedServer, Reply, feed_server
from polling import QUICK, Look, articles, declared, poll

from store.database import Database
from store.feeds import sync_feeds
from watcher.manners import Manners


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with feed_server() as running:
        yield running


@pytest.fixture
def look(sqlite_db: Database, server: FeedServer) -> Look:
    """Look at the feed once for each document (bytes or Reply), in turn, and return the articles by title. Each call is
    a watcher of its own.
    """

    def looked(*documents: bytes | Reply, manners: Manners = QUICK) -> list[Any]:
        replies = iter([one if isinstance(one, Reply) else Reply(one) for one in documents])
        server.answers["/feed"] = lambda asked: next(replies)
        sync_feeds(sqlite_db, [declared(server.url(), backfill_s=10**9)])
        poll(sqlite_db, times=len(documents), manners=manners)
        return articles(sqlite_db)

    return looked
