"""Health, readiness, metrics, and the Atom feed: what other programs look at."""

from __future__ import annotations

import time

import feedparser
import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from store.access import create_token
from store.database import Database
from store.endpoints import OPEN_FAILURES
from store.leases import lead
from tests.console import newsroom, parts
from tests.console.parts import Served, serving
from workers import clock


def test_health_depends_on_nothing(sqlite_db: Database) -> None:
    with serving(sqlite_db, redis_ok=lambda: 1 / 0) as served:
        sqlite_db.close()
        assert httpx.get(f"{served.url}/healthz").json() == {"status": "ok"}
        assert httpx.head(f"{served.url}/healthz").status_code == 200


def test_readiness_names_each_part(sqlite_db: Database) -> None:
    redis = [True]
    with serving(sqlite_db, redis_ok=lambda: redis[0]) as served:
        parts.add_service(sqlite_db, "watch")
        parts.add_service(sqlite_db, "work", 95)
        found = httpx.get(f"{served.url}/readyz")
        assert (found.status_code, found.json()["status"]) == (200, "degraded")
        assert found.json()["parts"]["watch"]["ok"]
        assert "95 s ago; start it with `tocsin work`" in found.json()["parts"]["work"]["why"]
        parts.add_service(sqlite_db, "work2")
        with sqlite_db.write() as connection:
            connection.exec_driver_sql("UPDATE service SET kind = 'work' WHERE kind = 'work2'")
        assert httpx.get(f"{served.url}/readyz").json()["status"] == "ok"
        redis[0] = False
        found = httpx.get(f"{served.url}/readyz")
        assert (found.status_code, found.json()["status"]) == (200, "degraded")


def test_readiness_tells_of_refused_configuration_and_keeps_its_paths_from_strangers(sqlite_db: Database) -> None:
    with serving(sqlite_db) as served:
        parts.add_service(sqlite_db, "watch")
        assert httpx.get(f"{served.url}/readyz").json()["parts"]["configuration"]["ok"]
        newsroom.break_rules(sqlite_db)
        found = httpx.get(f"{served.url}/readyz")
    assert (found.status_code, found.json()["status"]) == (200, "degraded")
    assert "stays in force: rules (1 problem); `tocsin check`" in found.json()["parts"]["configuration"]["why"]
    assert "desk.yml" not in found.text


def test_a_database_at_another_revision_is_not_ready(sqlite_db: Database) -> None:
    with sqlite_db.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0000'")
    with serving(sqlite_db) as served:
        found = httpx.get(f"{served.url}/readyz")
    assert found.status_code == 503
    assert "run `tocsin migrate`" in found.json()["parts"]["database"]["why"]


def test_metrics_can_be_parsed_and_count_what_is_there(served: Served) -> None:
    newsroom.furnish(served.settings.db)
    newsroom.break_rules(served.settings.db)
    trouble = {"status": "failing", "error_class": "soft_404", "troubles": ["failing"], "next_check_at": 1}
    parts.add_feed(served.settings.db, "https://b.example/", host="b.example", **trouble)
    for id, state in (("gone", {"disabled_at": 1, "failures": 12}), ("weary", {"failures": OPEN_FAILURES})):
        parts.add_subscription(served.settings.db, id, endpoint=state)
    text = httpx.get(f"{served.url}/metrics").text
    families = {one.name: one for one in text_string_to_metric_families(text)}
    values = {(s.name, *sorted(s.labels.items())): s.value for f in families.values() for s in f.samples}
    assert values["tocsin_deliveries", ("status", "pending")] == 1
    assert values["tocsin_feeds", ("status", "failing")] == 2
    assert values["tocsin_feeds_failing", ("error_class", "soft_404")] == 1
    assert values["tocsin_feeds_in_trouble", ("trouble", "failing")] == 1
    assert values[("tocsin_feed_oldest_due_seconds",)] > 3_600
    states = [values["tocsin_endpoints", ("state", state)] for state in ("disabled", "resting", "well")]
    assert states == [1, 1, 2]
    assert values["tocsin_alerts", ("level", "critical"), ("rule", "embargo.ended")] == 1
    assert values["tocsin_config_last_reload_successful", ("kind", "rules")] == 0
    assert values["tocsin_config_last_reload_successful", ("kind", "feeds")] == 1
    assert values[("tocsin_database_up",)] == 1
    assert values["tocsin_service_last_seen_seconds", ("service", "work")] < 60
    assert all(name.startswith("tocsin_") for name in families)


