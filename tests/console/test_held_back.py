"""What the rate guard holds back, on the console, in the API and as a metric; and who may tell or discard it."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect

from store import holding
from store.access import create_token
from store.database import Database
from tests.console import newsroom, parts
from tests.console.conftest import sign_in
from tests.console.parts import Served, serving
from tests.console.test_browser import Open
from tests.console.test_silences import csrf_of

RULE = "embargo.ended"
WHY = "the rule opened more than 3 alerts within an hour"


def hold(db: Database) -> str:
    """Hold an alert back; returns its id."""
    id = newsroom.furnish(db)["embargo"]
    with db.write() as connection:
        holding.hold(connection, id, RULE, WHY, parts.now())
    return id


def outcomes(db: Database) -> list[tuple[bool, bool]]:
    """(let go, over) of each hold."""
    with db.read() as connection:
        rows = connection.execute(holding.held.select()).all()
    return [(row.released_at is not None, row.ended_at is not None) for row in rows]


def test_an_analyst_sees_what_is_held_back_and_tells_it(served: Served, analyst: httpx.Client) -> None:
    id = hold(served.settings.db)
    for path in ("/rules", f"/rules/{RULE}", f"/alerts/{id}"):
        assert 'href="/held"' in analyst.get(path).text, path
    page = analyst.get("/held").text
    assert "An official states that a restriction has ended" in page
    assert f"1 alert waits: {WHY}." in page
    csrf = {"csrf": csrf_of(analyst)}
    answer = analyst.post(f"/held/{RULE}/release", data=csrf)
    assert (answer.status_code, answer.headers["location"]) == (303, "/held")
    assert outcomes(served.settings.db) == [(True, False)]
    assert "1 of them is let go and told within seconds" in analyst.get("/held").text


def test_an_analyst_discards_it_with_a_reason_that_the_alert_shows(served: Served, analyst: httpx.Client) -> None:
    id = hold(served.settings.db)
    with served.settings.db.write() as connection:
        facts = {"rule": RULE, "entitled": ["desk-hook"], "quiet": None, "held": WHY}
        connection.execute(holding.message.update().where(holding.message.c.alert_id == id).values(facts=facts))
    csrf = {"csrf": csrf_of(analyst)}
    refused = analyst.post(f"/held/{RULE}/discard", data={**csrf, "reason": " "})
    assert refused.status_code == 422
    assert "Nothing is discarded: say why: others will ask." in refused.text
    assert analyst.post(f"/held/{RULE}/discard", data={**csrf, "reason": "a  wrong <rule>"}).status_code == 303
    assert outcomes(served.settings.db) == [(False, True)]
    assert "Nothing is held back" in analyst.get("/held").text
    assert "Not told: held back, then discarded by mira: a wrong &lt;rule&gt;." in analyst.get(f"/alerts/{id}").text


def test_the_inbox_shows_at_its_next_look_that_an_alert_is_no_longer_held_back(
    served: Served, analyst: httpx.Client
) -> None:
    id = hold(served.settings.db)
    assert ">held back<" in analyst.get("/").text
    since = parts.now()
    assert id not in analyst.get(f"/rows?since={since}").text
    with served.settings.db.write() as connection:
        holding.end(connection, id, "told", parts.now())
    rows = analyst.get(f"/rows?since={since}").text
    assert id in rows
    assert ">held back<" not in rows


def test_nobody_lets_go_without_the_forms_token_from_another_site_or_as_a_reader(
    served: Served, analyst: httpx.Client, program: httpx.Client
) -> None:
    hold(served.settings.db)
    form = {"csrf": csrf_of(analyst), "reason": "r"}
    for path in (f"/held/{RULE}/release", f"/held/{RULE}/discard"):
        assert analyst.post(path, data=form, headers={"origin": "https://evil.example"}).status_code == 403, path
        assert analyst.post(path, data={**form, "csrf": "0" * 64}).status_code == 403, path
        assert analyst.post(f"/api/v1{path}", json={"reason": "r"}).status_code == 403, path
        assert program.post(f"/api/v1{path}", json={"reason": "r"}).status_code == 403, path
    with httpx.Client(base_url=served.url) as reader:
        sign_in(served, reader, role="reader")
        assert reader.post(f"/held/{RULE}/release", data={"csrf": csrf_of(reader)}).status_code == 403
        assert "<form" not in reader.get("/held").text.split("<main")[1].split("</main")[0]
    assert outcomes(served.settings.db) == [(False, False)]


def test_a_program_lists_lets_go_and_discards(db: Database) -> None:
    id = hold(db)
    _, secret = create_token(db, "triage bot", "analyst")
    headers = {"authorization": f"Bearer {secret}"}
    with serving(db) as served, httpx.Client(base_url=f"{served.url}/api/v1", headers=headers) as client:
        (rule,) = client.get("/held").json()["rules"]
        assert (rule["rule_id"], rule["waiting"], rule["released"], rule["why"]) == (RULE, 1, 0, WHY)
        assert client.get(f"/alerts/{id}").json()["held"] == WHY
        assert [one["held"] for one in client.get("/alerts").json()["alerts"] if one["id"] == id] == [WHY]
        assert client.post(f"/held/{RULE}/release").json() == {"alerts": 1}
        assert client.post(f"/held/{RULE}/discard", json={"reason": "\0"}).status_code == 422
        assert client.post(f"/held/{RULE}/discard", json={"reason": "too late"}).json() == {"alerts": 1}
        assert client.post(f"/held/{RULE}/discard", json={"reason": "too late"}).status_code == 404
        assert client.get("/held").json() == {"rules": []}
        assert client.get(f"/alerts/{id}").json()["held"] is None


@pytest.mark.parametrize("count", [0, 1])
def test_a_metric_counts_what_waits(served: Served, program: httpx.Client, count: int) -> None:
    if count:
        hold(served.settings.db)
    line = f'tocsin_alerts_held{{rule="{RULE}"}} 1.0'
    assert (line in program.get("/metrics").text.splitlines()) == bool(count)


@pytest.mark.browser
@pytest.mark.parametrize(("width", "scheme"), [(1200, "light"), (390, "dark")])
def test_telling_and_discarding_in_a_browser(
    served: Served, open_page: Open, tmp_path: Path, width: int, scheme: str
) -> None:
    hold(served.settings.db)
    page = open_page(width=width, scheme=scheme).go("/held")
    page.screenshot(path=tmp_path / "held.png")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("button", name=f"Tell what {RULE} has waiting now").click()
    expect(page.locator("main")).to_contain_text("1 of them is let go")
    page.get_by_label("Reason").fill("The rule is wrong")
    page.screenshot(path=tmp_path / "let-go.png")
    page.get_by_role("button", name=f"Discard what {RULE} has waiting").click()
    expect(page.get_by_role("heading", name="Nothing is held back")).to_be_visible()
    assert outcomes(served.settings.db) == [(True, True)]
