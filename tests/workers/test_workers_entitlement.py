"""Who is told of an alert, whichever match of it comes first."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from rules.model import Article, Emit, Level, Match
from store.database import Database
from store.ledger import ledger
from store.subscriptions import Filter, sync
from store.tables import alert, article, attempt, delivery, match, message, subscription
from tests.workers.parts import Words, add_articles, hook
from workers.context import Context
from workers.matching import match_articles

Make = Callable[..., Context]
ENDED = Emit(state="restriction", becomes="ended", key=(("on", "IR"),))
LEVELS = {"embargo.ended": Level.MEDIUM, "sanctions.lifted": Level.CRITICAL}
FILTERS = {
    "all": Filter(rules=("*",)),
    "sanctions": Filter(rules=("sanctions.*",)),
    "embargo": Filter(rules=("embargo.*",)),
    "official": Filter(rules=("*",), tiers=("official",)),
    "critical": Filter(rules=("*",), level="critical"),
}


@dataclass(frozen=True)
class OneState(Words):
    """Two rules of different levels that see the same event."""

    def match(self, article: Article) -> tuple[Match, ...]:
        return tuple(replace(one, level=LEVELS[one.rule]) for one in super().match(article))


WORDS = OneState(
    words={"embargo.ended": "embargo", "sanctions.lifted": "sanctions"}, emits=dict.fromkeys(LEVELS, ENDED)
)


def told(db: Database) -> list[tuple[str, str]]:
    """Who was told, and of which rule, in the order of subscriptions."""
    chosen = select(delivery.c.subscription_id, delivery.c.body).order_by(delivery.c.subscription_id, delivery.c.seq)
    with db.read() as connection:
        return [(id, json.loads(body)["data"]["alert"]["rule"]["id"]) for id, body in connection.execute(chosen)]


def subscribe(db: Database) -> None:
    sync(db, [hook("http://127.0.0.1:1/a", id, filter=one) for id, one in FILTERS.items()])


def test_a_sighting_tells_those_whom_the_opening_did_not_entitle(db: Database, make_context: Make) -> None:
    subscribe(db)
    context = make_context(WORDS)
    match_articles(context, add_articles(db, ["embargo"], prefix="press"))
    assert told(db) == [("all", "embargo.ended"), ("embargo", "embargo.ended")]
    match_articles(context, add_articles(db, ["embargo"], prefix="official", tier="official"))
    match_articles(context, add_articles(db, ["sanctions"], prefix="other", tier="official"))
    assert told(db) == [
        ("all", "embargo.ended"),
        ("critical", "sanctions.lifted"),
        ("embargo", "embargo.ended"),
        ("official", "embargo.ended"),
        ("sanctions", "sanctions.lifted"),
    ]
    audit = ledger(db)
    assert audit.equations[-1].difference == 0
    assert {one.what for one in audit.odd} <= {"feed has another number of articles than its fetches brought"}


def test_of_one_article_everyone_is_told_the_weightiest_match_that_passes(db: Database, make_context: Make) -> None:
    subscribe(db)
    match_articles(make_context(WORDS), add_articles(db, ["embargo and sanctions"]))
    assert dict(told(db)) == {
        "all": "sanctions.lifted",
        "critical": "sanctions.lifted",
        "embargo": "embargo.ended",
        "sanctions": "sanctions.lifted",
    }


def test_the_first_loud_match_of_a_quiet_alert_is_told(db: Database, make_context: Make) -> None:
    subscribe(db)
    context = make_context(WORDS)
    match_articles(context, add_articles(db, ["embargo"], prefix="old", quiet="baseline"))
    assert told(db) == []
    match_articles(context, add_articles(db, ["embargo"] * 2, prefix="new"))
    assert told(db) == [("all", "embargo.ended"), ("embargo", "embargo.ended")]
    assert ledger(db).equations[-1].difference == 0


news = st.lists(
    st.tuples(
        st.sampled_from(["embargo", "sanctions", "embargo and sanctions"]),
        st.sampled_from(["press", "official"]),
        st.sampled_from([None, "baseline"]),
    ),
    min_size=1,
    max_size=5,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(news)
def test_in_any_order_whoever_some_loud_match_entitles_is_told_once(
    db: Database, make_context: Make, articles: list[tuple[str, str, str | None]]
) -> None:
    with db.write() as connection:
        for table in (attempt, delivery, message, match, alert, article, subscription):
            connection.execute(delete(table))
    subscribe(db)
    context: Any = make_context(WORDS)
    for at, (text, tier, quiet) in enumerate(articles):
        match_articles(context, add_articles(db, [text], prefix=f"n{at}-", tier=tier, quiet=quiet))
    loud = [(text, tier) for text, tier, quiet in articles if quiet is None]
    wanted = {"all"} if loud else set()
    wanted |= {id for id in ("embargo", "sanctions") if any(id in text for text, _ in loud)}
    wanted |= {"official"} if any(tier == "official" for _, tier in loud) else set()
    wanted |= {"critical"} if "sanctions" in wanted else set()
    assert Counter(id for id, _ in told(db)) == Counter(wanted)
    assert ledger(db).equations[-1].difference == 0
