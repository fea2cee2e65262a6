"""A turn at a host is kept up to the moment that the request is sent, and taken wherever a redirect leads."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise

import pytest
from feed_server import FeedServer, Reply, item, rss
from polling import articles, declared, due_again, state_of
from sqlalchemy import insert, select

from net.client import GuardedClient, NetFailure
from store.database import Database
from store.feeds import sync_feeds
from store.hosts import forget_hosts, rest_of
from store.tables import host
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


async def _poll(db: Database, manners: Manners) -> None:
    """Poll once; every name is this machine."""
    everywhere = GuardedClient(allow=["127.0.0.0/8"], resolve=lambda host, port: ["127.0.0.1"])
    async with everywhere as client, ParsePool(1) as pool:
        await Watcher(db=db, client=client, pool=pool, ring=lambda ids: None, manners=manners).poll_due()


def at_hosts(server: FeedServer) -> dict[str, list[float]]:
    """When each host was asked, in order."""
    starts = defaultdict(list)
    for asked in server.asked:
        starts[asked.headers["host"].partition(":")[0]].append(asked.at)
    return starts


def leading(server: FeedServer, status: int, path: str, to: str) -> None:
    server.answers[path] = Reply(status=status, headers={"Location": to})


def test_where_a_redirect_leads_is_asked_no_oftener_than_any_host(db: Database, server: FeedServer) -> None:
    for n in range(3):
        server.answers[f"/target-{n}"] = Reply(rss(item(n)))
        leading(server, 302 if n else 301, f"/{n}", server.url(f"/target-{n}", "target.example"))
    urls = [server.url(f"/{n}", f"from-{n}.example") for n in range(3)]
    sync_feeds(db, [declared(url) for url in (*urls, server.url("/target-0", "target.example"))])
    for _ in range(2):  # the second time it is known where they lead
        due_again(db)
        asyncio.run(_poll(db, Manners(spacing_s=SPACING_S, total_s=5.0)))
    starts = at_hosts(server)
    assert len(starts.pop("target.example")) >= 8
    assert {name: len(times) for name, times in starts.items()} == {f"from-{n}.example": 2 for n in range(3)}
    assert all(
        later - earlier > SPACING_S - 0.05 for times in at_hosts(server).values() for earlier, later in pairwise(times)
    )
    assert {state_of(db, url).also_host for url in urls} == {f"target.example:{server.port}"}
    assert len(articles(db)) == 4


def test_a_hop_within_a_host_keeps_its_distance_and_costs_no_time_of_the_request(
    sqlite_db: Database, server: FeedServer
) -> None:
    server.answers["/new"] = Reply(rss(item(1)))
    leading(server, 301, "/old", "/new")
    sync_feeds(sqlite_db, [declared(server.url("/old"))])
    asyncio.run(_poll(sqlite_db, Manners(spacing_s=1.0, total_s=0.8)))
    first, second = server.asked
    assert second.at - first.at > 0.95
    assert (state_of(sqlite_db, server.url("/old")).status, len(articles(sqlite_db))) == ("ok", 1)


def test_no_host_has_more_requests_at_once_because_others_lead_to_it(db: Database, server: FeedServer) -> None:
    under_way, most, lock = 0, 0, threading.Lock()

    def slow() -> Iterator[bytes]:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        time.sleep(0.6)
        yield rss(item(1))
        with lock:
            under_way -= 1

    server.answers["/target"] = lambda asked: Reply(slow())
    urls = [server.url(f"/{n}", f"from-{n}.example") for n in range(5)]
    for n in range(5):
        leading(server, 302, f"/{n}", server.url("/target", "target.example"))
    sync_feeds(db, [declared(url) for url in urls])
    for _ in range(2):
        due_again(db)
        asyncio.run(_poll(db, Manners(spacing_s=0.05, total_s=5.0)))
    assert most == 2
    assert len(at_hosts(server)["target.example"]) == 10
    assert {state_of(db, url).status for url in urls} == {"ok"}


def test_a_host_to_which_a_redirect_leads_rests_when_it_says_so_and_nobody_is_sent_there(
    sqlite_db: Database, server: FeedServer
) -> None:
    server.answers["/target"] = Reply(status=429, headers={"Retry-After": "3600"})
    leading(server, 302, "/0", server.url("/target", "target.example"))
    leading(server, 302, "/1", server.url("/other", "target.example"))
    one, other = (server.url(f"/{n}", f"from-{n}.example") for n in range(2))
    manners = Manners(spacing_s=SPACING_S, total_s=5.0)
    sync_feeds(sqlite_db, [declared(one)])
    asyncio.run(_poll(sqlite_db, manners))
    assert rest_of(sqlite_db, f"from-0.example:{server.port}") is None
    assert rest_of(sqlite_db, f"target.example:{server.port}") is not None
    sync_feeds(sqlite_db, [declared(one), declared(other)])
    for _ in range(3):
        due_again(sqlite_db)
        asyncio.run(_poll(sqlite_db, manners))
    assert {name: len(times) for name, times in at_hosts(server).items()} == {
        "from-0.example": 1,  # waits for the rest's end
        "from-1.example": 1,  # now known to lead there
        "target.example": 1,
    }


def test_hosts_of_long_ago_are_forgotten(db: Database) -> None:
    with db.write() as connection:
        now = db.now(connection)
        rows = [("old.example", now - 25 * 3_600 * 10**6), ("new.example", now), ("rests.example", now + 10**9)]
        connection.execute(insert(host), [{"name": name, "next_start_at": at} for name, at in rows])
    forget_hosts(db)
    with db.read() as connection:
        assert set(connection.scalars(select(host.c.name))) == {"new.example", "rests.example"}
