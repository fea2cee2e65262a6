from __future__ import annotations

import asyncio
import gzip
import time
from collections.abc import Iterator, Sequence
from itertools import pairwise

from feed_server import Asked, FeedServer, Reply, item, rss
from polling import AGENT, QUICK, articles, declared, poll, state_of
from sqlalchemy import select, update

from net.client import GuardedClient
from store.database import Database
from store.feeds import recent_fetches, sync_feeds
from store.tables import article, feed
from watcher.manners import Manners
from watcher.poll import Watcher
from watcher.pool import ParsePool


def outcomes(db: Database, server: FeedServer) -> list[str]:
    """The fetch log of the server's feed, oldest first."""
    return [line["outcome"] for line in reversed(recent_fetches(db, state_of(db, server.url()).id))]


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


def test_the_next_request_carries_both_validators_and_a_304_costs_no_parse(
    sqlite_db: Database, server: FeedServer
) -> None:
    def answer(asked: Asked) -> Reply:
        if asked.headers.get("if-none-match") == '"a"':
            return Reply(status=304)
        return Reply(rss(item(1)), headers={"ETag": '"a"', "Last-Modified": "Tue, 24 Nov 2026 10:00:00 GMT"})

    server.answers["/feed"] = answer
    sync_feeds(sqlite_db, [declared(server.url())])
    poll(sqlite_db, times=2)
    assert server.asked[1].headers["if-modified-since"] == "Tue, 24 Nov 2026 10:00:00 GMT"
    assert server.asked[0].headers["user-agent"] == AGENT
    assert server.asked[0].headers["accept-encoding"] == "gzip"
    assert outcomes(sqlite_db, server) == ["fetched", "not_modified"]
    assert state_of(sqlite_db, server.url()).status == "ok"


def test_the_first_look_is_a_silent_baseline_and_later_entries_alert(db: Database, server: FeedServer) -> None:
    documents = iter([rss(item(1), item(2)), rss(item(3), item(1), item(2))])
    server.answers["/feed"] = lambda asked: Reply(next(documents))
    sync_feeds(db, [declared(server.url())])
    poll(db, times=2)
    assert [(row.title[-1], row.quiet) for row in articles(db)] == [("1", "baseline"), ("2", "baseline"), ("3", None)]


def test_an_edited_article_is_revised_and_waits_for_evaluation_again(db: Database, server: FeedServer) -> None:
    documents = iter([rss(item(1)), rss(item(1, text="The ministers deny it."))])
    server.answers["/feed"] = lambda asked: Reply(next(documents))
    sync_feeds(db, [declared(server.url())])
    poll(db)
    with db.write() as connection:
        connection.execute(update(article).values(evaluated_at=1, evaluated_with="h", match_tries=2))
    rung: list[str] = []
    poll(db, rung)
    (row,) = articles(db)
    assert (row.revision, row.text, row.evaluated_at, row.match_tries) == (2, "The ministers deny it.", None, 0)
    assert rung == [row.id]
    assert row.first_seen_at < row.revised_at


