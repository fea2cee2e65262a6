"""Heartbeats and rules that have gone quiet: what is said now and then, once, whoever looks."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, select, update

from store.database import Database
from store.leases import SECOND
from store.ledger import ledger
from store.quiet_rules import ENOUGH, LEAST, TIMES, habit_of, notice_quiet_rules
from store.subscriptions import Filter, sync
from store.tables import alert, article, delivery, feed, lease, match, message, rule
from store.words import span
from tests.workers.parts import SECRET, Receiver, add_articles, hook
from tests.workers.test_workers_sending import deliver
from workers.context import Context
from workers.heartbeats import send_heartbeats, stretch
from workers.matching import match_articles
from workers.noticing import tell_notices
from workers.subscriptions import read_subscriptions
from workers.watchdog import Duties, Watchdog

Make = Callable[..., Context]
HOUR = 3_600 * SECOND
DAY = 24 * HOUR
ALIVE = Filter(notices=("heartbeat",))


def notices(db: Database, kind: str) -> list[dict[str, Any]]:
    chosen = select(message.c.data).where(message.c.kind == kind).order_by(message.c.at, message.c.id)
    with db.read() as connection:
        return [data["notice"] for data in connection.scalars(chosen)]


def now_of(db: Database) -> int:
    with db.read() as connection:
        return db.now(connection)


def test_a_heartbeat_says_what_happened_in_the_last_period_to_who_wants_it(
    db: Database, make_context: Make, receiver: Receiver
) -> None:
    context = make_context()
    every = hook(receiver.url("/alive"), "alive", filter=ALIVE, options={"heartbeat": "5m"})
    sync(db, [every, hook(receiver.url("/alerts"), "alerts")])
    match_articles(context, add_articles(db, ["embargo", "nothing", "nothing"]))
    _, until_at = stretch({"heartbeat": "5m"}, now_of(db))
    with db.write() as connection:
        connection.execute(update(article).values(first_seen_at=until_at - SECOND))
        connection.execute(update(match).values(at=until_at - SECOND))
        connection.execute(update(alert).values(opened_at=until_at - SECOND))
        connection.execute(update(delivery).values(created_at=until_at - SECOND))
        connection.execute(update(feed).values(status="failing"))
    assert send_heartbeats(db) == 1
    assert send_heartbeats(db) == 0
    tell_notices(context)
    deliver(context)
    (body,) = (json.loads(one.body) for one in receiver.got if one.path == "/alive")
    assert body["type"] == "heartbeat"
    assert body["data"]["notice"]["about"]["what"] == "subscription"
    assert body["data"]["notice"]["details"] == {
        "articles": 3,
        "matches": 1,
        "alerts": 1,
        "deliveries": 1,
        "dead_deliveries": 0,
        "waiting_deliveries": 1,
        "failing_feeds": 1,
        "disabled_addresses": 0,
    }
    assert "within 5 minutes" in body["data"]["notice"]["words"]
    assert ledger(db).equations[-1].difference == 0


def test_each_gets_its_own_heartbeat_and_nobody_that_of_another(db: Database, make_context: Make) -> None:
    sync(
        db,
        [
            hook("http://127.0.0.1:1/a", "a", filter=ALIVE),
            hook("http://127.0.0.1:1/b", "b", filter=Filter(notices=("*",)), options={"heartbeat": "1h"}),
            hook("http://127.0.0.1:1/c", "c"),
        ],
    )
    assert send_heartbeats(db) == 2
    tell_notices(make_context())
    with db.read() as connection:
        rows = connection.execute(select(delivery.c.subscription_id).order_by(delivery.c.subscription_id)).all()
    assert [id for (id,) in rows] == ["a", "b"]


def test_of_two_leaders_at_once_one_heartbeat_comes_of_each_period(db: Database) -> None:
    """As after a lease that one of them believes to hold and does not."""
    sync(db, [hook("http://127.0.0.1:1/a", str(n), filter=ALIVE) for n in range(5)])
    start = threading.Barrier(4)

    def lead(_: int) -> int:
        start.wait()
        return send_heartbeats(db)

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(lead, range(4))) == 5
    assert len(notices(db, "heartbeat")) == 5


@given(st.integers(0, 2**52), st.integers(0, 2**40), st.sampled_from(["5m", "1h", "24h", "7d"]))
def test_every_instant_lies_after_exactly_one_stretch_and_stretches_leave_no_gap(
    now: int, later: int, period: str
) -> None:
    options = {"heartbeat": period}
    from_at, until_at = stretch(options, now)
    assert until_at <= now < until_at + (until_at - from_at)
    assert stretch(options, until_at) == (from_at, until_at)
    assert stretch(options, until_at - 1)[1] == from_at
    assert stretch(options, now + later)[1] >= until_at


FILE = """\
subscriptions:
  - id: ops
    owner: desk@example.org
    filter: {notices: [heartbeat]}
    channel: webhook
    to: https://hooks.example.org/ops
    secret: env:OPS
    heartbeat: 1h
