"""Many rows in one statement do on both databases what a statement for each would."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from store.database import Database
from store.many import among, delete_rows, insert_rows, update_rows, upsert_rows
from store.tables import feed, feed_entry, fetch

ODD = ["", 'it\'s "so"', "a\\b\n\t", "ж 日本 🚀", '{"not": "parsed"}', "null", "%s :id $1", "x" * 100_000]


def a_feed(id: str, **settings: Any) -> dict[str, Any]:
    declared = {"url": f"https://{id}.example/", "name": id, "outlet": id, "tier": "press", "tags": [], "every": "auto"}
    own = {"backfill_s": 0, "full_text": False, "origin": "file", "created_at": 2**53 + 1, "status": "new"}
    return {"id": id, **declared, **own, "next_check_at": 0, **settings}


def rows(db: Database, *columns: Any) -> list[tuple[Any, ...]]:
    with db.read() as connection:
        return [tuple(row) for row in connection.execute(select(*columns).order_by(*columns))]


def test_values_of_all_kinds_come_back_as_they_were(db: Database) -> None:
    feeds = [
        a_feed(f"f{n}", name=text, tags=[text, {"a": [1, None]}], error=text or None, full_text=n % 2 == 0)
        for n, text in enumerate(ODD)
    ]
    with db.write() as connection:
        insert_rows(connection, feed, feeds)
    names = ("id", "name", "tags", "error", "full_text", "created_at", "rests")
    with db.read() as connection:
        found = connection.execute(select(*(feed.c[name] for name in names)).order_by(feed.c.id)).mappings().all()
    assert [dict(row) for row in found] == [{**{"rests": None}, **{n: one.get(n) for n in names}} for one in feeds]


def test_rows_are_changed_each_in_its_own_way_and_others_are_not(db: Database) -> None:
    with db.write() as connection:
        insert_rows(connection, feed, [a_feed(f"f{n}", etag="before") for n in range(4)])
        update_rows(connection, feed, [{"id": f"f{n}", "etag": None, "failures": n, "rests": [n]} for n in (1, 3)])
    assert rows(db, feed.c.id, feed.c.etag, feed.c.failures) == [
        ("f0", "before", 0),
        ("f1", None, 1),
        ("f2", "before", 0),
        ("f3", None, 3),
    ]


def test_rows_that_are_there_are_changed_and_the_others_come_new(db: Database) -> None:
    def entry(key: str, of: str) -> dict[str, Any]:
        return {"feed_id": "f", "key": key, "article_id": of, "content_hash": of, "seen_at": 1}

    with db.write() as connection:
        insert_rows(connection, feed, [a_feed("f")])
        upsert_rows(connection, feed_entry, [entry("g:1", "a"), entry("g:2", "b")])
        upsert_rows(connection, feed_entry, [entry("g:2", "c"), entry("g:3", "d")])
        delete_rows(connection, feed_entry, [{"feed_id": "f", "key": key} for key in ("g:1", "g:9")])
    assert rows(db, feed_entry.c.key, feed_entry.c.article_id) == [("g:2", "c"), ("g:3", "d")]


def test_what_no_column_can_hold_is_an_error_of_the_ledger(db: Database) -> None:
    with pytest.raises(SQLAlchemyError), db.write() as connection:
        insert_rows(connection, feed, [a_feed("f"), a_feed("f")])
    assert rows(db, feed.c.id) == []


def test_lines_of_the_log_number_themselves(db: Database) -> None:
    with db.write() as connection:
        insert_rows(connection, feed, [a_feed("f")])
        insert_rows(connection, fetch, [{"feed_id": "f", "at": n, "outcome": "fetched"} for n in range(3)])
    ids = [id for (id,) in rows(db, fetch.c.id)]
    assert len(set(ids)) == 3


@pytest.mark.parametrize("wanted", [[], ["f1"], ["f1", "f2", "f7"]])
def test_one_of_a_list_is_one_of_a_list(db: Database, wanted: list[str]) -> None:
    with db.write() as connection:
        insert_rows(connection, feed, [a_feed(f"f{n}") for n in range(4)])
        found = connection.scalars(select(feed.c.id).where(among(connection, feed.c.id, wanted))).all()
    assert sorted(found) == [id for id in wanted if id != "f7"]
