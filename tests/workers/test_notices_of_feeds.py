"""What befalls a feed, from a real server to a receiver: each trouble told once, and that it is over."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import select, update

from store.database import Database
from store.feeds import sync_feeds
from store.ledger import ledger
from store.subscriptions import Filter, sync
from store.tables import feed, message
from tests.watcher.feed_server import FeedServer, Reply, feed_server, item, rss
from tests.watcher.polling import declared, poll
from tests.workers.parts import Receiver, hook
from tests.workers.test_workers_sending import deliver
from workers.context import Context
from workers.noticing import tell_notices

Make = Callable[..., Context]
HOUR = 3_600 * 1_000_000


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with feed_server() as running:
        yield running


def change(db: Database, **values: object) -> None:
    with db.write() as connection:
        connection.execute(update(feed).values(**values))


def kinds(db: Database) -> list[str]:
    with db.read() as connection:
        return list(connection.scalars(select(message.c.kind).order_by(message.c.at)))


def test_a_feed_that_fails_for_an_hour_and_works_again_is_told_once_each(
    db: Database, make_context: Make, server: FeedServer, receiver: Receiver
) -> None:
    sync(db, [hook(receiver.url(), filter=Filter(notices=("feed.*",)))])
    sync_feeds(db, [declared(server.url())])
    server.answers["/feed"] = Reply(rss(item(1)))
    poll(db)
    server.answers["/feed"] = Reply(status=500)
    poll(db, times=5)
    assert kinds(db) == [], "five failures, but not for an hour"
    with db.write() as connection:
        connection.execute(update(feed).values(failing_since_at=db.now(connection) - 2 * HOUR))
    poll(db, times=3)
    assert kinds(db) == ["feed.failing"]
    server.answers["/feed"] = Reply(rss(item(1)))
    poll(db, times=2)
    context = make_context(base_url="https://t.example")
    tell_notices(context)
    deliver(context)
    failing, recovered = sorted((json.loads(one.body) for one in receiver.got), key=lambda body: body["data"]["seq"])
    assert (failing["type"], recovered["type"]) == ("feed.failing", "feed.recovered")
    told = failing["data"]["notice"]
    assert told["words"].startswith("Example has failed 6 times in a row, for 2 hours: ")
    assert told["details"] == {
        "url": server.url(),
        "outlet": "example.org",
        "error_class": "server_error",
        "failures": 6,
    }
    assert told["about"]["link"] == "https://t.example/feeds"
    assert recovered["data"]["notice"]["about"]["id"] == told["about"]["id"]
    assert recovered["data"]["notice"]["details"]["from"] == ["failing"]
    assert ledger(db).balanced


def test_a_feed_that_is_gone_has_moved_or_may_have_lost_articles_is_told(db: Database, server: FeedServer) -> None:
    documents = iter([rss(*(item(n) for n in range(k, k + 5))) for k in (0, 5, 10)])
    server.answers["/gap"] = lambda asked: Reply(next(documents))
    server.answers["/gone"] = Reply(status=410)
    server.answers["/feed"] = Reply(status=301, headers={"Location": "/new"})
    server.answers["/new"] = lambda asked: Reply(rss(item(1)))
    sync_feeds(db, [declared(server.url("/gap"))])
    poll(db, times=3)
    sync_feeds(db, [declared(server.url("/gone"))])
    poll(db, times=2)
    sync_feeds(db, [declared(server.url())])
    poll(db, times=9)
    change(db, moved_since_at=1)
    poll(db, times=3)
    assert kinds(db) == ["feed.gap", "feed.gone", "feed.moved"]


def test_what_a_watcher_saw_after_it_lost_the_feed_to_another_is_not_told(db: Database, server: FeedServer) -> None:
    sync_feeds(db, [declared(server.url())])

    def taken_over(_: object) -> Reply:
        change(db, lease_owner="another watcher")
        return Reply(status=410)

    server.answers["/feed"] = taken_over
    poll(db)
    assert kinds(db) == []
