from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from feed_server import FeedServer, Reply, feed_server, item, rss
from polling import articles, declared, poll

from store.database import Database
from store.feeds import sync_feeds
from watcher.manners import Manners
from watcher.pages import MOST
from watcher.robots import policy_of

PARAGRAPHS = [
    "Norland has lifted its arms embargo on Sudria after nine years, the foreign minister said on Tuesday evening.",
    "The decision takes effect at midnight and ends a ban on the sale of rifles, vehicles and spare parts of any kind.",
    "Opposition leaders called the step premature and asked for a debate in parliament in the course of next week.",
]
FURNITURE = "Subscribe to our newsletter"


def page(*paragraphs: str, n: int = 1) -> Reply:
    """The page of item *n*, with what stands around an article."""
    article = f"<h1>Item {n}</h1>" + "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    menu = "<nav><a href='/'>Home</a><a href='/world'>World</a></nav>"
    body = f"{menu}<main><article>{article}</article></main><footer>{FURNITURE}</footer>"
    html = f"<!doctype html><html><head><title>Item {n}</title></head><body>{body}</body></html>"
    return Reply(html.encode(), headers={"Content-Type": "text/html; charset=utf-8"})


def teasers(server: FeedServer, *numbers: int, text: str = "Norland lifts it.") -> bytes:
    return rss(*(item(n, f"Item {n}", text, link=server.url(f"/{n}")) for n in numbers))


def looked(db: Database, server: FeedServer, *documents: bytes, **settings: Any) -> list[Any]:
    """The articles by title, after a look at each document; what is new in the first one alerts."""
    replies = iter(documents)
    server.answers["/feed"] = lambda asked: Reply(next(replies))
    sync_feeds(db, [declared(server.url(), **{"full_text": True, "backfill_s": 10**9} | settings)])
    poll(db, times=len(documents))
    return articles(db)


def dated(document: bytes) -> bytes:
    return document.replace(b"<guid>", b"<pubDate>Tue, 24 Nov 2026 10:00:00 GMT</pubDate><guid>")


def asked(server: FeedServer) -> list[str]:
    return [request.path for request in server.asked if request.path != "/feed"]


def test_a_teaser_is_completed_from_its_page_and_kept_beside_it(db: Database, server: FeedServer) -> None:
    server.answers |= {"/1": page(*PARAGRAPHS), "/2": page(*PARAGRAPHS[:2], n=2)}
    one, two = looked(db, server, dated(teasers(server, 1, 2)))
    assert (one.text, one.feed_text) == ("\n".join(PARAGRAPHS), "Norland lifts it.")
    assert FURNITURE not in two.text
    assert asked(server) == ["/robots.txt", "/1", "/2"]
    (again, _) = looked(db, server, dated(teasers(server, 1, 2)) + b"<!-- again -->")
    assert (again.revision, asked(server)) == (1, ["/robots.txt", "/1", "/2"])


def test_no_page_is_asked_for_that_is_not_wanted(sqlite_db: Database, server: FeedServer) -> None:
    server.answers |= {f"/{n}": page(*PARAGRAPHS) for n in range(20)}
    looked(sqlite_db, server, teasers(server, 1), backfill_s=0)  # the silent baseline
    looked(sqlite_db, server, teasers(server, 1, 2), full_text=False)
    looked(sqlite_db, server, teasers(server, 3, text="A long text. " * 200))
    assert asked(server) == []
    rows = looked(sqlite_db, server, teasers(server, *range(4, 4 + MOST + 3)))
    assert sum(row.feed_text is not None for row in rows) == MOST


ROBOTS = b"User-agent: Tocsin\nDisallow: /private*\nAllow: /\n\nUser-agent: *\nDisallow: /\n"


def test_robots_txt_is_honoured(sqlite_db: Database, server: FeedServer) -> None:
    server.answers |= {
        "/robots.txt": Reply(ROBOTS),
        "/private-1": page(*PARAGRAPHS),
        "/2": page(*PARAGRAPHS, n=2),
    }
    private = item(1, "Item 1", "Teaser.", link=server.url("/private-1"))
    one, two = looked(sqlite_db, server, dated(rss(private, item(2, "Item 2", "Teaser.", link=server.url("/2")))))
    assert (one.text, one.feed_text) == ("Teaser.", None)
    assert two.text == "\n".join(PARAGRAPHS)
    assert asked(server) == ["/robots.txt", "/2"]


