"""What a digest holds, on the page of deliveries, in the API and by the command."""

from __future__ import annotations

import httpx

from store.subscriptions import sync
from tests.console.parts import Served
from tests.workers.conftest import Silent, secrets
from tests.workers.parts import Words, add_articles
from tests.workers.test_workers_digests import daily, fall_due
from workers.context import Context
from workers.digesting import make_due
from workers.matching import match_articles


def test_a_digest_leads_to_what_it_holds_and_each_of_that_to_the_digest(
    served: Served, analyst: httpx.Client, program: httpx.Client
) -> None:
    db, words = served.settings.db, Words()
    context = Context(db=db, doorbell=Silent(), rules=lambda: words, secrets=secrets)
    sync(db, [daily()])
    match_articles(context, add_articles(db, ["embargo"] * 3))
    fall_due(db)
    (id,) = make_due(context)
    match_articles(context, add_articles(db, ["embargo"], "later"))
    page = analyst.get("/deliveries").text
    assert f'<a href="/deliveries?digest={id}">Digest of 3 messages</a>' in page
    assert page.count(f'<a href="/deliveries?digest={id}">digest of') == 3
    inside = analyst.get("/deliveries", params={"digest": id}).text
    assert inside.count("alert.opened") == 3
    assert "Digest of" not in inside
    listed = program.get("/api/v1/deliveries").json()["deliveries"]
    assert [one["holds"] for one in listed if one["id"] == id] == [3]
    held = program.get("/api/v1/deliveries", params={"digest": id}).json()["deliveries"]
    assert {(one["type"], one["digest_id"]) for one in held} == {("alert.opened", id)}
    assert len(held) == 3
    assert program.get("/api/v1/deliveries", params={"digest": "nothing"}).json()["deliveries"] == []


def test_a_digest_is_no_notice(served: Served, analyst: httpx.Client, program: httpx.Client) -> None:
    db, words = served.settings.db, Words()
    context = Context(db=db, doorbell=Silent(), rules=lambda: words, secrets=secrets)
    sync(db, [daily()])
    match_articles(context, add_articles(db, ["embargo"]))
    fall_due(db)
    assert make_due(context)
    assert program.get("/api/v1/notices").json()["notices"] == []
    assert "/notices?kind=digest" not in analyst.get("/notices").text
