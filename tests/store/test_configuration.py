"""What configuration is in force, and signs of life."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import delete, select

from store import configuration, services, tables
from store.configuration import RuleVersion
from store.database import Database
from store.feeds import Feed, sync_feeds
from store.subscriptions import sync
from tests.workers.parts import hook


def version(hash: str, **changes: object) -> RuleVersion:
    values = {
        "id": "r",
        "version": "1",
        "title": "t",
        "level": "low",
        "maturity": "test",
        "tags": ("a",),
        "source": "f:1",
    }
    return RuleVersion(hash=hash, **(values | changes))  # type: ignore[arg-type]


def active(db: Database) -> set[str]:
    with db.read() as connection:
        return set(connection.scalars(select(tables.rule.c.hash).where(tables.rule.c.active)))


def test_a_refused_version_leaves_the_one_in_force_and_is_cleared_by_a_good_one(db: Database) -> None:
    configuration.accept(db, "rules", "h1")
    configuration.refuse(db, "rules", ["rules/a.yml:1:1: wrong"])
    with db.read() as connection:
        row = connection.execute(select(tables.configuration)).one()
    assert (row.hash, row.problems) == ("h1", ["rules/a.yml:1:1: wrong"])
    configuration.accept(db, "rules", "h2")
    with db.read() as connection:
        row = connection.execute(select(tables.configuration)).one()
    assert (row.hash, row.problems, row.problems_at) == ("h2", [], None)


def test_a_first_version_that_is_refused_is_shown_too(db: Database) -> None:
    configuration.refuse(db, "feeds", ["feeds.yml:1:1: wrong"])
    with db.read() as connection:
        assert connection.execute(select(tables.configuration.c.problems)).scalar_one() == ["feeds.yml:1:1: wrong"]


def test_only_what_came_into_force_counts_as_accepted_since_an_instant(db: Database) -> None:
    with db.read() as connection:
        before = db.now(connection)
    configuration.refuse(db, "feeds", ["feeds.yml:1:1: wrong"])
    configuration.accept(db, "rules", "h1")
    with db.read() as connection:
        after = db.now(connection) + 1
    assert configuration.is_accepted_since(db, "rules", before)
    assert not configuration.is_accepted_since(db, "rules", after)
    assert not configuration.is_accepted_since(db, "feeds", before)


def test_old_versions_of_a_rule_stay_and_may_come_back(db: Database) -> None:
    configuration.record_rules(db, [version("h1"), version("other", id="o")])
    configuration.record_rules(db, [version("h2")])
    assert active(db) == {"h2"}
    configuration.record_rules(db, [version("h1")])
    assert active(db) == {"h1"}
    with db.read() as connection:
        assert set(connection.scalars(select(tables.rule.c.hash))) == {"h1", "h2", "other"}


def test_a_process_that_beats_is_seen_once(db: Database) -> None:
    services.beat(db, "watch")
    services.beat(db, "watch")
    (found,) = services.seen(db)
    assert found.kind == "watch"
    assert found.ago_s < 5


@pytest.mark.parametrize("what", ["subscriptions", "feeds", "rules", "versions"])
def test_processes_that_start_at_once_write_the_first_configuration_one_after_the_other(
    db: Database, what: str
) -> None:
    """Each half of them has its addresses the other way round, as where two configurations race."""
    numbers = range(6)
    hooks = [[hook(f"http://h/{abs(n - turned)}", f"s{n}") for n in numbers] for turned in (0, 5)]
    feeds = [Feed(url=f"http://f/{n}", name="F", outlet="f.example") for n in numbers]
    write: dict[str, Callable[[int], None]] = {
        "subscriptions": lambda number: sync(db, hooks[number % 2]),
        "feeds": lambda number: sync_feeds(db, feeds[:: 1 - 2 * (number % 2)]),
        "rules": lambda _: configuration.record_rules(db, [version(f"h{n}") for n in numbers]),
        "versions": lambda _: configuration.accept(db, "rules", "h1"),
    }
    for _ in range(5):
        with db.write() as connection:
            for table in (tables.subscription, tables.endpoint, tables.feed, tables.rule, tables.configuration):
                connection.execute(delete(table))
        together = threading.Barrier(4)

        def start(number: int, together: threading.Barrier = together) -> None:
            together.wait()
            write[what](number)

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(start, range(4)))