"""


def test_a_file_says_how_often_and_a_mistake_is_named_with_its_remedy() -> None:
    (one,), problems = read_subscriptions(FILE, "s.yml", rule_ids=(), secrets=lambda _: SECRET)
    assert (problems, one.options) == ([], {"heartbeat": "1h"})
    for bad, problem in (
        (FILE.replace("1h", "1m"), "s.yml:8:16: `subscriptions.0.heartbeat`: write 5m or more"),
        (FILE.replace("1h", "hourly"), "s.yml:8:16: `subscriptions.0.heartbeat`: write a duration such as 30m"),
        (FILE.replace("[heartbeat]", "[feed.gap]"), "add `heartbeat` to `notices` in the filter, or remove it"),
    ):
        subscriptions, problems = read_subscriptions(bad, "s.yml", rule_ids=())
        assert subscriptions == ()
        assert any(problem in str(one) for one in problems), [str(one) for one in problems]


def opened(db: Database, ages: list[int], id: str = "embargo.ended", quiet: str | None = None) -> None:
    """Alerts of a rule that were opened so long ago, in microseconds."""
    with db.write() as connection:
        now = db.now(connection)
        if connection.scalar(select(rule.c.id).where(rule.c.id == id)) is None:
            connection.execute(insert(rule).values(**_RULE, hash=id, id=id))
        rows = [
            {**_ALERT, "id": f"{id}-{age}", "key": f"{id} {age}", "rule_id": id, "opened_at": now - age} for age in ages
        ]
        connection.execute(insert(alert), [{**row, "seen_at": row["opened_at"], "quiet": quiet} for row in rows])


_RULE = {
    "version": "1",
    "title": "An embargo has ended",
    "level": "high",
    "maturity": "stable",
    "tags": [],
    "source": "",
    "first_loaded_at": 1,
    "last_loaded_at": 1,
    "active": True,
}
_ALERT = {
    "subject": "s",
    "episode": 1,
    "story_id": "story",
    "rule_hash": "h",
    "level": "high",
    "status": "done",
    "zone": "lead",
    "bindings": {},
    "evidence": [],
    "confidence": 1.0,
    "article_id": "a0",
    "article_revision": 1,
    "revision": 1,
    "outlets": 1,
}


@pytest.fixture
def ruled(db: Database) -> Database:
    add_articles(db, ["embargo"])
    return db


def test_a_rule_silent_for_ten_times_its_usual_gap_is_told_once_for_each_time(ruled: Database) -> None:
    opened(ruled, [DAY * 21 + HOUR * 12 * n for n in range(6)])
    assert [notice_quiet_rules(ruled), notice_quiet_rules(ruled)] == [1, 0]
    (told,) = notices(ruled, "rule.quiet")
    assert told["words"].startswith("The rule embargo.ended has opened no alert for 21 days, since ")
    assert "usually one comes every 12 hours." in told["words"]
    assert told["about"] == {
        "what": "rule",
        "id": "embargo.ended",
        "name": "An embargo has ended",
        "link": "/rules/embargo.ended",
    }
    opened(ruled, [DAY * 20])
    assert notice_quiet_rules(ruled) == 1, "it spoke, and fell silent again"


@pytest.mark.parametrize(
    "ages",
    [
        [DAY * 21 + HOUR * n for n in range(4)],  # too few to know its habit
        [DAY * 4 + HOUR * 12 * n for n in range(9)],  # eight times its usual gap
        [HOUR * 20 + HOUR * n // 10 for n in range(9)],  # a night
    ],
)
def test_a_rule_that_keeps_to_its_habit_is_not_quiet(ruled: Database, ages: list[int]) -> None:
    opened(ruled, ages)
    assert notice_quiet_rules(ruled) == 0


def test_a_baseline_is_no_habit_and_a_rule_out_of_force_is_not_missed(ruled: Database) -> None:
    opened(ruled, [DAY * 21 + n for n in range(30)], quiet="baseline")
    opened(ruled, [DAY * 21 + HOUR * 12 * n for n in range(6)], id="retired")
    with ruled.write() as connection:
        connection.execute(update(rule).where(rule.c.id == "retired").values(active=False))
    assert notice_quiet_rules(ruled) == 0


@given(st.lists(st.integers(0, 2**50), max_size=60), st.integers(0, 2**50))
def test_quiet_means_both_more_than_a_day_and_more_than_ten_usual_gaps(opened: list[int], silence: int) -> None:
    opened = sorted(opened, reverse=True)
    habit = habit_of(opened)
    assert (habit is None) == (len(opened) < ENOUGH)
    if habit is not None:
        quiet = habit.is_quiet(opened[0] + silence)
        assert quiet == (silence > LEAST and silence > TIMES * habit.usual_gap)


def test_the_watchdog_beats_at_each_look_and_looks_for_quiet_rules_once_an_hour(ruled: Database) -> None:
    opened(ruled, [DAY * 21 + HOUR * 12 * n for n in range(6)])
    sync(ruled, [hook("http://127.0.0.1:1/a", filter=ALIVE)])
    one, other = (Watchdog(ruled, Duties(), threading.Event()) for _ in range(2))
    assert [one.look(), other.look(), one.look()] == [True, False, True]
    assert (len(notices(ruled, "heartbeat")), len(notices(ruled, "rule.quiet"))) == (1, 1)
    with ruled.write() as connection:
        connection.execute(message.delete())
    one.look()
    assert (len(notices(ruled, "heartbeat")), len(notices(ruled, "rule.quiet"))) == (1, 0)
    with ruled.write() as connection:
        connection.execute(update(lease).where(lease.c.name == "quiet rules").values(until_at=1))
    one.look()
    assert len(notices(ruled, "rule.quiet")) == 1


@pytest.mark.parametrize(
    ("microseconds", "words"),
    [
        (0, "1 minute"),
        (90 * 60 * SECOND, "90 minutes"),
        (2 * HOUR, "2 hours"),
        (47 * HOUR, "47 hours"),
        (2 * DAY, "2 days"),
    ],
)
def test_a_span_is_said_in_the_greatest_unit_of_which_there_are_two(microseconds: int, words: str) -> None:
    assert span(microseconds) == words
