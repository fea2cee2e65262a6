"""The ledger balances after real work, and names what is deleted behind its back."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import delete, insert, select

from store.database import Database
from store.deliveries import exchange
from store.ledger import Ledger, ledger
from store.subscriptions import Filter, sync
from store.tables import alert, article, attempt, delivery, fetch, match, message
from store.trace import trace
from tests.workers.conftest import Silent, secrets
from tests.workers.parts import NOW, Words, add_articles, hook, mail
from workers.channels import Delivered
from workers.context import Context
from workers.fate import tried_of
from workers.matching import match_articles


@pytest.fixture
def worked(db: Database) -> Database:
    """Three articles evaluated, one pending, one parked; two subscriptions; all deliveries made but one."""
    sync(
        db, [hook("http://127.0.0.1:1/a"), mail(), hook("http://127.0.0.1:1/b", "deaf", filter=Filter(rules=("x.*",)))]
    )
    ids = add_articles(db, ["embargo one", "embargo two", "nothing"])
    ids += add_articles(db, ["embargo old"], prefix="q", quiet="baseline")
    with db.write() as connection:
        connection.execute(
            insert(fetch).values(feed_id="feed-1", at=NOW, outcome="fetched", entries=10, new=5, known=3)
        )
        connection.execute(fetch.update().values(skipped={"too old": 2}))
    words = Words()
    context = Context(db=db, doorbell=Silent(), rules=lambda: words, secrets=secrets)
    match_articles(context, ids)
    add_articles(db, ["later"], prefix="p")
    sent = exchange(db, "me", [], 3)
    exchange(db, "me", [tried_of(one, Delivered(code=200), NOW, 3, 0.5) for one in sent], 0)
    return db


def parts(audit: Ledger) -> dict[str, tuple[int, dict[str, int]]]:
    return {one.name: (one.left, dict(one.parts)) for one in audit.equations}


def test_every_difference_is_zero_after_work(worked: Database) -> None:
    audit = ledger(worked)
    assert audit.odd == ()
    assert parts(audit) == {
        "entries": (10, {"new": 5, "changed": 0, "known": 3, "skipped: too old": 2}),
        "articles": (5, {"evaluated": 4, "pending": 1, "parked": 0}),
        "matches": (3, {"opened": 3}),
        "messages x entitled": (6, {"delivered": 3, "pending": 1, "suppressed: baseline": 2}),
    }
    assert audit.balanced
    assert [(line.rule, line.matches.left, line.deliveries.difference) for line in audit.lines] == [
        ("embargo.ended", 3, 0)
    ]


@pytest.mark.parametrize(
    ("table", "named"),
    [
        (delivery, "message without the delivery for a subscription entitled to it"),
        (match, "article evaluated with another number of matches than are there"),
        (alert, "match of an alert that is not there"),
        (message, "alert without a message"),
        (attempt, "delivery called delivered that no try delivered"),
        (article, "feed has another number of articles than its fetches brought"),
    ],
)
def test_a_row_deleted_behind_its_back_is_named(
    worked: Database, table: object, named: str, delete_row: Callable[[Database, object], None]
) -> None:
    delete_row(worked, table)
    audit = ledger(worked)
    assert not audit.balanced
    assert named in {one.what for one in audit.odd}


@pytest.fixture
def delete_row() -> Callable[[Database, object], None]:
    def remove(db: Database, table: object) -> None:
        with db.engine.connect() as connection:
            off = "PRAGMA foreign_keys = OFF" if db.dialect == "sqlite" else "SET session_replication_role = replica"
            raw = connection.connection.driver_connection
            assert raw is not None
            raw.execute(off)
            first = connection.scalar(select(table.c.id).order_by(table.c.id).limit(1))  # type: ignore[attr-defined]
            connection.execute(delete(table).where(table.c.id == first))  # type: ignore[arg-type, attr-defined]
            connection.commit()
            connection.invalidate()

    return remove


def test_the_trace_of_an_article_tells_its_whole_way(worked: Database) -> None:
    way = trace(worked, "https://news.example.org/a0")
    assert way.article is not None
    assert way.article["evaluated_with"] == "words-1"
    assert [one["outcome"] for one in way.matches] == ["opened"]
    assert len(way.alerts) == len(way.messages) == 1
    assert {one.delivery["subscription_id"] for one in way.sent} == {"desk-hook", "desk-mail"}
    assert any(one.attempts for one in way.sent)


def test_the_trace_of_an_unknown_address_is_empty(db: Database) -> None:
    assert trace(db, "https://nowhere.example.org/").article is None
