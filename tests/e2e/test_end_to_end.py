"""From a feed to a signed webhook and a mail, through real processes, sockets and databases."""

from __future__ import annotations

import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from subprocess import Popen

import httpx
import psutil
import pytest
from sqlalchemy import func, select, update

from store import tables
from store.database import Database
from tests.e2e.conftest import EXPECTED, ITEMS, Desk, seed_item
from tests.e2e.parts import LEASE_WAIT_S, WAIT_S, tree, until

MakeDesk = Callable[..., Desk]


def settled(db: Database, entries: int) -> bool:
    """Is everything that the feed offers evaluated, and everything due delivered?"""
    article, delivery = tables.article, tables.delivery
    with db.read() as connection:
        evaluated = connection.scalar(select(func.count()).where(article.c.evaluated_at.is_not(None)))
        pending = connection.scalar(select(func.count()).where(delivery.c.status == "pending"))
    return evaluated == entries and pending == 0


def wait_until_told(desk: Desk, entries: int, wait_s: float = WAIT_S) -> Database:
    """Wait until the desk has heard of everything, and return the ledger."""
    db = desk.ledger()

    def quiet() -> bool:
        try:
            return settled(db, entries) and bool(desk.receiver.events)
        except Exception:  # noqa: BLE001 - the ledger is not there yet
            return False

    until(quiet, told=desk.tocsin.logs, wait_s=wait_s)
    return db


def is_ready(console: str) -> bool:
    """Whether the console says so; one that has not bound its port yet, because the others were faster, is not."""
    try:
        return httpx.get(f"{console}/readyz").status_code == 200
    except httpx.ConnectError:
        return False


def look_again(db: Database) -> None:
    """Make every feed due, as if its interval were over."""
    with db.write() as connection:
        connection.execute(update(tables.feed).values(next_check_at=0))


def test_a_run_tells_the_desk_of_exactly_the_expected_alerts_and_no_poll_repeats_them(make_desk: MakeDesk) -> None:
    desk = make_desk(list(ITEMS))
    desk.tocsin.start("run")
    db = wait_until_told(desk, len(ITEMS))
    told = desk.receiver.rules()
    assert set(told) == EXPECTED
    assert max(Counter(told).values()) == 1
    assert desk.receiver.forged == 0
    assert len(desk.mailbox.mails) == desk.mailbox.distinct() == len(told)
    assert all(mail["To"] == "desk@example.org" for mail in desk.mailbox.mails)

    polls = len(desk.feed.requests)
    look_again(db)
    until(lambda: len(desk.feed.requests) > polls, told=desk.tocsin.logs)
    until(lambda: settled(db, len(ITEMS)), told=desk.tocsin.logs)
    time.sleep(2)  # time for something to be told that must not be
    assert desk.feed.requests[-1] == "304"
    assert desk.receiver.rules() == told
    assert all(len(bodies) == 1 for bodies in desk.receiver.bodies.values())
    assert len(desk.mailbox.mails) == len(told)
    assert_ledger_is_even(desk)


def assert_ledger_is_even(desk: Desk) -> None:
    """`tocsin ledger` says so itself: exit 0 means that every difference is 0."""
    audit = desk.tocsin.call("ledger")
    assert audit.returncode == 0, audit.stdout + audit.stderr


def test_the_seed_article_gives_its_two_alerts_and_not_the_third(make_desk: MakeDesk, shared: Path) -> None:
    desk = make_desk([seed_item(shared), ITEMS[3]])
    desk.tocsin.start("run")
    wait_until_told(desk, 2)
    told = {event["data"]["alert"]["rule"]["id"]: event["data"]["alert"] for event in desk.receiver.events.values()}
    assert {"embargo.ended", "defence.cooperation.signalled"} <= set(told)
    assert "defence.deal.new" not in told
    embargo = told["embargo.ended"]
    assert embargo["status"] == "done"
    assert (embargo["speaker"]["name"], embargo["speaker"]["role"]) == ("Sergey Lavrov", "official")
    assert "no restriction" in embargo["evidence"][0]["text"]
    why = desk.tocsin.call("trace", desk.feed.url + "/seed")
    assert "defence.cooperation.signalled" in why.stdout
    assert why.returncode == 0


