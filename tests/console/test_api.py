"""The API: shapes, cursors, pulling without holes, and errors that say how to mend them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from store.access import create_token
from store.database import Database
from tests.console import newsroom, parts
from tests.console.parts import HOUR, SECOND, Served, serving


@pytest.fixture(scope="module")
def quiet_program(still: Served) -> Iterator[httpx.Client]:
    """A program that asks where nothing is."""
    _, secret = create_token(still.settings.db, "siem", "reader")
    with httpx.Client(base_url=still.url, headers={"authorization": f"Bearer {secret}"}) as client:
        yield client


def answer(client: httpx.Client, path: str, **parameters: Any) -> Any:
    found = client.get(path, params=parameters)
    assert found.status_code == 200, found.text
    return found.json()


def test_an_alert_is_told_with_its_evidence_and_instants_in_utc(served: Served, program: httpx.Client) -> None:
    id = newsroom.furnish(served.settings.db)["embargo"]
    first = answer(program, "/api/v1/alerts")["alerts"][0]
    assert first["id"] == id
    assert first["rule"]["title"] == "An official states that a restriction has ended"
    assert first["speaker"]["role"] == "official"
    assert first["opened_at"].endswith("Z")
    assert first["link"] == f"{served.url}/alerts/{id}"
    article = answer(program, f"/api/v1/articles/{first['article']['id']}")
    for quoted in first["evidence"]:
        assert article[quoted["field"]][quoted["start"] : quoted["end"]] == quoted["text"]
    whole = answer(program, f"/api/v1/alerts/{id}")
    assert [len(whole[part]) for part in ("sightings", "episodes", "deliveries")] == [3, 2, 2]
    assert whole["deliveries"][0]["address"] == "https://hooks.example.org/…"


def test_older_pages_end_and_newer_ones_go_on(served: Served, program: httpx.Client) -> None:
    db = served.settings.db
    ids = newsroom.furnish(db)
    first = answer(program, "/api/v1/alerts", limit=3)
    rest = answer(program, "/api/v1/alerts", limit=3, before=first["next_before"])
    assert len(first["alerts"]) == 3
    assert len(rest["alerts"]) == 2
    assert rest["next_before"] is None
    assert first["alerts"][0]["id"] == ids["embargo"]
    after = first["next_after"]
    late = newsroom.one_more(db, 1, at=parts.now() - 3 * SECOND)  # committed after a page was read, opened before
    fresh = newsroom.one_more(db, 2)
    found = answer(program, "/api/v1/alerts", after=after)
    assert {late, fresh} <= {one["id"] for one in found["alerts"]}


def test_following_next_after_misses_nothing_in_a_flood(served: Served, program: httpx.Client) -> None:
    db = served.settings.db
    newsroom.furnish(db)
    cursor = answer(program, "/api/v1/alerts")["next_after"]
    ids = {newsroom.one_more(db, number, at=parts.now()) for number in range(25)}
    seen: set[str] = set()
    for _ in range(8):
        page = answer(program, "/api/v1/alerts", after=cursor, limit=7)
        seen |= {one["id"] for one in page["alerts"]}
        cursor = page["next_after"]
    assert ids <= seen


def test_pulling_a_subscription_gives_the_whole_sequence_in_order(served: Served, program: httpx.Client) -> None:
    db = served.settings.db
    newsroom.furnish(db)
    ids = [newsroom.one_more(db, number, at=parts.now() - HOUR) for number in range(5)]
    hook = parts.add_subscription(db, "other-hook")
    for seq, id in enumerate(ids, 1):
        parts.add_delivery(db, id, "other-hook", hook, seq, status="suppressed" if seq == 3 else "delivered",
                           why="disabled" if seq == 3 else None)  # fmt: skip
    got, after = [], 0
    while (page := answer(program, "/api/v1/subscriptions/other-hook/messages", after=after, limit=2))["messages"]:
        got += page["messages"]
        after = page["next_after"]
    assert [one["seq"] for one in got] == [1, 2, 3, 4, 5]
    assert [one["data"]["seq"] for one in got] == [1, 2, 3, 4, 5]
    assert got[2]["status"] == "suppressed"
    assert got[0]["type"] == "alert.opened"
    assert got[0]["timestamp"] == "2026-11-23T09:30:00Z"
    assert answer(program, "/api/v1/subscriptions/other-hook/messages", after=5)["next_after"] == 5
    mails = answer(program, "/api/v1/subscriptions/desk-mail/messages")["messages"]
    assert (mails[0]["type"], mails[0]["data"]["seq"]) == ("alert.opened", 1)


def test_feeds_rules_subscriptions_and_deliveries_are_listed(served: Served, program: httpx.Client) -> None:
    newsroom.furnish(served.settings.db)
    feeds = answer(program, "/api/v1/feeds")["feeds"]
    assert {one["status"] for one in feeds} == {"ok", "failing"}
    assert len({one["id"] for one in feeds}) == 4
    rules = {one["id"]: one for one in answer(program, "/api/v1/rules")["rules"]}
    assert rules["restriction.ended"]["precision"] == 1.0
    assert rules["treaty.signed"]["last_at"] is None
    subscriptions = answer(program, "/api/v1/subscriptions")["subscriptions"]
    assert [one["id"] for one in subscriptions] == ["desk-hook", "desk-mail"]
    assert "s3cr3t" not in str(subscriptions)
    assert "secret" not in subscriptions[0]
    pending = answer(program, "/api/v1/deliveries", status="pending")
    assert [one["subscription_id"] for one in pending["deliveries"]] == ["desk-mail"]
    page = answer(program, "/api/v1/deliveries", limit=2)
    assert len(answer(program, "/api/v1/deliveries", before=page["next_before"])["deliveries"]) == 1


def test_a_verdict_is_given_by_a_token_without_a_form(served: Served) -> None:
    id = newsroom.furnish(served.settings.db)["pact"]
    _, secret = create_token(served.settings.db, "triage bot", "analyst")
    headers = {"authorization": f"Bearer {secret}"}
    url = f"{served.url}/api/v1/alerts/{id}/verdict"
    given = httpx.post(url, json={"verdict": "false_alarm"}, headers=headers).json()
    assert (given["verdict"], given["verdict_by"]) == ("false_alarm", "triage bot")
    wrong = httpx.post(url, json={"verdict": "great"}, headers=headers)
    assert wrong.status_code == 422
    assert "'useful', 'false_alarm' or 'duplicate'" in wrong.json()["detail"]
    assert httpx.post(url, json={"verdict": None, "x": 1}, headers=headers).status_code == 422
    assert httpx.post(url.replace(id, "nobody"), json={"verdict": None}, headers=headers).status_code == 404


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/api/v1/alerts?limit=0", "limit: Input should be greater than or equal to 1"),
        ("/api/v1/alerts?limit=1000000", "limit: Input should be less than or equal to 200"),
        ("/api/v1/alerts?limit=many", "found 'many'"),
        ("/api/v1/alerts?after=yesterday", "after: 'yesterday' is no cursor: take it from `next_after`"),
        ("/api/v1/alerts?before=1.", "before: '1.' is no cursor"),
        ("/api/v1/alerts?after=99999999999999999999999.x", "is no cursor"),
        ("/api/v1/alerts?level=urgent", "'low', 'medium', 'high'"),
        ("/api/v1/alerts?verdict=nice", "verdict"),
        ("/api/v1/deliveries?status=lost", "'pending', 'delivered', 'dead' or 'suppressed'"),
        ("/api/v1/subscriptions/x/messages?after=-1", "after: Input should be greater than or equal to 0"),
        ("/api/v1/subscriptions/x/messages?after=1e99", "after"),
    ],
)
def test_a_bad_parameter_is_refused_with_what_to_write(quiet_program: httpx.Client, path: str, says: str) -> None:
    found = quiet_program.get(path)
    assert found.status_code == 422
    assert found.headers["content-type"] == "application/problem+json"
    assert says in found.json()["detail"]
    assert found.json()["status"] == 422


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/alerts/nobody",
        "/api/v1/articles/nobody",
        "/api/v1/subscriptions/nobody/messages",
        "/api/v1/nothing",
        "/api/v1/alerts/%ff",
        "/api/v1/articles/" + "x" * 90,
    ],
)
def test_what_is_not_there_is_a_problem_of_its_own(quiet_program: httpx.Client, path: str) -> None:
    found = quiet_program.get(path)
    assert found.status_code == 404
    assert set(found.json()) == {"type", "title", "status", "detail"}


@pytest.mark.parametrize("path", ["/api/v1/alerts?q=a%00b", "/api/v1/alerts/%00", "/alerts/x%00"])
def test_a_nul_is_refused_wherever_it_stands(quiet_program: httpx.Client, path: str) -> None:
    assert quiet_program.get(path).status_code == 400


def test_odd_characters_in_a_search_never_break(db: Database) -> None:
    newsroom.furnish(db)
    _, secret = create_token(db, "siem", "reader")
    headers = {"authorization": f"Bearer {secret}"}
    with serving(db) as served, httpx.Client(base_url=served.url, headers=headers) as program:
        _search(program)


def _search(program: httpx.Client) -> None:
    for q in ("%", "_", "\\", "'", '"', "\ud83d".encode("utf-8", "replace").decode(), "(" * 50, "é" * 100):
        assert program.get("/api/v1/alerts", params={"q": q}).status_code == 200, q
        assert program.get("/api/v1/alerts", params={"rule": q}).status_code == 200, q


def test_the_description_names_every_path_and_how_to_sign_in(program: httpx.Client) -> None:
    described = answer(program, "/api/v1/openapi.json")
    assert described["openapi"].startswith("3.1")
    assert "/api/v1/subscriptions/{id}/messages" in described["paths"]
    assert described["security"] == [{"token": []}]
    assert all(path.startswith("/api/v1/") for path in described["paths"])


def test_filters_reach_the_query(served: Served, program: httpx.Client) -> None:
    ids = newsroom.furnish(served.settings.db)
    count: Callable[..., int] = lambda **asked: len(answer(program, "/api/v1/alerts", **asked)["alerts"])  # noqa: E731
    assert count() == 5
    assert count(rule="restriction.*") == 2
    assert count(level="critical") == 1
    assert count(q="radar") == 1
    assert count(verdict="none", quiet="false") == 2
    assert count(rule="", level="", q="", verdict="") == 5
    assert ids
