"""Addresses that fail rest, and are asked again by one try at a time; addresses with a rate get no more than that."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from store.database import Database
from store.deliveries import exchange, waiting
from store.endpoints import AHEAD_S, OPEN_FAILURES, PER_ENDPOINT
from store.leases import SECOND
from store.rate import MAX_SPACING, spacing_of
from store.subscriptions import enable_endpoint, sync
from store.tables import attempt, delivery, endpoint
from store.tries import Parcel
from tests.workers.parts import SECRET, Receiver, add_articles, eventually, hook, replay_one
from tests.workers.test_workers_sending import Make, deliver, due_now, rows, sending, told
from workers.channels import Delivered, TryAgain
from workers.context import Context
from workers.fate import tried_of
from workers.matching import match_articles
from workers.retry import SCHEDULE_S

URL = "http://127.0.0.1:1/a"


def fail(db: Database, parcels: list[Parcel], asked_s: float | None = None) -> None:
    tried = [tried_of(one, TryAgain(reason="HTTP 503", code=503, after_s=asked_s), 1, 3, 0.5) for one in parcels]
    exchange(db, "me", tried, 0)


def rest_of(db: Database) -> float | None:
    """Seconds that the only address still rests."""
    with db.read() as connection:
        now = db.now(connection)
        until = connection.scalar(select(endpoint.c.rest_until_at))
    return None if until is None else (until - now) / SECOND


def wake(db: Database) -> None:
    """Let the address's rest be over."""
    with db.write() as connection:
        connection.execute(update(endpoint).values(rest_until_at=db.now(connection) - 1))


def opened(db: Database, context: Context, articles: int = 20) -> None:
    """A breaker that has opened just now."""
    told(db, context, [URL], articles=articles)
    fail(db, exchange(db, "me", [], PER_ENDPOINT))
    fail(db, exchange(db, "me", [], 1))


def test_after_five_failures_in_a_row_over_all_deliveries_the_address_rests_for_a_minute(
    db: Database, make_context: Make
) -> None:
    context = make_context()
    told(db, context, [URL], articles=20)
    fail(db, exchange(db, "me", [], PER_ENDPOINT))
    assert rest_of(db) is None
    fail(db, exchange(db, "me", [], 1))
    assert 58 < (rest_of(db) or 0) <= 60
    assert exchange(db, "me", [], 64) == []
    assert waiting(db, 64) == []


def test_what_comes_while_the_address_rests_waits_with_its_tries_unspent(db: Database, make_context: Make) -> None:
    context = make_context()
    opened(db, context)
    match_articles(context, add_articles(db, ["embargo"] * 5, prefix="later"))
    assert exchange(db, "me", [], 64) == []
    untried = [count for (count,) in rows(db, delivery.c.attempts) if count == 0]
    assert len(untried) == 20


def test_one_probe_at_a_time_and_each_that_fails_doubles_the_rest(db: Database, make_context: Make) -> None:
    opened(db, make_context())
    rests = []
    for _ in range(7):
        wake(db)
        (probe,) = exchange(db, "me", [], 64)
        assert exchange(db, "another", [], 64) == []
        fail(db, [probe])
        rests.append(round((rest_of(db) or 0) / 60))
    assert rests == [2, 4, 8, 16, 32, 60, 60]


def test_a_probe_that_arrives_closes_the_breaker(db: Database, make_context: Make, receiver: Receiver) -> None:
    receiver.answer = lambda path, before: (503, {})
    context = make_context()
    told(db, context, [receiver.url()], articles=20)
    deliver(context)
    failed = len(receiver.got)
    assert OPEN_FAILURES <= failed < OPEN_FAILURES + PER_ENDPOINT
    receiver.answer = lambda path, before: (200, {})
    wake(db)
    deliver(context)
    calm = rows(db, endpoint.c.failures, endpoint.c.rests, endpoint.c.rest_until_at, order=endpoint.c.id)
    assert calm == [(0, 0, None)]
    assert (
        sorted(rows(db, delivery.c.status, delivery.c.attempts))
        == [("delivered", 1)] * (20 - failed) + [("pending", 1)] * failed
    )