def test_ctrl_c_drains_within_20_seconds_and_leaves_no_process(make_desk: MakeDesk) -> None:
    desk = make_desk(list(ITEMS))
    process = desk.tocsin.start("run")
    wait_until_told(desk, len(ITEMS))
    children = tree(process.pid)
    assert len(children) > 4
    start = time.monotonic()
    process.send_signal(signal.SIGINT)
    assert process.wait(25) == 0
    assert time.monotonic() - start < 20
    _, alive = psutil.wait_procs(children, timeout=5)
    assert alive == []


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_kill_9_of_the_whole_tree_between_any_two_steps_loses_nothing(make_desk: MakeDesk) -> None:
    desk = make_desk(list(ITEMS))
    chance = random.Random(20261125)  # noqa: S311 - the moments of the kills, repeatable
    for _ in range(8):
        process = desk.tocsin.start("run")
        time.sleep(chance.uniform(0.8, 2.6))
        desk.tocsin.kill(process)
    desk.tocsin.start("run")
    wait_until_told(desk, len(ITEMS), LEASE_WAIT_S)
    told = desk.receiver.rules()
    assert set(told) == EXPECTED
    assert max(Counter(told).values()) == 1
    assert all(len(set(bodies)) == 1 for bodies in desk.receiver.bodies.values()), "a repeat has the same bytes"
    assert desk.mailbox.distinct() == len(told)
    assert_ledger_is_even(desk)


def test_separate_services_with_postgresql_and_an_external_valkey_do_the_same(
    make_desk: MakeDesk, postgres_url: str, valkey_url: str
) -> None:
    desk = make_desk(list(ITEMS), {"TOCSIN_DATABASE_URL": postgres_url, "TOCSIN_REDIS_URL": valkey_url})
    assert desk.tocsin.call("migrate").returncode == 0
    services: dict[str, Popen[bytes]] = {name: desk.tocsin.start(name) for name in ("watch", "work", "serve")}
    db = wait_until_told(desk, len(ITEMS))
    told = desk.receiver.rules()
    assert set(told) == EXPECTED
    assert len(desk.mailbox.mails) == len(told)
    console = f"http://127.0.0.1:{desk.tocsin.environment['TOCSIN_PORT']}"
    until(lambda: is_ready(console), told=desk.tocsin.logs)
    assert httpx.get(f"{console}/healthz").status_code == 200
    assert "tocsin_" in httpx.get(f"{console}/metrics").text
    assert httpx.get(f"{console}/api/v1/alerts").status_code == 401
    look_again(db)
    until(lambda: desk.feed.requests[-1] == "304", told=desk.tocsin.logs)
    assert desk.receiver.rules() == told
    for process in services.values():
        process.send_signal(signal.SIGTERM)
    assert [process.wait(25) for process in services.values()] == [0, 0, 0]
    assert_ledger_is_even(desk)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_kill_9_of_separate_services_on_postgresql_loses_nothing(
    make_desk: MakeDesk, postgres_url: str, valkey_url: str
) -> None:
    desk = make_desk(list(ITEMS), {"TOCSIN_DATABASE_URL": postgres_url, "TOCSIN_REDIS_URL": valkey_url})
    assert desk.tocsin.call("migrate").returncode == 0
    chance = random.Random(7)  # noqa: S311 - repeatable
    for _ in range(5):
        both = [desk.tocsin.start("watch"), desk.tocsin.start("work")]
        time.sleep(chance.uniform(0.8, 2.5))
        for process in both:
            desk.tocsin.kill(process)
    for name in ("watch", "work"):
        desk.tocsin.start(name)
    wait_until_told(desk, len(ITEMS), LEASE_WAIT_S)
    told = desk.receiver.rules()
    assert set(told) == EXPECTED
    assert all(len(set(bodies)) == 1 for bodies in desk.receiver.bodies.values())
    assert_ledger_is_even(desk)
