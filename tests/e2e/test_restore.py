"""Yesterday's copy put back: what is seen again becomes the same articles, alerts and deliveries."""

from __future__ import annotations

import json
from collections.abc import Callable

from sqlalchemy import select

from store import tables
from store.database import Database
from tests.e2e.conftest import ITEMS, Desk
from tests.e2e.parts import until
from tests.e2e.test_end_to_end import assert_ledger_is_even, look_again, wait_until_told


def article_ids(db: Database) -> set[str]:
    with db.read() as connection:
        return set(connection.scalars(select(tables.article.c.id)))


def test_case_16_a_restored_copy_derives_the_same_ids_for_what_it_sees_again(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk([ITEMS[3]])
    process = desk.tocsin.start("run")
    db = desk.ledger()
    until(lambda: bool(desk.feed.requests), told=desk.tocsin.logs)
    until(lambda: len(article_ids(db)) == 1, told=desk.tocsin.logs)
    copied = desk.tocsin.call("backup", str(desk.tocsin.data / "copy.sqlite3"))
    assert copied.returncode == 0, copied.stderr

    desk.feed.items = list(ITEMS)
    look_again(db)
    wait_until_told(desk, len(ITEMS))
    told, seen = set(desk.receiver.events), article_ids(db)
    alerts = {event["data"]["alert"]["id"] for event in desk.receiver.events.values()}
    db.close()
    process.terminate()
    assert process.wait(25) == 0

    for file in desk.tocsin.data.glob("tocsin.sqlite3*"):
        file.unlink()
    (desk.tocsin.data / "copy.sqlite3").rename(desk.tocsin.data / "tocsin.sqlite3")
    look_again(desk.ledger())
    desk.tocsin.start("run")
    db = wait_until_told(desk, len(ITEMS))
    assert article_ids(db) == seen
    assert set(desk.receiver.events) == told
    assert all(len(bodies) == 2 for bodies in desk.receiver.bodies.values())
    again = {json.loads(bodies[-1])["data"]["alert"]["id"] for bodies in desk.receiver.bodies.values()}
    assert again == alerts
    assert_ledger_is_even(desk)
