"""Real parts for tests of the workers: articles in a ledger, small rules, a receiver of webhooks that checks them."""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from sqlalchemy import insert, select
from standardwebhooks import Webhook

from rules.document import RuleDocument
from rules.engine import Rule
from rules.model import Article, Emit, Evidence, Held, Level, Match, Role, Speaker, Status, Zone
from store.database import Database
from store.replaying import Choice, replay
from store.subscriptions import Filter, Subscription
from store.tables import article, feed
from tests.arrivals import waited_s

SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()
LOOPBACK = ("127.0.0.0/8",)
NOW = 1_790_000_000_000_000


def rule(id: str = "embargo.ended", level: str = "high") -> Rule:
    """A rule as far as alerts need one; what it matches is up to Words."""
    document = RuleDocument.model_construct(
        rule=id, version="3", title=f"Title of {id}", level=Level(level), tags=("cameo.085",), maturity="stable"
    )
    return Rule(document=document, hash=f"hash-{id}", source="test.yml:1", claims=())


@dataclass(frozen=True)
class Words:
    """A rule set in small: a rule matches where its word stands in the text, and quotes it."""

    words: dict[str, str] = field(default_factory=lambda: {"embargo.ended": "embargo"})
    emits: dict[str, Emit] = field(default_factory=dict)
    hash: str = "words-1"

    @property
    def rules(self) -> dict[str, Rule]:
        return {id: rule(id) for id in self.words}

    def match(self, article: Article) -> tuple[Match, ...]:
        if "explode" in article.text:
            raise ValueError("boom")
        return tuple(
            match(id, article.text, word, self.emits.get(id, Emit()))
            for id, word in self.words.items()
            if word in article.text
        )

    def held(self, article: Article) -> Held:
        return Held(standing=self.match(article))


def match(id: str, text: str, word: str, emit: Emit) -> Match:
    start = text.index(word)
    return Match(
        rule=id,
        level=Level.HIGH,
        status=Status.DONE,
        speaker=Speaker("Jane Roe", "foreign minister", Role.OFFICIAL),
        zone=Zone.LEAD,
        bindings={"TARGET": "IR"},
        evidence=(Evidence("text", start, start + len(word), word),),
        emit=emit,
    )


def add_articles(db: Database, texts: Sequence[str], prefix: str = "a", **columns: Any) -> list[str]:
    """Insert articles as the watcher would; returns their ids."""
    with db.write() as connection:
        if connection.scalar(select(feed.c.id)) is None:
            connection.execute(insert(feed).values(**_FEED))
        rows = [{**_article(f"{prefix}{number}", text), **columns} for number, text in enumerate(texts)]
        connection.execute(insert(article), rows)
    return [row["id"] for row in rows]


_FEED = {
    "id": "feed-1",
    "url": "https://news.example.org/rss",
    "name": "Example",
    "outlet": "example.org",
    "tier": "press",
    "tags": [],
    "every": "auto",
    "backfill_s": 0,
    "full_text": False,
    "origin": "file",
    "created_at": NOW,
    "status": "ok",
    "next_check_at": NOW,
}


def _article(id: str, text: str) -> dict[str, Any]:
    return {
        "id": id,
        "feed_id": "feed-1",
        "url": f"https://news.example.org/{id}",
        "title": f"Title {id}",
        "text": text,
        "lang": "en",
        "outlet": "example.org",
        "tier": "press",
        "tags": ["energy"],
        "published_at": NOW,
        "published_from": "declared",
        "first_seen_at": NOW,
        "revised_at": NOW,
        "revision": 1,
        "content_hash": "c0ffee",
        "story_id": f"story-{id}",
        "quiet": None,
    }


def hook(url: str, id: str = "desk-hook", **changes: Any) -> Subscription:
    """A webhook subscription to everything."""
    settings: dict[str, Any] = {"filter": Filter(rules=("*",)), "secret": "env:HOOK"}
    return Subscription(id=id, owner="desk@example.org", channel="webhook", address=url, **{**settings, **changes})


def mail(address: str = "desk@example.org", id: str = "desk-mail", **changes: Any) -> Subscription:
    """An email subscription to everything."""
    settings: dict[str, Any] = {"filter": Filter(rules=("*",)), **changes}
    return Subscription(id=id, owner="desk@example.org", channel="email", address=address, **settings)


@dataclass(frozen=True)
class Received:
    """One request as it came."""

    path: str
    id: str
    body: bytes
    valid: bool
    at: float
    headers: dict[str, str]


Answer = Callable[[str, int], tuple[int, dict[str, str]]]


class Receiver:
    """An HTTP server that checks every webhook with the independent package. `answer` maps (path, how many came there
    before) to a status and headers; `hold_s` maps a path to seconds of silence.
    """

    def __init__(self) -> None:
        self.got: list[Received] = []
        self.answer: Answer = lambda path, before: (200, {})
        self.hold_s: dict[str, float] = {}
        self._webhook = Webhook(SECRET)
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def url(self, path: str = "/hook") -> str:
        return f"http://127.0.0.1:{self._server.server_port}{path}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def take(self, path: str, headers: dict[str, str], body: bytes, at: float) -> tuple[int, dict[str, str]]:
        try:
            self._webhook.verify(body, headers)
            valid = True
        except Exception:  # noqa: BLE001  # malformed headers raise all kinds
            valid = False
        with self._lock:
            before = sum(1 for one in self.got if one.path == path)
            self.got.append(Received(path, headers.get("webhook-id", ""), body, valid, at, headers))
        time.sleep(self.hold_s.get(path, 0))
        return self.answer(path, before)

    def ids(self) -> list[str]:
        return [one.id for one in self.got]


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            at = time.monotonic() - waited_s(self.connection)  # whenever this busy process has found the time to read
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, more = receiver.take(self.path, headers, body, at)
            try:
                self.send_response(status)
                for name, value in {"content-length": "2", **more}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(b"ok")
            except OSError:
                pass

        def log_message(self, format: str, *args: Any) -> None:
            pass

    return Handler


def eventually(holds: Callable[[], bool], within_s: float = 10.0) -> None:
    """Wait until *holds*, or fail."""
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.02)


def replay_one(db: Database, id: str) -> bool:
    """Send one delivery again; whether it leaves."""
    return sum(done.leave for done in replay(db, Choice(id=id))) == 1
