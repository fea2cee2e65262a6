"""An endpoint that its operator changes by hand, in the file, while deliveries wait for it or have died for it."""

from __future__ import annotations

import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from tests.e2e.conftest import EXPECTED, ITEMS, Desk
from tests.e2e.parts import serving, until

Answering = Callable[[BaseHTTPRequestHandler, bytes], None]


def refusing(status: int, refused: dict[str, bytes]) -> Answering:
    """A receiver that takes nothing, and remembers what it was offered."""

    def answer(request: BaseHTTPRequestHandler, body: bytes) -> None:
        refused[request.headers["webhook-id"]] = body
        request.send_response(status)
        request.send_header("Content-Length", "0")
        request.end_headers()

    return answer


def started_at(url: str, desk: Desk) -> tuple[Path, str]:
    """Start with a subscription that leads to *url*; its file, and what should stand there."""
    file = desk.tocsin.config / "subscriptions.yml"
    right = file.read_text()
    file.write_text(right.replace(desk.receiver.url, url))
    desk.tocsin.start("run")
    return file, right


@pytest.mark.slow
def test_what_waits_for_an_address_goes_to_the_one_that_the_file_names_by_now(make_desk: Callable[..., Desk]) -> None:
    desk, refused = make_desk(list(ITEMS)), dict[str, bytes]()
    with serving(refusing(500, refused), "127.0.3.1") as old:
        file, right = started_at(old, desk)
        until(lambda: len(refused) >= len(EXPECTED), told=desk.tocsin.logs)
        file.write_text(right.replace("channel: webhook", "channel: wehbook"))
        until(lambda: "configuration.refused" in desk.tocsin.logs(), told=desk.tocsin.logs)
        assert not desk.receiver.bodies
        file.write_text(right)
        until(lambda: set(desk.receiver.rules()) >= EXPECTED, told=desk.tocsin.logs)
    assert {id: desk.receiver.bodies[id] for id in refused} == {id: [body] for id, body in refused.items()}
    assert_even(desk)


@pytest.mark.slow
def test_what_died_for_an_address_is_sent_again_to_the_one_that_the_file_names_by_now(
    make_desk: Callable[..., Desk],
) -> None:
    desk, refused = make_desk(list(ITEMS)), dict[str, bytes]()
    with serving(refusing(410, refused), "127.0.3.1") as old:
        file, right = started_at(old, desk)
        until(lambda: dead(desk) >= len(EXPECTED), told=desk.tocsin.logs)
        file.write_text(right)
        until(lambda: desk.receiver.url in desk.tocsin.call("subscriptions", "list").stdout, told=desk.tocsin.logs)
        again = desk.tocsin.call("deliveries", "replay", "--subscription", "desk-hook", "--failed", "--since", "1h")
        assert again.returncode == 0, again.stderr
        until(lambda: set(desk.receiver.rules()) >= EXPECTED, told=desk.tocsin.logs)
        offered = dict(refused)
        time.sleep(1)
        assert refused == offered
    assert all(desk.receiver.bodies[id] == [body] for id, body in refused.items())
    assert_even(desk)


def dead(desk: Desk) -> int:
    return desk.tocsin.call("deliveries", "list", "--status", "dead", "--json").stdout.count('"dead"')


def assert_even(desk: Desk) -> None:
    assert desk.receiver.forged == 0
    audit = desk.tocsin.call("ledger")
    assert audit.returncode == 0, audit.stdout
