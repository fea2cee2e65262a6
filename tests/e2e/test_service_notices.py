"""What the whole service says about itself: to who asks for it by webhook, and to an owner by mail."""

from __future__ import annotations

from collections.abc import Callable
from http.server import BaseHTTPRequestHandler

import pytest

from store.database import Database
from store.migrate import migrate
from store.notices import About, add_notice
from tests.e2e.conftest import ITEMS, Desk
from tests.e2e.parts import serving, until
from tests.workers.parts import add_articles

SUBSCRIPTIONS = """\
  - id: ops
    owner: nobody in particular
    filter: {{notices: ["feed.*", heartbeat]}}
    channel: webhook
    to: {good}/ops
    secret: file:{secret}
    heartbeat: 5m
  - id: closed
    owner: owner@example.org
    filter: {{rules: ["*"]}}
    channel: webhook
    to: {closed}/hook
    secret: file:{secret}
"""


def gone(request: BaseHTTPRequestHandler, _: bytes) -> None:
    """Whatever is asked: 410."""
    request.send_response(410)
    request.send_header("Content-Length", "0")
    request.end_headers()


@pytest.mark.slow
def test_a_feed_that_is_gone_a_heartbeat_and_a_closed_address_are_told(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(list(ITEMS))
    with serving(gone, "127.0.3.1") as closed:
        feeds, subscriptions = (desk.tocsin.config / name for name in ("feeds.yml", "subscriptions.yml"))
        feeds.write_text(f"{feeds.read_text()}  - {{url: '{closed}/rss', name: Closed, outlet: closed.example}}\n")
        more = SUBSCRIPTIONS.format(good=desk.receiver.url, closed=closed, secret=desk.tocsin.data / "secret")
        subscriptions.write_text(subscriptions.read_text() + more)
        desk.tocsin.start("run")
        until(lambda: {"feed.gone", "heartbeat"} <= types(desk), told=desk.tocsin.logs)
        until(lambda: "owner@example.org" in {mail["To"] for mail in desk.mailbox.mails}, told=desk.tocsin.logs)
    (mail,) = (mail for mail in desk.mailbox.mails if mail["To"] == "owner@example.org")
    assert mail["Subject"] == f"[Tocsin] An address is not used any more: {closed}/…"
    assert desk.receiver.forged == 0
    audit = desk.tocsin.call("ledger")
    assert audit.returncode == 0, audit.stdout


@pytest.mark.slow
def test_what_waits_at_the_first_start_is_told_to_those_whom_the_files_name(make_desk: Callable[..., Desk]) -> None:
    """Nobody is in the ledger yet to whom it could be told: the files are read first."""
    desk = make_desk([])
    subscriptions = desk.tocsin.config / "subscriptions.yml"
    more = SUBSCRIPTIONS.format(good=desk.receiver.url, closed=desk.receiver.url, secret=desk.tocsin.data / "secret")
    subscriptions.write_text(subscriptions.read_text() + more)
    db = Database(str(desk.tocsin.data / "tocsin.sqlite3"))
    migrate(db)
    with db.write() as connection:
        about = About(what="feed", id="f", name="Closed", path="/feeds")
        add_notice(connection, "feed.gone", about, "It is gone.", episode=1, now=db.now(connection))
    add_articles(db, ["The UN Security Council has lifted the arms embargo on Iran."])
    db.close()
    desk.tocsin.start("run")
    until(lambda: {"feed.gone", "alert.opened"} <= types(desk), told=desk.tocsin.logs)


def types(desk: Desk) -> set[str]:
    return {event["type"] for event in list(desk.receiver.events.values())}