def test_the_robots_txt_of_where_a_page_leads_is_honoured_too(sqlite_db: Database, server: FeedServer) -> None:
    with feed_server() as elsewhere:
        elsewhere.answers |= {
            "/robots.txt": Reply(ROBOTS),
            "/private-1": page(*PARAGRAPHS),
            "/2": page(*PARAGRAPHS, n=2),
        }
        for here, there in (("/1", "/private-1"), ("/2", "/2")):
            server.answers[here] = Reply(status=301, headers={"Location": elsewhere.url(there)})
        one, two = looked(sqlite_db, server, dated(teasers(server, 1, 2)))
        assert (one.text, two.text) == ("Norland lifts it.", "\n".join(PARAGRAPHS))
        assert [request.path for request in elsewhere.asked] == ["/robots.txt", "/2"]
    assert asked(server) == ["/robots.txt", "/1", "/2"]


@pytest.mark.parametrize(("wanted", "apart_s"), [("2", 2.0), ("1e9", 60.0), ("0.01", 0.5), ("-3", 0.5), ("soon", 0.5)])
def test_a_crawl_delay_is_kept_within_limits(wanted: str, apart_s: float) -> None:
    policy = policy_of(f"User-agent: *\nCrawl-delay: {wanted}\nAllow: /\n".encode(), until_s=1.0)
    assert policy.allowed("https://a.example/1")
    assert max(policy.delay_s, 0.5) == apart_s


def test_pages_keep_the_crawl_delay_of_their_site(sqlite_db: Database, server: FeedServer) -> None:
    server.answers |= {"/robots.txt": Reply(b"User-agent: *\nCrawl-delay: 1.5\nAllow: /\n")}
    server.answers |= {f"/{n}": page(*PARAGRAPHS) for n in range(2)}
    server.answers["/feed"] = Reply(dated(teasers(server, 0, 1)))
    sync_feeds(sqlite_db, [declared(server.url(), full_text=True, backfill_s=10**9)])
    poll(sqlite_db, manners=Manners(spacing_s=0.4, total_s=5.0))
    starts = [request.at for request in server.asked]
    assert [request.path for request in server.asked] == ["/feed", "/robots.txt", "/0", "/1"]
    assert 0.35 < starts[1] - starts[0] < 1.4  # feeds are asked for as before
    assert all(later - earlier > 1.45 for earlier, later in pairwise(starts[1:]))


@pytest.mark.parametrize(
    ("robots", "reply"),
    [
        (Reply(status=503), page(*PARAGRAPHS)),
        (Reply(status=404), Reply(status=404)),
        (Reply(status=404), Reply(status=302, headers={"Location": "http://169.254.169.254/latest"})),
        (Reply(status=404), Reply(b"\x00\xff<<<&" * 1_000)),
        (Reply(status=404), Reply(b"<html><body>" + b"<div>" * 100_000)),
        (Reply(status=404), Reply(b"")),
        (Reply(status=404), page("Short.")),
        (Reply(status=404), Reply(b"x" * 6_000_000)),
    ],
)
def test_whatever_fails_leaves_the_text_of_the_feed(
    sqlite_db: Database, server: FeedServer, robots: Reply, reply: Reply
) -> None:
    server.answers |= {"/robots.txt": robots, "/1": reply}
    (row,) = looked(sqlite_db, server, dated(teasers(server, 1)))
    assert (row.title, row.text, row.feed_text) == ("Item 1", "Norland lifts it.", None)


def test_an_edit_whose_page_cannot_be_had_keeps_the_page_of_before(db: Database, server: FeedServer) -> None:
    server.answers["/1"] = page(*PARAGRAPHS)
    looked(db, server, dated(teasers(server, 1)))
    server.answers["/1"] = Reply(status=500)
    (row,) = looked(db, server, dated(teasers(server, 1, text="Norland lifted it.")))
    assert (row.revision, row.text, row.feed_text) == (2, "\n".join(PARAGRAPHS), "Norland lifted it.")
    server.answers["/1"] = page(*PARAGRAPHS[1:])
    (row,) = looked(db, server, dated(teasers(server, 1, text="Norland lifts it at last.")))
    assert (row.revision, row.text) == (3, "\n".join(PARAGRAPHS[1:]))


def test_pages_are_asked_for_in_turn_with_the_spacing_between_starts(sqlite_db: Database, server: FeedServer) -> None:
    server.answers |= {f"/{n}": page(*PARAGRAPHS) for n in range(4)} | {"/feed": Reply(dated(teasers(server, 0, 1, 2)))}
    sync_feeds(sqlite_db, [declared(server.url(), full_text=True, backfill_s=10**9)])
    poll(sqlite_db, manners=Manners(spacing_s=0.8, total_s=5.0))
    starts = [request.at for request in server.asked]
    assert [request.path for request in server.asked] == ["/feed", "/robots.txt", "/0", "/1", "/2"]
    assert all(later - earlier > 0.5 for earlier, later in pairwise(starts))  # what a busy machine adds to one it lacks
