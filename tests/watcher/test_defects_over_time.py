"""Defects 16 to 25 of docs/feeds.md, those that show from look to look, each served by a real server and read on the
way that every feed goes: lease, fetch, child process, decision, ledger. What must come of it is written beside it.
"""

from __future__ import annotations

import asyncio
import gzip
import itertools
import time
from collections.abc import Callable

import pytest
from feed_server import Asked, FeedServer, Reply, item, rss
from polling import AGENT, QUICK, Look, articles, declared, due_again, poll, state_of
from sqlalchemy import select

from net.client import GuardedClient
from store.database import Database
from store.feeds import recent_fetches, sync_feeds
from store.tables import article
from watcher.manners import Manners
from watcher.poll import Watcher
from watcher.pool import ParsePool

LONG = "The ministers signed the agreement after talks that had lasted for three days and two nights. " * 3


def error_of(db: Database, server: FeedServer) -> str | None:
    return state_of(db, server.url()).error_class


def test_defect_16_an_entry_older_than_the_newest_is_new_and_the_order_of_entries_is_nothing(
    look: Look, sqlite_db: Database, server: FeedServer
) -> None:
    late, one, two = (item(n, pubDate=f"{day} Jan 2024 10:00:00 GMT") for n, day in ((3, 2), (1, 3), (2, 4)))
    assert len(look(rss(two, one), rss(one, two), rss(one, late, two), rss(late, two, one))) == 3
    lines = reversed(recent_fetches(sqlite_db, state_of(sqlite_db, server.url()).id))
    assert [(line["new"], line["changed"], line["known"]) for line in lines] == [
        (2, 0, 0),
        (0, 0, 2),
        (1, 0, 2),
        (0, 0, 3),
    ]


def test_defect_17_an_empty_guid_is_no_guid(look: Look) -> None:
    empty = [item(n, f"Item {n}", guid="").replace("<description>", "<guid></guid><description>") for n in (1, 2)]
    blank = [item(n, f"Item {n}", guid=" ") for n in (3, 4)]
    missing = [item(n, f"Item {n}", guid="") for n in (5, 6)]
    rows = look(rss(*empty, *blank, *missing), rss(*missing, *blank, *empty))
    assert [(row.title, row.revision) for row in rows] == [(f"Item {n}", 1) for n in range(1, 7)]


def test_defect_18_one_guid_for_all_entries_hides_none_of_them(look: Look) -> None:
    same = [item(n, f"Item {n}", guid="https://news.example.org/") for n in range(1, 5)]
    rows = look(rss(*same[:2]), rss(*same[1:3]), rss(same[3]))
    assert [(row.title, row.revision) for row in rows] == [(f"Item {n}", 1) for n in range(1, 5)]


def test_defect_19_a_guid_that_changes_with_an_edit_a_host_or_the_scheme_makes_no_second_article(look: Look) -> None:
    def at(guid: str, link: str, text: str = LONG) -> bytes:
        return rss(item(1, "The embargo ends", text, guid=guid, link=link))

    (row,) = look(
        at("http://www.news.example.org/1", "http://www.news.example.org/1"),
        at("https://news.example.org/1", "https://news.example.org/1"),
        at("urn:hash:a", "https://news.example.org/1"),
        at("urn:hash:b", "https://news.example.org/1", LONG + "Corrected."),
        at("https://moved.example.net/1", "https://moved.example.net/1", LONG + "Corrected."),
    )
    assert (row.revision, row.text.endswith("Corrected.")) == (2, True)


def test_defect_20_tracking_parameters_make_no_second_article_and_are_not_handed_on(look: Look) -> None:
    def tracked(query: str) -> bytes:
        url = f"https://news.example.org/story?id=7&amp;{query}"
        return rss(item(1, guid=url, link=url))

    (row,) = look(tracked("utm_source=rss"), tracked("utm_source=app&amp;utm_medium=x"), tracked("fbclid=IwAR0"))
    assert (row.revision, row.url) == (1, "https://news.example.org/story?id=7")


def test_defect_21_a_changed_body_is_found_whatever_the_validators_say(sqlite_db: Database, server: FeedServer) -> None:
    documents = [rss(item(1, "Item 1")), rss(item(2, "Item 2"), item(1, "Item 1")), rss(item(3, "Item 3"))]
    modified = {"Last-Modified": "Tue, 24 Nov 2026 10:00:00 GMT"}

    def new_etag_under_the_same_date(asked: Asked) -> Reply:
        nth = 1 if len(server.asked) > 1 else 0
        conditional = asked.headers.get("if-none-match") == f'"{nth}"'
        return Reply(
            b"" if conditional else documents[nth], 304 if conditional else 200, {"ETag": f'"{nth}"', **modified}
        )

    server.answers["/feed"] = new_etag_under_the_same_date
    sync_feeds(sqlite_db, [declared(server.url())])
    poll(sqlite_db, times=2)
    assert [row.title for row in articles(sqlite_db)] == ["Item 1", "Item 2"]
    assert server.asked[1].headers["if-none-match"] == '"0"'

    def new_body_under_the_same_etag(asked: Asked) -> Reply:
        return Reply(status=304) if "if-none-match" in asked.headers else Reply(documents[2], headers={"ETag": '"1"'})

    server.answers["/feed"] = new_body_under_the_same_etag
    looks = _look_until(sqlite_db, lambda: len(articles(sqlite_db)) == 3, most=3_000)
    assert looks < 3_000  # one look in a hundred takes no server's word for it


