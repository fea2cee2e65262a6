"""The shipped rules at the seam: two articles of one event, one alert, told once."""

from __future__ import annotations

import json
from collections.abc import Callable

from sqlalchemy import select

from store.database import Database
from store.subscriptions import sync
from store.tables import alert, delivery, match
from tests.workers.parts import add_articles, hook
from workers.context import Context
from workers.matching import match_articles

TEXT = (
    "Russian Foreign Minister Sergey Lavrov said on Monday that the arms embargo on Iran has ended.\n"
    "He spoke at a news conference in Moscow."
)


def test_rules_that_share_a_state_open_one_alert_with_its_evidence(
    sqlite_db: Database, make_rules_context: Callable[[Database], Context]
) -> None:
    sync(sqlite_db, [hook("http://127.0.0.1:1/a")])
    ids = add_articles(sqlite_db, [TEXT, TEXT], title="Lavrov speaks in Moscow", story_id="one-story")
    match_articles(make_rules_context(sqlite_db), ids)
    with sqlite_db.read() as connection:
        (opened,) = connection.execute(select(alert)).all()
        outcomes = connection.scalars(select(match.c.outcome)).all()
        (body,) = connection.scalars(select(delivery.c.body)).all()
    assert opened.subject == "state:restriction"
    assert opened.becomes == "ended"
    assert outcomes.count("opened") == 1
    assert set(outcomes) == {"opened", "sighting"}
    for quote in json.loads(body)["data"]["alert"]["evidence"]:
        assert TEXT[quote["start"] : quote["end"]] == quote["text"]
