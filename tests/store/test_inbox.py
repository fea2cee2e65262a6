"""The inbox's queries, on both databases."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event

from store.activity import gauges, items_per_day, rule_activity, rule_versions
from store.database import Database
from store.inbox import COMMIT_US, Cursor, Wanted, give_verdict, list_alerts, list_changed, read_alert, read_line
from store.outbox import list_deliveries, pull
from tests.console import newsroom, parts
from tests.console.parts import HOUR, MINUTE, SECOND

ALL = Wanted()


def opened(db: Database, count: int, *, apart: int = SECOND) -> list[str]:
    """Alerts with the newest last, some at the same instant."""
    feed = parts.add_feed(db)
    start = parts.now() - HOUR
    ids = []
    for number in range(count):
        article = parts.add_article(db, feed, f"Article {number}")
        ids.append(parts.add_alert(db, article, at=start + number // 2 * apart))
    return ids


def test_pages_in_both_directions_give_every_alert_once(db: Database) -> None:
    opened(db, 11)
    whole = [one.id for one in list_alerts(db, ALL, limit=200).alerts]
    down: list[str] = []
    before = None
    while (page := list_alerts(db, ALL, before=before, limit=3)).alerts:
        down += [one.id for one in page.alerts]
        before = page.alerts[-1].cursor
    up: list[str] = []
    after = Cursor(0, "")
    while (page := list_alerts(db, ALL, after=after, limit=4)).alerts:
        up = [one.id for one in page.alerts] + up
        after = page.alerts[0].cursor
    assert down == up == whole
    assert len(set(whole)) == 11


def test_filters_narrow_by_rule_level_words_verdict_and_whether_it_was_told(db: Database) -> None:
    ids = newsroom.furnish(db)

    def found(wanted: Wanted) -> set[str]:
        known = {id: name for name, id in ids.items()}
        return {known.get(one.id, "earlier") for one in list_alerts(db, wanted).alerts}

    assert found(ALL) == {"embargo", "pact", "grain", "visa", "earlier"}
    assert found(Wanted(rule="embargo.ended")) == {"embargo"}
    assert found(Wanted(rule="embargo.*")) == {"embargo", "earlier"}
    assert found(Wanted(rule="embargo_ended")) == set()
    assert found(Wanted(level="high")) == {"embargo", "pact"}
    assert found(Wanted(words="HARVEST wheat")) == {"grain"}
    assert found(Wanted(words="communiqué")) == set()
    assert found(Wanted(words="100%")) == set()
    assert found(Wanted(words="coastal radar cooperation")) == {"pact"}
    assert found(Wanted(verdict="useful")) == {"grain", "earlier"}
    assert found(Wanted(verdict="none", quiet=False)) == {"embargo", "pact"}


def test_what_is_opened_seen_again_or_judged_since_an_instant_is_listed(db: Database) -> None:
    old, seen, judged, _ = opened(db, 4)
    since = parts.now() - MINUTE
    assert list_changed(db, ALL, since).alerts == ()
    give_verdict(db, judged, "useful", "mira")
    feed = parts.add_feed(db, "https://other.example/rss")
    fresh = parts.add_alert(db, parts.add_article(db, feed, "Fresh"), at=parts.now())
    page = list_changed(db, ALL, since)
    assert [one.id for one in page.alerts] == [fresh, judged]
    assert page.now - COMMIT_US > since
    assert {old, seen} & {one.id for one in page.alerts} == set()


def test_an_alert_has_its_sightings_episodes_messages_and_deliveries(db: Database) -> None:
    ids = newsroom.furnish(db)
    detail = read_alert(db, ids["embargo"])
    assert detail is not None
    assert [one["outcome"] for one in detail.sightings] == ["opened", "sighting", "sighting"]
    assert [one["episode"] for one in detail.episodes] == [2, 1]
    assert [one["kind"] for one in detail.messages] == ["alert.opened"]
    assert {one["subscription_id"]: len(one["tries"]) for one in detail.deliveries} == {"desk-hook": 2, "desk-mail": 1}
    assert detail.rule is not None
    assert detail.rule["title"] == detail.line.rule_title
    quoted = detail.line.evidence[0]
    assert detail.article["text"][quoted["start"] : quoted["end"]] == quoted["text"]
    assert read_alert(db, "nobody") is None


def test_a_verdict_is_kept_changed_and_taken_back(db: Database) -> None:
    [id] = opened(db, 1)
    for verdict in ("useful", "false_alarm", None):
        assert give_verdict(db, id, verdict, "mira")
        line = read_line(db, id)
        assert line is not None
        assert (line.verdict, line.verdict_by) == (verdict, "mira")
    assert not give_verdict(db, "nobody", "useful", "mira")
    with pytest.raises(ValueError, match="useful, false_alarm, duplicate"):
        give_verdict(db, id, "nice", "mira")


def test_a_subscription_is_pulled_in_its_sequence_whatever_became_of_each(db: Database) -> None:
    ids = opened(db, 5)
    hook = parts.add_subscription(db)
    for seq, id in enumerate(ids, 1):
        status = ("delivered", "pending", "dead", "suppressed", "delivered")[seq - 1]
        parts.add_delivery(db, id, "desk-hook", hook, seq, status=status, why=None if seq < 3 else "because")
    first = pull(db, "desk-hook", 0, 2)
    assert first is not None
    assert [one["seq"] for one in first.messages] == [1, 2]
    assert first.more
    rest = pull(db, "desk-hook", 2)
    assert rest is not None
    assert [(one["seq"], one["status"]) for one in rest.messages] == [(3, "dead"), (4, "suppressed"), (5, "delivered")]
    assert rest.messages[0]["body"] == {"type": "alert.opened", "timestamp": "2026-11-23T09:30:00Z",
                                        "data": {"version": 1, "seq": 3}}  # fmt: skip
    assert pull(db, "nobody", 0) is None


def test_what_a_mail_told_is_pulled_as_the_object_that_a_webhook_gets(db: Database) -> None:
    [id] = opened(db, 1)
    mail = parts.add_subscription(db, "desk-mail", "email")
    parts.add_delivery(db, id, "desk-mail", mail, 1, channel="email", body=b"From: desk\r\n\r\n\xff")
    found = pull(db, "desk-mail", 0)
    assert found is not None
    assert found.messages[0]["body"] == {"data": {"version": 1, "seq": 1, "alert": {"id": id}}}


def test_deliveries_are_listed_by_status_and_subscription_newest_first(db: Database) -> None:
    newsroom.furnish(db)
    listed = list_deliveries(db).deliveries
    assert [one["created_at"] for one in listed] == sorted((one["created_at"] for one in listed), reverse=True)
    assert {one["status"] for one in list_deliveries(db, status="pending").deliveries} == {"pending"}
    assert len(list_deliveries(db, subscription_id="desk-hook").deliveries) == 2
    first = list_deliveries(db, limit=1)
    assert first.more
    second = list_deliveries(db, limit=2, before=Cursor(first.deliveries[0]["created_at"], first.deliveries[0]["id"]))
    assert [one["id"] for one in (*first.deliveries, *second.deliveries)] == [one["id"] for one in listed]
    assert all("body" not in one for one in listed)


def test_activity_counts_items_matches_and_verdicts(db: Database) -> None:
    newsroom.furnish(db)
    items = items_per_day(db, 14)
    assert max(map(len, items.values())) == 14
    assert sum(map(sum, items.values())) > 40
    activity = rule_activity(db, 30)
    assert sum(activity["embargo.ended"].per_day) == 3
    assert activity["restriction.ended"].verdicts == {"useful": 1}
    assert activity["restriction.ended"].precision == 1.0
    assert activity["embargo.ended"].precision is None
    assert [one["version"] for one in rule_versions(db, "embargo.ended")] == ["1"]


def test_gauges_count_the_work_by_its_state(db: Database) -> None:
    newsroom.furnish(db)
    feed = parts.add_feed(db, "https://waiting.example/rss")
    waiting = {"evaluated_at": None, "at": parts.now() - HOUR}
    parts.add_article(db, feed, "Waits", **waiting)
    parts.add_article(db, feed, "Parked", **waiting, parked_at=parts.now(), parked_why="killed twice")
    counted = gauges(db)
    assert (counted.articles["pending"], counted.articles["parked"]) == (1, 1)
    assert counted.articles["evaluated"] > 40
    assert counted.deliveries == {"delivered": 2, "pending": 1}
    assert counted.feeds == {"ok": 4, "failing": 1}
    assert counted.alerts["embargo.ended", "critical"] == 1
    assert counted.oldest_unread_s == pytest.approx(3600, abs=60)
    assert counted.oldest_due_s == 0


def test_what_is_odd_among_a_million_is_found_by_its_index(sqlite_db: Database) -> None:
    plans: list[str] = []

    def explain(connection: Any, cursor: Any, statement: str, values: Any, *_: Any) -> None:
        if statement.startswith("SELECT"):
            plans.extend(row[3] for row in cursor.connection.execute(f"EXPLAIN QUERY PLAN {statement}", values))

    event.listen(sqlite_db.engine, "before_cursor_execute", explain)
    gauges(sqlite_db)
    list_deliveries(sqlite_db, status="dead")
    assert sum("ix_delivery_undelivered" in plan for plan in plans) == 2, plans
    assert sum("ix_article_parked" in plan for plan in plans) == 1, plans
    assert not [plan for plan in plans if plan in ("SCAN article", "SCAN delivery")]


@given(st.integers(min_value=0, max_value=2**59), st.text(min_size=1))
def test_a_cursor_survives_being_written_and_read(instant: int, id: str) -> None:
    assert Cursor.read(str(Cursor(instant, id))) == Cursor(instant, id)


@given(st.text() | st.builds(json.dumps, st.floats()))
def test_what_is_no_cursor_is_refused_and_never_breaks(text: str) -> None:
    try:
        told = "next_after" if Cursor.read(text).opened_at >= 0 else "below zero"
    except ValueError as error:
        told = str(error)
    assert "next_after" in told
