"""Notices on the console and in the API: what is said, of what, and who was told."""

from __future__ import annotations

import httpx
from sqlalchemy import update

from store.access import create_token
from store.database import Database
from store.subscriptions import Filter, sync
from store.tables import message
from tests.console import parts
from tests.console.parts import HOUR, Served
from tests.workers.conftest import Silent, secrets
from tests.workers.parts import Words, hook
from workers.context import Context
from workers.noticing import tell_notices


def tell(db: Database) -> None:
    tell_notices(Context(db=db, doorbell=Silent(), rules=Words, secrets=secrets))


def test_a_notice_says_what_is_wrong_and_who_was_told(served: Served, analyst: httpx.Client) -> None:
    db = served.settings.db
    sync(db, [hook("https://hooks.example.org/s3cr3t", filter=Filter(notices=("feed.failing",)))])
    parts.add_notice(db, "feed.failing", "It has failed 5 times in a row: HTTP 500.")
    parts.add_notice(db, "feed.silent", "Nothing new for 3 days.")
    assert analyst.get("/notices").text.count("is told within seconds") == 2
    tell(db)
    page = analyst.get("/notices").text
    assert "It has failed 5 times in a row: HTTP 500." in page
    assert (
        '<a href="/deliveries?subscription=desk-hook">desk-hook</a> <span class="state pending">pending</span>' in page
    )
    assert page.count("told to nobody: no subscription asks for it") == 1
    assert "Nothing new for 3 days." not in analyst.get("/notices?kind=feed.failing").text
    listed = analyst.get("/deliveries").text
    assert '<a href="/notices?kind=feed.failing">A feed cannot be read</a>' in listed


def test_a_notice_whose_words_are_pruned_still_says_what_it_was(served: Served, analyst: httpx.Client) -> None:
    db = served.settings.db
    parts.add_notice(db, "feed.gone", "It is gone.")
    with db.write() as connection:
        connection.execute(update(message).values(data={}, pruned_at=1))
    page = analyst.get("/notices").text
    assert "A feed is gone" in page
    assert "What it said is older than is kept." in page


def test_a_program_reads_notices_page_by_page(served: Served) -> None:
    db = served.settings.db
    sync(db, [hook("https://hooks.example.org/s3cr3t", filter=Filter(notices=("*",)))])
    for number in range(5):
        parts.add_notice(db, "feed.failing", f"number {number}", ago=number * HOUR)
    tell(db)
    _, secret = create_token(db, "siem", "reader")
    with httpx.Client(base_url=served.url, headers={"authorization": f"Bearer {secret}"}) as program:
        first = program.get("/api/v1/notices", params={"limit": 3}).json()
        rest = program.get("/api/v1/notices", params={"limit": 3, "before": first["next_before"]}).json()
        none = program.get("/api/v1/notices", params={"kind": "feed.gap"}).json()
    assert [one["words"] for one in first["notices"] + rest["notices"]] == [f"number {n}" for n in range(5)]
    assert (rest["next_before"], none["notices"]) == (None, [])
    one = first["notices"][0]
    assert (one["type"], one["about"]["name"], one["details"]) == ("feed.failing", "Norvik Daily", {"failures": 5})
    assert one["told"] == [{"subscription_id": "desk-hook", "status": "pending", "why": None}]
