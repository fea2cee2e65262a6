"""The console in Chromium: live without reload, by keyboard, on a narrow screen, and alone with its own host."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from store.access import create_signin
from store.inbox import give_verdict, read_line
from tests.console import newsroom, parts
from tests.console.conftest import Watched
from tests.console.parts import MINUTE, Served

CONTRAST = Path(__file__).with_name("contrast.js").read_text()
"""Finds text whose contrast is too low."""

pytestmark = pytest.mark.browser

Open = Callable[..., Watched]

PATHS = (
    "/",
    "/feeds",
    "/rules",
    "/rules/embargo.ended",
    "/deliveries",
    "/silences",
    "/held",
    "/notices",
    "/?q=nothing&rule=embargo.ended",
    "/nothing",
)


def test_an_alert_appears_by_itself_even_in_an_empty_inbox(served: Served, open_page: Open) -> None:
    page = open_page().page
    expect(page.get_by_role("heading", name="No alerts yet")).to_be_visible()
    expect(page.locator("#live")).to_have_text("live")
    page.evaluate("window.untouched = true")
    parts.add_feed(served.settings.db)
    newsroom.one_more(served.settings.db, 6)
    expect(page.get_by_text("sanctions against Lissa, number 6")).to_be_visible()
    expect(page.get_by_role("heading", name="No alerts yet")).to_have_count(0)
    newsroom.one_more(served.settings.db, 7)
    expect(page.locator(".alert").first).to_contain_text("sanctions against Lissa, number 7")
    expect(page.locator("#news")).to_have_text("1 new alert")
    assert page.evaluate("window.untouched"), "the page was reloaded"


def test_rows_keep_their_order_and_none_comes_twice(served: Served, open_page: Open) -> None:
    db = served.settings.db
    newsroom.furnish(db)
    page = open_page().page
    expect(page.locator(".alert")).to_have_count(5)
    newsroom.one_more(db, 1)
    newsroom.one_more(db, 2, at=parts.now() - 5 * parts.SECOND)
    expect(page.locator(".alert")).to_have_count(7)
    page.wait_for_timeout(800)
    places = page.locator(".alert").evaluate_all("rows => rows.map(row => Number(row.dataset.at))")
    assert places == sorted(places, reverse=True)
    assert len(places) == 7


def test_what_a_colleague_judges_and_a_further_outlet_show_without_reload(served: Served, open_page: Open) -> None:
    db = served.settings.db
    ids = newsroom.furnish(db)
    page = open_page().page
    row = page.locator(f"#a-{ids['pact']}")
    expect(row.get_by_role("button", name="useful")).to_have_attribute("aria-pressed", "false")
    give_verdict(db, ids["pact"], "useful", "jon")
    expect(row.get_by_role("button", name="useful")).to_have_attribute("aria-pressed", "true")


def test_a_filter_holds_for_what_comes_too(served: Served, open_page: Open) -> None:
    newsroom.furnish(served.settings.db)
    page = open_page().go("/?level=critical")
    expect(page.locator(".alert")).to_have_count(1)
    newsroom.one_more(served.settings.db, 1)
    newsroom.one_more(served.settings.db, 2, level="critical")
    expect(page.locator(".alert")).to_have_count(2)
    page.wait_for_timeout(500)
    expect(page.locator(".alert")).to_have_count(2)
    page.get_by_label("Level").select_option("high")
    page.wait_for_url("**/?*level=high*")
    expect(page.locator(".alert")).to_have_count(4)


def test_everything_is_done_by_keyboard(served: Served, open_page: Open) -> None:
    db = served.settings.db
    ids = newsroom.furnish(db)
    page = open_page().page
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert focused(page) == ids["pact"]
    page.keyboard.press("k")
    page.keyboard.press("k")
    assert focused(page) == ids["embargo"]
    for key, verdict in (("u", "useful"), ("f", "false_alarm"), ("d", "duplicate"), ("d", None)):
        with page.expect_response("**/verdict"):
            page.keyboard.press(key)
        line = read_line(db, ids["embargo"])
        assert line is not None
        assert line.verdict == verdict
    page.keyboard.press("/")
    page.keyboard.type("jufd?")
    expect(page.get_by_role("searchbox")).to_have_value("jufd?")
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/alerts/{ids['embargo']}")
    with page.expect_response("**/verdict"):
        page.keyboard.press("u")
    expect(page.get_by_role("button", name="useful")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("i")
    page.wait_for_url(served.url + "/")


def focused(page: Page) -> str | None:
    """The id of the alert that has the focus."""
    found: str | None = page.evaluate("document.activeElement.closest('.alert')?.dataset.id ?? null")
    return found


def test_the_focus_stays_where_it_is_while_alerts_come(served: Served, open_page: Open) -> None:
    db = served.settings.db
    ids = newsroom.furnish(db)
    page = open_page().page
    page.keyboard.press("j")
    assert focused(page) == ids["embargo"]
    give_verdict(db, ids["embargo"], "useful", "jon")
    newsroom.one_more(db, 1)
    expect(page.locator(".alert")).to_have_count(6)
    assert focused(page) == ids["embargo"]


def test_a_lost_connection_is_said_and_mended_by_itself(served: Served, open_page: Open) -> None:
    watched = open_page()
    page = watched.page
    expect(page.locator("#live")).to_have_text("live")
    page.route("**/rows?*", lambda route: route.abort())
    expect(page.locator("#live")).to_have_text("connection lost, trying again")
    parts.add_feed(served.settings.db)
    newsroom.one_more(served.settings.db, 1)
    page.unroute("**/rows?*")
    expect(page.locator("#live")).to_have_text("live", timeout=10_000)
    expect(page.locator(".alert")).to_have_count(1)
    assert all("ERR_FAILED" in each for each in watched.complaints)
    watched.complaints.clear()


def test_a_page_that_went_to_the_background_and_back_is_up_to_date_at_once(served: Served, open_page: Open) -> None:
    newsroom.furnish(served.settings.db)
    watched = open_page()
    expect(watched.page.locator(".alert")).to_have_count(5)
    other = watched.context.new_page()
    other.bring_to_front()
    newsroom.one_more(served.settings.db, 1)
    watched.page.bring_to_front()
    expect(watched.page.locator(".alert")).to_have_count(6)


def test_a_session_that_ended_is_said(served: Served, open_page: Open) -> None:
    watched = open_page()
    expect(watched.page.locator("#live")).to_have_text("live")
    watched.context.clear_cookies()
    expect(watched.page.locator("#live")).to_have_text("signed out: load the page again")


@pytest.mark.parametrize("width", [320, 400, 768, 1200])
def test_no_page_scrolls_sideways(served: Served, open_page: Open, width: int) -> None:
    db = served.settings.db
    ids = newsroom.furnish(db)
    newsroom.break_rules(db)
    endless = "Donaudampfschifffahrtsgesellschaftskapitän" * 6
    feed = parts.add_feed(db, f"https://long.example/{endless}", name=endless, error=endless, status="failing")
    article = parts.add_article(db, feed, endless, endless, outlet=endless)
    long = parts.add_alert(db, article, evidence=[parts.evidence(endless, endless)], bindings={"X": endless})
    watched = open_page(width=width, height=800)
    for path in (*PATHS, f"/alerts/{ids['embargo']}", f"/alerts/{long}"):
        page = watched.go(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
    watched.complaints = [each for each in watched.complaints if "404" not in each]


def test_the_evidence_is_marked_where_it_stands(served: Served, open_page: Open) -> None:
    ids = newsroom.furnish(served.settings.db)
    page = open_page().go(f"/alerts/{ids['embargo']}")
    expect(page.locator("mark")).to_have_text([newsroom.PORTS, "The embargo is over"])
    assert page.locator("section.text").inner_text().count("🕊️") == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_feeds_words_stand_beside_the_whole_text_or_on_a_narrow_screen_below_it(
    served: Served, open_page: Open, scheme: str
) -> None:
    db = served.settings.db
    ids = newsroom.furnish(db)
    newsroom.pass_on(db, ids["embargo"])
    for width, beside in ((1200, True), (390, False)):
        page = open_page(width=width, height=900, scheme=scheme).go(f"/alerts/{ids['embargo']}")
        own, text = page.locator("section.own"), page.locator("section.text")
        expect(own).to_contain_text("Read the whole report")
        words, whole = own.bounding_box(), text.bounding_box()
        assert words is not None
        assert whole is not None
        assert (words["x"] >= whole["x"] + whole["width"], words["y"] < whole["y"] + whole["height"]) == (
            beside,
            beside,
        )
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(CONTRAST) == []
        expect(page.get_by_text("copy of the same text")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_the_contrast_of_wcag_aa(served: Served, open_page: Open, scheme: str) -> None:
    ids = newsroom.furnish(served.settings.db)
    newsroom.break_rules(served.settings.db)
    watched = open_page(scheme=scheme)
    for path in (*PATHS[:-1], f"/alerts/{ids['embargo']}"):
        page = watched.go(path)
        faint = page.evaluate(CONTRAST)
        assert faint == [], path


def test_every_control_has_a_name_and_every_page_its_landmarks(served: Served, open_page: Open) -> None:
    ids = newsroom.furnish(served.settings.db)
    watched = open_page()
    for path in (*PATHS[:-1], f"/alerts/{ids['embargo']}"):
        page = watched.go(path)
        assert page.get_by_role("main").count() == page.get_by_role("banner").count() == 1, path
        assert page.get_by_role("heading", level=1).count() == 1, path
        assert page.get_by_role("navigation").count() == 1, path
        nameless = page.locator("button, a, input:not([type=hidden]), select").evaluate_all(
            "all => all.filter(each => !(each.ariaLabel || each.innerText.trim() || each.labels?.length))"
            ".map(each => each.outerHTML)"
        )
        assert nameless == [], path
        doubled = page.evaluate(
            "[...document.querySelectorAll('[id]')].map(e => e.id).filter((id, at, all) => all.indexOf(id) !== at)"
        )
        assert doubled == [], path


def test_verdicts_are_given_without_javascript_too(served: Served, browser: Browser) -> None:
    db = served.settings.db
    ids = newsroom.furnish(db)
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{served.url}/signin?token=" + create_signin(db, "mira", "analyst", 60))
    page.get_by_role("button", name="Sign in").click()
    page.locator(f"#a-{ids['pact']}").get_by_role("button", name="false alarm").click()
    page.wait_for_url(f"**/alerts/{ids['pact']}")
    line = read_line(db, ids["pact"])
    assert line is not None
    assert line.verdict == "false_alarm"
    context.close()


def test_the_keyboard_reaches_the_content_first_and_focus_is_seen(served: Served, open_page: Open) -> None:
    newsroom.furnish(served.settings.db)
    page = open_page().go("/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    for _ in range(12):
        page.keyboard.press("Tab")
        seen = page.evaluate(
            "(() => { const e = document.activeElement, s = getComputedStyle(e);"
            " const row = e.closest('.alert'); return s.outlineStyle !== 'none' ||"
            " (row && getComputedStyle(row).boxShadow !== 'none'); })()"
        )
        assert seen, page.evaluate("document.activeElement.outerHTML")


def test_times_are_told_in_the_readers_own_zone(served: Served, open_page: Open) -> None:
    db = served.settings.db
    newsroom.furnish(db)
    newsroom.one_more(db, 1, at=parts.now() - 3 * MINUTE)
    page = open_page().go("/")
    first = page.locator(".alert time").first
    expect(first).to_have_text("3 min ago")
    assert first.get_attribute("title")
