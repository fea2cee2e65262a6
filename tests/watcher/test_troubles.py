from __future__ import annotations

from dataclasses import replace
from email.utils import format_datetime

import pytest
from feed_server import FeedServer, Reply, feed_server, item, rss
from polling import articles, declared, poll, state_of
from sqlalchemy import update

from store.database import Database, instant
from store.feeds import find_feed, list_feeds, recent_fetches, sync_feeds
from store.fetches import FeedUpdate, Notice
from store.tables import feed
from watcher import health
from watcher.health import Patience, Signs

HOUR = 3_600 * 1_000_000
NOW = 1_800_000_000_000_000


def dated(number: int | str, at: int, **more: str) -> str:
    return item(number, pubDate=format_datetime(instant(at)), **more)


def seen_at(db: Database, at: int) -> None:
    """As if the feed had been looked at then."""
    with db.write() as connection:
        connection.execute(update(feed).values(last_success_at=at, last_new_at=at, first_success_at=at))


def test_who_asks_too_often_does_so_at_a_host_and_all_its_feeds_rest(db: Database, server: FeedServer) -> None:
    server.answers["/a"] = Reply(status=429, headers={"Retry-After": "7200"})
    server.answers["/b"] = Reply(rss(item(1)))
    sync_feeds(db, [declared(server.url("/a"))])
    poll(db)
    sync_feeds(db, [declared(server.url("/a")), declared(server.url("/b"))])
    assert poll(db) == 0
    assert [asked.path for asked in server.asked] == ["/a"]
    waiting = state_of(db, server.url("/b"))
    assert waiting.check_why == f"127.0.0.1:{server.port}: says that we ask too often, and rests 2h"
    assert waiting.check_at > waiting.next_check_at


def test_a_503_with_retry_after_rests_the_feed_and_not_its_host(db: Database, server: FeedServer) -> None:
    server.answers["/a"] = Reply(status=503, headers={"Retry-After": "7200"})
    server.answers["/b"] = Reply(rss(item(1)))
    sync_feeds(db, [declared(server.url("/a"))])
    poll(db)
    sync_feeds(db, [declared(server.url("/a")), declared(server.url("/b"))])
    poll(db)
    assert state_of(db, server.url("/b")).status == "ok"
    assert "Retry-After: 2h" in (state_of(db, server.url("/a")).next_check_why or "")


def test_while_most_hosts_fail_at_once_no_feed_is_blamed(sqlite_db: Database) -> None:
    with feed_server() as gone:
        urls = [gone.url(f"/{n}", host=f"127.0.0.{n + 2}") for n in range(12)]
    sync_feeds(sqlite_db, [declared(url) for url in urls])
    with sqlite_db.write() as connection:
        connection.execute(update(feed).values(status="ok", last_success_at=1, first_success_at=1))
    poll(sqlite_db, times=2)
    after = {state.status for state in list_feeds(sqlite_db)}
    spared = [state for state in list_feeds(sqlite_db) if state.failures == 0]
    assert after == {"ok", "failing"}
    assert len(spared) >= 7
    assert {state.next_check_why for state in spared} == {"our own network seems to be down; the feed is not to blame"}
    lines = recent_fetches(sqlite_db, spared[0].id)
    assert {line["error_class"] for line in lines} == {"connect"}