BAD: dict[str, tuple[Reply, str, str]] = {
    "a page": (Reply(b"<!doctype html><html><body>Hello</body></html>"), "html", "HTML page, not a feed"),
    "a challenge": (Reply(b"<html><title>Just a moment...</title></html>"), "challenge", "challenge page"),
    "a login": (Reply(b"<html><form><input type='password'></form></html>"), "login", "sign in"),
    "a login by its address": (Reply(status=302, headers={"Location": "/user/sign-in?back=/rss"}), "login", "sign in"),
    "a soft 404": (
        Reply(b"<html><title>Page not found | Example</title><body><a href='/login'>Sign in</a></body></html>"),
        "soft_404",
        "nothing here, though with status 200",
    ),
    "a soft 404 in French": (Reply(b"<html><h1 class='x'>Page introuvable</h1></html>"), "soft_404", "nothing"),
    "a long page with a captcha": (
        Reply(b"<html><body>" + b"<p>A story about a budget.</p>" * 3_000 + b"<div class=g-captcha></div></html>"),
        "html",
        "HTML page",
    ),
    "nothing": (Reply(b""), "empty", "empty"),
    "a BOM alone": (Reply(b"\xef\xbb\xbf \n"), "empty", "empty"),
    "a path": (Reply(b"/etc/passwd"), "not_a_feed", "'/etc/passwd'"),
    "a URL": (Reply(b"http://127.0.0.1/feed"), "not_a_feed", "not a feed"),
    "JSON": (Reply(b'{"a": 1}'), "not_a_feed", "not a feed"),
    "deep JSON": (Reply(b'{"version": ' + b"[" * 100_000), "not_a_feed", "not a feed"),
    "an OPML": (Reply(b"<opml><body><outline xmlUrl='https://a.example/'/></body></opml>"), "opml", "import"),
    "a gzip bomb": (
        Reply(gzip.compress(b"\0" * 50_000_000), headers={"Content-Encoding": "gzip"}),
        "too_large",
        "larger than",
    ),
    "a coding nobody asked for": (
        Reply(b"\x1b\xff\xff\0" * 1_000, headers={"Content-Encoding": "br"}),
        "protocol",
        "coded as 'br'",
    ),
    "a list of sitemaps": (Reply(b"<sitemapindex><sitemap/></sitemapindex>"), "not_a_feed", "list of sitemaps"),
    "a redirect to nowhere": (Reply(status=302), "redirect", "without a Location"),
    "a redirect with a password": (
        Reply(status=302, headers={"Location": "http://a:b@127.0.0.1/"}),
        "url",
        "user name or password",
    ),
    "not found": (Reply(status=404), "not_found", "HTTP 404"),
    "gone": (Reply(status=410), "gone", "HTTP 410"),
    "an error": (Reply(status=500), "server_error", "HTTP 500"),
    "a refusal": (Reply(status=403, headers={"cf-mitigated": "challenge"}), "challenge", "challenge"),
    "304 to a first request": (Reply(status=304), "http", "HTTP 304"),
    "metadata": (
        Reply(status=302, headers={"Location": "http://169.254.169.254/latest"}),
        "refused_address",
        "link-local",
    ),
    "a loop": (Reply(status=301, headers={"Location": "?again"}), "too_many_redirects", "redirects"),
    "unfinished": (Reply(b'<?xml version="1.0"?><rss version="2.0"><channel><tit'), "truncated", "breaks off"),
}


def test_what_is_no_feed_is_recorded_in_words_and_everything_else_goes_on(
    sqlite_db: Database, server: FeedServer
) -> None:
    for nth, (reply, _class, _words) in enumerate(BAD.values()):
        server.answers[f"/{nth}"] = Reply(reply.body, reply.status, {**reply.headers}, reply.length)
    server.answers["/feed"] = Reply(rss(item(1)))
    server.answers["/user/sign-in"] = Reply(b"<!doctype html><html><body>Who are you?</body></html>")
    urls = [server.url(f"/{nth}") for nth in range(len(BAD))]
    sync_feeds(sqlite_db, [*map(declared, urls), declared(server.url())])
    manners = Manners(spacing_s=0.0, total_s=5.0, limit_bytes=1_000_000, per_host=8)
    assert poll(sqlite_db, manners=manners) == len(BAD) + 1
    for url, (name, (_reply, error_class, words)) in zip(urls, BAD.items(), strict=True):
        state = state_of(sqlite_db, url)
        assert (state.error_class, state.failures) == (error_class, 1), (name, state.error)
        assert words in (state.error or ""), name
        assert state.status == ("gone" if name == "gone" else "failing")
        assert state.next_check_at > 0
    assert len(articles(sqlite_db)) == 1


def test_a_dripping_feed_is_cut_and_the_next_one_still_read(sqlite_db: Database, server: FeedServer) -> None:
    def drip() -> Iterator[bytes]:
        for _ in range(100):
            yield b" "
            time.sleep(0.05)

    server.answers["/drip"] = lambda asked: Reply(drip(), length=10_000)
    server.answers["/feed"] = Reply(rss(item(1)))
    sync_feeds(sqlite_db, [declared(server.url("/drip")), declared(server.url())])
    started = time.monotonic()
    poll(sqlite_db, manners=Manners(spacing_s=0.0, total_s=0.5))
    assert time.monotonic() - started < 4
    assert state_of(sqlite_db, server.url("/drip")).error_class == "timeout"
    assert len(articles(sqlite_db)) == 1


