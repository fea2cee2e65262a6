"""`tocsin feeds check` and `tocsin feeds add`, run as their users run them, against a real server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import select, update

from store.database import Database
from store.feeds import Feed, find_feed, list_feeds, sync_feeds
from store.hosts import Rest, rest_host
from store.migrate import migrate
from store.tables import article, feed, fetch, host
from tests.watcher.feed_server import FeedServer, Reply, feed_server, item, rss

Run = Callable[..., subprocess.CompletedProcess[str]]
DATED = {"pubDate": "Mon, 23 Nov 2026 10:00:00 GMT"}
PAGE = (
    b"<!doctype html><html><head><title>News</title><base href='/sub/'>"
    b"<link rel='alternate' type='application/rss+xml' title='All news' href='news.rss'>"
    b"<link rel='alternate' hreflang='de' href='/de'></head>"
    b"<body><a href='/dead/feed'>RSS</a><a href='/feedback'>Tell us</a></body></html>"
)


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with feed_server() as running:
        yield running


@pytest.fixture
def tocsin(tmp_path: Path) -> Run:
    """Runs `tocsin feeds …` with folders of its own; addresses of this machine may be asked."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("TOCSIN_")}
        own = {"TOCSIN_CONFIG": str(tmp_path / "config"), "TOCSIN_DATA": str(tmp_path / "data")}
        environment = inherited | own | {"TOCSIN_ALLOW_NETWORKS": "127.0.0.0/8"}
        command = [sys.executable, "-m", "tocsin", "feeds", *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)

    return run


@pytest.fixture
def ledger(tmp_path: Path) -> Database:
    (tmp_path / "data").mkdir()
    db = Database(str(tmp_path / "data" / "tocsin.sqlite3"))
    migrate(db)
    return db


def rows(db: Database) -> list[int]:
    with db.read() as connection:
        return [len(connection.execute(select(table)).all()) for table in (feed, fetch, article, host)]


def test_a_feed_is_explained_before_anything_is_installed(tocsin: Run, server: FeedServer, tmp_path: Path) -> None:
    server.answers["/old"] = Reply(status=301, headers={"Location": "/feed"})
    server.answers["/feed"] = Reply(
        rss(item(1, **DATED), item(2), item(3, link="")),
        headers={"ETag": '"a"', "Content-Type": "application/rss+xml", "Cache-Control": "max-age=7200"},
    )
    told = tocsin("check", server.url("/old"))
    assert (told.returncode, told.stderr) == (0, "")
    for words in (
        "(not watched yet)",
        f"redirect 301 to {server.url('/feed')}",
        "answered 200 in",
        'is rss20, "Example"',
        "3 entries: 3 new, 0 changed, 0 known, 3 of the new ones kept quiet (baseline)",
        "2026-11-23T10:00:00Z (declared) Ministers met in round 1",
        "no date (first_seen) Ministers met in round 2",
        "told apart by guid, link, title, text",
        "told apart by guid, title, text",
        "note: it has moved for good",
        "the server asks for 2h",
    ):
        assert words in told.stdout, told.stdout
    assert [asked.path for asked in server.asked] == ["/old", "/feed"]
    assert not (tmp_path / "data").exists()


def test_a_check_reads_the_ledger_and_changes_nothing_in_it(tocsin: Run, server: FeedServer, ledger: Database) -> None:
    server.answers["/feed"] = Reply(rss(item(1)), headers={"ETag": '"a"'})
    assert tocsin("add", server.url()).returncode == 0
    before = rows(ledger)
    state = find_feed(ledger, server.url())
    for _ in range(2):
        whole = json.loads(tocsin("check", server.url(), "--json").stdout)
        assert (whole["watched"], whole["problem"], whole["feed"]["new"]) == ("console", None, 1)
        assert whole["entries"][0]["known_by"] == ["guid", "link", "title", "text"]
        assert whole["next_check"]["at"].endswith("Z")
    assert rows(ledger) == before
    assert find_feed(ledger, server.url()) == state


