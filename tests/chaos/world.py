"""The world around a Tocsin that is maltreated: feeds that grow, receivers that fail, and a book of what arrived."""

from __future__ import annotations

import base64
import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from standardwebhooks import Webhook

from tests.e2e.parts import FeedServer, Item, serving

SECRET = f"whsec_{base64.b64encode(b'chaos-chaos-chaos-chaos-chaos-32').decode()}"
WORD = "zorbified"
RULE = f"rule: chaos.word\ntitle: The word\nlevel: high\ntext: {{any: [{WORD}]}}\n"


@dataclass
class Book:
    """What the receivers got: `bodies` by webhook-id, `ids` by (receiver, article). `why` says what was wrong with the
    `forged` ones; `cut_off` counts requests whose sender was killed before all of the body had left: no events.
    """

    bodies: dict[str, Counter[bytes]] = field(default_factory=lambda: defaultdict(Counter))
    ids: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))
    forged: int = 0
    why: list[str] = field(default_factory=list)
    cut_off: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, path: str, headers: dict[str, str], body: bytes) -> None:
        """One event, believed only where it is whole and its signature holds."""
        if len(body) < int(headers["content-length"]):
            self.cut_off += 1
            return
        try:
            event = Webhook(SECRET).verify(body, headers)
        except Exception as error:  # noqa: BLE001 - the package raises several kinds
            self.forged += 1
            self.why.append(f"{error!r}: {len(body)} bytes, {headers}"[:600])
            return
        with self.lock:
            self.bodies[headers["webhook-id"]][body] += 1
            self.ids[path, event["data"]["article"]["url"]].add(headers["webhook-id"])

    @property
    def repeats(self) -> int:
        """Events that came more than once."""
        return sum(sum(bodies.values()) - 1 for bodies in self.bodies.values())

    @property
    def unlike(self) -> int:
        """Ids that came with different bytes."""
        return sum(len(bodies) > 1 for bodies in self.bodies.values())


@dataclass
class Receivers:
    """Webhook receivers on one port, told apart by path. `mode` is up, 500 or hang; while `fickle`, 8 % of what
    comes is answered 503 and 3 % is taken and not answered.
    """

    book: Book
    chance: random.Random
    mode: str = "up"
    fickle: bool = True
    port: int = 0
    server: ThreadingHTTPServer | None = None

    def open(self) -> None:
        """Listen, on the same port as before."""
        receivers = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))  # less where its sender is gone
                with suppress(OSError):
                    receivers.answer(self, body)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = _Server(("127.0.0.1", self.port), Handler)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        """Refuse connections."""
        if self.server is not None:
            self.server.shutdown()
            self.server.server_close()
        self.server = None

    def answer(self, request: BaseHTTPRequestHandler, body: bytes) -> None:
        """Answer, or not."""
        lot = self.chance.random() if self.fickle else 1.0
        if self.mode != "500" and lot >= 0.08:
            headers = {name.lower(): value for name, value in request.headers.items()}
            self.book.note(request.path, headers, body)
        while self.mode == "hang":
            time.sleep(0.05)
            lot = 0.09  # it was taken, and nobody will say so
        if 0.08 <= lot < 0.11:
            request.close_connection = True
            return
        status = 500 if self.mode == "500" else 503 if lot < 0.08 else 204
        request.send_response(status)
        request.send_header("Content-Length", "0")
        request.end_headers()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


@dataclass
class World:
    """Feeds and receivers; every article offered must reach every receiver's path."""

    feeds: list[FeedServer]
    receivers: Receivers
    paths: list[str]
    offered: list[str] = field(default_factory=list)

    def offer(self) -> None:
        """One more article in every feed."""
        for feed in self.feeds:
            guid = f"a{len(self.offered)}"
            self.offered.append(f"{feed.url}/{guid}")
            feed.items = [Item(guid=guid, title=f"Number {guid}", text=f"The {guid} was {WORD}."), *feed.items]

    @property
    def expected(self) -> int:
        """How many deliveries there must be."""
        return len(self.offered) * len(self.paths)

    def lost(self) -> list[tuple[str, str]]:
        """(path, article) of every event that never arrived."""
        came = self.receivers.book.ids
        return [(path, url) for url in self.offered for path in self.paths if not came.get((path, url))]

    def twofold(self) -> list[tuple[str, str]]:
        """(path, article) of every event that arrived under more than one id."""
        return [pair for pair, ids in self.receivers.book.ids.items() if len(ids) > 1]

    def configure(self, folder: Path, secret: Path) -> None:
        """Write Tocsin's configuration."""
        (folder / "rules").mkdir(parents=True)
        secret.write_text(SECRET)
        (folder / "rules" / "chaos.yml").write_text(RULE)
        feeds = "".join(f"  - {{url: '{feed.url}/rss', every: 1m, backfill: 36500d}}\n" for feed in self.feeds)
        (folder / "feeds.yml").write_text(f"feeds:\n{feeds}")
        hooks = "".join(
            f"  - {{id: hook-{number}, owner: a@example.org, filter: {{rules: ['chaos.*']}}, channel: webhook,"
            f" to: 'http://127.0.0.1:{self.receivers.port}{path}', secret: 'file:{secret}', cadence: instant}}\n"
            for number, path in enumerate(self.paths)
        )
        (folder / "subscriptions.yml").write_text(f"subscriptions:\n{hooks}")


@contextmanager
def world(seed: int, feeds: int = 5, receivers: int = 5) -> Iterator[World]:
    """A world with so many feeds, each at an address of its own, and receivers."""
    with ExitStack() as stack:
        servers = [FeedServer([]) for _ in range(feeds)]
        for number, feed in enumerate(servers, 1):
            feed.url = stack.enter_context(serving(feed.answer, f"127.0.2.{number}"))
        hooks = Receivers(Book(), random.Random(seed))  # noqa: S311 - repeatable
        hooks.open()
        stack.callback(hooks.close)
        yield World(servers, hooks, [f"/hook-{number}" for number in range(receivers)])