def test_tries_that_were_in_the_air_when_the_rest_began_do_not_lengthen_it(db: Database, make_context: Make) -> None:
    context = make_context()
    told(db, context, [URL], articles=20)
    fail(db, exchange(db, "me", [], PER_ENDPOINT))
    late = exchange(db, "me", [], PER_ENDPOINT)
    fail(db, late[:1])
    fail(db, late[1:])
    assert 58 < (rest_of(db) or 0) <= 60
    assert rows(db, endpoint.c.failures, endpoint.c.rests, order=endpoint.c.id) == [(8, 1)]


def test_a_longer_pause_that_was_asked_for_outlasts_a_shorter_one(db: Database, make_context: Make) -> None:
    context = make_context()
    told(db, context, [URL], articles=20)
    both = exchange(db, "me", [], 2)
    fail(db, both[:1], asked_s=3_600)
    fail(db, both[1:], asked_s=5)
    assert 3_590 < (rest_of(db) or 0) <= 3_600


def test_a_dead_address_for_a_day_leaves_most_tries_of_its_deliveries_unspent(db: Database, make_context: Make) -> None:
    """The clock is moved by moving every instant of the ledger back."""
    context = make_context()
    told(db, context, [URL], articles=50)
    for _ in range(24 * 4):
        while parcels := exchange(db, "me", [], 64):
            fail(db, parcels)
        _pass(db, 900)
    (probes,) = rows(db, endpoint.c.failures, order=endpoint.c.id)[0]
    assert 24 <= probes <= 40
    spent = [count for (count,) in rows(db, delivery.c.attempts)]
    assert max(spent) <= 3 < len(SCHEDULE_S)
    assert {status for (status,) in rows(db, delivery.c.status)} == {"pending"}


def _pass(db: Database, seconds: int) -> None:
    back = seconds * SECOND
    with db.write() as connection:
        moved = {column: column - back for column in (endpoint.c.rest_until_at, endpoint.c.failing_since_at)}
        connection.execute(update(endpoint).values(moved))
        connection.execute(update(delivery).values(next_at=delivery.c.next_at - back))


def test_one_address_that_rests_changes_nothing_for_another(db: Database, make_context: Make) -> None:
    told(db, make_context(), [URL, f"{URL}/other"], articles=20)
    parcels = [one for one in exchange(db, "me", [], 64) if one.subscription_id == "s0"]
    fail(db, parcels)
    fail(db, [one for one in exchange(db, "me", [], 64) if one.subscription_id == "s0"])
    with db.write() as connection:
        connection.execute(update(delivery).values(lease_owner=None, lease_until_at=None))
    assert {one.subscription_id for one in exchange(db, "me", [], 64)} == {"s1"}


def test_a_rest_that_a_clock_gone_wrong_has_left_is_over(db: Database, make_context: Make) -> None:
    opened(db, make_context())
    with db.write() as connection:
        connection.execute(update(endpoint).values(rest_until_at=db.now(connection) + 30 * 86_400 * SECOND))
    assert len(exchange(db, "me", [], 64)) == 1


def test_enabling_an_address_closes_its_breaker(db: Database, make_context: Make) -> None:
    opened(db, make_context())
    assert enable_endpoint(db, "webhook", URL)
    assert len(exchange(db, "me", [], 64)) == PER_ENDPOINT


@pytest.mark.parametrize(
    ("rate", "microseconds"), [("10/s", 100_000), ("60/m", 1_000_000), ("100/h", 36_000_000), ("1/h", MAX_SPACING)]
)
def test_a_rate_is_a_spacing(rate: str, microseconds: int) -> None:
    assert spacing_of(rate) == microseconds


@given(st.text(max_size=8))
def test_whatever_is_written_as_a_rate_is_a_spacing_or_refused_in_words(text: str) -> None:
    try:
        spacing = spacing_of(text)
    except ValueError as error:
        spacing = 1 if "`10/s`" in str(error) else 0
    assert 0 < spacing <= MAX_SPACING