def test_a_page_is_no_feed_and_its_feeds_are_found_and_looked_at(
    tocsin: Run, server: FeedServer, ledger: Database
) -> None:
    server.answers["/"] = Reply(PAGE)
    server.answers["/sub/news.rss"] = Reply(rss(item(1), item(2)))
    told = tocsin("check", server.url("/"))
    assert told.returncode == 1
    assert "problem (html): this is an HTML page" in told.stdout
    assert f"candidate {server.url('/sub/news.rss')} (the page names it): rss20, 2 entries" in told.stdout
    assert f"candidate {server.url('/dead/feed')} (the page links to it): HTTP 404" in told.stdout
    assert f"to watch it: tocsin feeds add {server.url('/sub/news.rss')}" in told.stdout
    assert [asked.path for asked in server.asked] == ["/", "/sub/news.rss", "/dead/feed"]
    starts = [asked.at for asked in server.asked]
    assert all(later - earlier > 0.9 for earlier, later in pairwise(starts))

    refused = tocsin("add", server.url("/"))
    assert refused.returncode == 1
    assert f"tocsin feeds add {server.url('/sub/news.rss')}" in refused.stderr
    assert list_feeds(ledger) == []
    added = tocsin("add", server.url("/sub/news.rss"))
    assert (added.returncode, added.stdout.startswith("Example is watched")) == (0, True)


def test_a_page_that_names_none_may_have_one_in_a_usual_place(tocsin: Run, server: FeedServer) -> None:
    server.answers["/"] = Reply(b"<html><body>Welcome</body></html>")
    server.answers["/rss.xml"] = Reply(rss(item(1)))
    whole = json.loads(tocsin("check", server.url("/"), "--json").stdout)
    assert [(one["url"], one["how"], one["feed"]["entries"]) for one in whole["candidates"]] == [
        (server.url("/rss.xml"), "a usual place", 1)
    ]


def test_what_is_wrong_comes_with_how_to_mend_it(tocsin: Run, server: FeedServer) -> None:
    server.answers["/feed"] = Reply(status=500)
    told = tocsin("check", server.url())
    assert told.returncode == 1
    assert "problem (server_error): HTTP 500" in told.stdout
    assert "to mend it: nothing: it is tried again" in told.stdout
    assert "failed 1 time in a row" in told.stdout
    wrong = tocsin("check", "ftp://a.example/")
    assert (wrong.returncode, "must begin with https://" in wrong.stderr) == (2, True)


def test_where_a_program_reads_a_table_is_cut_nowhere_and_says_how_each_feed_fares(
    tocsin: Run, ledger: Database
) -> None:
    name = "A feed with a name that is longer than most screens are wide [and brackets] " + "x" * 60
    sync_feeds(ledger, [Feed(url="https://a.example/rss", name=name, outlet="a.example")])
    with ledger.write() as connection:
        now = ledger.now(connection)
        health = {"status": "failing", "error_class": "soft_404", "error": "HTTP 200: a page", "failures": 3}
        gap = {"usual_gap_s": 3_600, "last_new_at": now - 12 * 3_600_000_000, "last_success_at": 1}
        connection.execute(update(feed).values(**health, **gap, next_check_why="failed 3 times in a row"))
    head, row = tocsin("list").stdout.splitlines()
    assert head.split()[:3] == ["feed", "tier", "status"]
    for words in (name, "failing", "page that says not found", "failed 3 times in a row", "12x", "HTTP 200: a page"):
        assert words in row
    (whole,) = json.loads(tocsin("list", "--json").stdout)
    assert (round(whole["silent_gaps"]), whole["problem"]) == (12, "page that says not found")
    assert whole["items_per_day"] == [0] * 14
    shown = tocsin("show", "https://a.example/rss").stdout
    for words in (
        "problem: page that says not found, 3 in a row",
        "to mend it: look for",
        "every 1h; silent for 12.0 times",
    ):
        assert words in shown, shown


def test_a_host_that_asked_for_rest_is_not_asked_by_a_check_either(
    tocsin: Run, server: FeedServer, ledger: Database
) -> None:
    with ledger.write() as connection:
        until_at = ledger.now(connection) + 3_600_000_000
        rest_host(connection, Rest(host=f"127.0.0.1:{server.port}", until_at=until_at, why="rests 1h"))
    told = tocsin("check", server.url())
    assert told.returncode == 1
    assert "it is not asked before" in told.stderr
    assert server.asked == []


def test_a_feed_whose_host_is_away_is_added_all_the_same(tocsin: Run, server: FeedServer, ledger: Database) -> None:
    server.answers["/feed"] = Reply(status=503)
    added = tocsin("add", server.url())
    assert added.returncode == 0
    assert "cannot be read now (HTTP 503" in added.stderr
    assert tocsin("add", server.url("/page"), "--unchecked").returncode == 0
    assert len(list_feeds(ledger)) == 2
    assert len(server.asked) == 1
