"""Pages: what they say, that everything hostile is text, and what they say when there is nothing."""

from __future__ import annotations

from html.parser import HTMLParser

import httpx

from rules import load
from store.access import create_token
from store.database import Database
from store.tables import article
from tests.console import newsroom, parts
from tests.console.conftest import sign_in
from tests.console.hostile import EVIL, poison
from tests.console.parts import Served, evidence, serving


class _Tags(HTMLParser):
    """Collects what a browser would make of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def read(html: str) -> _Tags:
    tags = _Tags()
    tags.feed(html)
    return tags


def test_hostile_news_is_text_everywhere(served: Served, analyst: httpx.Client) -> None:
    id = poison(served.settings.db)
    for path in (
        "/",
        f"/alerts/{id}",
        "/feeds",
        "/rules",
        "/rules/embargo.ended",
        "/deliveries",
        "/silences",
        "/held",
        "/notices",
        "/rows?since=0",
    ):
        page = read(analyst.get(path).text)
        assert not [tag for tag, given in page.tags if tag == "img" or any(name.startswith("on") for name in given)]
        for tag, given in page.tags:
            if tag == "script":
                assert str(given["src"]).startswith("/static/")
            if tag == "a":
                assert str(given["href"]).startswith(("/", "#", "http://", "https://")), given
                if str(given["href"]).startswith("http"):
                    assert given["rel"] == "noopener noreferrer nofollow"
        assert EVIL in "".join(page.text), path


def test_every_page_works_on_both_databases(db: Database) -> None:
    id = newsroom.furnish(db)["embargo"]
    with serving(db) as served, httpx.Client(base_url=served.url) as client:
        sign_in(served, client, role="admin")
        pages = ("/", f"/alerts/{id}", "/feeds", "/rules", "/rules/embargo.ended", "/deliveries", "/rows?since=0")
        pages += ("/silences", "/held", "/notices")
        others = ("/metrics", "/readyz", "/alerts.atom", "/api/v1/feeds", "/api/v1/rules", f"/api/v1/alerts/{id}")
        for path in pages + others:
            assert client.get(path).status_code == 200, path
        csrf = client.get("/").text.split('name="csrf" content="')[1].split('"')[0]
        assert client.post(f"/alerts/{id}/verdict", data={"verdict": "useful", "csrf": csrf}).status_code == 303


def test_an_alert_page_marks_exactly_the_evidence(served: Served, analyst: httpx.Client) -> None:
    id = newsroom.furnish(served.settings.db)["embargo"]
    html = analyst.get(f"/alerts/{id}").text
    marked = [each.split("</mark>")[0] for each in html.split("<mark>")[1:]]
    assert marked == [newsroom.PORTS, "The embargo is over"]
    for said in ("Ilse Brandvold, foreign minister of Norvik", "93 %", "Episode 2 (this one)", "harbour-post.example",
                 "cameo.085", "HTTP 503", "no. 2"):  # fmt: skip
        assert said in html


def test_an_alert_of_a_revised_article_says_so(served: Served, analyst: httpx.Client) -> None:
    db = served.settings.db
    id = newsroom.furnish(db)["pact"]
    with db.write() as connection:
        revised = article.update().where(article.c.text == newsroom.PACT_TEXT)
        connection.execute(revised.values(text="Corrected. The signing was put off.", revision=2))
    html = analyst.get(f"/alerts/{id}").text
    assert "The article was revised since" in html
    assert "<mark>" not in html
    assert newsroom.PACT in html


def test_an_alert_page_has_the_feeds_words_beside_the_whole_text_and_tells_copies_from_voices(
    served: Served, analyst: httpx.Client
) -> None:
    ids = newsroom.furnish(served.settings.db)
    newsroom.pass_on(served.settings.db, ids["embargo"])
    page = analyst.get(f"/alerts/{ids['embargo']}").text
    assert "In the feed's own words" in page
    assert "Read the whole report with the reactions" in page
    assert "whole text, from its page" in page
    assert [line.count("copy of the same text") for line in page.splitlines() if "copyist.example" in line][:1] == [1]
    assert "Story: 2 copies of this text" in page
    assert [line.count("no match") for line in page.splitlines() if "late.example" in line] == [1]
    other = analyst.get(f"/alerts/{ids['pact']}").text
    assert "own words" not in other
    assert "Story:" not in other


def test_the_rules_in_force_explain_an_alert(sqlite_db: Database) -> None:
    rules = load()
    text = "Norvik has lifted its arms embargo on Ghana, Foreign Minister Ilse Brandvold said."
    feed = parts.add_feed(sqlite_db)
    item = parts.add_article(sqlite_db, feed, "Norvik and Ghana", text)
    hash = rules.rules["restriction.ended"].hash
    id = parts.add_alert(sqlite_db, item, "restriction.ended", rule_hash=hash, evidence=[evidence(text, text)])
    with serving(sqlite_db, rules=lambda: rules) as served, httpx.Client(base_url=served.url) as client:
        sign_in(served, client)
        html = client.get(f"/alerts/{id}").text
        parts.add_rule(sqlite_db, "restriction.ended", "Ended", source="/opt/tocsin/rules/packs/lifted.yml:1")
        page = client.get("/rules/restriction.ended").text
    assert "act: $end_restriction" in page
    assert ">packs/lifted.yml:1</code>" in page
    assert "claim.act" in html
    assert "rule has changed" not in html


def test_empty_pages_say_what_happens_next(served: Served, analyst: httpx.Client) -> None:
    for path, says in (
        ("/", "appears here by itself"),
        ("/", "No feed is watched"),
        ("/?q=nothing", "Nothing matches this filter"),
        ("/?before=1.x", "There are no older alerts"),
        ("/feeds", "feeds.yml"),
        ("/rules", "tocsin check"),
        ("/deliveries", "subscriptions.yml"),
        ("/deliveries?status=dead", "Clear the filter"),
        ("/notices", "Nothing to say yet"),
        ("/notices?kind=feed.gap", "See all"),
    ):
        assert says in analyst.get(path).text, path
    parts.add_feed(served.settings.db, status="failing")
    assert "1 feed is watched" in analyst.get("/").text


def test_configuration_that_was_refused_is_on_every_page(served: Served, analyst: httpx.Client) -> None:
    db = served.settings.db
    newsroom.furnish(db)
    assert "was refused" not in analyst.get("/").text
    newsroom.break_rules(db)
    for path in ("/", "/feeds", "/rules", "/deliveries"):
        html = analyst.get(path).text
        assert "A newer version of rules was refused" in html
        assert "rules/desk.yml:12:7: unknown key `objekt`; did you mean `object`?" in html


def test_services_that_are_silent_are_said_so(served: Served, analyst: httpx.Client) -> None:
    parts.add_service(served.settings.db, "watch", 3)
    parts.add_service(served.settings.db, "work", 600)
    html = " ".join("".join(read(analyst.get("/").text).text).split())
    assert "watch seen" in html
    assert "work silent for 10 min" in html
    assert "serve not running" in html


def test_the_address_of_a_webhook_is_whole_for_admins_only(served: Served, analyst: httpx.Client) -> None:
    id = newsroom.furnish(served.settings.db)["embargo"]
    with httpx.Client(base_url=served.url) as admin:
        sign_in(served, admin, role="admin")
        for path in ("/deliveries", f"/alerts/{id}"):
            assert "s3cr3t" not in analyst.get(path).text
            assert "s3cr3t" in admin.get(path).text


def test_pages_work_with_a_bearer_token_too(served: Served) -> None:
    newsroom.furnish(served.settings.db)
    _, secret = create_token(served.settings.db, "scraper", "reader")
    answer = httpx.get(f"{served.url}/", headers={"authorization": f"Bearer {secret}"})
    assert answer.status_code == 200
    assert "coastal radar" in answer.text


def test_older_alerts_are_pages_of_their_own(served: Served, analyst: httpx.Client) -> None:
    db = served.settings.db
    newsroom.furnish(db)
    for number in range(60):
        newsroom.one_more(db, number)
    first = analyst.get("/?level=high").text
    older = first.split('class="older"><a href="')[1].split('"')[0].replace("&amp;", "&")
    assert older.startswith("/?level=high&before=")
    second = analyst.get(older).text
    assert "Back to the newest" in second
    assert "data-live" not in second
    ids = [set(part.split('"')[0] for part in page.split('data-id="')[1:]) for page in (first, second)]
    assert len(ids[0]) == 50
    assert not ids[0] & ids[1]


def test_what_is_not_there_is_a_page_that_says_so(analyst: httpx.Client) -> None:
    for path in ("/alerts/nobody", "/rules/nobody", "/nothing", "/alerts/../../etc/passwd", "/static/../app.py"):
        answer = analyst.get(path)
        assert answer.status_code == 404
        assert "To the inbox" in answer.text
