"""One alert per event as more becomes known: confirmed by others, further on its way, parties known at last."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from rules.model import Article, Confirm, Emit, Level, Match, Status
from store.database import Database
from store.episodes import Open
from store.subscriptions import Filter, sync
from store.tables import alert, delivery
from tests.workers.parts import NOW, Words, add_articles, hook
from tests.workers.test_workers_corrections import bodies, edit, only, sound, told
from workers.alerts import Joined, compatible, is_further, join, key_of, voices
from workers.context import Context
from workers.matching import match_articles

HOUR = 3_600_000_000
Make = Callable[..., Context]


@dataclass(frozen=True)
class Talking(Words):
    """A rule set in small: "planned" and "agreed" give the status, "A=x" and "B=y" in the text the parts of the key."""

    confirm: Confirm | None = None

    def match(self, article: Article) -> tuple[Match, ...]:
        words = article.text.split()
        status = next((Status(word) for word in words if word in ("planned", "agreed")), Status.DONE)
        said = dict(word.split("=") for word in words if "=" in word)
        emit = Emit(key=(("A", said.get("A")), ("B", said.get("B"))), confirm=self.confirm)
        return tuple(replace(one, status=status, bindings=said, emit=emit) for one in super().match(article))


@pytest.fixture
def context(db: Database, make_context: Make) -> Context:
    sync(db, [hook("http://127.0.0.1:1/a", "all"), hook("http://127.0.0.1:1/b", "high", filter=HIGH)])
    return make_context(Talking())


@pytest.fixture
def confirming(context: Context, make_context: Make) -> Context:
    return make_context(Talking(confirm=Confirm(2, 24 * 3600, Level.LOW)))


HIGH = Filter(rules=("*",), level="high")
SAID = "embargo A=x B=y"


def matched(db: Database, context: Context, prefix: str, text: str, **columns: Any) -> None:
    match_articles(context, add_articles(db, [text], prefix, **columns))


def levels(db: Database) -> list[tuple[str, str]]:
    """(type, level) of what the subscription to everything got."""
    return [(one["type"], one["data"]["alert"]["rule"]["level"]) for one in of(db, "all")]


def of(db: Database, subscription: str) -> list[dict[str, Any]]:
    chosen = select(delivery.c.body).where(delivery.c.subscription_id == subscription).order_by(delivery.c.seq)
    with db.read() as connection:
        return [json.loads(body) for body in connection.scalars(chosen)]


def test_a_second_outlet_confirms_once_and_raises_the_level(db: Database, confirming: Context) -> None:
    matched(db, confirming, "a", SAID)
    assert levels(db) == [("alert.opened", "low")]
    matched(db, confirming, "b", SAID, outlet="b.example")
    matched(db, confirming, "c", SAID, outlet="c.example")
    assert levels(db) == [("alert.opened", "low"), ("alert.updated", "high")]
    assert "confirm" in of(db, "all")[1]["data"]["change"]
    assert [one["type"] for one in of(db, "high")] == ["alert.opened"]
    assert (only(db, alert).level, only(db, alert).outlets) == ("high", 3)
    assert sound(db)


@pytest.mark.parametrize(
    "second",
    [
        {"outlet": "example.org"},
        {"outlet": "b.example", "story_id": "story-a0"},
        {"outlet": "b.example", "published_at": NOW + 25 * HOUR},
        {"outlet": "b.example", "quiet": "baseline"},
    ],
)
def test_the_same_voice_or_one_too_late_confirms_nothing(
    db: Database, confirming: Context, second: dict[str, Any]
) -> None:
    matched(db, confirming, "a", SAID)
    matched(db, confirming, "b", SAID, **second)
    assert levels(db) == [("alert.opened", "low")]
    assert of(db, "high") == []


def test_an_edit_of_a_confirmed_alert_keeps_its_level(db: Database, confirming: Context) -> None:
    matched(db, confirming, "a", SAID)
    matched(db, confirming, "b", SAID, outlet="b.example")
    edit(db, confirming, "a0", "more words " + SAID)
    assert levels(db) == [("alert.opened", "low"), ("alert.updated", "high")]


def test_a_step_further_is_told_as_an_update_of_the_same_alert(db: Database, context: Context) -> None:
    matched(db, context, "a", f"planned {SAID}")
    matched(db, context, "b", f"agreed {SAID}", outlet="b.example", published_at=NOW + HOUR)
    matched(db, context, "c", SAID, published_at=NOW + 2 * HOUR)
    got = of(db, "all")
    assert [one["type"] for one in got] == ["alert.opened", "alert.updated", "alert.updated"]
    assert [one["data"]["alert"]["status"] for one in got] == ["planned", "agreed", "done"]
    assert len({one["data"]["alert"]["id"] for one in got}) == 1
    assert got[1]["data"]["change"] == "it was planned, now it is agreed"
    assert [one["data"]["article"]["id"] for one in got] == ["a0", "b0", "c0"]
    assert sound(db)


@pytest.mark.parametrize("text", [f"planned {SAID}", f"agreed {SAID}"])
def test_no_step_back_and_none_by_older_news_is_told(db: Database, context: Context, text: str) -> None:
    matched(db, context, "a", f"agreed {SAID}")
    matched(db, context, "b", text, published_at=NOW + HOUR)
    matched(db, context, "c", SAID, published_at=NOW - HOUR)
    assert [kind for kind, _ in told(db)] == ["alert.opened"] * 2


def test_an_edit_to_a_further_step_is_one_correction(db: Database, context: Context) -> None:
    matched(db, context, "a", f"planned {SAID}")
    edit(db, context, "a0", SAID)
    assert [one["type"] for one in of(db, "all")] == ["alert.opened", "alert.corrected"]


def test_an_alert_whose_parties_become_known_is_joined(db: Database, context: Context) -> None:
    matched(db, context, "a", "embargo")
    matched(db, context, "b", SAID, story_id="story-a0", outlet="b.example", published_at=NOW + HOUR)
    got = of(db, "all")
    assert [one["type"] for one in got] == ["alert.opened", "alert.updated"]
    assert got[1]["data"]["alert"]["bindings"] == {"A": "x", "B": "y"}
    matched(db, context, "c", SAID, outlet="c.example")
    matched(db, context, "d", "embargo A=x", story_id="story-a0", outlet="d.example")
    assert only(db, alert).key == '[["A","x"],["B","y"]]'
    assert only(db, alert).outlets == 2
    assert len(of(db, "all")) == 2
    assert sound(db)


def test_what_one_transaction_opens_it_joins_and_sees_again_as_several_would(db: Database, context: Context) -> None:
    later = [{"published_at": NOW + hours * HOUR, "outlet": f"{hours}.example"} for hours in range(4)]
    ids = add_articles(db, ["embargo"], "a", **later[0])
    ids += add_articles(db, [SAID], "b", story_id="story-a0", **later[1])
    ids += add_articles(db, [SAID], "c", **later[2])
    ids += add_articles(db, ["embargo A=x"], "d", story_id="story-a0", **later[3])
    match_articles(context, ids)
    assert [one["type"] for one in of(db, "all")] == ["alert.opened", "alert.updated"]
    assert only(db, alert).key == '[["A","x"],["B","y"]]'
    assert only(db, alert).outlets == 2
    assert sound(db)


def test_an_edit_that_names_the_parties_corrects_and_does_not_retract(db: Database, context: Context) -> None:
    matched(db, context, "a", "embargo")
    edit(db, context, "a0", SAID)
    assert [one["type"] for one in of(db, "all")] == ["alert.opened", "alert.corrected"]
    edit(db, context, "a0", "embargo A=x")
    assert [one["type"] for one in of(db, "all")][2:] == ["alert.corrected"]
    assert only(db, alert).closed_at is None
    assert sound(db)


def test_other_stories_and_other_parties_are_other_events(db: Database, context: Context) -> None:
    matched(db, context, "a", "embargo")
    matched(db, context, "b", "embargo")
    matched(db, context, "c", SAID)
    matched(db, context, "d", "embargo A=z B=y", story_id="story-c0")
    assert [one["type"] for one in of(db, "all")] == ["alert.opened"] * 4
    assert len(bodies(db)) == 8
    assert sound(db)


VALUES = st.sampled_from(["x", "y", None])


@given(st.tuples(VALUES, VALUES), st.tuples(VALUES, VALUES))
def test_keys_are_compatible_either_way_round_and_with_themselves(
    one: tuple[str | None, str | None], other: tuple[str | None, str | None]
) -> None:
    first, second = (key_of(Emit(key=(("A", a), ("B", b))), "s") for a, b in (one, other))
    assert compatible(first, second, "s") == compatible(second, first, "s")
    assert compatible(first, first, "s")
    clash = any(a and b and a != b for a, b in zip(one, other, strict=True))
    assert compatible(first, second, "s") == (not clash)


def test_a_match_that_says_less_does_not_take_the_key_away() -> None:
    less, more = (key_of(Emit(key=(("A", a),)), "s") for a in (None, "x"))
    assert join(less, "s", [Open(id="1", key=more)], 3) == Joined(alert_id="1", number=None)
    assert join(more, "s", [Open(id="1", key=less)], 3) == Joined(alert_id="1", number=3)
    assert join(more, "s", [], 3) is None


@given(st.sampled_from(list(Status)), st.sampled_from(list(Status)))
def test_of_two_statuses_at_most_one_is_further(one: Status, other: Status) -> None:
    assert not (is_further(one, other) and is_further(other, one))
    assert not is_further(one, Status.DONE)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz"))))
def test_voices_are_never_more_than_outlets_or_stories(heard: list[tuple[str, str]]) -> None:
    count = voices(heard)
    assert count <= min(len({one for one, _ in heard}), len({one for _, one in heard}))
    assert (count > 0) == bool(heard)
