"""The demo: a feed of invented news and a webhook receiver, served by Tocsin itself, so that no network is needed."""

from __future__ import annotations

import base64
import secrets
import time
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from html import escape
from pathlib import Path
from typing import Any

import yaml

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

FEED_PATH = "/demo/feed.xml"
RECEIVER_PATH = "/demo/receiver"
FEED_NAME = "Demo feed (invented news)"
AT_ONCE = 6
"""How many articles are there from the beginning; one more follows every `EVERY_S` seconds."""
EVERY_S = 45

_ARTICLES_FILE = Path(__file__).with_suffix(".yml")


@dataclass(frozen=True, slots=True)
class DemoArticle:
    """One invented article; `number` is its place in the feed and its id."""

    number: int
    title: str
    text: str


def articles() -> list[DemoArticle]:
    """All invented articles, oldest first."""
    documents = yaml.safe_load(_ARTICLES_FILE.read_text(encoding="utf-8"))
    return [DemoArticle(number, each["title"], each["text"].strip()) for number, each in enumerate(documents, 1)]


def since(data: Path) -> datetime:
    """When the demo was first started in the data folder *data*: a second start goes on where the first one was."""
    file = data / "demo-since"
    if not file.exists():
        file.write_text(datetime.now(UTC).isoformat(timespec="seconds"), encoding="utf-8")
    return datetime.fromisoformat(file.read_text(encoding="utf-8"))


def secret_file(data: Path) -> Path:
    """The file with the signing secret of the demo's receiver, made on the first call."""
    file = data / "demo-receiver.secret"
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}", encoding="utf-8")
    return file


def feed_xml(base_url: str, started: datetime, now: datetime) -> bytes:
    """The RSS document at *now*: `AT_ONCE` articles, and one more for every `EVERY_S` seconds since *started*."""
    out = AT_ONCE + int((now - started).total_seconds() // EVERY_S)
    items = "".join(_item(base_url, article, started) for article in reversed(articles()[:out]))
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<rss version="2.0"><channel>'
        f"<title>{escape(FEED_NAME)}</title><link>{base_url}</link><language>en</language>"
        f"<description>Nothing in it happened.</description>{items}</channel></rss>"
    ).encode()


def _item(base_url: str, article: DemoArticle, started: datetime) -> str:
    published = datetime.fromtimestamp(started.timestamp() + (article.number - AT_ONCE) * EVERY_S, UTC)
    body = "".join(f"<p>{escape(paragraph)}</p>" for paragraph in article.text.split("\n") if paragraph)
    return (
        f'<item><guid isPermaLink="false">tocsin-demo-{article.number}</guid><title>{escape(article.title)}</title>'
        f"<link>{base_url}/demo/articles/{article.number}</link>"
        f"<pubDate>{format_datetime(published)}</pubDate><description>{escape(body)}</description></item>"
    )


def with_demo(console: Application, base_url: str, data: Path) -> Application:
    """*console* with the demo's paths in front of it. Those need no sign-in: nothing in them is secret."""
    started = since(data)

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if scope["type"] != "http" or not path.startswith("/demo/"):
            await console(scope, receive, send)
        elif path == FEED_PATH:
            await _answer(send, 200, "application/rss+xml", feed_xml(base_url, started, datetime.now(UTC)))
        elif path == RECEIVER_PATH and scope["method"] == "POST":
            await _drain(receive)
            await _answer(send, 204, "text/plain", b"")
        else:
            await _page(send, path)

    return application


async def _page(send: Send, path: str) -> None:
    found = {f"/demo/articles/{article.number}": article for article in articles()}.get(path)
    if found is None:
        await _answer(send, 404, "text/plain", b"no such page of the demo")
        return
    body = "".join(f"<p>{escape(paragraph)}</p>" for paragraph in found.text.split("\n") if paragraph)
    html = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(found.title)}</title>'
        f"<h1>{escape(found.title)}</h1>{body}<p><em>Invented for the demo.</em></p></html>"
    )
    await _answer(send, 200, "text/html; charset=utf-8", html.encode())


async def _drain(receive: Receive) -> None:
    deadline = time.monotonic() + 5
    while (await receive()).get("more_body") and time.monotonic() < deadline:
        pass


async def _answer(send: Send, status: int, media_type: str, body: bytes) -> None:
    headers = [(b"content-type", media_type.encode()), (b"content-length", str(len(body)).encode())]
    headers += [(b"content-security-policy", b"default-src 'none'"), (b"x-content-type-options", b"nosniff")]
    if status == 204:
        headers = headers[2:]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