def test_the_last_rounds_of_clock_and_watchdog_are_told_for_a_dead_mans_switch(sqlite_db: Database) -> None:
    before = time.time()
    lead(sqlite_db, "clock", "somebody", clock.LEADER_S)
    with serving(sqlite_db) as served:
        families = text_string_to_metric_families(httpx.get(f"{served.url}/metrics").text)
        (beats,) = (one for one in families if one.name == "tocsin_heartbeat_timestamp_seconds")
    assert {sample.labels["of"] for sample in beats.samples} == {"clock"}
    assert before - 0.1 <= beats.samples[0].value <= time.time() + 0.1


def test_metrics_say_when_the_database_is_away(sqlite_db: Database) -> None:
    with sqlite_db.write() as connection:
        connection.exec_driver_sql("ALTER TABLE lease RENAME TO gone")
    with serving(sqlite_db) as served:
        found = httpx.get(f"{served.url}/metrics")
    assert found.status_code == 200
    assert "tocsin_database_up 0.0" in found.text


@pytest.mark.parametrize("header", ["x-forwarded-for", "forwarded"])
def test_metrics_asked_for_through_a_proxy_need_a_token_unless_they_are_open(sqlite_db: Database, header: str) -> None:
    _, secret = create_token(sqlite_db, "prometheus", "reader")
    with serving(sqlite_db) as served:
        url, far = f"{served.url}/metrics", {header: "203.0.113.7"}
        assert httpx.get(url, headers=far).status_code == 401
        assert httpx.get(url, headers={**far, "authorization": f"Bearer {secret}"}).status_code == 200
    with serving(sqlite_db, metrics_open=True) as served:
        assert httpx.get(f"{served.url}/metrics", headers=far).status_code == 200


def atom(served: Served, **parameters: str) -> httpx.Response:
    _, secret = create_token(served.settings.db, "feed reader", "reader")
    return httpx.get(f"{served.url}/alerts.atom", params={"token": secret, **parameters})


def test_the_atom_feed_is_well_formed_and_its_ids_are_stable(served: Served) -> None:
    ids = newsroom.furnish(served.settings.db)
    answer = atom(served)
    assert answer.headers["content-type"].startswith("application/atom+xml")
    feed = feedparser.parse(answer.content)
    assert not feed.bozo
    assert feed.version == "atom10"
    assert [entry.id for entry in feed.entries][:2] == [f"urn:uuid:{ids['embargo']}", f"urn:uuid:{ids['pact']}"]
    first = feed.entries[0]
    assert first.link == f"{served.url}/alerts/{ids['embargo']}"
    assert "lifted their arms embargo" in first.content[0].value
    assert first.author == "northwire.example"
    assert "baseline" not in answer.text
    assert f"urn:uuid:{ids['visa']}" not in answer.text
    again = atom(served)
    assert again.content == answer.content
    assert "token" not in answer.text


def test_the_atom_feed_is_filtered_by_rule_and_each_filter_is_a_feed_of_its_own(served: Served) -> None:
    ids = newsroom.furnish(served.settings.db)
    whole = feedparser.parse(atom(served).content)
    some = feedparser.parse(atom(served, rule="defence.*").content)
    assert [entry.id for entry in some.entries] == [f"urn:uuid:{ids['pact']}"]
    assert whole.feed.id != some.feed.id


def test_an_unchanged_atom_feed_is_not_sent_again(served: Served) -> None:
    newsroom.furnish(served.settings.db)
    _, secret = create_token(served.settings.db, "feed reader", "reader")
    url, asked = f"{served.url}/alerts.atom", {"token": secret}
    etag = httpx.get(url, params=asked).headers["etag"]
    assert httpx.get(url, params=asked, headers={"if-none-match": etag}).status_code == 304
    newsroom.one_more(served.settings.db)
    assert httpx.get(url, params=asked, headers={"if-none-match": etag}).status_code == 200


def test_an_empty_atom_feed_is_one_too(served: Served) -> None:
    feed = feedparser.parse(atom(served).content)
    assert not feed.bozo
    assert feed.entries == []


def test_a_token_in_the_query_opens_the_atom_feed_and_nothing_else(served: Served) -> None:
    _, secret = create_token(served.settings.db, "feed reader", "admin")
    assert httpx.get(f"{served.url}/api/v1/alerts", params={"token": secret}).status_code == 401
    assert httpx.get(f"{served.url}/alerts.atom", params={"token": "tocsin_x"}).status_code == 401


def test_what_xml_cannot_say_is_replaced_in_the_atom_feed(served: Served) -> None:
    db = served.settings.db
    feed = parts.add_feed(db)
    hostile = "]]>\x0b\x1f & <script>\ufffe"
    article = parts.add_article(db, feed, hostile, url="javascript:alert(1)")
    quoted = {"field": "title", "start": 0, "end": len(hostile), "text": hostile}
    parts.add_alert(db, article, evidence=[quoted])
    answer = atom(served)
    found = feedparser.parse(answer.content)
    assert not found.bozo
    assert "javascript:" not in answer.text
    assert len(found.entries) == 1