def test_a_body_of_200_megabytes_is_cut_at_the_limit(sqlite_db: Database, server: FeedServer) -> None:
    server.answers["/feed"] = lambda asked: Reply((b"x" * 1_000_000 for _ in range(200)), length=200_000_000)
    sync_feeds(sqlite_db, [declared(server.url())])
    poll(sqlite_db, manners=Manners(spacing_s=0.0, total_s=10.0, limit_bytes=2_000_000))
    assert state_of(sqlite_db, server.url()).error_class == "too_large"


def test_a_feed_that_breaks_off_gives_what_came_and_is_asked_for_the_rest(
    sqlite_db: Database, server: FeedServer
) -> None:
    whole = rss(item(1), item(2), item(3))
    documents = iter([whole[: whole.index(b"id-2")], whole])
    server.answers["/feed"] = lambda asked: Reply(next(documents), headers={"ETag": '"same"'})
    sync_feeds(sqlite_db, [declared(server.url())])
    poll(sqlite_db)
    assert state_of(sqlite_db, server.url()).etag is None
    poll(sqlite_db)
    assert "if-none-match" not in server.asked[1].headers
    assert [row.title[-1] for row in articles(sqlite_db)] == ["1", "2", "3"]


def test_retry_after_of_a_429_is_obeyed(sqlite_db: Database, server: FeedServer) -> None:
    server.answers["/feed"] = Reply(status=429, headers={"Retry-After": "7200"})
    sync_feeds(sqlite_db, [declared(server.url(), every="60")])
    before = time.time()
    poll(sqlite_db)
    state = state_of(sqlite_db, server.url())
    assert 7_190 <= state.next_check_at / 1e6 - before <= 8_000
    assert (state.error_class, state.next_check_why) == ("rate_limited", "the server said Retry-After: 2h")


def test_a_permanent_redirect_is_counted_and_followed(sqlite_db: Database, server: FeedServer) -> None:
    server.answers["/feed"] = Reply(status=301, headers={"Location": "/new"})
    server.answers["/new"] = Reply(rss(item(1)))
    sync_feeds(sqlite_db, [declared(server.url())])
    poll(sqlite_db, times=2)
    state = state_of(sqlite_db, server.url())
    assert (state.moved_to, state.moved_count, state.status) == (server.url("/new"), 2, "ok")


def test_a_host_is_asked_two_at_a_time_with_the_spacing_between_starts(sqlite_db: Database, server: FeedServer) -> None:
    def slow(asked: Asked) -> Reply:
        time.sleep(0.15)
        return Reply(rss(item(asked.path)))

    paths = [f"/{n}" for n in range(6)]
    server.answers |= dict.fromkeys(paths, slow)
    sync_feeds(sqlite_db, [declared(server.url(path)) for path in paths])
    poll(sqlite_db, manners=Manners(spacing_s=0.05, total_s=5.0))
    starts = sorted(asked.at for asked in server.asked)
    assert server.most_at_once <= 2
    assert all(later - earlier > 0.04 for earlier, later in pairwise(starts))


def test_a_document_of_many_entries_goes_in_chunks_and_is_counted_once(db: Database, server: FeedServer) -> None:
    server.answers["/feed"] = Reply(rss(*(item(n) for n in range(250))))
    sync_feeds(db, [declared(server.url())])
    poll(db)
    (line,) = recent_fetches(db, state_of(db, server.url()).id)
    assert (line["entries"], line["new"], line["known"]) == (250, 250, 0)
    assert len(articles(db)) == 250


def test_a_bell_that_cannot_be_rung_loses_nothing(sqlite_db: Database, server: FeedServer) -> None:
    def broken(_ids: Sequence[str]) -> None:
        raise ConnectionError("nobody there")

    server.answers["/feed"] = Reply(rss(item(1)))
    sync_feeds(sqlite_db, [declared(server.url())])
    poll(sqlite_db, ring=broken)
    assert len(articles(sqlite_db)) == 1
    assert state_of(sqlite_db, server.url()).status == "ok"


