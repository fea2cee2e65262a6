from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace

from sqlalchemy import func, select, update

from store.commits import CHUNK, commit_fetch
from store.database import Database
from store.feeds import Feed, FeedState, add_feed, feed_id, find_feed, list_feeds, remove_feed, sync_feeds
from store.fetches import ArticleRow, FeedUpdate, FetchLog, Name, Outcome, known_by
from store.hosts import Rest, Turn, rest_host, start_again
from store.migrate import migrate
from store.tables import article, feed, fetch
from store.turns import lease_due, release, release_one

UPDATE = FeedUpdate(
    status="ok",
    failures=0,
    next_check_at=2 * 10**15,
    next_check_why="every 5m",
    interval_s=300,
    host="a.example",
    etag='"a"',
)


def declared(url: str = "https://a.example/rss", **settings: object) -> Feed:
    return Feed(**{"url": url, "name": "A", "outlet": "a.example", **settings})  # type: ignore[arg-type]


def row(number: int, *, revision: int = 1, text: str = "Text") -> ArticleRow:
    id, content = f"article-{number}", f"hash-{number}-{text}"
    return ArticleRow(
        id=id,
        revision=revision,
        url=f"https://a.example/{number}",
        title=f"Title {number}",
        text=text,
        author=None,
        lang="en",
        published_at=None,
        published_from="first_seen",
        content_hash=content,
        quiet="baseline",
        names=(Name(key=f"g:{number}", article_id=id, content_hash=content),),
    )


def leased(db: Database, owner: str = "me", limit: int = 10, now: int | None = None) -> tuple[FeedState, ...]:
    return lease_due(db, owner, limit=limit, lease_s=60, per_host=100, now=now).feeds


def count(db: Database, table: object = article) -> int:
    with db.read() as connection:
        return connection.scalar(select(func.count()).select_from(table)) or 0  # type: ignore[arg-type]


def test_feeds_of_a_file_are_made_exactly_what_it_says_and_keep_what_is_known(db: Database) -> None:
    one, two = declared(), declared("https://b.example/rss", tags=("x", "y"), backfill_s=86_400)
    sync_feeds(db, [one, two])
    add_feed(db, declared("https://c.example/rss"))
    (state, *_rest) = leased(db)
    commit_fetch(db, "me", state, Outcome(log=FetchLog(outcome="fetched"), update=UPDATE), 5)
    sync_feeds(db, [replace(one, name="New name")])
    assert [found.feed.url for found in list_feeds(db)] == ["https://c.example/rss", one.url]
    gone = find_feed(db, two.url)
    assert gone is not None
    assert gone.removed_at is not None
    assert gone.feed == two
    sync_feeds(db, [one, two])
    again = find_feed(db, two.url)
    assert again is not None
    assert again.removed_at is None
    assert {found.etag for found in list_feeds(db)} == {'"a"', None}


def test_settings_that_change_the_interval_make_a_feed_due(db: Database) -> None:
    sync_feeds(db, [declared()])
    with db.write() as connection:
        connection.execute(update(feed).values(next_check_at=9 * 10**15))
    sync_feeds(db, [declared(name="B")])
    assert leased(db) == ()
    sync_feeds(db, [declared(every="300")])
    assert len(leased(db)) == 1


def test_a_feed_is_removed_once(db: Database) -> None:
    add_feed(db, declared())
    assert remove_feed(db, declared().url)
    assert not remove_feed(db, declared().url)
    assert not remove_feed(db, "https://none.example/")
    assert leased(db) == ()


def test_a_lease_is_exclusive_until_it_runs_out_or_is_given_back(db: Database) -> None:
    sync_feeds(db, [declared()])
    (state,) = leased(db, "one")
    assert leased(db, "two") == ()
    release(db, "one")
    assert len(leased(db, "two")) == 1
    late = 10**17
    assert [found.id for found in leased(db, "three", now=late)] == [state.id]


def test_hosts_are_spared_and_left_to_the_watcher_that_is_there(db: Database) -> None:
    sync_feeds(db, [declared(f"https://a.example/{n}") for n in range(5)] + [declared("https://b.example/")])
    first = lease_due(db, "one", limit=10, lease_s=60, per_host=2)
    assert sorted(found.feed.url for found in first.feeds)[2:] == ["https://b.example/"]
    assert lease_due(db, "one", limit=10, lease_s=60, per_host=2).feeds == ()
    assert lease_due(db, "two", limit=10, lease_s=60, per_host=2).feeds == ()


