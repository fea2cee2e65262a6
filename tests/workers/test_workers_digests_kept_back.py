"""Digests beside all that keeps alerts back: too old, silenced, held; what comes of each alert is said once."""

from __future__ import annotations

import itertools
import json
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from store import holding, silences
from store.database import Database
from store.ledger import ledger
from store.outbox import list_deliveries
from store.silences import Scope
from store.subscriptions import Filter, sync
from store.tables import article, message
from tests.workers.parts import add_articles
from tests.workers.test_workers_corrections import ONE_EVENT, Statuses, edit, sound
from tests.workers.test_workers_digests import DAY, check, daily, digests, fall_due, members
from tests.workers.test_workers_holding import an_hour_later
from workers.context import Context
from workers.digesting import make_due
from workers.holding import let_go
from workers.matching import match_articles

Make = Callable[..., Context]
FRESH = Filter(rules=("*",), max_age="3d")
RULE = "embargo.ended"


def publish(db: Database, context: Context, prefix: str, count: int = 1, days_ago: float = 0, **columns: Any) -> None:
    """Articles published so long ago, matched."""
    at = time.time_ns() // 1_000 - int(days_ago * DAY)
    match_articles(context, add_articles(db, ["embargo"] * count, prefix, published_at=at, **columns))


def told(db: Database) -> list[list[tuple[str, str]]]:
    """(kind, article) of the items of each digest, as it leaves."""
    bodies = [json.loads(one.body)["data"]["items"] for one in digests(db)]
    return [[(item["type"], item["data"]["article"]["id"]) for item in items] for items in bodies]


def test_what_is_too_old_is_shown_and_in_no_digest(db: Database, make_context: Make) -> None:
    sync(db, [daily(filter=FRESH)])
    context = make_context()
    publish(db, context, "old", days_ago=10)
    publish(db, context, "young", days_ago=1)
    fall_due(db)
    make_due(context)
    assert told(db) == [[("alert.opened", "young0")]]
    assert Counter((one.status, one.why) for one in members(db)) == {
        ("suppressed", "older than max_age 3d"): 1,
        ("pending", None): 1,
    }
    assert ledger(db).equations[3].parts["suppressed: older than max_age 3d"] == 1
    assert sound(db)


def test_a_period_of_nothing_but_what_is_kept_back_makes_no_digest(db: Database, make_context: Make) -> None:
    sync(db, [daily(filter=FRESH)])
    context = make_context()
    publish(db, context, "old", days_ago=10)
    publish(db, context, "loud", 2, outlet="loud.example")
    one = silences.add(db, Scope(outlet="loud.example"), author="mira", reason="noise", for_s=3_600)
    fall_due(db)
    assert make_due(context) == []
    assert digests(db) == []
    assert [each.suppressed for each in silences.list_silences(db) if each.id == one.id] == [2]
    assert sound(db)


def test_a_younger_article_brings_into_a_digest_what_was_too_old_for_the_last(db: Database, make_context: Make) -> None:
    sync(db, [daily(filter=FRESH)])
    context = make_context(Statuses(emits=ONE_EVENT))
    publish(db, context, "old", days_ago=10)
    publish(db, context, "young", days_ago=1, outlet="other.example")
    fall_due(db)
    make_due(context)
    assert told(db) == [[("alert.opened", "young0")]]
    assert sound(db)


@pytest.mark.parametrize("becomes", ["planned: embargo", "nothing"])
def test_of_what_a_silence_kept_out_of_a_digest_nothing_is_taken_back(
    db: Database, make_context: Make, becomes: str
) -> None:
    sync(db, [daily()])
    context = make_context(Statuses())
    publish(db, context, "loud", outlet="loud.example")
    publish(db, context, "calm")
    edit(db, context, "loud0", becomes)
    edit(db, context, "calm0", becomes)
    one = silences.add(db, Scope(outlet="loud.example"), author="mira", reason="noise", for_s=3_600)
    fall_due(db)
    make_due(context)
    (items,) = told(db)
    assert [(kind, article) for kind, article in items if article != "calm0"] == []
    assert len(items) == 2
    assert [each.suppressed for each in silences.list_silences(db) if each.id == one.id] == [2]
    assert sound(db)


def test_what_an_earlier_digest_told_is_taken_back_in_spite_of_a_silence(db: Database, make_context: Make) -> None:
    sync(db, [daily()])
    context = make_context(Statuses())
    publish(db, context, "loud", outlet="loud.example")
    fall_due(db, days_ago=1)
    make_due(context)
    silences.add(db, Scope(outlet="loud.example"), author="mira", reason="noise", for_s=3_600)
    edit(db, context, "loud0", "nothing")
    fall_due(db)
    make_due(context)
    assert told(db) == [[("alert.opened", "loud0")], [("alert.retracted", "loud0")]]
    assert sound(db)


def test_what_is_held_back_comes_in_the_next_digest_after_it_is_let_go(db: Database, make_context: Make) -> None:
    sync(db, [daily()])
    context = make_context(Statuses(), rule_limit=2)
    publish(db, context, "a", 4)
    fall_due(db, days_ago=1)
    make_due(context)
    assert [len(items) for items in told(db)] == [2]
    holding.release(db, RULE, "Ana")
    assert let_go(context) == []  # nothing leaves on its own
    assert len(members(db)) == 4
    fall_due(db)
    make_due(context)
    assert [len(items) for items in told(db)] == [2, 2]
    check(db, pending=6)


