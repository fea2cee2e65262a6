from __future__ import annotations

import time
from typing import Any

from feed_server import FeedServer, Reply, item, rss
from polling import articles, due_again, poll
from sqlalchemy import func, select, update
from test_story import OTHERS, TEXT, TITLE

from store.database import Database
from store.feeds import Feed, sync_feeds
from store.stories import WINDOW
from store.tables import story_print


def outlet(server: FeedServer, name: str, *items: str) -> Feed:
    """A feed of an outlet of its own that brings these items."""
    server.answers[f"/{name}"] = Reply(rss(*items))
    return Feed(url=server.url(f"/{name}"), name=name, outlet=f"{name}.example", backfill_s=10**9)


def stories(db: Database) -> dict[str, set[str]]:
    """The outlets of each story, by the title of its first article."""
    found: dict[str, list[Any]] = {}
    for row in sorted(articles(db), key=lambda row: row.first_seen_at):
        found.setdefault(row.story_id, []).append(row)
    return {rows[0].title: {row.outlet for row in rows} for rows in found.values()}


def test_copies_that_eight_outlets_bring_at_once_are_one_story(db: Database, server: FeedServer) -> None:
    lines = ("", "HOLMSTAD (Reuters) - ", "HOLMSTAD (AFP) — ", "HOLMSTAD – ")
    feeds = [outlet(server, f"paper{n}", item(n, TITLE, lines[n % 4] + TEXT)) for n in range(8)]
    title, text = OTHERS["another country does it"]
    sync_feeds(db, [*feeds, outlet(server, "other", item(9, title, text))])
    poll(db)
    assert stories(db) == {TITLE: {f"paper{n}.example" for n in range(8)}, title: {"other.example"}}
    assert {row.story_id for row in articles(db)} <= {row.id for row in articles(db)}


def test_a_copy_after_the_window_is_a_story_of_its_own_and_the_window_keeps_nothing_older(
    db: Database, server: FeedServer
) -> None:
    sync_feeds(db, [outlet(server, "first", item(1, TITLE, TEXT))])
    poll(db)
    with db.write() as connection:
        connection.execute(update(story_print).values(seen_at=story_print.c.seen_at - WINDOW))
    sync_feeds(db, [outlet(server, "first", item(1, TITLE, TEXT)), outlet(server, "late", item(2, TITLE, TEXT))])
    poll(db)
    first, late = sorted(articles(db), key=lambda row: row.outlet)
    assert (first.story_id, late.story_id) == (first.id, late.id)
    with db.read() as connection:
        assert connection.scalars(select(story_print.c.article_id).distinct()).all() == [late.id]


def test_an_edited_article_stays_in_its_story(db: Database, server: FeedServer) -> None:
    sync_feeds(db, [outlet(server, "first", item(1, TITLE, TEXT)), outlet(server, "second", item(2, TITLE, TEXT))])
    poll(db)
    (story,) = {row.story_id for row in articles(db)}
    server.answers["/second"] = Reply(rss(item(2, "Correction: no embargo was lifted", "The paper regrets the error.")))
    due_again(db)
    poll(db)
    assert [(row.revision, row.story_id) for row in sorted(articles(db), key=lambda row: row.outlet)] == [
        (1, story),
        (2, story),
    ]


def test_a_thousand_articles_of_one_mould_cost_bounded_time(sqlite_db: Database, server: FeedServer) -> None:
    mould = "The exchange has told its members that trading in the shares of {} stops at noon, until it says more."
    items = [item(n, f"Trading in shares of company {n} stops", mould.format(f"company {n}")) for n in range(1_000)]
    started = time.monotonic()
    sync_feeds(sqlite_db, [outlet(server, "exchange", *items)])
    poll(sqlite_db)
    assert time.monotonic() - started < 60
    assert len(stories(sqlite_db)) == 1_000
    with sqlite_db.read() as connection:
        assert connection.scalar(select(func.count()).select_from(story_print)) <= 12_000


def test_what_fifty_outlets_copy_is_one_story_and_leaves_the_numbers_of_twenty(
    db: Database, server: FeedServer
) -> None:
    sync_feeds(db, [outlet(server, f"paper{n}", item(n, TITLE, TEXT)) for n in range(50)])
    poll(db)
    assert {title: len(outlets) for title, outlets in stories(db).items()} == {TITLE: 50}
    with db.read() as connection:
        held = connection.scalars(select(func.count()).select_from(story_print).group_by(story_print.c.number)).all()
    assert set(held) == {20}