def test_an_address_with_a_rate_gets_evenly_spaced_tries_from_all_senders_together(
    db: Database, make_context: Make, receiver: Receiver
) -> None:
    context = make_context()
    sync(db, [hook(receiver.url(), options={"rate": "20/s"})])
    match_articles(context, add_articles(db, ["embargo"] * 16))
    with sending(context) as one, sending(context) as other, ThreadPoolExecutor(2) as pool:
        started = time.monotonic()
        list(pool.map(lambda sender: sender.settle(), (one, other)))
        eventually(lambda: len(receiver.got) == 16)
    at = sorted(each.at for each in receiver.got)
    assert at[-1] - started > 15 * 0.05 - 0.02
    begun = [microseconds / 1e6 for (microseconds,) in rows(db, attempt.c.started_at, order=attempt.c.started_at)]
    for times in (at, begun):
        assert all(times[number + 10] - times[number] > 0.5 - 0.1 for number in range(6))
    assert set(rows(db, attempt.c.outcome, order=attempt.c.id)) == {("delivered",)}


def test_slots_that_a_busy_machine_has_missed_are_taken_anew_and_not_all_at_once(
    db: Database, make_context: Make, receiver: Receiver
) -> None:
    stalls = iter([0.5])

    def stalled(_reference: str) -> str:
        time.sleep(next(stalls, 0.0))  # all that this process sends waits meanwhile
        return SECRET

    context = make_context(secrets=stalled)
    sync(db, [hook(receiver.url(), options={"rate": "10/s"})])
    match_articles(context, add_articles(db, ["embargo"] * 8))
    deliver(context)
    begun = [microseconds / SECOND for (microseconds,) in rows(db, attempt.c.started_at, order=attempt.c.started_at)]
    assert len(begun) == len(receiver.got) == 8
    assert begun[1] - begun[0] > 0.4
    assert begun[-1] - begun[1] > 6 * 0.1 - 0.2  # three at once, and the rest at their old times, would take 0.2 s


def test_a_try_that_has_missed_its_slot_goes_back_to_the_ledger_where_the_next_one_is_far_ahead(
    db: Database, make_context: Make, receiver: Receiver
) -> None:
    stalls = iter([2.2])

    def stalled(_reference: str) -> str:
        if stall := next(stalls, 0.0):
            time.sleep(stall)
            with db.write() as connection:  # other senders have taken the slots of the next eight seconds
                connection.execute(update(endpoint).values(slot_at=db.now(connection) + 8 * SECOND))
        return SECRET

    context = make_context(secrets=stalled)
    sync(db, [hook(receiver.url(), options={"rate": "60/m"})])
    match_articles(context, add_articles(db, ["embargo"] * 2))
    deliver(context)
    assert len(receiver.got) == 1
    found = rows(db, delivery.c.status, delivery.c.attempts, delivery.c.lease_owner, order=delivery.c.status)
    assert found == [("delivered", 1, None), ("pending", 0, None)]
    ((slot_at,),) = rows(db, endpoint.c.slot_at, order=endpoint.c.id)
    assert slot_at / SECOND < time.time() + 8  # none was taken that is not used


def test_what_must_wait_longer_than_a_lease_allows_stays_in_the_ledger(db: Database, make_context: Make) -> None:
    context = make_context()
    sync(db, [hook(URL, options={"rate": "30/m"})])
    match_articles(context, add_articles(db, ["embargo"] * 9))
    leaving = sorted(one.leave_in_s for one in exchange(db, "me", [], 64))
    assert leaving[0] == 0
    assert [round(later - sooner) for sooner, later in pairwise(leaving)] == [2] * (len(leaving) - 1)
    assert leaving[-1] <= AHEAD_S
    assert waiting(db, 64) == []


