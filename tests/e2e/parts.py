"""Real parts for the end-to-end tests: a feed server, a webhook receiver, a mail server, and Tocsin itself."""

from __future__ import annotations

import base64
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import psutil
from aiosmtpd.controller import Controller
from standardwebhooks import Webhook

WAIT_S = 60.0
"""How long a test waits for something that should take a second or two: CI machines can be slow, never this slow."""

LEASE_WAIT_S = 150.0
"""The same after a kill: what the killed process had leased is free when its lease of 60 s has run out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """An article to offer in a feed; `age` is how long ago it was published."""

    guid: str
    title: str
    text: str
    age: timedelta = timedelta(minutes=30)


@contextmanager
def serving(answer: Callable[[BaseHTTPRequestHandler, bytes], None], host: str = "127.0.0.1") -> Iterator[str]:
    """A threaded HTTP server on a loopback address that gives every request to *answer*; yields its base URL."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _any(self) -> None:
            answer(self, self.rfile.read(int(self.headers.get("content-length", 0))))

        do_GET = do_POST = _any  # noqa: N815 - the names that BaseHTTPRequestHandler looks up

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer((host, 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://{host}:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass
class FeedServer:
    """Serves `items` as RSS with an ETag of its content, and counts what was asked."""

    items: list[Item]
    requests: list[str] = field(default_factory=list)
    url: str = ""

    def document(self) -> bytes:
        now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
        entries = "".join(
            f"<item><guid>{escape(item.guid)}</guid><title>{escape(item.title)}</title>"
            f"<link>{self.url}/{escape(item.guid)}</link>"
            f"<pubDate>{format_datetime(now - item.age)}</pubDate>"
            f"<description>{escape(''.join(f'<p>{escape(line)}</p>' for line in item.text.splitlines() if line))}"
            "</description></item>"
            for item in self.items
        )
        return (
            '<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>Test feed</title>'
            f"<link>{self.url}</link><description>Invented</description>{entries}</channel></rss>"
        ).encode()

    def answer(self, request: BaseHTTPRequestHandler, _body: bytes) -> None:
        body = self.document()
        etag = f'"{hash(body):x}"'
        unchanged = request.headers.get("if-none-match") == etag
        self.requests.append("304" if unchanged else "200")
        request.send_response(304 if unchanged else 200)
        request.send_header("ETag", etag)
        request.send_header("Content-Type", "application/rss+xml")
        request.send_header("Content-Length", "0" if unchanged else str(len(body)))
        request.end_headers()
        if not unchanged:
            request.wfile.write(body)


@dataclass
class Receiver:
    """A webhook receiver that trusts only what the `standardwebhooks` package verifies."""

    secret: str = field(default_factory=lambda: f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}")
    bodies: dict[str, list[bytes]] = field(default_factory=dict)
    events: dict[str, dict[str, Any]] = field(default_factory=dict)
    forged: int = 0
    url: str = ""

    def answer(self, request: BaseHTTPRequestHandler, body: bytes) -> None:
        headers = {name.lower(): value for name, value in request.headers.items()}
        try:
            event = Webhook(self.secret).verify(body, headers)
        except Exception:  # noqa: BLE001 - the package raises several kinds; each means "do not trust it"
            self.forged += 1
            event = None
        else:
            identity = headers["webhook-id"]
            self.bodies.setdefault(identity, []).append(body)
            self.events[identity] = event
        request.send_response(401 if event is None else 204)
        request.send_header("Content-Length", "0")
        request.end_headers()

    def rules(self) -> list[str]:
        """The rules of all distinct events received, sorted."""
        return sorted(event["data"]["alert"]["rule"]["id"] for event in list(self.events.values()))


@dataclass
class Mailbox:
    """What an SMTP server received."""

    mails: list[EmailMessage] = field(default_factory=list)

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        return "250 taken"

    def distinct(self) -> int:
        """How many different Message-IDs came in."""
        return len({mail["Message-ID"] for mail in self.mails})


@contextmanager
def mail_server(mailbox: Mailbox) -> Iterator[str]:
    """An SMTP server on loopback; yields its URL."""
    controller = Controller(mailbox, hostname="127.0.0.1", port=free_port())
    controller.start()
    try:
        yield f"smtp://127.0.0.1:{controller.port}"
    finally:
        controller.stop()


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def configure(folder: Path, feed_url: str, receiver_url: str, secret_file: Path, mail: bool = True) -> None:
    """Write the configuration of a desk that hears of everything by webhook and by mail."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "feeds.yml").write_text(
        f"feeds:\n  - {{url: '{feed_url}/feed.xml', name: Test feed, outlet: test.example,"
        " every: 1m, backfill: 36500d}\n"
    )
    subscriptions = (
        "subscriptions:\n"
        "  - id: desk-hook\n    owner: desk@example.org\n    filter: {rules: ['*']}\n"
        f"    channel: webhook\n    to: {receiver_url}/hook\n    secret: file:{secret_file}\n    cadence: instant\n"
    )
    if mail:
        subscriptions += (
            "  - id: desk-mail\n    owner: desk@example.org\n    filter: {rules: ['*']}\n"
            "    channel: email\n    to: desk@example.org\n    cadence: instant\n"
        )
    (folder / "subscriptions.yml").write_text(subscriptions)


def tree(pid: int) -> list[psutil.Process]:
    """A process and all its descendants."""
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


@dataclass
class Tocsin:
    """Runs `tocsin …` as processes of their own, with an environment of their own."""

    config: Path
    data: Path
    environment: dict[str, str]
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start a service."""
        with (self.data / f"{arguments[0]}.log").open("ab") as log:
            self.running.append(
                subprocess.Popen(self._command(arguments), env=self._environment(), stdout=log, stderr=log)
            )
        return self.running[-1]

    def call(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            self._command(arguments),
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=WAIT_S,
            check=False,
        )

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """`kill -9` of a whole tree."""
        those = tree(process.pid)
        for each in those:
            with suppress(psutil.NoSuchProcess):  # children die with their parent
                each.kill()
        process.wait()
        psutil.wait_procs(those, WAIT_S)

    def stop(self) -> None:
        """End whatever still runs."""
        for process in self.running:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self.running:
            try:
                process.wait(25)
            except subprocess.TimeoutExpired:
                self.kill(process)

    def logs(self) -> str:
        """All log lines, for a failing assertion to show."""
        return "\n".join(file.read_text(errors="replace")[-4000:] for file in sorted(self.data.glob("*.log")))

    def _command(self, arguments: Sequence[str]) -> list[str]:
        return [sys.executable, "-m", "tocsin", *arguments]

    def _environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("TOCSIN_")}
        own = {"TOCSIN_CONFIG": str(self.config), "TOCSIN_DATA": str(self.data), "TOCSIN_ALLOW_NETWORKS": "127.0.0.0/8"}
        return inherited | own | self.environment


def until(condition: Callable[[], bool], *, told: Callable[[], str] = str, wait_s: float = WAIT_S) -> None:
    """Wait until *condition* holds.

    Raises:
        AssertionError: it does not hold in time; *told* says what is there instead.
    """
    deadline = time.monotonic() + wait_s
    while not condition():
        assert time.monotonic() < deadline, told()
        time.sleep(0.05)
