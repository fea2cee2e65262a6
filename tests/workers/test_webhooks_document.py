"""The receivers of docs/webhooks.md, taken from there and run: each gives the right verdict on real deliveries."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from store.database import Database
from store.deliveries import exchange
from store.subscriptions import sync
from store.tables import attempt, delivery
from store.tries import Parcel
from tests.workers.conftest import Silent, secrets
from tests.workers.parts import LOOPBACK, SECRET, Words, add_articles, eventually, hook
from tests.workers.test_workers_sending import deliver, due_now, rows
from workers.channels.webhook import key_of, signed_headers
from workers.context import Context
from workers.matching import match_articles

DOCUMENT = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text(encoding="utf-8")
KEY = key_of(SECRET)


def block(language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", DOCUMENT, re.DOTALL)
    return str(found)


@dataclass(frozen=True)
class Running:
    """A receiver of the document; `told` is what it has worked on, a line each."""

    url: str
    told: Callable[[], str]

    def post(self, headers: dict[str, str], body: bytes) -> int:
        connection = http.client.HTTPConnection(self.url.split("/")[2], timeout=20)
        connection.request("POST", "/", body, headers)
        status = connection.getresponse().status
        connection.close()
        return status


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@contextmanager
def program(folder: Path, name: str, text: str, *command: str) -> Iterator[Running]:
    """A receiver that listens by itself, on a free port in place of 9000."""
    port = free_port()
    assert text.count("9000") == 1
    (folder / name).write_text(text.replace("9000", str(port)), encoding="utf-8")
    environment = {**os.environ, "DESK_HOOK_SECRET": SECRET, "PYTHONUNBUFFERED": "1"}
    with (folder / "out").open("wb") as out:
        process = subprocess.Popen([*command, name], cwd=folder, env=environment, stdout=out, stderr=subprocess.DEVNULL)
        try:
            eventually(lambda: answers(port), 30)
            yield Running(f"http://127.0.0.1:{port}/", (folder / "out").read_text)
        finally:
            process.kill()
            process.wait()


def answers(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def python(folder: Path) -> Iterator[Running]:
    with program(folder, "receiver.py", block("python"), sys.executable) as running:
        yield running


@contextmanager
def javascript(folder: Path) -> Iterator[Running]:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed: apt-get install nodejs")
    with program(folder, "receiver.mjs", block("javascript"), node) as running:
        yield running


@contextmanager
def shell(folder: Path) -> Iterator[Running]:
    """The script behind a web server that runs it as CGI."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed: apt-get install openssl")
    (folder / "receiver.sh").write_text(block("bash"), encoding="utf-8")
    server = ThreadingHTTPServer(("127.0.0.1", 0), cgi(folder))
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    events = folder / "events.jsonl"
    try:
        yield Running(f"http://127.0.0.1:{server.server_port}/", lambda: events.read_text() if events.exists() else "")
    finally:
        server.shutdown()
        server.server_close()


def cgi(folder: Path) -> type[BaseHTTPRequestHandler]:
    class Gateway(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            given = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in self.headers.items()}
            own = {"PATH": os.environ["PATH"], "DESK_HOOK_SECRET": SECRET, "SPOOL": str(folder)}
            body = self.rfile.read(int(self.headers["content-length"]))
            environment = {**given, **own, "CONTENT_LENGTH": str(len(body))}
            done = subprocess.run(["bash", "receiver.sh"], cwd=folder, env=environment, input=body, capture_output=True)
            found = re.fullmatch(rb"Status: (\d+)\r\n\r\n", done.stdout)
            self.send_response(int(found[1]) if found and not done.returncode else 500)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    return Gateway


@pytest.fixture(params=[python, javascript, shell], ids=lambda one: one.__name__)
def receiver(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Running]:
    """Each receiver of the document."""
    folder = tmp_path / "receiver"
    folder.mkdir()
    with request.param(folder) as running:
        yield running


@pytest.fixture
def context(sqlite_db: Database) -> Context:
    words = Words()
    return Context(db=sqlite_db, doorbell=Silent(), rules=lambda: words, secrets=secrets, allow=LOOPBACK)


def signed(parcel: Parcel, age_s: int = 0, **changes: str) -> dict[str, str]:
    headers = signed_headers(parcel.id, int(time.time()) - age_s, parcel.body, [KEY])
    return {**headers, "content-type": "application/json", **{f"webhook-{name}": to for name, to in changes.items()}}