def test_watchers_that_lease_at_once_never_get_the_same_feed(db: Database) -> None:
    sync_feeds(db, [declared(f"https://h{n}.example/") for n in range(60)])
    taken: list[str] = []

    def lease(owner: str) -> None:
        while feeds := leased(db, owner, limit=3):
            taken.extend(found.id for found in feeds)

    threads = [threading.Thread(target=lease, args=(f"w{n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == len(set(taken)) == 60


def test_a_fetch_is_committed_whole_and_known_afterwards(db: Database) -> None:
    sync_feeds(db, [declared()])
    (state,) = leased(db)
    learned = Name(key="l:1", article_id="article-1", content_hash="h")
    outcome = Outcome(
        log=FetchLog(outcome="fetched", http_status=200, bytes=10),
        update=UPDATE,
        articles=(row(1), row(2)),
        known=3,
        skipped={"empty": 1},
        refreshed=(learned,),
    )
    assert commit_fetch(db, "me", state, outcome, 7) == ["article-1", "article-2"]
    known, by_id = known_by(db, state.id, ["g:1", "g:2", "g:3", "l:1"], ["article-1", "x"])
    assert {key: one.article_id for key, one in known.items()} == {
        "g:1": "article-1",
        "g:2": "article-2",
        "l:1": "article-1",
    }
    assert (known["g:1"].content_hash, known["g:1"].revision, known["g:1"].seen_at) == ("hash-1-Text", 1, 7)
    assert by_id.keys() == {"article-1"}
    with db.read() as connection:
        line = connection.execute(select(fetch)).one()
    assert (line.entries, line.new, line.changed, line.known, line.skipped) == (6, 2, 0, 3, {"empty": 1})
    after = find_feed(db, state.id)
    assert after is not None
    assert (after.etag, after.status, after.next_check_at) == ('"a"', "ok", 2 * 10**15)
    assert leased(db, "other") == ()


def test_a_revision_is_evaluated_again_and_keeps_its_first_dates(db: Database) -> None:
    sync_feeds(db, [declared()])
    (state,) = leased(db)
    commit_fetch(db, "me", state, Outcome(log=FetchLog(outcome="fetched"), update=UPDATE, articles=(row(1),)), 7)
    with db.write() as connection:
        connection.execute(update(article).values(evaluated_at=8, match_tries=1))
    (state,) = leased(db, now=3 * 10**15)
    revised = Outcome(log=FetchLog(outcome="fetched"), update=UPDATE, articles=(row(1, revision=2, text="New"),))
    assert commit_fetch(db, "me", state, revised, 9) == ["article-1"]
    with db.read() as connection:
        found = connection.execute(select(article)).one()
    assert (found.revision, found.text, found.first_seen_at, found.revised_at) == (2, "New", 7, 9)
    assert (found.evaluated_at, found.match_tries, found.quiet) == (None, 0, "baseline")


def test_whoever_has_lost_the_lease_writes_nothing(db: Database) -> None:
    sync_feeds(db, [declared()])
    (state,) = leased(db, "one", now=3 * 10**15)
    leased(db, "two", now=4 * 10**15)
    outcome = Outcome(log=FetchLog(outcome="fetched"), update=UPDATE, articles=(row(1),))
    assert commit_fetch(db, "one", state, outcome, 7) is None
    assert (count(db), count(db, fetch)) == (0, 0)


def test_a_watcher_killed_between_two_chunks_loses_nothing_and_counts_nothing_twice(
    db: Database, database_url: str
) -> None:
    sync_feeds(db, [declared()])
    program = (
        "import os, signal, sys\n"
        f"sys.path.insert(0, {os.path.dirname(__file__)!r})\n"
        "from test_feeds import UPDATE, Database, FetchLog, Outcome, commit_fetch, leased, row\n"
        "db = Database(sys.argv[1])\n"
        "class Rows(tuple):\n"
        "    def __getitem__(self, part):\n"
        "        if getattr(part, 'start', 0) >= 200:\n"
        "            os.kill(os.getpid(), signal.SIGKILL)\n"
        "        return super().__getitem__(part)\n"
        "(state,) = leased(db, 'killed')\n"
        "rows = Rows(row(n) for n in range(300))\n"
        "commit_fetch(db, 'killed', state, Outcome(log=FetchLog(outcome='fetched'), update=UPDATE, articles=rows), 7)\n"
    )
    ended = subprocess.run([sys.executable, "-c", program, database_url], check=False, timeout=30)
    assert ended.returncode == -signal.SIGKILL
    assert count(db) == 2 * CHUNK
    (state,) = leased(db, "next", now=3 * 10**15)
    assert state.etag is None
    rest = tuple(row(n) for n in range(200, 300))
    outcome = Outcome(log=FetchLog(outcome="fetched"), update=UPDATE, articles=rest, known=200)
    assert commit_fetch(db, "next", state, outcome, 9) is not None
    with db.read() as connection:
        entries, new, known = connection.execute(
            select(func.sum(fetch.c.entries), func.sum(fetch.c.new), func.sum(fetch.c.known))
        ).one()
    assert (entries, new, known) == (500, 300, 200)
    assert count(db) == new


def test_the_id_of_a_feed_is_its_urls(db: Database) -> None:
    assert feed_id("https://a.example/rss") == declared().id
    assert find_feed(db, "https://a.example/rss") is None
    assert migrate(db)


def test_starts_at_a_host_are_spaced_for_all_watchers_alike(db: Database) -> None:
    sync_feeds(db, [declared(f"https://a.example/{n}") for n in range(3)] + [declared("https://b.example/")])
    at, second = 10**16, 1_000_000

    def hosts(owner: str, now: int) -> list[str]:
        found = lease_due(db, owner, limit=10, lease_s=60, per_host=2, spacing_s=5, now=now)
        assert found.more_at in (None, at + 5 * second, at + 10 * second, at + 35 * second)
        return sorted(one.host for one in found.feeds)

    assert hosts("one", at) == ["a.example", "b.example"]
    assert hosts("two", at + 4 * second) == []
    assert hosts("two", at + 5 * second) == ["a.example"]
    assert hosts("one", at + 30 * second) == []  # two are under way there
    release(db, "one")
    assert hosts("one", at + 30 * second) == ["a.example", "b.example"]


def test_who_finds_nothing_due_is_told_when_the_next_one_falls_due(db: Database) -> None:
    sync_feeds(db, [declared(f"https://{n}.example/") for n in range(3)])
    at, second = 10**16, 1_000_000
    with db.write() as connection:
        for number, id in enumerate(connection.scalars(select(feed.c.id).order_by(feed.c.id)).all()):
            connection.execute(update(feed).where(feed.c.id == id).values(next_check_at=at + number * second))

    def leased_at(now: int) -> tuple[int, int | None]:
        found = lease_due(db, "one", limit=10, lease_s=60, per_host=2, spacing_s=5, now=now)
        return len(found.feeds), found.next_at

    assert leased_at(at - second) == (0, at)
    assert leased_at(at) == (1, None)
    assert leased_at(at) == (0, at + second)
    assert leased_at(at + 2 * second) == (2, None)
    assert leased_at(at + 2 * second) == (0, None)


def test_a_turn_that_is_used_late_moves_the_next_one_or_is_lost_to_who_had_its_turn_meanwhile(db: Database) -> None:
    sync_feeds(db, [declared(f"https://a.example/{n}") for n in range(3)])
    at, second = 10**16, 1_000_000

    def hosts(owner: str, now: int) -> int:
        return len(lease_due(db, owner, limit=10, lease_s=60, per_host=2, spacing_s=5, now=now).feeds)

    assert hosts("one", at) == 1
    assert start_again(db, Turn(host="a.example", at=at), at + 3 * second, 5)
    assert hosts("two", at + 7 * second) == 0
    assert hosts("two", at + 8 * second) == 1
    assert not start_again(db, Turn(host="a.example", at=at + 3 * second), at + 9 * second, 5)
    with db.write() as connection:
        rest_host(connection, Rest(host="a.example", until_at=at + 60 * second, why="rests"))
    assert not start_again(db, Turn(host="a.example", at=at + 8 * second), at + 9 * second, 5)


def test_a_feed_that_lost_its_turn_is_given_back_alone(db: Database) -> None:
    sync_feeds(db, [declared(f"https://{n}.example/") for n in range(2)])
    first, _second = leased(db, "one")
    release_one(db, "two", first.id)
    assert leased(db, "two") == ()
    release_one(db, "one", first.id)
    assert [found.id for found in leased(db, "two")] == [first.id]


def test_a_host_that_asked_for_rest_is_not_asked_by_anybody_and_its_feeds_say_so(db: Database) -> None:
    sync_feeds(db, [declared("https://a.example/1"), declared("https://a.example/2")])
    at, hour = 10**16, 3_600 * 1_000_000
    with db.write() as connection:
        rest_host(connection, Rest(host="a.example", until_at=at + hour, why="rests 1h"))
        rest_host(connection, Rest(host="a.example", until_at=at + 1, why="rests shorter"))
    assert lease_due(db, "one", limit=10, lease_s=60, per_host=2, spacing_s=5, now=at).feeds == ()
    assert lease_due(db, "one", limit=10, lease_s=60, per_host=2, spacing_s=5, now=at).more_at is None
    assert {(one.check_at, one.check_why) for one in list_feeds(db)} == {(at + hour, "a.example: rests 1h")}
    assert len(lease_due(db, "one", limit=10, lease_s=60, per_host=2, spacing_s=5, now=at + hour).feeds) == 1


def test_a_clock_that_was_set_back_does_not_stop_the_feeds(db: Database) -> None:
    sync_feeds(db, [declared()])
    at, hour = 10**16, 3_600 * 1_000_000
    assert len(lease_due(db, "one", limit=10, lease_s=60, per_host=2, spacing_s=5, now=at).feeds) == 1
    assert len(lease_due(db, "two", limit=10, lease_s=60, per_host=2, spacing_s=5, now=at - hour).feeds) == 1
