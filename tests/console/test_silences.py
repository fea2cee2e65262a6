"""Silences on the console and in the API: who may, what is said, and that no other site can."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import expect

from store.access import create_token
from store.silences import Scope, add, list_silences
from tests.console import newsroom
from tests.console.conftest import sign_in
from tests.console.parts import Served
from tests.console.test_browser import Open

FORM = {"rule": "embargo.*", "binding": "TARGET = Tarsia", "outlet": "", "lasts": "8h", "reason": "the summit, known"}


def csrf_of(client: httpx.Client) -> str:
    return client.get("/").text.split('name="csrf" content="')[1].split('"')[0]


def test_an_analyst_silences_and_ends_it_by_forms(served: Served, analyst: httpx.Client) -> None:
    newsroom.furnish(served.settings.db)
    csrf = {"csrf": csrf_of(analyst)}
    assert analyst.post("/silences", data=FORM | csrf).status_code == 303
    (one,) = list_silences(served.settings.db)
    assert one.scope == Scope(rule="embargo.*", bindings={"TARGET": "Tarsia"})
    assert (one.author, one.reason) == ("mira", "the summit, known")
    assert one.until_at - one.created_at == 8 * 3_600 * 1_000_000
    page = analyst.get("/silences").text
    assert "the summit, known" in page
    assert "0 deliveries kept back" in page
    assert analyst.post(f"/silences/{one.id}/remove", data=csrf).status_code == 303
    assert list_silences(served.settings.db) == []
    assert "ended by mira" in analyst.get("/silences").text


def test_an_alert_is_snoozed_on_its_page_which_says_so(served: Served, analyst: httpx.Client) -> None:
    id = newsroom.furnish(served.settings.db)["embargo"]
    form = {"lasts": "2h", "reason": "read", "csrf": csrf_of(analyst)}
    answer = analyst.post(f"/alerts/{id}/snooze", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/alerts/{id}")
    page = analyst.get(f"/alerts/{id}").text
    assert "Snoozed by mira until" in page
    assert "/snooze" not in page
    refused = analyst.post("/alerts/nope/snooze", data=form)
    assert refused.status_code == 422
    assert "This alert is not snoozed: there is no alert nope" in refused.text


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"rule": "", "binding": "", "outlet": " "}, "this would silence everything"),
        ({"reason": " "}, "say who silences it and why"),
        ({"binding": "TARGET"}, "write a binding as NAME=VALUE, such as TARGET=IR"),
        ({"lasts": "for ever"}, "write a duration such as 30m"),
        ({"rule": "embrago.*"}, "names no rule in force"),
    ],
)
def test_a_form_that_is_wrong_is_shown_again_with_what_was_written(
    served: Served, analyst: httpx.Client, changes: dict[str, str], problem: str
) -> None:
    newsroom.furnish(served.settings.db)
    answer = analyst.post("/silences", data=FORM | {"outlet": "kept.example"} | changes | {"csrf": csrf_of(analyst)})
    assert answer.status_code == 422
    assert problem in answer.text
    assert f'value="{changes.get("outlet", "kept.example")}"' in answer.text
    assert list_silences(served.settings.db) == []


def test_no_change_without_the_forms_token_or_from_another_site(served: Served, analyst: httpx.Client) -> None:
    id = newsroom.furnish(served.settings.db)["embargo"]
    one = add(served.settings.db, Scope(rule="*"), author="jon", reason="why", for_s=600)
    form = {**FORM, "csrf": csrf_of(analyst)}
    elsewhere = {"origin": "https://evil.example"}
    for path in ("/silences", f"/silences/{one.id}/remove", f"/alerts/{id}/snooze"):
        assert analyst.post(path, data=form, headers=elsewhere).status_code == 403, path
        assert analyst.post(path, data={**form, "csrf": "0" * 64}).status_code == 403, path
    assert analyst.post("/api/v1/silences", json={"rule": "*", "reason": "r", "for": "8h"}).status_code == 403
    assert analyst.delete(f"/api/v1/silences/{one.id}").status_code == 403
    assert [each.id for each in list_silences(served.settings.db)] == [one.id]


def test_a_reader_may_look_and_not_silence(served: Served, program: httpx.Client) -> None:
    id = newsroom.furnish(served.settings.db)["embargo"]
    one = add(served.settings.db, Scope(rule="*"), author="jon", reason="why", for_s=600)
    assert program.post("/api/v1/silences", json={"rule": "*", "reason": "r", "for": "8h"}).status_code == 403
    assert program.delete(f"/api/v1/silences/{one.id}").status_code == 403
    with httpx.Client(base_url=served.url) as reader:
        sign_in(served, reader, role="reader")
        form = {**FORM, "csrf": csrf_of(reader)}
        for path in ("/silences", f"/silences/{one.id}/remove", f"/alerts/{id}/snooze"):
            assert reader.post(path, data=form).status_code == 403, path
        assert "<form" not in reader.get("/silences").text.split("<main")[1].split("</main")[0]
        assert "/snooze" not in reader.get(f"/alerts/{id}").text
    assert [each.id for each in list_silences(served.settings.db)] == [one.id]


def test_a_program_makes_lists_and_ends_silences(served: Served) -> None:
    id = newsroom.furnish(served.settings.db)["embargo"]
    _, secret = create_token(served.settings.db, "triage bot", "analyst")
    with httpx.Client(base_url=served.url, headers={"authorization": f"Bearer {secret}"}) as client:
        wanted = {"alert_id": id, "reason": "known", "until": "2027-01-01T09:00:00+01:00"}
        made = client.post("/api/v1/silences", json=wanted)
        assert made.status_code == 201
        assert (made.json()["author"], made.json()["until_at"]) == ("triage bot", "2027-01-01T08:00:00Z")
        assert client.get("/api/v1/silences").json() == {"silences": [made.json()]}
        assert client.delete(f"/api/v1/silences/{made.json()['id']}").status_code == 204
        assert client.delete(f"/api/v1/silences/{made.json()['id']}").status_code == 404
        assert client.get("/api/v1/silences").json() == {"silences": []}
        (ended,) = client.get("/api/v1/silences", params={"ended": True}).json()["silences"]
        assert ended["removed_by"] == "triage bot"


@pytest.mark.parametrize(
    ("wanted", "problem"),
    [
        ({"rule": "*", "reason": "r"}, "say how long: either `for` or `until`."),
        ({"rule": "*", "reason": "r", "for": "8h", "until": "2027-01-01T00:00:00Z"}, "say how long"),
        ({"rule": "*", "reason": "r", "for": "long"}, "`for`: write a duration such as 30m"),
        ({"rule": "*", "reason": "r", "until": "2027-01-01T00:00:00"}, "until: Input should have timezone info"),
        ({"reason": "r", "for": "8h"}, "this would silence everything"),
        ({"rule": "*", "reason": "a\0b", "for": "8h"}, "it has a character that no text has"),
        ({"rule": "*", "reason": "r", "for": "8h", "owner": "x"}, "owner: Extra inputs are not permitted"),
    ],
)
def test_a_wrong_silence_is_refused_with_what_to_write(served: Served, wanted: dict[str, Any], problem: str) -> None:
    _, secret = create_token(served.settings.db, "triage bot", "admin")
    headers = {"authorization": f"Bearer {secret}"}
    answer = httpx.post(f"{served.url}/api/v1/silences", json=wanted, headers=headers)
    assert answer.status_code == 422
    assert problem in answer.json()["detail"]


@pytest.mark.browser
@pytest.mark.parametrize(("width", "scheme"), [(1200, "light"), (390, "dark")])
def test_silencing_and_snoozing_in_a_browser(
    served: Served, open_page: Open, tmp_path: Path, width: int, scheme: str
) -> None:
    id = newsroom.furnish(served.settings.db)["embargo"]
    page = open_page(width=width, scheme=scheme).go("/silences")
    expect(page.get_by_role("heading", name="Nothing is silenced")).to_be_visible()
    page.get_by_label("Rule").fill("embargo.*")
    page.get_by_label("Reason").fill("The summit is covered by the live desk")
    page.get_by_role("combobox", name="For").select_option("3 days")
    page.get_by_label("Binding").fill("TARGET=Tarsia")
    page.get_by_role("button", name="Silence").click()
    expect(page.locator("main")).to_contain_text("0 deliveries kept back")
    page.goto(f"{served.url}/alerts/{id}")
    page.screenshot(path=tmp_path / "alert.png")
    page.get_by_text("Snooze", exact=True).first.click()
    page.get_by_label("Reason").fill("Read, nothing to do")
    page.screenshot(path=tmp_path / "snooze.png")
    page.get_by_role("button", name="Snooze").click()
    expect(page.locator("main")).to_contain_text("Snoozed by mira until")
    page.screenshot(path=tmp_path / "snoozed.png")
    page.goto(f"{served.url}/silences")
    page.get_by_role("button", name="End silence").first.click()
    expect(page.get_by_role("heading", name="Ended")).to_be_visible()
    page.screenshot(path=tmp_path / "silences.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert len(list_silences(served.settings.db)) == 1
