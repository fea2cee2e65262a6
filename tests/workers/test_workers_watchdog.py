"""What one of all workers does now and then."""

from __future__ import annotations

import threading

from sqlalchemy import select, update

from store.database import Database
from store.retention import Keep
from store.tables import article, lease
from tests.workers.parts import add_articles, eventually
from workers.watchdog import Duties, Watchdog, start_watchdog


def texts(db: Database) -> list[str]:
    with db.read() as connection:
        return list(connection.scalars(select(article.c.text).order_by(article.c.id)))


def leaders(db: Database) -> list[str]:
    with db.read() as connection:
        return list(connection.scalars(select(lease.c.owner).where(lease.c.name == "watchdog")))


def evaluated(db: Database, prefix: str) -> None:
    """One more old article that the rules have read."""
    add_articles(db, ["old"], prefix=prefix, evaluated_at=1, matches=0)


def watchdog(db: Database, duties: Duties | None = None) -> Watchdog:
    return Watchdog(db, duties or Duties(keep=Keep(texts_s=0)), threading.Event())


def test_of_several_workers_one_prunes_once_a_day(db: Database) -> None:
    one, other = watchdog(db), watchdog(db)
    evaluated(db, "a")
    assert one.look()
    assert texts(db) == [""]
    evaluated(db, "b")
    assert not other.look()
    assert one.look()
    assert texts(db) == ["", "old"]
    with db.write() as connection:
        connection.execute(update(lease).where(lease.c.name == "prune").values(until_at=1))  # a day later
    one.look()
    assert texts(db) == ["", ""]


def test_nothing_is_pruned_where_nobody_said_how_long_to_keep_it(db: Database) -> None:
    evaluated(db, "a")
    watchdog(db, Duties()).look()
    assert texts(db) == ["old"]


def test_a_watchdog_that_stops_leaves_its_place_to_the_next(db: Database) -> None:
    stop = threading.Event()
    thread = start_watchdog(db, Duties(), stop)
    eventually(lambda: len(leaders(db)) == 1)
    stop.set()
    thread.join(10)
    assert leaders(db) == []
