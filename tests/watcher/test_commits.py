"""What looks have brought, written many at once."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from polling import declared
from sqlalchemy import event, func, select, update
from sqlalchemy.exc import SQLAlchemyError

from store.database import Database
from store.feeds import list_feeds, sync_feeds
from store.fetches import ArticleRow, Ended, Name
from store.tables import feed, fetch
from store.turns import lease_due
from watcher import outcome
from watcher.commits import MOST, Commits
from watcher.fetch import NotModified
from watcher.look import Look

SAME = NotModified(hops=(), elapsed_ms=1, cache_s=None, retry_after_s=None)


def ended(db: Database, count: int) -> list[Ended]:
    """So many looks that found nothing new; "me" holds the leases."""
    sync_feeds(db, [declared(f"https://{n}.example/") for n in range(count)])
    leased = lease_due(db, "me", limit=count, lease_s=60, per_host=1)
    return [
        Ended(state=state, outcome=outcome.not_modified(Look(state=state, now=leased.at), SAME), at=leased.at)
        for state in leased.feeds
    ]


def article_row(id: str) -> ArticleRow:
    name = Name(key=f"g:{id}", article_id=id, content_hash=id)
    text: dict[str, Any] = {"url": None, "title": id, "text": "Text", "author": None, "lang": "en", "content_hash": id}
    dates: dict[str, Any] = {"published_at": None, "published_from": "first_seen", "quiet": None}
    return ArticleRow(id=id, revision=1, names=(name,), **text, **dates)


def committed(db: Database, looks: list[Ended]) -> list[list[str] | BaseException | None]:
    async def run() -> list[list[str] | BaseException | None]:
        commits = Commits(db, "me")
        return await asyncio.gather(*map(commits.commit, looks), return_exceptions=True)

    return asyncio.run(run())


def counted(db: Database) -> list[object]:
    """The transactions that end from now on."""
    ends: list[object] = []
    event.listen(db.engine, "commit", ends.append)
    return ends


def lines(db: Database) -> int:
    with db.read() as connection:
        return connection.scalar(select(func.count()).select_from(fetch)) or 0


def test_looks_that_end_together_are_one_transaction_and_each_of_them_is_whole(db: Database) -> None:
    looks = ended(db, 2 * MOST)
    ends = counted(db)
    assert committed(db, looks) == [[]] * len(looks)
    assert len(ends) == 2
    assert lines(db) == len(looks)
    with db.read() as connection:
        assert connection.scalars(select(feed.c.id).where(feed.c.lease_owner.is_not(None))).all() == []
    after = {state.id: state for state in list_feeds(db)}
    for look in looks:
        state, said = after[look.state.id], look.outcome.update
        assert {name: getattr(state, name) for name in said.__dataclass_fields__} == {
            name: getattr(said, name) for name in said.__dataclass_fields__
        }


def test_articles_take_what_waits_along_and_are_told_apart(db: Database) -> None:
    looks = ended(db, 6)
    for nth, count in ((1, 3), (4, MOST - 4)):
        rows = tuple(article_row(f"{nth}.{n}") for n in range(count))
        looks[nth] = replace(looks[nth], outcome=replace(looks[nth].outcome, articles=rows))
    ends = counted(db)
    said = committed(db, looks)
    assert [[*map(len, said)], said[1]] == [[0, 3, 0, 0, MOST - 4, 0], ["1.0", "1.1", "1.2"]]
    assert len(ends) == 1
    with db.read() as connection:
        counts = connection.execute(select(fetch.c.feed_id, fetch.c.entries, fetch.c.new)).all()
    assert {id: (entries, new) for id, entries, new in counts} == {
        look.state.id: (len(look.outcome.articles),) * 2 for look in looks
    }


def test_articles_of_many_looks_are_no_more_in_one_transaction_than_of_one(db: Database) -> None:
    looks = ended(db, 5)
    for nth in range(5):
        rows = tuple(article_row(f"{nth}.{n}") for n in range(40))
        looks[nth] = replace(looks[nth], outcome=replace(looks[nth].outcome, articles=rows))
    ends = counted(db)
    assert [len(ids) for ids in committed(db, looks) if isinstance(ids, list)] == [40] * 5
    assert len(ends) == 3


def test_of_a_feed_whose_lease_was_lost_nothing_is_written_and_the_others_are(db: Database) -> None:
    looks = ended(db, 3)
    with db.write() as connection:
        connection.execute(update(feed).where(feed.c.id == looks[1].state.id).values(lease_owner="you"))
    assert committed(db, looks) == [[], None, []]
    assert lines(db) == 2
    assert [state.last_success_at for state in list_feeds(db)].count(None) == 1


def test_a_look_that_cannot_be_written_takes_no_other_with_it(db: Database) -> None:
    looks = ended(db, 5)
    broken = replace(looks[2].outcome, update=replace(looks[2].outcome.update, status=None))  # type: ignore[arg-type]
    looks[2] = replace(looks[2], outcome=broken)
    said = committed(db, looks)
    assert isinstance(said.pop(2), SQLAlchemyError)
    assert said == [[]] * 4
    assert lines(db) == 4


@pytest.mark.parametrize("count", [1, 2])
def test_a_look_that_was_given_up_is_written_all_the_same(sqlite_db: Database, count: int) -> None:
    looks = ended(sqlite_db, count)

    async def run() -> None:
        commits = Commits(sqlite_db, "me")
        tasks = [asyncio.create_task(commits.commit(look)) for look in looks]
        await asyncio.sleep(0)
        tasks[0].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await commits.settled()

    asyncio.run(run())
    assert lines(sqlite_db) == count