def _look_until(db: Database, done: Callable[[], bool], most: int) -> int:
    """Look at what is declared, each time a minute later, until *done* says so; return how often that was."""

    async def run() -> int:
        clock = itertools.count(2_000_000_000_000_000, 60_000_000)
        async with GuardedClient(allow=["127.0.0.0/8"], user_agent=AGENT) as client, ParsePool(1) as pool:
            for nth in range(most):
                at = next(clock)
                due_again(db)
                await Watcher(
                    db=db, client=client, pool=pool, ring=lambda ids: None, manners=QUICK, now=lambda at=at: at
                ).poll_due()
                if done():
                    return nth + 1
        return most

    return asyncio.run(run())


@pytest.mark.parametrize("status", [403, 429, 503])
def test_defect_22_a_retry_after_is_obeyed_under_whatever_status_it_comes(
    look: Look, sqlite_db: Database, server: FeedServer, status: int
) -> None:
    before = time.time()
    look(Reply(status=status, headers={"Retry-After": "7200"}))
    assert 7_190 <= state_of(sqlite_db, server.url()).next_check_at / 1e6 - before <= 8_000


@pytest.mark.parametrize(
    "target",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://100.64.0.1/",
        "http://[::ffff:169.254.169.254]/",
        "http://2852039166/",
        "http://169.254.169.254#@news.example.org/",
    ],
)
def test_defect_23_no_redirect_leads_inside(look: Look, sqlite_db: Database, server: FeedServer, target: str) -> None:
    assert look(Reply(status=302, headers={"Location": target})) == []
    assert error_of(sqlite_db, server) == "refused_address"


@pytest.mark.parametrize(
    "target",
    [
        "http://0251.0376.0251.0376/",
        "http://news.example.org\\@169.254.169.254/",
        "file:///etc/passwd",
        "gopher://127.0.0.1:70/",
    ],
)
def test_defect_23_what_two_readers_of_a_url_may_take_for_two_hosts_is_not_followed(
    look: Look, sqlite_db: Database, server: FeedServer, target: str
) -> None:
    assert look(Reply(status=302, headers={"Location": target})) == []
    assert error_of(sqlite_db, server) in ("redirect", "url")


def test_defect_23_a_redirect_that_flaps_is_followed_and_not_stored(
    look: Look, sqlite_db: Database, server: FeedServer
) -> None:
    server.answers["/elsewhere"] = Reply(rss(item(1)))
    away = Reply(status=301, headers={"Location": "/elsewhere"})
    look(away, away, rss(item(1)), away)
    state = state_of(sqlite_db, server.url())
    assert (state.status, state.moved_count) == ("ok", 1)
    assert [asked.path for asked in server.asked] == ["/feed", "/elsewhere"] * 2 + ["/feed"] + ["/feed", "/elsewhere"]


@pytest.mark.slow
def test_defect_24_50000_entries_and_a_bomb_cost_bounded_time(
    look: Look, sqlite_db: Database, server: FeedServer
) -> None:
    usual = Manners(spacing_s=0.0)  # the limits of every feed, which a busy machine keeps too
    bomb = Reply(gzip.compress(b"\0" * 100_000_000), headers={"Content-Encoding": "gzip"})
    assert look(bomb, manners=usual) == []
    assert error_of(sqlite_db, server) == "too_large"
    started = time.monotonic()
    look(rss(*(item(n) for n in range(50_000))), manners=usual)
    assert time.monotonic() - started < 90
    line, *_ = recent_fetches(sqlite_db, state_of(sqlite_db, server.url()).id)
    assert (line["entries"], line["new"], line["skipped"]) == (50_000, 10_000, {"beyond the limit": 40_000})


def test_defect_24_a_watcher_that_starts_again_repeats_nothing(
    look: Look, sqlite_db: Database, server: FeedServer
) -> None:
    document = rss(*(item(n) for n in range(20)))
    look(document)
    look(document + b"<!-- written again -->")  # each `look` is a new watcher
    line, *_ = recent_fetches(sqlite_db, state_of(sqlite_db, server.url()).id)
    assert (line["new"], line["changed"], line["known"]) == (0, 0, 20)


def test_defect_25_links_are_absolute_and_lead_to_the_web_or_nowhere(look: Look, server: FeedServer) -> None:
    links = ["/a", "//cdn.example.org/b", "c?d=1", "javascript:alert(1)", "data:text/html,x", "https://u:p@e.example/"]
    rows = look(rss(*(item(n, f"Item {n}", link=link, guid=f"g{n}") for n, link in enumerate(links))))
    here = server.url("/")
    assert [row.url for row in rows] == [f"{here}a", "http://cdn.example.org/b", f"{here}c?d=1", None, None, None]


def test_defect_25_a_text_that_changes_at_every_look_is_let_go_after_24_revisions(
    look: Look, sqlite_db: Database
) -> None:
    look(*(rss(item(1, "Item 1", text=f"Read {n} times.")) for n in range(30)))
    with sqlite_db.read() as connection:
        assert connection.scalars(select(article.c.revision)).all() == [24]