def test_the_strictest_rate_of_those_who_use_an_address_holds(db: Database, make_context: Make) -> None:
    both = [hook(URL, "a", options={"rate": "10/s"}), hook(URL, "b", options={"rate": "60/m"}), hook(URL, "c")]
    sync(db, both)
    assert rows(db, endpoint.c.spacing, order=endpoint.c.id) == [(SECOND,)]
    sync(db, both[:1])
    assert rows(db, endpoint.c.spacing, order=endpoint.c.id) == [(SECOND // 10,)]
    sync(db, both[2:])
    assert rows(db, endpoint.c.spacing, order=endpoint.c.id) == [(None,)]


def test_an_address_gets_as_few_tries_at_once_as_the_least_of_its_subscriptions_says(
    db: Database, make_context: Make
) -> None:
    both = [hook(URL, "a", options={"concurrency": 3}), hook(URL, "b", options={"concurrency": 2})]
    sync(db, both)
    match_articles(make_context(), add_articles(db, ["embargo"] * 4))
    first = exchange(db, "one", [], 64)
    assert (len(first), exchange(db, "two", [], 64)) == (2, [])
    exchange(db, "one", [tried_of(first[0], Delivered(code=200), 1, 3, 0.5)], 0)
    assert (len(exchange(db, "two", [], 64)), exchange(db, "one", [], 64)) == (1, [])
    sync(db, [both[0], hook(URL, "b")])
    assert len(exchange(db, "two", [], 64)) == 1


def test_a_delivery_dies_after_as_many_tries_as_its_subscription_asks_for(db: Database, make_context: Make) -> None:
    sync(db, [hook(URL, options={"tries": 2})])
    match_articles(make_context(), add_articles(db, ["embargo"]))
    for status in ("pending", "dead"):
        due_now(db)
        fail(db, exchange(db, "me", [], 64))
        assert rows(db, delivery.c.status) == [(status,)]
    assert rows(db, delivery.c.why) == [("2 tries failed; the last: HTTP 503",)]
    assert replay_one(db, rows(db, delivery.c.id)[0][0])
    due_now(db)
    fail(db, exchange(db, "me", [], 64))
    assert rows(db, delivery.c.status) == [("pending",)]


def test_a_slot_that_a_clock_gone_wrong_has_left_holds_nothing_up(db: Database, make_context: Make) -> None:
    context = make_context()
    sync(db, [hook(URL, options={"rate": "10/s"})])
    match_articles(context, add_articles(db, ["embargo"]))
    with db.write() as connection:
        connection.execute(update(endpoint).values(slot_at=db.now(connection) + 2 * 3_600 * SECOND))
    (parcel,) = exchange(db, "me", [], 64)
    assert parcel.leave_in_s == 0
    exchange(db, "me", [tried_of(parcel, Delivered(code=200), 1, 3, 0.5)], 0)
    assert rows(db, delivery.c.status) == [("delivered",)]


def test_what_fails_for_reasons_of_ours_is_not_held_against_the_address(
    db: Database, make_context: Make, receiver: Receiver
) -> None:
    """A secret that is missing for days disables no address, and fails a few deliveries at a time."""
    context = make_context()
    sync(db, [hook(receiver.url(), secret="env:MISSING")])
    match_articles(context, add_articles(db, ["embargo"] * 20))
    with db.write() as connection:
        long_ago = db.now(connection) - 6 * 86_400 * SECOND
        connection.execute(update(endpoint).values(failures=12, failing_since_at=long_ago))
    deliver(context)
    ((failures, why, disabled_at),) = rows(
        db, endpoint.c.failures, endpoint.c.last_error, endpoint.c.disabled_at, order=endpoint.c.id
    )
    assert (failures, disabled_at) == (12, None)
    assert why == "not sent, it cannot be signed: env:MISSING: the variable is not set"
    assert 0 < (rest_of(db) or 0) <= 10
    assert len(rows(db, attempt.c.id, order=attempt.c.id)) <= PER_ENDPOINT
    sync(db, [hook(receiver.url())])
    for _ in range(2):
        wake(db)
        due_now(db)
        deliver(context)
    assert {status for (status,) in rows(db, delivery.c.status)} == {"delivered"}


def test_a_pause_of_ours_does_not_shorten_one_that_was_asked_for(db: Database, make_context: Make) -> None:
    told(db, make_context(), [URL], articles=2)
    theirs, ours = exchange(db, "me", [], 2)
    fail(db, [theirs], asked_s=3_600)
    exchange(db, "me", [tried_of(ours, TryAgain(reason="no secret", ours=True), 1, 0, 0.5)], 0)
    assert 3_590 < (rest_of(db) or 0) <= 3_600
