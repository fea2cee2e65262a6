"""Whatever comes in or answers badly is recorded in words that name it, and everything else goes on."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Callable
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from sqlalchemy import select

from store import tables
from store.database import Database
from tests.e2e.conftest import ITEMS
from tests.e2e.parts import FeedServer, Receiver, Tocsin, free_port, serving, until

Answer = Callable[[BaseHTTPRequestHandler, bytes], None]


def body(data: bytes, *, status: int = 200, headers: dict[str, str] | None = None) -> Answer:
    """Answers every request with the same bytes."""

    def answer(request: BaseHTTPRequestHandler, _: bytes) -> None:
        request.send_response(status)
        for name, value in (headers or {}).items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(data)))
        request.end_headers()
        request.wfile.write(data)

    return answer


def endless(request: BaseHTTPRequestHandler, _: bytes) -> None:
    """200 MB of feed that never closes."""
    request.send_response(200)
    request.send_header("Content-Length", str(200_000_000))
    request.end_headers()
    try:
        request.wfile.write(b'<?xml version="1.0"?><rss version="2.0"><channel>')
        for _ in range(3_000):
            request.wfile.write(b"<item><title>x</title></item>" * 2_300)
    except OSError:
        request.close_connection = True


def hang(request: BaseHTTPRequestHandler, _: bytes) -> None:
    """Says nothing for longer than anybody waits."""
    time.sleep(40)
    request.close_connection = True


BOMB = gzip.compress(b'<rss version="2.0"><channel>' + b" " * 400_000_000)

FEEDS: dict[str, tuple[Answer, str]] = {
    "html": (body(b"<!doctype html><html><title>Log in</title><body>Sign in first</body></html>"), "HTML"),
    "empty": (body(b""), "empty"),
    "passwd": (body(b"/etc/passwd"), "feed"),
    "truncated": (body(b'<?xml version="1.0"?><rss version="2.0"><chan'), ""),
    "large": (endless, "larger"),
    "bomb": (body(BOMB, headers={"Content-Encoding": "gzip"}), "larger"),
    "missing": (body(b"gone", status=404), "404"),
    "private": (body(b"", status=302, headers={"Location": "http://169.254.169.254/latest"}), "169.254.169.254"),
}
"""A feed each, and a word that its recorded error must have."""

HOOKS: dict[str, tuple[Answer, str]] = {
    "broken": (body(b"oops", status=500), "500"),
    "hanging": (hang, "20"),
    "moving": (body(b"", status=302, headers={"Location": "http://127.0.0.1:1/"}), "302"),
}
"""A webhook address each, and a word that its recorded attempt must have."""


@pytest.mark.slow
def test_each_bad_feed_and_receiver_is_named_in_words_and_the_good_ones_go_on(tmp_path: Path) -> None:
    with ExitStack() as stack:
        good, receiver = FeedServer(list(ITEMS)), Receiver()
        good.url = stack.enter_context(serving(good.answer))
        receiver.url = stack.enter_context(serving(receiver.answer))
        feeds = {
            name: stack.enter_context(serving(answer, f"127.0.2.{number}")) + "/rss"
            for number, (name, (answer, _)) in enumerate(FEEDS.items(), 1)
        }
        hooks = {name: stack.enter_context(serving(answer)) + "/hook" for name, (answer, _) in HOOKS.items()}
        hooks["intranet"] = "http://10.20.30.40:8080/hook"
        tocsin = desk(tmp_path, good.url, receiver, feeds, hooks)
        stack.callback(tocsin.stop)
        tocsin.start("run")
        until(lambda: len(receiver.events) >= 2, told=tocsin.logs)
        db = Database(str(tmp_path / "data" / "tocsin.sqlite3"))
        errors_of_feeds_are_named(db, feeds, tocsin)
        errors_of_receivers_are_named(db, tocsin)
        good.items.append(good.items[0].__class__(guid="late", title=LATE, text=LATE_TEXT))
        assert tocsin.call("feeds", "refresh").returncode == 0
        until(lambda: any("Jordan" in json.dumps(event) for event in receiver.events.values()), told=tocsin.logs)


LATE = "Jordan and Senegal sign military pact"
LATE_TEXT = "AMMAN - Jordan and Senegal signed a military cooperation agreement on Monday, both governments said."


def desk(tmp_path: Path, good: str, receiver: Receiver, feeds: dict[str, str], hooks: dict[str, str]) -> Tocsin:
    config, data = tmp_path / "config", tmp_path / "data"
    config.mkdir()
    data.mkdir()
    (data / "secret").write_text(receiver.secret)
    lines = [f"  - {{url: '{url}', backfill: 30d}}" for url in [f"{good}/feed.xml", *feeds.values()]]
    (config / "feeds.yml").write_text("feeds:\n" + "\n".join(lines) + "\n")
    targets = {"good": f"{receiver.url}/hook", **hooks}
    blocks = [
        f"  - id: {name}\n    owner: desk@example.org\n    filter: {{rules: ['*']}}\n    channel: webhook\n"
        f"    to: {url}\n    secret: file:{data / 'secret'}\n    cadence: instant"
        for name, url in targets.items()
    ]
    mail = (
        "  - id: mail\n    owner: desk@example.org\n    filter: {rules: ['*']}\n    channel: email\n"
        "    to: desk@example.org\n    cadence: instant"
    )
    (config / "subscriptions.yml").write_text("subscriptions:\n" + "\n".join([*blocks, mail]) + "\n")
    own = {"TOCSIN_PORT": str(free_port()), "TOCSIN_SMTP_URL": f"smtp://127.0.0.1:{free_port()}"}
    return Tocsin(config, data, own)


def errors_of_feeds_are_named(db: Database, feeds: dict[str, str], tocsin: Tocsin) -> None:
    def errors() -> dict[str, str]:
        with db.read() as connection:
            rows = connection.execute(select(tables.feed.c.url, tables.feed.c.error)).all()
        return {url: error for url, error in rows if error}

    until(lambda: set(feeds.values()) <= set(errors()), told=lambda: f"{errors()}\n{tocsin.logs()}")
    for name, (_, word) in FEEDS.items():
        assert word in errors()[feeds[name]], f"{name}: {errors()[feeds[name]]}"
    assert "root:" not in json.dumps(errors())


def errors_of_receivers_are_named(db: Database, tocsin: Tocsin) -> None:
    def attempts() -> dict[str, str]:
        chosen = select(tables.delivery.c.subscription_id, tables.attempt.c.detail)
        chosen = chosen.join(tables.attempt, tables.attempt.c.delivery_id == tables.delivery.c.id)
        with db.read() as connection:
            return {row.subscription_id: row.detail for row in connection.execute(chosen)}

    words = {name: word for name, (_, word) in HOOKS.items()} | {"intranet": "10.20.30.40", "mail": "127.0.0.1"}
    until(lambda: set(words) <= set(attempts()), told=lambda: f"{attempts()}\n{tocsin.logs()}")
    for name, word in words.items():
        assert word in attempts()[name], f"{name}: {attempts()[name]}"
    assert "204" in attempts()["good"]
