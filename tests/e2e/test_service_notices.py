"""What the whole service says about itself: to who asks for it by webhook, and to an owner by mail."""

from __future__ import annotations

from collections.abc import Callable
from http.server import BaseHTTPRequestHandler

import pytest

from tests.e2e.conftest import ITEMS, Desk
from tests.e2e.parts import serving, until

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


def types(desk: Desk) -> set[str]:
    return {event["type"] for event in list(desk.receiver.events.values())}
