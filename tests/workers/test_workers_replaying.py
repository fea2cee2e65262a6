"""Sending again: one, a range, all that died; and what is decided while addresses, channels and clocks change."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.exc import OperationalError

from store.database import Database
from store.deliveries import MAX_CUT_OFF, exchange
from store.leases import SECOND
from store.ledger import ledger as balance
from store.outbox import pull
from store.replaying import BATCH, Choice, Replayed, count, replay
from store.subscriptions import sync
from store.tables import attempt, delivery, endpoint, message, subscription, unsubscribed
from tests.tocsin.test_commands import Run, ledger, tocsin
from tests.workers.conftest import Silent, secrets
from tests.workers.parts import Receiver, Words, add_articles, hook, mail, replay_one
from tests.workers.test_workers_sending import Make, deliver, due_now, rows, told
from workers.channels import Delivered, TryAgain
from workers.context import Context
from workers.fate import tried_of
from workers.matching import match_articles
from workers.retry import SCHEDULE_S
from workers.watchdog import Duties, Watchdog

__all__ = ["ledger", "tocsin"]

URL = "http://127.0.0.1:1/a"


def died(db: Database, context: Context, articles: int, url: str = URL) -> None:
    """So many deliveries that were given up just now."""
    told(db, context, [url], articles=articles)
    with db.write() as connection:
        dead = {"status": "dead", "why": "10 tries failed", "next_at": None, "done_at": db.now(connection)}
        connection.execute(update(delivery).values(**dead))


def now(db: Database) -> int:
    with db.read() as connection:
        return db.now(connection)


def total(parts: list[Replayed]) -> tuple[int, dict[str, int]]:
    stay: dict[str, int] = {}
    for part in parts:
        for why, number in part.stay.items():
            stay[why] = stay.get(why, 0) + number
    return sum(part.leave for part in parts), stay


def test_a_range_of_a_sequence_leaves_again_under_the_same_ids(
    db: Database, make_context: Make, receiver: Receiver
) -> None:
    context = make_context()
    told(db, context, [receiver.url("/a"), receiver.url("/b")], articles=8)
    deliver(context)
    before = {one.id: one.body for one in receiver.got}
    receiver.got.clear()
    choice = Choice(subscription_id="s0", first=3, last=5)
    assert (count(db, choice), total(list(replay(db, choice)))) == (3, (3, {}))
    deliver(context)
    again = {one.id: one.body for one in receiver.got}
    assert len(again) == 3
    assert again.items() <= before.items()
    wanted = rows(db, delivery.c.seq, delivery.c.subscription_id, delivery.c.replayed_at, order=delivery.c.seq)
    assert [(seq, id) for seq, id, at in wanted if at] == [(3, "s0"), (4, "s0"), (5, "s0")]
    assert {status for (status,) in rows(db, delivery.c.status)} == {"delivered"}


def test_all_that_died_since_a_time_leave_again_and_what_is_older_does_not(
    db: Database, make_context: Make, receiver: Receiver
) -> None:
    context = make_context()
    died(db, context, 6, receiver.url())
    hour = 3_600 * SECOND
    with db.write() as connection:
        long_ago = update(delivery).where(delivery.c.seq <= 2)
        connection.execute(long_ago.values(done_at=delivery.c.done_at - 3 * hour))
    assert total(list(replay(db, Choice(died_since_at=now(db) - 2 * hour)))) == (4, {})
    deliver(context)
    assert len(receiver.got) == 4
    assert total(list(replay(db, Choice(died_since_at=now(db) - 2 * hour)))) == (0, {})


def test_a_receiver_finds_a_hole_by_seq_and_fills_it_with_the_same_body(
    db: Database, make_context: Make, receiver: Receiver
) -> None:
    context = make_context()
    told(db, context, [receiver.url()], articles=5)
    with db.write() as connection:
        lost = update(delivery).where(delivery.c.seq == 3)
        connection.execute(lost.values(status="dead", why="10 tries failed", next_at=None))
    deliver(context)
    got = {json.loads(one.body)["data"]["seq"]: one for one in receiver.got}
    (hole,) = set(range(1, max(got) + 1)) - set(got)
    pulled = pull(db, "s0", after=hole - 1, limit=1)
    assert pulled is not None
    (found,) = pulled.messages
    assert (found["seq"], found["status"], found["why"]) == (3, "dead", "10 tries failed")
    assert replay_one(db, found["id"])
    deliver(context)
    last = receiver.got[-1]
    assert (last.id, json.loads(last.body)) == (found["id"], found["body"])


def test_thousands_leave_again_in_short_transactions_each_once(db: Database, make_context: Make) -> None:
    died(db, make_context(), 1)
    many(db, 2 * BATCH + 7)
    parts = list(replay(db, Choice(died_since_at=now(db) - 60 * SECOND)))
    assert [part.leave for part in parts] == [BATCH, BATCH, 8]
    assert {status for (status,) in rows(db, delivery.c.status)} == {"pending"}


def many(db: Database, number: int) -> None:
    """Copies of the only delivery."""
    with db.write() as connection:
        one = dict(connection.execute(select(delivery)).one()._mapping)
        ids = [f"m{n}" for n in range(number)]
        facts = {"kind": "x", "revision": 1, "at": 1, "facts": {}, "data": {}}
        connection.execute(insert(message), [{**facts, "id": id} for id in ids])
        copies = [{**one, "id": f"d{n}", "message_id": id, "seq": n + 2} for n, id in enumerate(ids)]
        connection.execute(insert(delivery), copies)


def test_what_cannot_leave_again_stays_with_its_reason(db: Database, make_context: Make) -> None:
    died(db, make_context(), 4)
    ids = [id for (id,) in rows(db, delivery.c.id, order=delivery.c.seq)]
    with db.write() as connection:
        for id, values in (
            (ids[0], {"status": "pending", "next_at": 1}),
            (ids[1], {"status": "suppressed"}),
            (ids[2], {"pruned_at": 1, "body": b""}),
        ):
            connection.execute(update(delivery).where(delivery.c.id == id).values(**values))
        connection.execute(update(endpoint).values(disabled_at=1, disabled_why="HTTP 410"))
    leave, stay = total(list(replay(db, Choice(subscription_id="s0", first=1))))
    assert leave == 0
    assert sorted(why.split(";")[0].split(":")[0] for why in stay) == [
        "its address is disabled",
        "its body is gone since it is older than TOCSIN_KEEP_BODIES",
        "still on its way",
        "suppressed",
    ]
    assert not replay_one(db, "no such id")


def test_what_leaves_again_has_all_ten_tries_and_five_days_before_it(db: Database, make_context: Make) -> None:
    died(db, make_context(), 1)
    ((id,),) = rows(db, delivery.c.id)
    with db.write() as connection:
        old = {"started_at": 1, "elapsed_ms": 1, "outcome": "try_again", "detail": "HTTP 500"}
        connection.execute(insert(attempt), [{**old, "delivery_id": id, "number": n + 1} for n in range(10)])
        connection.execute(update(delivery).values(created_at=db.now(connection) - 9 * 86_400 * SECOND, attempts=10))
    assert replay_one(db, id)
    for failures in range(1, len(SCHEDULE_S) + 1):
        (parcel,) = exchange(db, "me", [], 1)
        assert parcel.failures == failures - 1
        at = now(db)
        exchange(db, "me", [tried_of(parcel, TryAgain(reason="HTTP 500"), at, 1, 0.5)], 0)
        due_now(db)
    assert rows(db, delivery.c.status, delivery.c.why) == [("dead", "10 tries failed; the last: HTTP 500")]


def test_a_delivery_that_cuts_off_its_worker_again_and_again_is_given_up(db: Database, make_context: Make) -> None:
    told(db, make_context(), [URL])
    for _ in range(MAX_CUT_OFF):
        assert len(exchange(db, "me", [], 1)) == 1
        with db.write() as connection:
            connection.execute(update(delivery).values(lease_until_at=1))
    assert exchange(db, "me", [], 1) == []
    ((status, why, id),) = rows(db, delivery.c.status, delivery.c.why, delivery.c.id)
    assert (status, why) == ("dead", f"{MAX_CUT_OFF} tries begun without an end")
    assert replay_one(db, id)
    assert len(exchange(db, "me", [], 1)) == 1


def test_what_is_sent_again_and_again_keeps_the_ledger_even(db: Database, make_context: Make) -> None:
    context = make_context()
    told(db, context, [URL], articles=3)
    for _ in range(3):
        for parcel in exchange(db, "me", [], 64):
            exchange(db, "me", [tried_of(parcel, Delivered(code=200), now(db), 1, 0.5)], 0)
        assert total(list(replay(db, Choice(subscription_id="s0", first=1)))) == (3, {})
    audit = balance(db)
    odd = [one for one in audit.odd if not one.what.startswith("feed ")]  # nobody fetched these articles
    differences = {one.name: one.difference for one in audit.equations if one.name.startswith("m")}
    assert (odd, differences) == ([], {"matches": 0, "messages x entitled": 0})


def test_what_waits_for_a_channel_that_was_left_is_kept_back_with_the_reason(db: Database, make_context: Make) -> None:
    context = make_context()
    told(db, context, [URL], articles=2)
    sync(db, [mail("desk@example.org", "s0")])
    assert (
        rows(db, delivery.c.status, delivery.c.why) == [("suppressed", "its subscription is told by email since")] * 2
    )
    match_articles(context, add_articles(db, ["embargo"], prefix="later"))
    assert sorted(rows(db, delivery.c.channel, delivery.c.status)) == [
        ("email", "pending"),
        *[("webhook", "suppressed")] * 2,
    ]


def test_what_had_failed_at_the_old_address_is_tried_at_once_at_the_new_one(db: Database, make_context: Make) -> None:
    told(db, make_context(), [URL])
    (parcel,) = exchange(db, "me", [], 1)
    exchange(db, "me", [tried_of(parcel, TryAgain(reason="HTTP 500", after_s=3_600), now(db), 1, 0.5)], 0)
    sync(db, [hook(f"{URL}/new", "s0")])
    (again,) = exchange(db, "me", [], 1)
    assert (again.id, again.body, again.address) == (parcel.id, parcel.body, f"{URL}/new")


def test_a_try_in_the_air_to_the_old_address_counts_for_the_old_address(db: Database, make_context: Make) -> None:
    told(db, make_context(), [URL])
    (parcel,) = exchange(db, "me", [], 1)
    sync(db, [hook(f"{URL}/new", "s0")])
    assert exchange(db, "me", [], 1) == []
    exchange(db, "me", [tried_of(parcel, TryAgain(reason="HTTP 500"), now(db), 1, 0.5)], 0)
    assert sorted(rows(db, endpoint.c.address, endpoint.c.failures, order=endpoint.c.id)) == [
        (URL, 1),
        (f"{URL}/new", 0),
    ]
    due_now(db)
    assert [one.address for one in exchange(db, "me", [], 1)] == [f"{URL}/new"]


def test_what_was_led_to_a_disabled_address_dies_visibly_and_leaves_again_once_it_is_enabled(
    db: Database, make_context: Make
) -> None:
    told(db, make_context(), [URL])
    with db.write() as connection:
        values = {"id": "e", "channel": "webhook", "address": f"{URL}/gone", "disabled_at": 1}
        connection.execute(update(endpoint).values(address=f"{URL}/x"))
        connection.execute(insert(endpoint).values(**values, disabled_why="HTTP 410"))
        connection.execute(update(delivery).values(endpoint_id="e"))
    Watchdog(db, Duties(), threading.Event()).look()
    ((id, status, why),) = rows(db, delivery.c.id, delivery.c.status, delivery.c.why)
    assert (status, why) == ("dead", "address disabled: HTTP 410")
    assert not replay_one(db, id)


def test_what_died_for_a_disabled_address_is_sent_again_where_the_subscription_leads_by_now(
    db: Database, make_context: Make
) -> None:
    died(db, make_context(), 2)
    with db.write() as connection:
        connection.execute(update(endpoint).values(disabled_at=1, disabled_why="HTTP 410"))
    bodies = dict(rows(db, delivery.c.id, delivery.c.body))
    sync(db, [hook(f"{URL}/new", "s0")])
    assert total(list(replay(db, Choice(died_since_at=0)))) == (2, {})
    again = exchange(db, "me", [], 4)
    assert {one.id: one.body for one in again} == bodies
    assert {one.address for one in again} == {f"{URL}/new"}


def test_what_was_frozen_for_another_channel_is_not_sent_again(db: Database, make_context: Make) -> None:
    died(db, make_context(), 2)
    sync(db, [mail("desk@example.org", "s0")])
    stay = {"its subscription is told by another channel since": 2}
    assert total(list(replay(db, Choice(died_since_at=0)))) == (0, stay)


def test_whoever_unsubscribed_at_the_new_address_is_sent_nothing_again(db: Database, make_context: Make) -> None:
    died(db, make_context(), 1)
    ((id,),) = rows(db, delivery.c.id)
    new = hook(f"{URL}/new", "s0")
    sync(db, [new])
    with db.write() as connection:
        values = {"subscription_id": "s0", "endpoint_id": new.endpoint_id, "at": 1}
        connection.execute(insert(unsubscribed).values(**values))
    assert total(list(replay(db, Choice(id=id)))) == (0, {"its receiver has unsubscribed": 1})


def test_what_was_made_in_the_future_leaves_when_the_clock_is_set_back(db: Database, make_context: Make) -> None:
    told(db, make_context(), [URL])
    hour = 3_600 * SECOND
    with db.write() as connection:
        ahead = {"created_at": db.now(connection) + hour, "next_at": db.now(connection) + hour}
        connection.execute(update(delivery).values(**ahead))
    assert exchange(db, "me", [], 1) == []
    Watchdog(db, Duties(), threading.Event()).look()
    assert len(exchange(db, "me", [], 1)) == 1


def test_a_clock_that_jumps_an_hour_ahead_repeats_and_loses_nothing(
    db: Database, make_context: Make, receiver: Receiver
) -> None:
    """As it looks from the ledger: every instant in it is an hour older."""
    context = make_context()
    told(db, context, [receiver.url()], articles=3)
    flying = exchange(db, "slow", [], 1)
    hour = 3_600 * SECOND
    with db.write() as connection:
        for column in (delivery.c.created_at, delivery.c.next_at, delivery.c.lease_until_at):
            connection.execute(update(delivery).values({column: column - hour}))
    deliver(context)
    exchange(db, "slow", [tried_of(flying[0], Delivered(code=200), 1, 1, 0.5)], 0)
    assert {(one.id, one.valid) for one in receiver.got} == {(id, True) for (id,) in rows(db, delivery.c.id)}
    assert {status for (status,) in rows(db, delivery.c.status)} == {"delivered"}


def test_two_configurations_that_race_leave_one_of_them_whole_and_every_delivery_at_its_address(
    db: Database, make_context: Make
) -> None:
    context = make_context()
    one = [hook(f"{URL}/{n}", f"s{n}") for n in range(4)]
    other = [hook(f"{URL}/other/{n}", f"s{n}", options={"rate": "100/s"}) for n in range(3)]
    sync(db, one)
    match_articles(context, add_articles(db, ["embargo"] * 3))
    until = time.monotonic() + 2

    def change(version: Any) -> None:
        while time.monotonic() < until:
            try:
                sync(db, version)
            except OperationalError:  # a deadlock was broken: whoever syncs does so again at its next look
                continue

    def send(owner: str) -> None:
        while time.monotonic() < until:
            for parcel in exchange(db, owner, [], 4):
                exchange(db, owner, [tried_of(parcel, TryAgain(reason="HTTP 503"), now(db), 1, 0.5)], 0)

    with ThreadPoolExecutor(4) as pool:
        work = [pool.submit(change, one), pool.submit(change, other), pool.submit(send, "a"), pool.submit(send, "b")]
        for each in work:
            each.result()
    in_force = {(row.id, row.address) for row in subscribed(db) if row.removed_at is None}
    assert in_force in ({(each.id, each.address) for each in one}, {(each.id, each.address) for each in other})
    addresses = {row.id: row.address for row in subscribed(db)}
    with db.read() as connection:
        waits = select(delivery.c.subscription_id, endpoint.c.address, delivery.c.status).join(endpoint)
        found = connection.execute(waits).all()
    assert len(found) == 12
    assert all(addresses[id] == address for id, address, status in found if status == "pending")


def subscribed(db: Database) -> list[Any]:
    with db.read() as connection:
        return list(connection.execute(select(subscription)).all())


def test_a_range_and_failures_are_replayed_by_command(tocsin: Run, ledger: Database) -> None:
    words = Words()
    context = Context(db=ledger, doorbell=Silent(), rules=lambda: words, secrets=secrets)
    died(ledger, context, 5)
    done = tocsin("deliveries", "replay", "--subscription", "s0", "--from", "2", "--to", "3")
    assert (done.returncode, done.stdout) == (0, "2 will leave again, from within a second on.\n")
    done = tocsin("deliveries", "replay", "--failed", "--since", "2h", "--subscription", "s0")
    assert (done.returncode, done.stdout) == (0, "3 will leave again, from within a second on.\n")
    done = tocsin("deliveries", "replay", "--subscription", "s0", "--from", "1")
    assert done.returncode == 1
    assert "5 not: still on its way" in done.stderr
    assert {status for (status,) in rows(ledger, delivery.c.status)} == {"pending"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "name a delivery by its ID, a range by --subscription"),
        (("--subscription", "s0"), "name a delivery by its ID"),
        (("--from", "3"), "a range is one of a subscription's sequence"),
        (("--failed",), "say since when: --failed --since 2h"),
        (("--failed", "--since", "soon"), "--since: "),
        (("some-id", "--failed", "--since", "2h"), "name a delivery by its ID"),
    ],
)
def test_a_replay_of_nothing_in_particular_is_refused_in_words(
    tocsin: Run, arguments: tuple[str, ...], words: str
) -> None:
    done = tocsin("deliveries", "replay", *arguments)
    assert done.returncode == 2
    assert words in done.stderr
