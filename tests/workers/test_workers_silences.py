"""What is silenced is opened and shown, and not told; a silence says by whom, why and until when."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from rules.model import Emit
from store import silences
from store.database import Database
from store.ledger import ledger
from store.silences import BadSilence, Scope, Silence
from store.subscriptions import Filter, sync
from store.tables import alert, delivery, message, rule, silence
from tests.workers.parts import Words, add_articles, hook
from tests.workers.test_workers_corrections import Statuses, edit, sound, told
from workers.context import Context
from workers.matching import match_articles

Make = Callable[..., Context]
ONE_EVENT = {"embargo.ended": Emit(key=(("object", "embargo"),))}
HOUR_S = 3_600


@pytest.fixture
def context(db: Database, make_context: Make) -> Context:
    sync(db, [hook("http://127.0.0.1:1/a", "all")])
    return make_context(Statuses(emits=ONE_EVENT))


def add(db: Database, **scope: Any) -> Silence:
    return silences.add(db, Scope(**scope), author="Ana", reason="the summit, known", for_s=8 * HOUR_S)


def fates(db: Database) -> list[tuple[str, str, str | None]]:
    chosen = select(message.c.kind, delivery.c.status, delivery.c.silence_id)
    chosen = chosen.join(message, message.c.id == delivery.c.message_id).order_by(delivery.c.seq)
    with db.read() as connection:
        return [tuple(row) for row in connection.execute(chosen)]


def end(db: Database) -> None:
    """Let every silence have run out."""
    with db.write() as connection:
        connection.execute(update(silence).values(until_at=silence.c.created_at + 1))


@pytest.mark.parametrize(
    "scope",
    [
        {"rule": "embargo.ended"},
        {"rule": "embargo.*"},
        {"bindings": {"TARGET": "ir"}},
        {"outlet": "Example.org"},
        {"rule": "embargo.*", "bindings": {"TARGET": "IR"}, "outlet": "example.org"},
    ],
)
def test_what_fits_a_silence_is_opened_and_shown_and_not_sent(
    db: Database, context: Context, scope: dict[str, Any]
) -> None:
    one = add(db, **scope)
    match_articles(context, add_articles(db, ["embargo"]))
    assert fates(db) == [("alert.opened", "suppressed", one.id)]
    with db.read() as connection:
        why = connection.scalar(select(delivery.c.why))
    until = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(one.until_at / 1_000_000))
    assert why == f"silenced by Ana until {until}: the summit, known (silence {one.id})"
    assert silences.list_silences(db)[0].suppressed == 1
    assert {one.name: one.parts for one in ledger(db).equations}["messages x entitled"] == {f"suppressed: {why}": 1}
    assert sound(db)


@pytest.mark.parametrize(
    "scope",
    [
        {"rule": "sanctions.*"},
        {"bindings": {"TARGET": "IQ"}},
        {"bindings": {"PARTNER": "IR"}},
        {"outlet": "other.example"},
        {"rule": "embargo.*", "outlet": "other.example"},
    ],
)
def test_what_does_not_fit_all_of_a_silence_is_told(db: Database, context: Context, scope: dict[str, Any]) -> None:
    add(db, **scope)
    match_articles(context, add_articles(db, ["embargo"]))
    assert fates(db) == [("alert.opened", "pending", None)]


@pytest.mark.parametrize("by_hand", [False, True])
def test_a_silence_that_has_ended_keeps_nothing_back(db: Database, context: Context, by_hand: bool) -> None:
    one = add(db, rule="*")
    if by_hand:
        assert silences.remove(db, one.id, "Ben")
        assert not silences.remove(db, one.id, "Ben")
    else:
        end(db)
    match_articles(context, add_articles(db, ["embargo"]))
    assert fates(db) == [("alert.opened", "pending", None)]
    assert silences.list_silences(db) == []
    assert [each.removed_by for each in silences.list_silences(db, ended=True)] == ["Ben" if by_hand else None]


def test_a_snoozed_alert_tells_no_update_and_every_correction(db: Database, context: Context) -> None:
    match_articles(context, add_articles(db, ["planned: embargo"]))
    with db.read() as connection:
        id = connection.scalar(select(alert.c.id))
    one = add(db, alert_id=id)
    (further,) = add_articles(db, ["embargo"], "b", outlet="other.example")
    match_articles(context, [further])
    edit(db, context, further, "nothing")
    edit(db, context, "a0", "nothing")
    assert fates(db) == [
        ("alert.opened", "pending", None),
        ("alert.updated", "suppressed", one.id),
        ("alert.corrected", "pending", None),
        ("alert.retracted", "pending", None),
    ]
    assert sound(db)


def test_another_alert_is_not_snoozed_along(db: Database, make_context: Make) -> None:
    sync(db, [hook("http://127.0.0.1:1/a", "all")])
    context = make_context(Words())
    match_articles(context, add_articles(db, ["embargo"]))
    with db.read() as connection:
        add(db, alert_id=connection.scalar(select(alert.c.id)))
    match_articles(context, add_articles(db, ["embargo"], "b"))
    assert [status for _, status, _ in fates(db)] == ["pending", "pending"]


def test_what_was_never_told_is_not_taken_back(db: Database, context: Context) -> None:
    add(db, rule="*")
    match_articles(context, add_articles(db, ["embargo"]))
    edit(db, context, "a0", "planned: embargo")
    edit(db, context, "a0", "nothing")
    assert [(kind, status) for kind, status, _ in fates(db)] == [("alert.opened", "suppressed")]
    assert sound(db)


def test_news_of_a_silenced_alert_is_told_when_the_silence_is_over_and_a_copy_is_not(
    db: Database, context: Context
) -> None:
    add(db, rule="*")
    match_articles(context, add_articles(db, ["planned: embargo"]))
    end(db)
    match_articles(context, add_articles(db, ["planned: embargo"], "b", outlet="b.example"))
    assert [status for _, status, _ in fates(db)] == ["suppressed"]
    match_articles(context, add_articles(db, ["embargo"], "c", outlet="c.example"))
    assert told(db) == [("alert.opened", "all"), ("alert.opened", "all")]
    assert [status for _, status, _ in fates(db)] == ["suppressed", "pending"]
    assert sound(db)


def test_of_two_silences_the_one_that_ends_last_is_named(db: Database, context: Context) -> None:
    silences.add(db, Scope(rule="*"), author="Ana", reason="short", for_s=60)
    longest = silences.add(db, Scope(outlet="example.org"), author="Ben", reason="long", for_s=600)
    match_articles(context, add_articles(db, ["embargo"]))
    assert fates(db) == [("alert.opened", "suppressed", longest.id)]
    assert {one.reason: one.suppressed for one in silences.list_silences(db)} == {"short": 0, "long": 1}


def test_age_is_named_where_no_silence_holds(db: Database, make_context: Make) -> None:
    context = make_context(Words())
    sync(db, [hook("http://127.0.0.1:1/a", "all", filter=Filter(rules=("*",), max_age="30m"))])
    one = add(db, outlet="other.example")
    match_articles(context, add_articles(db, ["embargo"]))
    match_articles(context, add_articles(db, ["embargo"], "b", outlet="other.example"))
    assert [silence_id for _, _, silence_id in fates(db)] == [None, one.id]


@pytest.mark.parametrize(
    ("scope", "changes", "problem"),
    [
        ({}, {}, "this would silence everything: name a rule, a binding, an outlet or an alert"),
        ({"rule": "*"}, {"author": " "}, "say who silences it and why"),
        ({"rule": "*"}, {"reason": "\n"}, "say who silences it and why"),
        ({"rule": "*"}, {"reason": "x" * 501}, "reason is longer than 500 characters"),
        ({"outlet": "x" * 201}, {}, "outlet is longer than 200 characters"),
        ({"bindings": {"X": "y" * 201}}, {}, "at most 20 bindings of at most 200 characters each"),
        ({"rule": "*"}, {"reason": "a\0b"}, "it has a character that no text has"),
        ({"bindings": {"X": "\ud800"}}, {}, "it has a character that no text has"),
        ({"rule": "*"}, {"for_s": 0}, "the end is past: write a later one"),
        ({"rule": "*"}, {"for_s": 367 * 24 * HOUR_S}, "it is longer than 366 days"),
        ({"alert_id": "nope"}, {}, "there is no alert nope; `tocsin alerts list` shows the newest"),
        ({"rule": "embrago.*"}, {}, "`embrago.*` names no rule in force; `tocsin rules list` shows them"),
    ],
)
def test_a_silence_that_cannot_be_is_refused_in_words(
    db: Database, scope: dict[str, Any], changes: dict[str, Any], problem: str
) -> None:
    with db.write() as connection:
        connection.execute(insert(rule).values(**RULE))
    with pytest.raises(BadSilence) as raised:
        silences.add(db, Scope(**scope), **{"author": "Ana", "reason": "why", "for_s": HOUR_S, **changes})
    assert problem in str(raised.value)
    assert silences.list_silences(db) == []


RULE = {
    "hash": "h",
    "id": "embargo.ended",
    "version": "1",
    "title": "t",
    "level": "high",
    "maturity": "stable",
    "tags": [],
    "source": "s",
    "first_loaded_at": 1,
    "last_loaded_at": 1,
    "active": True,
}