def test_what_is_let_go_too_late_for_max_age_is_shown_and_not_in_the_digest(db: Database, make_context: Make) -> None:
    sync(db, [daily(filter=FRESH)])
    context = make_context(Statuses(), rule_limit=1)
    publish(db, context, "a", 2, days_ago=2.9)
    with db.write() as connection:
        (row,) = connection.execute(select(message.c.data).where(message.c.facts["held"].as_string().is_not(None)))
        older = {"published_at": article.c.published_at - DAY}
        connection.execute(update(article).where(article.c.id == row.data["article"]["id"]).values(older))
    an_hour_later(db)
    let_go(context)
    fall_due(db)
    make_due(context)
    assert [len(items) for items in told(db)] == [1]
    assert Counter(one.why for one in members(db)) == {None: 1, "older than max_age 3d": 1}
    assert sound(db)


def test_what_was_retracted_while_it_was_held_back_is_in_no_digest(db: Database, make_context: Make) -> None:
    sync(db, [daily()])
    context = make_context(Statuses(), rule_limit=1)
    publish(db, context, "a", 2)
    edit(db, context, "a1", "nothing")
    holding.release(db, RULE, "Ana")
    let_go(context)
    fall_due(db)
    make_due(context)
    assert told(db) == [[("alert.opened", "a0")]]
    assert sound(db)


def test_a_silence_keeps_what_was_let_go_out_of_the_digest(db: Database, make_context: Make) -> None:
    sync(db, [daily()])
    context = make_context(Statuses(), rule_limit=1)
    publish(db, context, "a", 3)
    one = silences.add(db, Scope(rule=RULE), author="mira", reason="known", for_s=3_600)
    holding.release(db, RULE, "Ana")
    let_go(context)
    fall_due(db)
    assert make_due(context) == []
    assert [each.suppressed for each in silences.list_silences(db) if each.id == one.id] == [3]
    assert sound(db)


def test_what_a_digest_holds_is_listed(db: Database, make_context: Make) -> None:
    sync(db, [daily()])
    context = make_context()
    publish(db, context, "a", 3)
    fall_due(db, days_ago=1)
    (id,) = make_due(context)
    publish(db, context, "b", 2)
    held = {one["id"]: one["holds"] for one in list_deliveries(db).deliveries}
    assert held.pop(id) == 3
    assert set(held.values()) == {0}
    inside = list_deliveries(db, digest_id=id).deliveries
    assert {one["digest_id"] for one in inside} == {id}
    assert len(inside) == 3


_numbers = itertools.count()
STEPS = st.lists(
    st.sampled_from(("young", "old", "loud", "change", "silence", "speak", "release", "discard", "go", "hour", "end")),
    max_size=14,
)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_whatever_happens_each_message_is_in_one_digest_or_its_reason_is_said(
    db: Database, make_context: Make, steps: list[str]
) -> None:
    sync(db, [daily(filter=FRESH)])
    context = make_context(Statuses(), rule_limit=3)
    for step in steps:
        _act(db, context, step)
    fall_due(db)
    make_due(context)
    assert sound(db)
    waiting = [one for one in members(db) if one.digest_id is None and one.status == "pending"]
    assert waiting == []
    for one in members(db):
        assert (one.digest_id is None) == (one.status == "suppressed"), one.id
        assert one.status != "suppressed" or one.why
    inside = [item for one in digests(db) for item in one.data["items"]]
    assert len({item["id"] for item in inside}) == len(inside)
    assert {item["id"] for item in inside} == {one.id for one in members(db) if one.digest_id is not None}
    counted = Counter(one.silence_id for one in members(db) if one.silence_id)
    kept_back = {one.id: one.suppressed for ended in (False, True) for one in silences.list_silences(db, ended=ended)}
    assert {id: count for id, count in kept_back.items() if count} == counted
    opened: set[str] = set()
    for item in inside:
        assert item["type"] == "alert.opened" or item["data"]["alert"]["id"] in opened
        opened.add(item["data"]["alert"]["id"])


def _act(db: Database, context: Context, step: str) -> None:
    prefix = f"{step}{next(_numbers)}-"
    acts: dict[str, Callable[[], object]] = {
        "young": lambda: publish(db, context, prefix, 2),
        "old": lambda: publish(db, context, prefix, days_ago=9),
        "loud": lambda: publish(db, context, prefix, 2, outlet="loud.example"),
        "change": lambda: _change(db, context),
        "silence": lambda: silences.add(db, Scope(outlet="loud.example"), author="mira", reason="noise", for_s=3_600),
        "speak": lambda: [silences.remove(db, one.id, "mira") for one in silences.list_silences(db)],
        "release": lambda: holding.release(db, RULE, "Ana"),
        "discard": lambda: holding.discard(db, RULE, "Ana", "wrong"),
        "go": lambda: let_go(context),
        "hour": lambda: an_hour_later(db),
        "end": lambda: (fall_due(db), make_due(context)),
    }
    acts[step]()


def _change(db: Database, context: Context) -> None:
    with db.read() as connection:
        ids = connection.scalars(select(article.c.id).order_by(article.c.first_seen_at, article.c.id)).all()
    if ids:
        edit(db, context, ids[-1], "nothing")