def test_links_and_control_characters_are_made_safe(sqlite_db: Database, server: FeedServer) -> None:
    entries = [
        item(1, title="A&amp;B\x07 &lt;b&gt;bold&lt;/b&gt;", link="javascript:alert(1)", guid="x1"),
        item(2, link="/relative?utm_source=rss&amp;id=2", guid="x2"),
    ]
    server.answers["/feed"] = Reply(rss(*entries))
    sync_feeds(sqlite_db, [declared(server.url())])
    poll(sqlite_db)
    one, two = articles(sqlite_db)
    assert (one.title, one.url) == ("A&B bold", None)
    assert two.url == server.url("/relative?id=2")


def test_a_watcher_looks_as_feeds_fall_due_and_ends_when_told(sqlite_db: Database, server: FeedServer) -> None:
    server.answers |= {f"/{n}": Reply(rss(item(f"{n}"))) for n in range(10)}
    sync_feeds(sqlite_db, [declared(server.url(f"/{n}")) for n in range(10)])

    async def run() -> None:
        stop = asyncio.Event()
        async with GuardedClient(allow=["127.0.0.0/8"]) as client, ParsePool(1) as pool:
            watcher = Watcher(db=sqlite_db, client=client, pool=pool, ring=lambda ids: None, manners=QUICK)
            task = asyncio.create_task(watcher.watch(stop))
            while len(articles(sqlite_db)) < 10:
                await asyncio.sleep(0.05)
            stop.set()
            await asyncio.wait_for(task, 3)

    asyncio.run(asyncio.wait_for(run(), 20))
    with sqlite_db.read() as connection:
        assert connection.execute(select(feed.c.id).where(feed.c.lease_owner.is_not(None))).all() == []


def test_a_feed_is_looked_at_when_it_falls_due_and_not_with_all_others_of_its_second(
    sqlite_db: Database, server: FeedServer
) -> None:
    paths, apart = [f"/{n}" for n in range(12)], 250_000
    server.answers |= {path: Reply(rss(item(path))) for path in paths}
    sync_feeds(sqlite_db, [declared(server.url(path)) for path in paths])
    first = time.time_ns() // 1_000 + 1_300_000
    with sqlite_db.write() as connection:
        for number, path in enumerate(paths):
            due = update(feed).where(feed.c.url == server.url(path))
            connection.execute(due.values(next_check_at=first + number * apart))

    async def run() -> None:
        async with GuardedClient(allow=["127.0.0.0/8"]) as client, ParsePool(1) as pool:
            watcher = Watcher(db=sqlite_db, client=client, pool=pool, ring=lambda ids: None, manners=QUICK)
            task = asyncio.create_task(watcher.watch(stop := asyncio.Event()))
            while len(server.asked) < len(paths):
                await asyncio.sleep(0.05)
            stop.set()
            await task

    asyncio.run(asyncio.wait_for(run(), 30))
    with sqlite_db.read() as connection:
        looked = connection.execute(select(feed.c.url, feed.c.last_attempt_at))
        at = {row.url: row.last_attempt_at for row in looked}
    late = sorted(at[server.url(path)] - first - number * apart for number, path in enumerate(paths))
    assert late[0] >= 0
    assert late[len(late) // 2] < 250_000


def test_two_watchers_share_the_feeds(db: Database, server: FeedServer) -> None:
    server.answers |= {f"/{n}": Reply(rss(item(f"{n}"))) for n in range(12)}
    sync_feeds(db, [declared(server.url(f"/{n}")) for n in range(12)])

    async def run() -> int:
        async with GuardedClient(allow=["127.0.0.0/8"]) as client, ParsePool(1) as pool:
            two = [Watcher(db=db, client=client, pool=pool, ring=lambda ids: None, manners=QUICK) for _ in range(2)]
            return sum(await asyncio.gather(*(watcher.poll_due() for watcher in two)))

    assert asyncio.run(run()) == 12
    assert len(server.asked) == 12
