"""Transactions that want the same rows of PostgreSQL wait for each other one way round, and never in a circle."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from sqlalchemy import ColumnElement, Connection, Table, select, text, update

from store import holding, unsubscribing
from store.database import Database
from store.deliveries import exchange, release
from store.endpoints import bury_stranded
from store.replaying import Choice, replay
from store.subscriptions import enable_endpoint, sync
from store.tables import delivery, endpoint
from store.tries import Parcel, Tried
from tests.workers.conftest import Silent, secrets
from tests.workers.parts import Words, add_articles, hook
from tests.workers.test_workers_corrections import sound
from workers.channels import Delivered, Refused, TryAgain
from workers.context import Context
from workers.digesting import make_due
from workers.fate import tried_of
from workers.matching import match_articles

URL, OTHER = "http://127.0.0.1:1/a", "http://127.0.0.1:1/b"
GONE = Refused(reason="410 Gone", code=410, disable_endpoint=True)


@pytest.fixture
def context(postgres_db: Database) -> Context:
    words = Words()
    return Context(db=postgres_db, doorbell=Silent(), rules=lambda: words, secrets=secrets)


def tried(parcels: Sequence[Parcel], outcome: Delivered | Refused | TryAgain) -> list[Tried]:
    return [tried_of(one, outcome, 1, 3, 0.5) for one in parcels]


@contextmanager
def held(db: Database, table: Table, chosen: ColumnElement[bool]) -> Iterator[None]:
    """Rows that another transaction holds meanwhile."""
    with db.write() as connection:
        connection.execute(select(table.c.id).where(chosen).with_for_update(key_share=True)).all()
        yield


def waiters(connection: Connection) -> int:
    chosen = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    return int(connection.execute(text(chosen)).scalar_one())


def all_wait(db: Database, count: int) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with db.read() as connection:
            if waiters(connection) >= count:
                return
        time.sleep(0.02)
    raise AssertionError("nobody waits")


def run_behind(
    db: Database, table: Table, chosen: ColumnElement[bool], *works: Callable[[], object]
) -> list[Future[object]]:
    """Start all *works* behind rows that are held, let go when all of them wait; returns what became of them."""
    with ThreadPoolExecutor(len(works)) as pool:
        with held(db, table, chosen):
            found = [pool.submit(one) for one in works]
            all_wait(db, len(works))
        return found


def test_an_address_is_disabled_while_another_worker_records_a_try_there(
    postgres_db: Database, context: Context
) -> None:
    db = postgres_db
    sync(db, [hook(URL, "desk")])
    match_articles(context, add_articles(db, ["embargo"] * 4))
    one, other = exchange(db, "one", [], 1), exchange(db, "other", [], 1)
    found = run_behind(
        db,
        endpoint,
        endpoint.c.id.is_not(None),
        lambda: exchange(db, "one", tried(one, GONE), 0),
        lambda: exchange(db, "other", tried(other, Delivered(code=200)), 0),
    )
    assert [each.exception() for each in found] == [None, None]
    bury_stranded(db)
    assert sound(db)


def test_a_subscription_leads_elsewhere_while_a_worker_records_its_tries(
    postgres_db: Database, context: Context
) -> None:
    db = postgres_db
    sync(db, [hook(URL, f"desk{number}") for number in range(3)])
    match_articles(context, add_articles(db, ["embargo"] * 8))
    parcels = exchange(db, "one", [], 64)
    middle = sorted(one.id for one in parcels)[len(parcels) // 2]
    moved = [hook(OTHER, f"desk{number}", options={"rate": "100/s"}) for number in range(3)]
    found = run_behind(
        db,
        delivery,
        delivery.c.id == middle,
        lambda: exchange(db, "one", tried(parcels, TryAgain(reason="HTTP 503", code=503)), 0),
        lambda: sync(db, moved),
        lambda: sum(done.leave for done in replay(db, Choice(subscription_id="desk1"))),
        lambda: unsubscribing.unsubscribe(db, parcels[0].id),
        lambda: release(db, "one", [one.id for one in reversed(parcels)]),
    )
    assert [each.exception() for each in found] == [None] * 5
    assert sound(db)


def test_a_digest_whose_contents_somebody_holds_is_not_given_up_without_them(
    postgres_db: Database, context: Context
) -> None:
    db = postgres_db
    digest = {"hourly": True}
    sync(db, [hook(URL, "gone"), hook(URL, "desk", cadence=digest)])
    match_articles(context, add_articles(db, ["embargo"] * 12))
    with db.write() as connection:
        connection.execute(update(delivery).where(delivery.c.gather_at.is_not(None)).values(gather_at=1))
    make_due(context)
    with db.read() as connection:
        rows = connection.execute(
            select(delivery.c.id, delivery.c.digest_id)
            .where(delivery.c.subscription_id == "desk")
            .order_by(delivery.c.id)
        ).all()
    middle = next(row.id for row in rows[len(rows) // 2 :] if row.digest_id)
    parcel = next(one for one in exchange(db, "one", [], 64) if one.subscription_id == "gone")
    with ThreadPoolExecutor(1) as pool:
        with held(db, delivery, delivery.c.id == middle):
            moving = pool.submit(sync, db, [hook(URL, "gone"), hook(OTHER, "desk", cadence=digest)])
            all_wait(db, 1)  # some of the digest's rows are held by now, some are not
            exchange(db, "one", tried([parcel], GONE), 0)
        moving.result()
    bury_stranded(db)
    assert sound(db)


@pytest.mark.slow
def test_whoever_sends_matches_replays_and_configures_at_once_finds_no_circle(
    postgres_db: Database, context: Context
) -> None:
    db = postgres_db
    sync(db, _subscriptions(URL))
    until = time.monotonic() + 6
    works = [_sender(db, 1), _sender(db, 2), _matcher(db, context), _operator(db, 3), lambda: make_due(context)]

    def repeat(work: Callable[[], object]) -> int:
        times = 0
        while time.monotonic() < until:
            work()
            times += 1
        return times

    with ThreadPoolExecutor(len(works)) as pool:
        assert all(times > 0 for times in pool.map(repeat, works))
    bury_stranded(db)
    assert sound(db)
    assert _deadlocks(db) == 0


def _subscriptions(url: str) -> list[object]:
    digest = {"hourly": True}
    return [hook(url, "a"), hook(URL, "b"), hook(OTHER, "c", options={"rate": "900/s"}), hook(url, "d", cadence=digest)]


def _sender(db: Database, seed: int) -> Callable[[], object]:
    chance = random.Random(seed)  # noqa: S311
    outcomes = (Delivered(code=200), TryAgain(reason="HTTP 503", code=503), GONE)
    ended: list[Tried] = []

    def turn() -> None:
        parcels = exchange(db, f"sender-{seed}", ended, 8)
        ended[:] = [tried_of(one, chance.choice(outcomes), 1, 3, 0.5) for one in parcels]

    return turn


def _matcher(db: Database, context: Context) -> Callable[[], object]:
    prefixes = iter(range(1_000_000))
    return lambda: match_articles(context, add_articles(db, ["embargo"] * 5, f"a{next(prefixes)}-"))


def _operator(db: Database, seed: int) -> Callable[[], object]:
    chance = random.Random(seed)  # noqa: S311

    def act() -> None:
        chance.choice(
            [
                lambda: sync(db, _subscriptions(chance.choice((URL, OTHER)))),  # type: ignore[arg-type]
                lambda: [enable_endpoint(db, "webhook", url) for url in (URL, OTHER)],
                lambda: list(replay(db, Choice(died_since_at=0))),
                lambda: holding.release(db, "embargo.ended", "Ana"),
                lambda: bury_stranded(db),
            ]
        )()

    return act


def _deadlocks(db: Database) -> int:
    with db.read() as connection:
        chosen = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        return int(connection.execute(text(chosen)).scalar_one())