def parcel_of(db: Database, context: Context, url: str) -> Parcel:
    """A delivery of the ledger that is about to leave."""
    sync(db, [hook(url)])
    match_articles(context, add_articles(db, ["embargo"]))
    (parcel,) = exchange(db, "me", [], 1)
    return parcel


def test_a_delivery_is_accepted_and_worked_on_once_however_often_it_comes(
    sqlite_db: Database, context: Context, receiver: Running
) -> None:
    sync(sqlite_db, [hook(receiver.url)])
    match_articles(context, add_articles(sqlite_db, ["embargo"]))
    for _ in range(2):
        deliver(context)
        with sqlite_db.write() as connection:  # as if our record of the first one had been lost
            connection.execute(delivery.update().values(status="pending", next_at=1, done_at=None))
    due_now(sqlite_db)
    deliver(context)
    codes = rows(sqlite_db, attempt.c.outcome, attempt.c.code, order=attempt.c.id)
    assert codes == [("delivered", 204)] * 3
    assert len(receiver.told().splitlines()) == 1
    assert "embargo" in receiver.told()


def test_what_was_forged_grew_old_or_is_malformed_is_refused_and_not_worked_on(
    sqlite_db: Database, context: Context, receiver: Running
) -> None:
    """Those of the standardwebhooks package's own tests, and the ones it raises unexpected errors for."""
    parcel = parcel_of(sqlite_db, context, receiver.url)
    right = signed(parcel)["webhook-signature"]
    v0 = base64.b64encode(hmac.digest(b"another key of 24 bytes!", b"x", hashlib.sha256)).decode()
    bad = {
        "forged": signed(parcel, signature=f"v1,{v0}"),
        "stale": signed(parcel, age_s=330),
        "of the future": signed(parcel, age_s=-330),
        "another id": signed(parcel, id="another"),
        "another time": signed(parcel, timestamp=str(int(time.time()) - 9)),
        "no number": signed(parcel, timestamp="hello"),
        "not a number": signed(parcel, timestamp="nan"),
        "no comma": signed(parcel, signature="v1"),
        "no version": signed(parcel, signature=right.removeprefix("v1,")),
        "empty": signed(parcel, signature=""),
        "nothing after the comma": signed(parcel, signature="v1,"),
        "another version": signed(parcel, signature=right.replace("v1,", "v2,")),
        "not base64": signed(parcel, signature="v1,***"),
        "the first half": signed(parcel, signature=right[:24]),
        **{f"no {name}": without(signed(parcel), name) for name in ("id", "timestamp", "signature")},
    }
    assert {name: receiver.post(headers, parcel.body) for name, headers in bad.items()} == dict.fromkeys(bad, 401)
    assert receiver.post(signed(parcel), parcel.body.replace(b"embargo", b"EMBARGO")) == 401
    assert receiver.post(signed(parcel), parcel.body + b" " * 80_000) == 401
    assert receiver.post(signed(parcel), parcel.body + b" " * 120_000) == 401
    assert "embargo" not in receiver.told()
    assert receiver.post(signed(parcel, age_s=270), parcel.body) == 204
    assert "embargo" in receiver.told()


def without(headers: dict[str, str], name: str) -> dict[str, str]:
    return {key: value for key, value in headers.items() if key != f"webhook-{name}"}


def test_one_right_signature_among_others_is_enough(sqlite_db: Database, context: Context, receiver: Running) -> None:
    """So it is while a secret is rotated, whichever of the two the receiver knows."""
    parcel = parcel_of(sqlite_db, context, receiver.url)
    other = b"o" * 32
    for keys in ([KEY, other], [other, KEY]):
        headers = signed_headers(parcel.id, int(time.time()), parcel.body, keys)
        assert receiver.post(headers, parcel.body) == 204
    assert receiver.post(signed_headers(parcel.id, int(time.time()), parcel.body, [other]), parcel.body) == 401


def test_a_type_that_the_receiver_does_not_know_is_accepted_and_passed_over(receiver: Running) -> None:
    body = b'{"type":"another.type","timestamp":"2026-11-23T09:30:00Z","data":{}}'
    headers = signed_headers("m1", int(time.time()), body, [KEY])
    assert receiver.post(headers, body) == 204
