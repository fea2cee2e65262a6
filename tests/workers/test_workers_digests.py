"""Digests: every alert in exactly one, late rather than never; the ledger stays even and names each one's fate."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import jsonschema
import pytest
from sqlalchemy import select, update

from store import silences
from store.audit import odd_ones
from store.database import Database
from store.deliveries import bring_back, exchange
from store.ids import delivery_id, digest_id
from store.ledger import ledger
from store.outbox import pull
from store.replaying import Choice, replay
from store.silences import Scope
from store.subscriptions import enable_endpoint, sync
from store.tables import delivery, endpoint, message
from store.unsubscribing import unsubscribe
from tests.workers.conftest import Silent
from tests.workers.parts import Receiver, add_articles, hook, mail
from tests.workers.test_workers_sending import deliver
from tocsin.webhook_body import WebhookBody
from workers.cadence import Daily, cadence_of
from workers.clock import Clock
from workers.context import Context
from workers.digesting import make_due
from workers.matching import match_articles

Make = Callable[..., Context]
DAILY = {"daily": "07:00", "timezone": "Europe/Berlin"}
DAY = 86_400_000_000


def daily(url: str = "https://hooks.example.org/", **changes: Any) -> Any:
    return hook(url, "desk-daily", **{"cadence": DAILY, **changes})


def fall_due(db: Database, *, days_ago: int = 0) -> int:
    """Let the periods of all that waits have ended; returns when."""
    cadence = cadence_of(DAILY)
    assert isinstance(cadence, Daily)
    with db.write() as connection:
        until = cadence.period(db.now(connection)).start - days_ago * DAY
        chosen = update(delivery).where(delivery.c.digest_id.is_(None), delivery.c.gather_at.is_not(None))
        connection.execute(chosen.values(gather_at=until))
    return until


def members(db: Database) -> list[Any]:
    with db.read() as connection:
        chosen = (
            select(delivery).where(delivery.c.gather_at.is_not(None)).order_by(delivery.c.created_at, delivery.c.id)
        )
        return list(connection.execute(chosen).all())


def digests(db: Database) -> list[Any]:
    with db.read() as connection:
        chosen = select(delivery, message.c.data).join(message).where(message.c.kind == "digest")
        return list(connection.execute(chosen.order_by(delivery.c.seq)).all())


def check(db: Database, **parts: int) -> None:
    """The ledger is even, and no delivery is odd."""
    told = ledger(db).equations[3]
    assert told.difference == 0
    assert {name: count for name, count in told.parts.items() if count} == parts
    with db.read() as connection:
        assert [one for one in odd_ones(connection) if "feed" not in one.what] == []


def send_again(db: Database, **choice: Any) -> tuple[int, dict[str, int]]:
    steps = list(replay(db, Choice(**choice)))
    return sum(one.leave for one in steps), {why: count for one in steps for why, count in one.stay.items()}


def test_what_matches_waits_for_the_end_of_the_period(db: Database, make_context: Make) -> None:
    sync(db, [daily(), hook("https://other.example.org/", "at-once")])
    context = make_context()
    match_articles(context, add_articles(db, ["embargo", "embargo"]))
    waiting = members(db)
    assert [(one.status, one.seq, one.body, one.next_at, one.digest_id) for one in waiting] == [
        ("pending", None, b"", None, None)
    ] * 2
    cadence = cadence_of(DAILY)
    assert cadence is not None
    assert {one.gather_at for one in waiting} == {cadence.period(waiting[0].created_at).end}
    assert make_due(context) == []
    assert {one.subscription_id for one in exchange(db, "w", [], 64)} == {"at-once"}
    check(db, pending=4)


def test_one_digest_has_all_of_its_period_and_the_ledger_counts_by_its_try(
    db: Database, make_context: Make, receiver: Receiver
) -> None:
    sync(db, [daily(receiver.url())])
    context = make_context()
    match_articles(context, add_articles(db, ["embargo"] * 3))
    until = fall_due(db)
    (id,) = make_due(context)
    assert id == delivery_id(digest_id("desk-daily", until, 1), "desk-daily")
    assert make_due(context) == []
    check(db, pending=4)
    deliver(context)
    (got,) = receiver.got
    assert (got.id, got.valid) == (id, True)
    body = json.loads(got.body)
    assert (body["type"], body["data"]["seq"], body["data"]["digest"]["part"]) == ("digest", 1, 1)
    assert body["data"]["digest"]["timezone"] == "Europe/Berlin"
    assert {item["id"] for item in body["data"]["items"]} == {one.id for one in members(db)}
    assert [item["type"] for item in body["data"]["items"]] == ["alert.opened"] * 3
    jsonschema.validate(body, WebhookBody.model_json_schema())
    WebhookBody.model_validate(body)
    assert {(one.status, one.digest_id) for one in members(db)} == {("delivered", id)}
    check(db, delivered=4)


def test_the_same_digest_made_of_a_restored_ledger_has_the_same_id(db: Database, make_context: Make) -> None:
    sync(db, [daily()])
    match_articles(make_context(), add_articles(db, ["embargo"]))
    until = fall_due(db)
    make_due(make_context())
    (first,) = digests(db)
    assert first.id == delivery_id(digest_id("desk-daily", until, 1), "desk-daily")


def test_an_empty_period_sends_nothing(db: Database, make_context: Make) -> None:
    sync(db, [daily()])
    assert make_due(make_context()) == []
    assert digests(db) == []


def test_periods_missed_while_nothing_ran_are_each_sent_once_and_late(db: Database, make_context: Make) -> None:
    sync(db, [daily()])
    context = make_context()
    match_articles(context, add_articles(db, ["embargo"] * 2))
    fall_due(db, days_ago=3)
    match_articles(context, add_articles(db, ["embargo"], prefix="b"))
    with db.write() as connection:
        ungathered = delivery.c.digest_id.is_(None) & (delivery.c.gather_at > db.now(connection))
        cadence = cadence_of(DAILY)
        assert cadence is not None
        connection.execute(
            update(delivery).where(ungathered).values(gather_at=cadence.period(db.now(connection)).start)
        )
    assert len(make_due(context)) == 2
    assert make_due(context) == []
    first, second = digests(db)
    assert [len(one.data["items"]) for one in (first, second)] == [2, 1]
    assert first.data["digest"]["until"] < second.data["digest"]["until"]
    assert {one.digest_id for one in members(db)} == {first.id, second.id}


def test_clocks_that_race_make_one_digest(db: Database, make_context: Make) -> None:
    sync(db, [daily()])
    context = make_context()
    match_articles(context, add_articles(db, ["embargo"] * 5))
    fall_due(db)
    made: list[list[str]] = []
    threads = [threading.Thread(target=lambda: made.append(make_due(context))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([one for one in made if one]) == 1
    (digest,) = digests(db)
    assert len(digest.data["items"]) == 5
    check(db, pending=6)


def test_what_is_matched_while_a_digest_is_made_is_in_this_one_or_in_another(db: Database, make_context: Make) -> None:
    sync(db, [daily()])
    context = make_context()
    articles = add_articles(db, ["embargo"] * 24)

    def gather() -> None:
        for _ in range(12):
            fall_due(db)
            make_due(context)

    threads = [threading.Thread(target=match_articles, args=(context, articles[at : at + 4])) for at in range(0, 24, 4)]
    threads.insert(1, threading.Thread(target=gather))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    fall_due(db)
    while make_due(context):  # one digest of a subscription at each look takes 20
        pass
    told = [item["id"] for one in digests(db) for item in one.data["items"]]
    assert sorted(told) == sorted(one.id for one in members(db))
    assert len(told) == len(set(told)) == 24
    check(db, pending=24 + len(digests(db)))


_BREAK = {
    "sqlite": [
        "CREATE TRIGGER broken BEFORE UPDATE OF digest_id ON delivery BEGIN SELECT RAISE(ABORT, 'cut off'); END",
    ],
    "postgresql": [
        "CREATE FUNCTION broken() RETURNS trigger AS 'BEGIN RAISE EXCEPTION ''cut off''; END' LANGUAGE plpgsql",
        "CREATE TRIGGER broken BEFORE UPDATE OF digest_id ON delivery FOR EACH ROW EXECUTE FUNCTION broken()",
    ],
}
_MEND = {"sqlite": "DROP TRIGGER broken", "postgresql": "DROP TRIGGER broken ON delivery"}


def test_a_digest_that_is_cut_off_half_made_leaves_everything_waiting(db: Database, make_context: Make) -> None:
    """The transaction ends after the digest was inserted, as by kill -9: the next look makes it whole."""
    sync(db, [daily()])
    context = make_context()
    match_articles(context, add_articles(db, ["embargo"] * 2))
    fall_due(db)
    with db.write() as connection:
        for statement in _BREAK[db.dialect]:
            connection.exec_driver_sql(statement)
    assert make_due(context) == []
    assert digests(db) == []
    check(db, pending=2)
    with db.write() as connection:
        connection.exec_driver_sql(_MEND[db.dialect])
    assert len(make_due(context)) == 1
    check(db, pending=3)


def test_a_period_of_many_alerts_has_parts_that_fit(db: Database, make_context: Make, receiver: Receiver) -> None:
    sync(db, [daily(receiver.url())])
    context = make_context(base_url="https://" + "tocsin." * 10 + "example.org")
    long = "embargo " + "\u4e16" * 2_000
    match_articles(context, add_articles(db, [long] * 45, title="\u4e16" * 400))
    fall_due(db)
    ids = [id for _ in range(4) for id in make_due(context)]
    assert len(ids) == 3
    deliver(context)
    bodies = [json.loads(one.body)["data"] for one in receiver.got]
    assert sorted((one["digest"]["part"], len(one["items"])) for one in bodies) == [(1, 20), (2, 20), (3, 5)]
    assert all(len(one.body) <= 20_000 for one in receiver.got)
    assert len({item["id"] for one in bodies for item in one["items"]}) == 45
    for one in receiver.got:
        WebhookBody.model_validate_json(one.body)
    check(db, delivered=48)


def test_a_digest_that_is_refused_takes_its_alerts_with_it_and_brings_them_back(
    db: Database, make_context: Make, receiver: Receiver
) -> None:
    sync(db, [daily(receiver.url())])
    context = make_context()
    match_articles(context, add_articles(db, ["embargo"] * 2))
    fall_due(db)
    assert len(make_due(context)) == 1
    receiver.answer = lambda path, before: (410, {}) if before == 0 else (200, {})
    deliver(context)
    assert {(one.status, one.why) for one in members(db)} == {("dead", "HTTP 410: the receiver asked to be left alone")}
    check(db, dead=3)
    assert send_again(db, id=members(db)[0].id) == (0, {"in a digest, which can be sent again as a whole": 1})
    enable_endpoint(db, "webhook", receiver.url())
    assert send_again(db, died_since_at=1) == (1, {})
    check(db, pending=3)
    deliver(context)
    check(db, delivered=3)
    assert len({(one.id, one.body) for one in receiver.got}) == 1


def test_what_died_before_its_digest_was_made_can_be_sent_in_one_of_its_own(
    db: Database, make_context: Make, receiver: Receiver
) -> None:
    sync(db, [daily(receiver.url())])
    context = make_context()
    with db.write() as connection:
        connection.execute(update(endpoint).values(disabled_at=1, disabled_why="gone"))
    match_articles(context, add_articles(db, ["embargo"]))
    check(db, dead=1)
    assert len(members(db)) == 1
    assert make_due(context) == []
    enable_endpoint(db, "webhook", receiver.url())
    assert send_again(db, subscription_id="desk-daily") == (1, {})
    assert len(make_due(context)) == 1
    deliver(context)
    check(db, delivered=2)


def test_a_silence_that_begins_before_the_digest_keeps_alerts_out_of_it(db: Database, make_context: Make) -> None:
    sync(db, [daily()])
    context = make_context()
    match_articles(context, add_articles(db, ["embargo"] * 2))
    match_articles(context, add_articles(db, ["embargo"], prefix="b", outlet="loud.example"))
    silences.add(db, Scope(outlet="loud.example"), author="mira", reason="noise", for_s=3_600)
    fall_due(db)
    make_due(context)
    (digest,) = digests(db)
    assert len(digest.data["items"]) == 2
    (quiet,) = [one for one in members(db) if one.status == "suppressed"]
    assert "silenced by mira" in quiet.why
    assert (quiet.digest_id, quiet.done_at is None) == (None, False)
    told = ledger(db).equations[3]
    assert (told.difference, told.parts["pending"]) == (0, 3)


def test_whoever_unsubscribes_gets_no_digest_any_more(db: Database, make_context: Make) -> None:
    sync(db, [mail(cadence=DAILY)])
    context = make_context()
    match_articles(context, add_articles(db, ["embargo"]))
    fall_due(db)
    (id,) = make_due(context)
    match_articles(context, add_articles(db, ["embargo"], prefix="b"))
    unsubscribe(db, id)
    fall_due(db)
    assert make_due(context) == []
    assert {one.status for one in members(db)} == {"suppressed"}
    assert exchange(db, "w", [], 64) == []


def test_a_subscription_that_is_removed_or_changed_still_gets_what_waits(db: Database, make_context: Make) -> None:
    context = make_context()
    sync(db, [daily()])
    match_articles(context, add_articles(db, ["embargo"]))
    sync(db, [daily(cadence={"instant": True})])
    match_articles(context, add_articles(db, ["embargo"], prefix="b"))
    assert [row.seq for row in members(db)] == [None]
    sync(db, [])
    fall_due(db)
    assert len(make_due(context)) == 1
    assert [len(one.data["items"]) for one in digests(db)] == [1]
    check(db, pending=3)


def test_a_digest_goes_where_its_subscription_leads_by_then(
    db: Database, make_context: Make, receiver: Receiver
) -> None:
    context = make_context()
    sync(db, [daily()])
    match_articles(context, add_articles(db, ["embargo"]))
    sync(db, [replace(daily(), address=receiver.url())])
    fall_due(db)
    make_due(context)
    deliver(context)
    assert len(receiver.got) == 1
    check(db, delivered=2)


def test_what_waits_goes_along_when_its_subscription_is_told_by_mail_since(db: Database, make_context: Make) -> None:
    context = make_context()
    sync(db, [daily()])
    match_articles(context, add_articles(db, ["embargo"]))
    sync(db, [mail(id="desk-daily", cadence=DAILY)])
    fall_due(db)
    assert len(make_due(context)) == 1
    (digest,) = digests(db)
    assert digest.channel == "email"
    assert b"multipart/alternative" in digest.body
    check(db, pending=2)


def test_a_digest_that_a_wrong_clock_put_off_for_a_year_is_made(db: Database, make_context: Make) -> None:
    context = make_context()
    sync(db, [daily()])
    match_articles(context, add_articles(db, ["embargo"]))
    fall_due(db, days_ago=-365)
    assert make_due(context) == []
    bring_back(db)
    assert len(make_due(context)) == 1


def test_whoever_pulls_gets_digests_and_no_hole(db: Database, make_context: Make) -> None:
    sync(db, [daily()])
    context = make_context()
    for prefix in "abc":
        match_articles(context, add_articles(db, ["embargo"] * 2, prefix=prefix))
        fall_due(db)
        make_due(context)
    found = pull(db, "desk-daily", 0)
    assert found is not None
    assert [(one["seq"], one["kind"], len(one["body"]["data"]["items"])) for one in found.messages] == [
        (seq, "digest", 2) for seq in (1, 2, 3)
    ]


def test_the_leaders_clock_rings_first_and_then_makes_digests(db: Database, make_context: Make) -> None:
    bell = Silent()
    context = make_context(doorbell=bell)
    sync(db, [daily(), hook("https://other.example.org/", "at-once")])
    match_articles(context, add_articles(db, ["embargo"]))
    fall_due(db)
    order: list[str] = []

    def make() -> list[str]:
        order.extend(bell.deliveries)
        return make_due(context)

    bell.deliveries.clear()
    assert Clock(db, bell, make).tick() == 2
    (digest,) = digests(db)
    assert len(order) == 1
    assert bell.deliveries[-1] == digest.id
    assert Clock(db, Silent(), make).tick() == 0


@pytest.mark.parametrize("count", [1, 7])
def test_messages_about_the_service_do_not_wait_for_a_digest(db: Database, make_context: Make, count: int) -> None:
    """A digest is one of them: it has no alert, and would wait for itself."""
    sync(db, [daily()])
    context = make_context()
    match_articles(context, add_articles(db, ["embargo"] * count))
    fall_due(db)
    make_due(context)
    (digest,) = digests(db)
    assert digest.gather_at is None
    assert digest.next_at is not None
