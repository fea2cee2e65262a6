"""Articles older than a subscription wants are shown and not sent."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from rules.model import Emit
from store.database import Database
from store.ledger import ledger
from store.subscriptions import Filter, sync
from store.tables import article, delivery, message
from tests.workers.parts import NOW, add_articles, hook
from tests.workers.test_workers_corrections import Statuses, edit, sound
from workers.context import Context
from workers.entitlement import too_old
from workers.matching import match_articles

Make = Callable[..., Context]
DAY = 86_400_000_000
ONE_EVENT = {"embargo.ended": Emit(key=(("object", "embargo"),))}
FRESH = Filter(rules=("*",), max_age="3d")


@pytest.fixture
def context(db: Database, make_context: Make) -> Context:
    sync(db, [hook("http://127.0.0.1:1/a", "all"), hook("http://127.0.0.1:1/b", "fresh", filter=FRESH)])
    return make_context(Statuses(emits=ONE_EVENT))


def publish(db: Database, context: Context, text: str, days_ago: float, prefix: str, **columns: Any) -> str:
    """An article published so long ago, evaluated; returns its id."""
    published_at = time.time_ns() // 1_000 - int(days_ago * DAY)
    (id,) = add_articles(db, [text], prefix, published_at=published_at, **columns)
    match_articles(context, [id])
    return id


def told(db: Database, subscription: str = "fresh") -> list[tuple[str, str, str | None]]:
    """(kind, status, why) of what a subscription got, in its sequence."""
    columns = (message.c.kind, delivery.c.status, delivery.c.why)
    chosen = select(*columns).join(message, message.c.id == delivery.c.message_id)
    chosen = chosen.where(delivery.c.subscription_id == subscription).order_by(delivery.c.seq)
    with db.read() as connection:
        return [tuple(row) for row in connection.execute(chosen)]


OLD = ("alert.opened", "suppressed", "older than max_age 3d")


def test_an_old_article_is_shown_to_whoever_wants_young_ones_and_sent_to_the_others(
    db: Database, context: Context
) -> None:
    publish(db, context, "embargo", 3.1, "a")
    assert told(db) == [OLD]
    assert told(db, "all") == [("alert.opened", "pending", None)]
    parts = {one.name: one.parts for one in ledger(db).equations}["messages x entitled"]
    assert parts == {"pending": 1, "suppressed: older than max_age 3d": 1}
    assert sound(db)


def test_an_undated_article_is_as_old_as_when_it_was_first_seen(db: Database, context: Context) -> None:
    for prefix, first_seen_at in (("a", NOW), ("b", time.time_ns() // 1_000)):
        columns = {"published_at": None, "first_seen_at": first_seen_at, "story_id": prefix}
        match_articles(context, add_articles(db, ["embargo"], prefix, **columns))
    assert told(db) == [OLD, ("alert.opened", "pending", None)]


@pytest.mark.parametrize("at_once", [False, True])
def test_a_young_article_about_the_same_tells_once_whom_an_old_one_did_not(
    db: Database, context: Context, at_once: bool
) -> None:
    now = time.time_ns() // 1_000
    ids = [
        add_articles(db, ["embargo"], prefix, published_at=now - days * DAY, outlet=prefix)[0]
        for prefix, days in (("old", 9), ("older", 12), ("young", 1), ("younger", 0))
    ]
    for some in [ids] if at_once else [[id] for id in ids]:
        match_articles(context, some)
    assert told(db) == [OLD, ("alert.opened", "pending", None)]
    assert len(told(db, "all")) == 1
    with db.read() as connection:
        chosen = select(delivery.c.body).where(delivery.c.subscription_id == "fresh", delivery.c.status == "pending")
        assert json.loads(connection.execute(chosen).scalar_one())["data"]["article"]["id"] == "young0"
    assert sound(db)


def test_a_correction_goes_to_those_who_were_told_however_old_it_is_by_then(db: Database, context: Context) -> None:
    id = publish(db, context, "embargo", 2, "a")
    with db.write() as connection:
        connection.execute(update(article).values(published_at=NOW - 900 * DAY))
    edit(db, context, id, "nothing")
    assert told(db) == [("alert.opened", "pending", None), ("alert.retracted", "pending", None)]
    assert sound(db)


def test_whoever_was_told_nothing_of_an_alert_hears_no_correction_of_it(db: Database, context: Context) -> None:
    edit(db, context, publish(db, context, "embargo", 5, "a"), "planned: embargo")
    assert [kind for kind, _, _ in told(db, "all")] == ["alert.opened", "alert.corrected"]
    assert told(db) == [OLD]
    assert sound(db)


def test_a_further_step_told_by_a_young_article_opens_the_alert_for_whom_it_was_too_old(
    db: Database, context: Context
) -> None:
    publish(db, context, "planned: embargo", 5, "a")
    publish(db, context, "embargo", 1, "b", outlet="other.example")
    assert [kind for kind, _, _ in told(db, "all")] == ["alert.opened", "alert.updated"]
    assert told(db) == [OLD, ("alert.opened", "pending", None)]
    assert sound(db)


@given(st.integers(0, 10 * DAY), st.sampled_from([None, "1d", "3d", "1w"]))
def test_the_older_an_article_the_less_it_is_sent(age: int, max_age: str | None) -> None:
    wanted = Filter(rules=("*",), max_age=max_age)
    if too_old(wanted, {"asserted_at": NOW - age}, NOW) is not None:
        assert max_age is not None
        assert too_old(wanted, {"asserted_at": NOW - age - 1}, NOW) == f"older than max_age {max_age}"
    else:
        assert too_old(wanted, {"asserted_at": NOW - max(0, age - 1)}, NOW) is None
