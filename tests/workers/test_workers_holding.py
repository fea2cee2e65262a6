"""What a rule opens beyond its limit is held back and, when it may go, told as it then stands. Nothing is lost."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select, update

from rules.model import Emit
from store import holding
from store.database import Database
from store.ledger import ledger
from store.subscriptions import Filter, sync
from store.tables import alert, delivery, held, match, message
from tests.workers.parts import Words, add_articles, hook
from tests.workers.test_workers_corrections import Statuses, edit, sound
from workers.clock import Clock
from workers.context import Context
from workers.holding import let_go
from workers.matching import match_articles
from workers.noticing import tell_notices

Make = Callable[..., Context]
LIMIT = 3
HOUR = 3_600_000_000
WHY = "the rule opened more than 3 alerts within an hour"
ALL = Filter(rules=("*",))


@pytest.fixture
def context(db: Database, make_context: Make) -> Context:
    sync(db, [hook("http://127.0.0.1:1/a", "all"), hook("http://127.0.0.1:1/b", "none", filter=Filter(rules=("x",)))])
    return make_context(Statuses(), rule_limit=LIMIT)


def open_many(db: Database, context: Context, count: int, prefix: str = "a", **columns: Any) -> list[str]:
    """Articles that open an alert each; returns their ids."""
    ids = add_articles(db, ["planned: embargo"] * count, prefix, **columns)
    match_articles(context, ids)
    return ids


def told(db: Database) -> list[tuple[str, str]]:
    """(kind, article) of what was told, in its sequence."""
    chosen = select(delivery.c.body).where(delivery.c.subscription_id == "all").order_by(delivery.c.seq)
    with db.read() as connection:
        bodies = [json.loads(body) for body in connection.scalars(chosen)]
    return [(one["type"], one["data"]["article"]["id"]) for one in bodies]


def deliveries(db: Database) -> dict[str, int]:
    return dict({one.name: one.parts for one in ledger(db).equations}["messages x entitled"])


def an_hour_later(db: Database) -> None:
    """As if all that was opened and told had been an hour earlier."""
    with db.write() as connection:
        connection.execute(update(alert).values(opened_at=alert.c.opened_at - HOUR))
        connection.execute(update(held).values(ended_at=held.c.ended_at - HOUR))


@pytest.mark.parametrize("at_once", [True, False])
def test_what_is_beyond_the_limit_is_opened_and_shown_and_waits(db: Database, context: Context, at_once: bool) -> None:
    if at_once:
        open_many(db, context, 8)
    else:
        for number in range(8):
            open_many(db, context, 1, f"a{number}-")
    with db.read() as connection:
        assert connection.scalar(select(func.count()).select_from(alert)) == 8
    assert len(told(db)) == LIMIT
    assert deliveries(db) == {"pending": 3, f"held: {WHY}": 5}
    assert sound(db)
    (rule,) = holding.held_rules(db)
    assert (rule.rule_id, rule.waiting, rule.released, rule.why) == ("embargo.ended", 5, 0, WHY)


def test_other_rules_and_quiet_alerts_are_not_held_along(db: Database, make_context: Make) -> None:
    sync(db, [hook("http://127.0.0.1:1/a", "all")])
    words = Words(words={"embargo.ended": "embargo", "sanctions.new": "sanctions"})
    context = make_context(words, rule_limit=LIMIT)
    open_many(db, context, 5, "old", quiet="baseline")
    open_many(db, context, 5)
    match_articles(context, add_articles(db, ["sanctions"] * 2, "s"))
    assert deliveries(db) == {"pending": 5, f"held: {WHY}": 2, "suppressed: baseline": 5}


def test_without_a_limit_nothing_is_held(db: Database, make_context: Make) -> None:
    sync(db, [hook("http://127.0.0.1:1/a", "all")])
    open_many(db, make_context(Statuses()), 70)
    assert deliveries(db) == {"pending": 70}


def test_as_the_hour_allows_what_waits_is_told_the_oldest_first(db: Database, context: Context) -> None:
    ids = open_many(db, context, 8)
    assert let_go(context) == []
    an_hour_later(db)
    assert len(let_go(context)) == LIMIT
    assert let_go(context) == []
    assert told(db) == [("alert.opened", id) for id in ids[:6]]
    an_hour_later(db)
    assert len(let_go(context)) == 2
    assert told(db) == [("alert.opened", id) for id in ids]
    assert holding.held_rules(db) == []
    assert deliveries(db) == {"pending": 8}
    assert sound(db)


def test_nothing_new_passes_by_what_waits(db: Database, context: Context) -> None:
    first = open_many(db, context, 5)
    an_hour_later(db)
    later = open_many(db, context, 1, "later")
    assert told(db) == [("alert.opened", id) for id in first[:3]]
    let_go(context)
    assert told(db) == [("alert.opened", id) for id in first + later]


def test_an_operator_lets_all_go_whatever_the_limit(db: Database, context: Context) -> None:
    open_many(db, context, 8)
    assert holding.release(db, "embargo.ended", "Ana") == 5
    assert holding.release(db, "embargo.ended", "Ana") == 0
    assert len(let_go(context)) == 5
    assert len(told(db)) == 8
    assert sound(db)


def test_an_operator_discards_what_waits_with_a_reason(db: Database, context: Context) -> None:
    ids = open_many(db, context, 5)
    assert holding.discard(db, "embargo.ended", "Ana", "the rule was wrong") == 2
    assert holding.discard(db, "embargo.ended", "Ana", "the rule was wrong") == 0
    why = "suppressed: held back, then discarded by Ana: the rule was wrong"
    assert deliveries(db) == {"pending": 3, why: 2}
    an_hour_later(db)
    match_articles(context, add_articles(db, ["planned: embargo"], "copy", story_id=f"story-{ids[-1]}", outlet="other"))
    edit(db, context, ids[-1], "nothing")
    assert let_go(context) == []
    assert len(told(db)) == LIMIT
    assert sound(db)


def test_what_was_corrected_while_it_waited_is_told_once_as_it_stands(db: Database, context: Context) -> None:
    ids = open_many(db, context, 4)
    edit(db, context, ids[3], "embargo")
    an_hour_later(db)
    (id,) = let_go(context)
    with db.read() as connection:
        body = json.loads(connection.execute(select(delivery.c.body).where(delivery.c.id == id)).scalar_one())
    assert (body["type"], body["data"]["alert"]["status"]) == ("alert.opened", "done")
    assert body["data"]["article"]["revision"] == 2
    assert len(told(db)) == 4
    assert sound(db)
    edit(db, context, ids[3], "nothing")
    assert told(db)[4:] == [("alert.retracted", ids[3])]
    assert sound(db)


def test_what_was_retracted_while_it_waited_is_never_told(db: Database, context: Context) -> None:
    ids = open_many(db, context, 4)
    edit(db, context, ids[3], "nothing")
    an_hour_later(db)
    assert let_go(context) == []
    assert told(db) == [("alert.opened", id) for id in ids[:3]]
    assert deliveries(db) == {"pending": 3, "suppressed: retracted while it was held back": 1}
    assert holding.held_rules(db) == []
    assert sound(db)


def test_what_a_later_episode_closed_while_it_waited_is_not_told_as_if_it_were_so(
    db: Database, make_context: Make
) -> None:
    sync(db, [hook("http://127.0.0.1:1/a", "all")])
    ended = Emit(state="restriction", becomes="ended", key=(("on", "IR"),))
    again = Emit(state="restriction", becomes="in_force", key=(("on", "IR"),))
    words = Words(
        words={"filler": "filler", "embargo.ended": "embargo", "embargo.new": "imposed"},
        emits={"embargo.ended": ended, "embargo.new": again},
    )
    context = make_context(words, rule_limit=1)
    texts = ["embargo", "imposed", "embargo", "imposed"]
    for number, text in enumerate(texts):
        match_articles(context, add_articles(db, [text], f"n{number}-"))
    an_hour_later(db)
    let_go(context)
    assert [article for _, article in told(db)] == ["n0-0", "n1-0", "n3-0"]
    assert deliveries(db) == {"pending": 3, "suppressed: closed by a later episode while it was held back": 1}
    assert sound(db)


def test_one_notice_for_each_time_that_a_rule_begins_to_be_held_back(db: Database, context: Context) -> None:
    sync(db, [hook("http://127.0.0.1:1/a", "all", filter=Filter(rules=("*",), notices=("rule.*",)))])
    for number in range(3):
        open_many(db, context, 4, f"a{number}-")
    tell_notices(context)
    assert [kind for kind, _ in kinds(db) if kind == "rule.held"] == ["rule.held"]
    holding.release(db, "embargo.ended", "Ana")
    let_go(context)
    an_hour_later(db)
    open_many(db, context, 9, "b")
    tell_notices(context)
    assert [kind for kind, _ in kinds(db) if kind == "rule.held"] == ["rule.held"] * 2
    assert sound(db)


def kinds(db: Database) -> list[tuple[str, str]]:
    chosen = select(message.c.kind, delivery.c.status).join(message, message.c.id == delivery.c.message_id)
    with db.read() as connection:
        return [tuple(row) for row in connection.execute(chosen.order_by(delivery.c.seq))]


def test_whoever_a_sighting_entitles_waits_along(db: Database, make_context: Make) -> None:
    official = hook("http://127.0.0.1:1/b", "official", filter=Filter(rules=("*",), tiers=("official",)))
    sync(db, [hook("http://127.0.0.1:1/a", "all"), official])
    context = make_context(Statuses(emits={"embargo.ended": Emit(key=(("object", "embargo"),))}), rule_limit=1)
    words = make_context(Statuses(), rule_limit=1)
    open_many(db, words, 1, "first")
    match_articles(context, add_articles(db, ["embargo"], "press"))
    match_articles(context, add_articles(db, ["embargo"], "office", tier="official", outlet="office.example"))
    assert deliveries(db) == {"pending": 1, "held: the rule opened more than 1 alert within an hour": 2}
    an_hour_later(db)
    assert len(let_go(context)) == 2
    assert deliveries(db) == {"pending": 3}
    with db.read() as connection:
        chosen = select(delivery.c.body).where(delivery.c.subscription_id == "official")
        data = json.loads(connection.execute(chosen).scalar_one())["data"]
        quoted = connection.scalar(select(match.c.evidence).where(match.c.article_id == "office0"))
    assert (data["article"]["id"], data["article"]["tier"]) == ("office0", "official")
    assert data["alert"]["evidence"] == quoted
    assert sound(db)


def test_the_clock_rings_what_may_go_and_first_what_waits_already(db: Database, context: Context) -> None:
    open_many(db, context, 5)
    an_hour_later(db)
    bell: Any = context.doorbell
    before = len(bell.deliveries)
    clock = Clock(db, bell, lambda: 1 / 0, lambda: let_go(context))  # type: ignore[arg-type,return-value]
    clock.tick()
    rung = bell.deliveries[before:]
    assert len(rung) == 5
    with db.read() as connection:
        seqs = {id: seq for id, seq in connection.execute(select(delivery.c.id, delivery.c.seq))}
    assert sorted(seqs[id] for id in rung[:3]) == [1, 2, 3]
    assert sorted(seqs[id] for id in rung[3:]) == [4, 5]
