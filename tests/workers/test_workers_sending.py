"""Sending against both databases: what receivers do, fairness, leases, clocks that jump."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import select, update

from store import deliveries
from store.database import Database
from store.deliveries import exchange, waiting
from store.endpoints import PER_ENDPOINT
from store.leases import SECOND, lead
from store.subscriptions import enable_endpoint, sync
from store.tables import article, attempt, delivery, endpoint, lease, message
from tests.workers.conftest import Silent
from tests.workers.parts import Receiver, add_articles, eventually, hook, replay_one
from workers.channels import Delivered
from workers.clock import Clock
from workers.context import Context
from workers.fate import tried_of
from workers.matching import match_articles
from workers.sender import Sender

Make = Callable[..., Context]


@contextmanager
def sending(context: Context) -> Iterator[Sender]:
    sender = Sender(context)
    try:
        yield sender
    finally:
        sender.close(0.2)


def deliver(context: Context) -> None:
    """Send what is due until nothing more can leave."""
    with sending(context) as sender:
        sender.settle()


def rows(db: Database, *columns: Any, order: Any = delivery.c.id) -> list[tuple[Any, ...]]:
    with db.read() as connection:
        return [tuple(row) for row in connection.execute(select(*columns).order_by(order))]


def told(db: Database, context: Context, urls: list[str], articles: int = 1) -> None:
    """Make *articles* deliveries for each of *urls*."""
    sync(db, [hook(url, f"s{number}") for number, url in enumerate(urls)])
    match_articles(context, add_articles(db, ["embargo"] * articles))


def due_now(db: Database) -> None:
    with db.write() as connection:
        connection.execute(update(delivery).where(delivery.c.status == "pending").values(next_at=1))
        connection.execute(update(endpoint).values(rest_until_at=None))


def test_a_try_that_fails_is_repeated_with_the_same_id_and_bytes(
    db: Database, make_context: Make, receiver: Receiver
) -> None:
    receiver.answer = lambda path, before: (500, {}) if before < 2 else (200, {})
    context = make_context()
    told(db, context, [receiver.url()])
    for _ in range(3):
        due_now(db)
        deliver(context)
    assert len({(one.id, one.body) for one in receiver.got}) == 1
    assert all(one.valid for one in receiver.got)
    assert rows(db, attempt.c.number, attempt.c.outcome, attempt.c.code, order=attempt.c.id) == [
        (1, "try_again", 500),
        (2, "try_again", 500),
        (3, "delivered", 200),
    ]
    assert rows(db, delivery.c.status, delivery.c.lease_owner) == [("delivered", None)]
    assert rows(db, endpoint.c.failures, endpoint.c.last_error, order=endpoint.c.id) == [(0, None)]


def test_a_redirect_is_not_followed(db: Database, make_context: Make, receiver: Receiver) -> None:
    receiver.answer = lambda path, before: (302, {"location": receiver.url("/elsewhere")})
    context = make_context()
    told(db, context, [receiver.url()])
    deliver(context)
    assert [one.path for one in receiver.got] == ["/hook"]
    assert rows(db, delivery.c.status) == [("pending",)]
    ((detail,),) = rows(db, endpoint.c.last_error, order=endpoint.c.id)
    assert "redirects are not followed" in detail


def test_a_private_address_is_refused_without_a_connection(
    db: Database, make_context: Make, receiver: Receiver
) -> None:
    context = make_context(allow=())
    told(db, context, [receiver.url(), receiver.url().replace("127.0.0.1", "[::ffff:127.0.0.1]")])
    deliver(context)
    assert receiver.got == []
    assert all("loopback" in detail for (detail,) in rows(db, attempt.c.detail, order=attempt.c.id))
    assert rows(db, delivery.c.status) == [("pending",)] * 2


def test_410_disables_the_address_and_what_waits_for_it_dies_visibly(
    db: Database, make_context: Make, receiver: Receiver
) -> None:
    receiver.answer = lambda path, before: (410, {})
    context = make_context()
    told(db, context, [receiver.url()], articles=PER_ENDPOINT + 3)
    deliver(context)
    assert {status for (status,) in rows(db, delivery.c.status)} == {"dead"}
    assert all("HTTP 410" in why for (why,) in rows(db, delivery.c.why))
    match_articles(context, add_articles(db, ["embargo"], prefix="later"))
    assert len(receiver.got) == PER_ENDPOINT
    assert {status for (status,) in rows(db, delivery.c.status)} == {"dead"}
    receiver.answer = lambda path, before: (200, {})
    assert enable_endpoint(db, "webhook", receiver.url())
    (first, *_) = rows(db, delivery.c.id)[0]
    assert replay_one(db, first)
    deliver(context)
    assert receiver.ids()[-1] == first


def test_retry_after_is_obeyed_for_the_whole_address(db: Database, make_context: Make, receiver: Receiver) -> None:
    receiver.answer = lambda path, before: (429, {"retry-after": "3600"})
    context = make_context()
    told(db, context, [receiver.url()], articles=PER_ENDPOINT + 3)
    deliver(context)
    assert len(receiver.got) == PER_ENDPOINT
    with db.read() as connection:
        now = db.now(connection)
    ((rest,),) = rows(db, endpoint.c.rest_until_at, order=endpoint.c.id)
    assert 3_500 * SECOND < rest - now <= 3_600 * SECOND
    assert waiting(db, 10) == []


def test_a_hanging_receiver_keeps_only_its_own_tries(db: Database, make_context: Make, receiver: Receiver) -> None:
    receiver.hold_s["/hangs"] = 1.5
    context = make_context()
    told(db, context, [receiver.url("/hangs"), receiver.url("/quick")], articles=30)
    started = time.monotonic()
    with sending(context) as sender:
        sender.take_up()
        eventually(lambda: sum(one.path == "/quick" for one in receiver.got) == 30, within_s=1.4)
        assert time.monotonic() - started < 1.4
        assert sum(one.path == "/hangs" for one in receiver.got) == PER_ENDPOINT


def test_at_most_four_tries_at_once_over_all_senders(db: Database, make_context: Make, receiver: Receiver) -> None:
    receiver.hold_s["/hook"] = 0.4
    context = make_context()
    told(db, context, [receiver.url()], articles=20)
    with sending(context) as one, sending(context) as other:
        one.take_up()
        other.take_up()
        time.sleep(0.2)
        assert len(receiver.got) == PER_ENDPOINT


def test_each_address_gets_its_first_before_any_gets_its_second(db: Database, make_context: Make) -> None:
    context = make_context()
    told(db, context, [f"http://127.0.0.1:1/{n}" for n in range(5)], articles=10)
    picked = exchange(db, "me", [], 5)
    assert len({one.endpoint_id for one in picked}) == 5
    assert {one.attempt for one in picked} == {1}
    rest = exchange(db, "me", [], 100)
    assert len(rest) == 5 * (PER_ENDPOINT - 1)
    assert exchange(db, "another", [], 100) == []


def test_a_lease_that_ran_out_is_taken_over_and_its_late_outcome_changes_nothing(
    db: Database, make_context: Make
) -> None:
    context = make_context()
    told(db, context, ["http://127.0.0.1:1/a"])
    (mine,) = exchange(db, "slow", [], 1)
    with db.write() as connection:
        connection.execute(update(delivery).values(lease_until_at=1))
    (theirs,) = exchange(db, "fast", [], 1)
    assert (theirs.id, theirs.body, theirs.attempt) == (mine.id, mine.body, 2)
    exchange(db, "slow", [tried_of(mine, Delivered(code=200), 1, 1, 0.5)], 0)
    assert rows(db, delivery.c.status, delivery.c.lease_owner) == [("pending", "fast")]
    exchange(db, "fast", [tried_of(theirs, Delivered(code=200), 1, 1, 0.5)], 0)
    assert rows(db, delivery.c.status) == [("delivered",)]
    assert rows(db, attempt.c.number, order=attempt.c.number) == [(1,), (2,)]  # both tries are on record


def test_a_clock_that_was_an_hour_ahead_leaves_no_lease_behind(db: Database, make_context: Make) -> None:
    context = make_context()
    told(db, context, ["http://127.0.0.1:1/a"])
    add_articles(db, ["embargo"], prefix="w")
    exchange(db, "me", [], 1)
    hour = 3_600 * SECOND
    with db.write() as connection:
        ahead = db.now(connection) + hour
        connection.execute(update(delivery).values(lease_until_at=ahead, lease_owner="gone"))
        connection.execute(update(article).values(lease_until_at=ahead, lease_owner="gone"))
        connection.execute(lease.insert().values(name="clock", owner="gone", until_at=ahead))
    bell = Silent()
    assert Clock(db, bell).tick() == 2
    assert (bell.matches, len(bell.deliveries)) == (["w0"], 1)
    assert len(exchange(db, "me", [], 10)) == 1
    assert exchange(db, "other", [], 10) == []


def test_pending_deliveries_follow_a_changed_address_under_the_same_ids(
    db: Database, make_context: Make, receiver: Receiver
) -> None:
    receiver.answer = lambda path, before: (500, {}) if path == "/old" else (200, {})
    context = make_context()
    told(db, context, [receiver.url("/old")])
    deliver(context)
    sync(db, [hook(receiver.url("/new"), "s0")])
    due_now(db)
    deliver(context)
    assert [one.path for one in receiver.got] == ["/old", "/new"]
    assert len({(one.id, one.body) for one in receiver.got}) == 1


def test_a_secret_that_is_missing_costs_tries_not_the_alert(
    db: Database, make_context: Make, receiver: Receiver
) -> None:
    context = make_context()
    sync(db, [hook(receiver.url(), secret="env:MISSING")])
    match_articles(context, add_articles(db, ["embargo"]))
    deliver(context)
    assert receiver.got == []
    ((detail,),) = rows(db, attempt.c.detail, order=attempt.c.id)
    assert detail == "not sent, it cannot be signed: env:MISSING: the variable is not set"


def test_a_delivery_that_failed_for_five_days_is_dead_with_its_reason(
    db: Database, make_context: Make, receiver: Receiver
) -> None:
    context = make_context()
    told(db, context, [receiver.url()])
    with db.write() as connection:
        connection.execute(update(delivery).values(created_at=db.now(connection) - 6 * 86_400 * SECOND))
    deliver(context)
    assert rows(db, delivery.c.status, delivery.c.why) == [("dead", "not delivered within 5 days")]
    assert replay_one(db, rows(db, delivery.c.id)[0][0])
    deliver(context)
    assert rows(db, delivery.c.status) == [("delivered",)]


def test_an_address_with_nothing_but_failures_for_five_days_is_disabled(
    db: Database, make_context: Make, receiver: Receiver
) -> None:
    receiver.answer = lambda path, before: (503, {})
    context = make_context()
    told(db, context, [receiver.url()])
    with db.write() as connection:
        since = db.now(connection) - 6 * 86_400 * SECOND
        connection.execute(update(endpoint).values(failures=12, failing_since_at=since))
    deliver(context)
    ((why,),) = rows(db, endpoint.c.disabled_why, order=endpoint.c.id)
    assert why == "nothing but failures for 5 days; the last: HTTP 503"


def test_failures_between_successes_are_not_failures_in_a_row(
    db: Database, make_context: Make, receiver: Receiver
) -> None:
    """Whatever the outcomes of one batch: an address that answers now and then is not left alone."""
    receiver.answer = lambda path, before: (503, {}) if before % 4 == 3 else (200, {})
    context = make_context()
    told(db, context, [receiver.url()], articles=40)
    deliver(context)
    assert len(receiver.got) == 40
    ((failures, rest),) = rows(db, endpoint.c.failures, endpoint.c.rest_until_at, order=endpoint.c.id)
    assert failures <= 1
    assert rest is None


def test_only_the_leader_rings_and_not_twice_for_the_same_id(db: Database, make_context: Make) -> None:
    told(db, make_context(), ["http://127.0.0.1:1/a"])
    bell = Silent()
    first, second = Clock(db, bell), Clock(db, bell)
    assert [first.tick(), second.tick(), first.tick()] == [1, 0, 0]
    assert not lead(db, "clock", "someone", 10)


def test_a_bell_that_nobody_hears_is_rung_again(db: Database, make_context: Make) -> None:
    told(db, make_context(), ["http://127.0.0.1:1/a"])

    class Deaf(Silent):
        def deliver(self, ids: list[str]) -> bool:
            self.deliveries += ids
            return len(self.deliveries) > 1

    bell = Deaf()
    clock = Clock(db, bell)
    clock.tick()
    clock.tick()
    clock.tick()
    assert len(bell.deliveries) == 2


def test_what_is_in_the_air_when_the_worker_stops_arrives_or_is_given_back(
    db: Database, make_context: Make, receiver: Receiver
) -> None:
    receiver.hold_s = {"/soon": 0.3, "/never": 5.0}
    context = make_context()
    told(db, context, [receiver.url("/soon"), receiver.url("/never")])
    sender = Sender(context)
    sender.take_up()
    started = time.monotonic()
    sender.close(1.0)
    assert time.monotonic() - started < 3
    found = rows(db, delivery.c.status, delivery.c.lease_owner, order=delivery.c.subscription_id)
    assert found == [("delivered", None), ("pending", None)]
    assert len(deliveries.waiting(db, 10)) == 1


def test_what_one_dead_address_has_piled_up_does_not_slow_the_turn(db: Database, make_context: Make) -> None:
    """The turn reads four rows of each address, whatever lies behind them."""
    context = make_context()
    told(db, context, ["http://127.0.0.1:1/dead", "http://127.0.0.1:1/quick"])
    with db.write() as connection:
        one = dict(connection.execute(select(delivery).where(delivery.c.subscription_id == "s0")).one()._mapping)
        message_ids = [f"m{n}" for n in range(10_000)]
        facts = {"id": "", "kind": "x", "revision": 1, "at": 1, "facts": {}, "data": {}}
        connection.execute(message.insert(), [{**facts, "id": id} for id in message_ids])
        many = [{**one, "id": f"d{n}", "message_id": id, "seq": n + 2} for n, id in enumerate(message_ids)]
        connection.execute(delivery.insert(), many)
    with db.engine.connect() as connection:
        connection.exec_driver_sql("ANALYZE")
        connection.commit()
    waiting(db, 64)
    started = time.perf_counter()
    assert len(waiting(db, 64)) == PER_ENDPOINT + 1
    assert time.perf_counter() - started < 0.05
