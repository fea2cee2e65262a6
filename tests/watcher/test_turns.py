"""A turn at a host is kept up to the moment that the request is sent."""

from __future__ import annotations

import asyncio
import time
from itertools import pairwise

import pytest
from feed_server import FeedServer, Reply, item, rss
from polling import articles, declared, due_again

from net.client import GuardedClient, NetFailure
from store.database import Database
from store.feeds import sync_feeds
from watcher.manners import Manners
from watcher.poll import Watcher
from watcher.pool import ParsePool

SPACING_S = 0.4


def test_a_slow_look_up_of_the_name_makes_no_two_requests_follow_each_other_too_soon(
    sqlite_db: Database, server: FeedServer
) -> None:
    looked_up = []

    def resolve(host: str, port: int) -> list[str]:
        looked_up.append(host)
        time.sleep(0.3 if len(looked_up) == 1 else 0.0)  # the first request would start when the second has its turn
        return ["127.0.0.1"]

    async def poll() -> None:
        async with GuardedClient(allow=["127.0.0.0/8"], resolve=resolve) as client, ParsePool(1) as pool:
            manners = Manners(spacing_s=SPACING_S, total_s=5.0)
            await Watcher(db=sqlite_db, client=client, pool=pool, ring=lambda ids: None, manners=manners).poll_due()

    port = server.url().rsplit(":", 1)[1].split("/")[0]
    for n in range(3):
        server.answers[f"/{n}"] = Reply(rss(item(n)))
    sync_feeds(sqlite_db, [declared(f"http://feeds.example:{port}/{n}") for n in range(3)])
    due_again(sqlite_db)
    asyncio.run(poll())
    starts = sorted(asked.at for asked in server.asked)
    assert len(starts) == 3
    assert all(later - earlier > SPACING_S - 0.1 for earlier, later in pairwise(starts))
    assert len(articles(sqlite_db)) == 3


class NotNow(Exception):  # noqa: N818
    """What a caller raises who does not want to send after all."""


def test_what_is_raised_before_sending_ends_a_request_that_the_server_never_sees(server: FeedServer) -> None:
    async def refuse() -> None:
        raise NotNow

    async def get() -> object:
        async with GuardedClient(allow=["127.0.0.0/8"]) as client:
            with pytest.raises(NotNow):
                await client.get(server.url(), before_sending=refuse)
            return await client.get(server.url())

    server.answers["/feed"] = Reply(b"hello")
    assert not isinstance(asyncio.run(get()), NetFailure)
    assert len(server.asked) == 1