def test_no_overlap_between_two_looks_shortens_the_interval_and_says_so_once(db: Database, server: FeedServer) -> None:
    documents = iter([rss(*(item(n) for n in range(k, k + 5))) for k in (0, 5, 10, 12)])
    server.answers["/feed"] = lambda asked: Reply(next(documents))
    sync_feeds(db, [declared(server.url())])
    poll(db)
    assert state_of(db, server.url()).troubles == ()
    before = state_of(db, server.url()).interval_s or 0
    poll(db)
    state = state_of(db, server.url())
    assert (state.troubles, state.episodes) == (("gap",), {"gap": 1})
    assert (state.interval_s, "missed" in (state.next_check_why or "")) == (before // 2, True)
    poll(db)
    assert (state_of(db, server.url()).interval_s, state_of(db, server.url()).episodes) == (before // 4, {"gap": 1})
    poll(db)
    assert state_of(db, server.url()).troubles == ()


def test_a_feed_of_one_entry_has_no_gaps(sqlite_db: Database, server: FeedServer) -> None:
    documents = iter([rss(item(1)), rss(item(2)), rss(item(3))])
    server.answers["/feed"] = lambda asked: Reply(next(documents))
    sync_feeds(sqlite_db, [declared(server.url())])
    poll(sqlite_db, times=3)
    assert state_of(sqlite_db, server.url()).episodes == {}


def test_a_republished_archive_is_stored_and_kept_quiet_and_counted(db: Database, server: FeedServer) -> None:
    sync_feeds(db, [declared(server.url())])
    archive = [dated(f"old-{n}", 10**15 + n * HOUR) for n in range(40)]
    documents = iter(
        [rss(item(1)), rss(dated("new", 17 * 10**14), *archive, item(1)), rss(dated("late", 10**15), *archive)]
    )
    server.answers["/feed"] = lambda asked: Reply(next(documents))
    poll(db)
    seen_at(db, 17 * 10**14)
    poll(db)
    seen_at(db, 17 * 10**14)
    poll(db)
    quiet = {row.title.removeprefix("Ministers met in round "): row.quiet for row in articles(db)}
    assert quiet.pop("1") == "baseline"
    assert (quiet.pop("new"), quiet.pop("late")) == (None, None)
    assert set(quiet.values()) == {"archive"}
    assert [line["quiet"] for line in recent_fetches(db, state_of(db, server.url()).id)] == [
        None,
        {"archive": 40},
        {"baseline": 1},
    ]


def test_known_texts_under_new_names_are_an_archive_whatever_their_dates(db: Database, server: FeedServer) -> None:
    sync_feeds(db, [declared(server.url())])
    entries = range(12)
    moved = [
        dated(
            n,
            NOW - 10 * HOUR,
            guid=f"new-{n}",
            link=f"https://new.example/{n}",
            description=f"The ministers spoke about item {n}.",
        )
        for n in entries
    ]
    documents = iter([rss(*(item(n) for n in entries)), rss(*moved)])
    server.answers["/feed"] = lambda asked: Reply(next(documents))
    poll(db, times=2)
    assert {row.quiet for row in articles(db)} <= {"baseline", "archive"}
    assert state_of(db, server.url()).episodes == {}


def test_a_permanent_redirect_is_stored_after_ten_sightings_over_a_day(db: Database, server: FeedServer) -> None:
    server.answers["/feed"] = Reply(status=301, headers={"Location": "/new"})
    server.answers["/new"] = lambda asked: Reply(rss(item(1)))
    sync_feeds(db, [declared(server.url())])
    poll(db, times=9)
    with db.write() as connection:
        connection.execute(update(feed).values(moved_since_at=1))
    poll(db)
    state = state_of(db, server.url())
    assert (state.fetch_from, state.episodes) == (server.url("/new"), {"moved": 1})
    server.asked.clear()
    poll(db, times=2)
    assert [asked.path for asked in server.asked] == ["/new"] * 2
    assert state_of(db, server.url()).episodes == {"moved": 1}
    server.answers["/new"] = Reply(status=410)
    poll(db, times=4)
    assert [asked.path for asked in server.asked[2:]] == ["/new"] * 3 + ["/feed", "/new"]
    assert state_of(db, server.url()).status == "gone"  # the declared address leads there too


def test_a_feed_that_is_gone_is_left_alone_and_comes_back(db: Database, server: FeedServer) -> None:
    answers = iter([Reply(rss(item(1))), Reply(status=410), Reply(status=410), Reply(rss(item(1), item(2)))])
    server.answers["/feed"] = lambda asked: next(answers)
    sync_feeds(db, [declared(server.url())])
    poll(db, times=3)
    state = state_of(db, server.url())
    assert (state.status, state.troubles, state.episodes) == ("gone", ("gone",), {"gone": 1})
    assert (state.next_check_at - (state.last_attempt_at or 0)) / HOUR / 24 > 26
    poll(db)
    state = state_of(db, server.url())
    assert (state.status, state.troubles, state.episodes) == ("ok", (), {"gone": 1, "recovered": 1})


def test_an_hour_in_which_the_feed_rests_is_stepped_over(sqlite_db: Database, server: FeedServer) -> None:
    hours = "".join(f"<hour>{n}</hour>" for n in range(24))
    days = "<skipDays><day>Monday</day><day>Funday</day></skipDays>"
    server.answers["/feed"] = Reply(rss(f"<skipHours>{hours}</skipHours>"))
    server.answers["/days"] = Reply(rss(days))
    sync_feeds(sqlite_db, [declared(server.url()), declared(server.url("/days"))])
    poll(sqlite_db)
    assert state_of(sqlite_db, server.url()).rests == ()  # all hours is no answer
    assert state_of(sqlite_db, server.url("/days")).rests == tuple(range(24))


def test_a_feed_is_fetched_through_its_proxy_whose_address_a_reference_may_hold(
    sqlite_db: Database, server: FeedServer
) -> None:
    server.answers["http://feeds.nowhere.invalid/rss"] = Reply(rss(item(1)))
    urls = [f"http://feeds.nowhere.invalid/{path}" for path in ("rss", "none", "bad")]
    proxies = (server.url(""), "env:NONE", "env:BAD")
    sync_feeds(sqlite_db, [declared(url, proxy=proxy) for url, proxy in zip(urls, proxies, strict=True)])

    def secrets(reference: str) -> str:
        if reference == "env:BAD":
            return "hush"
        raise LookupError("the environment variable NONE is not set")

    poll(sqlite_db, secrets=secrets)
    assert [asked.path for asked in server.asked] == [urls[0]]
    assert [state_of(sqlite_db, url).error_class for url in urls] == [None, "proxy", "proxy"]
    assert "NONE is not set" in (state_of(sqlite_db, urls[1]).error or "")
    bad = state_of(sqlite_db, urls[2]).error or ""
    assert "env:BAD holds no proxy" in bad
    assert "hush" not in bad


def told_after(
    db: Database, url: str, update: FeedUpdate, signs: Signs, now: int
) -> tuple[FeedUpdate, tuple[Notice, ...]]:
    state = find_feed(db, url)
    assert state is not None
    return health.told(state, update, signs, now, Patience(failures=5, gaps=10))


FAILING = FeedUpdate(
    status="failing",
    failures=5,
    next_check_at=1,
    next_check_why="",
    interval_s=60,
    host="a.example",
    error_class="not_found",
    error="HTTP 404: there is nothing at this address",
    failing_since_at=NOW - 2 * HOUR,
)


@pytest.fixture
def known(sqlite_db: Database) -> Database:
    sync_feeds(sqlite_db, [declared("https://a.example/rss", tags=("energy",))])
    return sqlite_db


def opened(db: Database, *troubles: str, **values: object) -> None:
    with db.write() as connection:
        connection.execute(update(feed).values(troubles=list(troubles), **values))


def test_a_failing_feed_is_told_once_with_the_reason(known: Database) -> None:
    url = "https://a.example/rss"
    few, notices = told_after(known, url, replace(FAILING, failures=4), Signs(), NOW)
    assert (few.troubles, notices) == ((), ())
    after, (notice,) = told_after(known, url, FAILING, Signs(), NOW)
    assert (notice.kind, notice.number) == ("feed.failing", 1)
    why = "HTTP 404: there is nothing at this address"
    assert notice.words.startswith(
        f"Example has failed 5 times in a row, for 2 hours: {why}. It is asked again by itself"
    )
    assert notice.details == {"error_class": "not_found", "failures": 5}
    soon = replace(FAILING, failing_since_at=NOW - HOUR // 2)
    assert told_after(known, url, soon, Signs(), NOW)[1] == ()
    opened(known, *after.troubles, episodes=dict(after.episodes))
    assert told_after(known, url, replace(FAILING, failures=6), Signs(), NOW)[1] == ()


def test_that_it_is_over_is_told_once_and_the_next_time_is_another_episode(known: Database) -> None:
    url, good = "https://a.example/rss", replace(FAILING, status="ok", failures=0, failing_since_at=None)
    opened(known, "failing", episodes={"failing": 1}, failing_since_at=NOW - 72 * HOUR)
    after, (notice,) = told_after(known, url, good, Signs(), NOW)
    assert (notice.kind, notice.number, notice.details["from"]) == ("feed.recovered", 1, ["failing"])
    assert notice.words == "Example works again after 3 days; there is nothing to do."
    assert after.troubles == ()
    opened(known, episodes=dict(after.episodes))
    assert told_after(known, url, good, Signs(), NOW)[1] == ()
    _, (again,) = told_after(known, url, FAILING, Signs(), NOW)
    assert (again.kind, again.number) == ("feed.failing", 2)


def test_a_feed_that_answers_but_brings_nothing_for_ten_times_its_usual_gap_is_silent(known: Database) -> None:
    url = "https://a.example/rss"
    good = replace(FAILING, status="ok", failures=0, usual_gap_s=6 * 3_600, last_new_at=NOW - 59 * HOUR)
    assert told_after(known, url, good, Signs(), NOW)[1] == ()
    after, (notice,) = told_after(known, url, good, Signs(), NOW + 2 * HOUR)
    assert (notice.kind, after.troubles) == ("feed.silent", ("silent",))
    assert "nothing new for 2 days" in notice.words
    assert "every 6h" in notice.words
    opened(known, "silent", last_new_at=good.last_new_at)
    _, (over,) = told_after(known, url, good, Signs(new=1), NOW + 3 * HOUR)
    assert (over.kind, over.details["from"]) == ("feed.recovered", ["silent"])
    busy = replace(good, usual_gap_s=60, last_new_at=NOW - 20 * HOUR)
    opened(known)
    assert told_after(known, url, busy, Signs(), NOW)[1] == ()  # nights are silent


def test_a_gap_is_told_once_until_there_is_an_overlap(known: Database) -> None:
    url, good = "https://a.example/rss", replace(FAILING, status="ok", failures=0)
    after, (notice,) = told_after(known, url, good, Signs(overlap=False, new=5), NOW)
    assert notice.kind == "feed.gap"
    assert "articles may have been missed" in notice.words
    opened(known, *after.troubles)
    assert told_after(known, url, good, Signs(overlap=False, new=5), NOW)[1] == ()
    over, none = told_after(known, url, good, Signs(overlap=True), NOW)
    assert (over.troubles, none) == ((), ())


def test_an_answer_that_says_403_with_retry_after_is_a_rate_limit(sqlite_db: Database, server: FeedServer) -> None:
    server.answers["/feed"] = Reply(status=403, headers={"Retry-After": "600"})
    sync_feeds(sqlite_db, [declared(server.url())])
    poll(sqlite_db)
    assert state_of(sqlite_db, server.url()).error_class == "rate_limited"
