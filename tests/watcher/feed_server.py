"""A real HTTP server on loopback that answers as the test says and writes down what it was asked."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Reply:
    """What is sent: `body` may be an iterator of pieces, each sent as it comes. `length` overrides Content-Length."""

    body: bytes | Iterator[bytes] = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    length: int | None = None


@dataclass
class Asked:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    at: float


class FeedServer:
    """`answers[path]` is a Reply or a function of the request; everything else is 404."""

    def __init__(self) -> None:
        self.answers: dict[str, Reply | Callable[[Asked], Reply]] = {}
        self.asked: list[Asked] = []
        self.at_once = 0
        self.most_at_once = 0
        self.lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.of = self
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def url(self, path: str = "/feed", host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def count(self, change: int) -> None:
        with self.lock:
            self.at_once += change
            self.most_at_once = max(self.most_at_once, self.at_once)

    def reply_to(self, asked: Asked) -> Reply:
        self.asked.append(asked)
        answer = self.answers.get(asked.path.partition("?")[0], Reply(status=404))
        return answer(asked) if callable(answer) else answer


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    of: FeedServer


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        self.server.of.count(1)
        try:
            headers = {name.lower(): value for name, value in self.headers.items()}
            self._send(self.server.of.reply_to(Asked(self.path, headers, time.monotonic())))
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
        finally:
            self.server.of.count(-1)

    def _send(self, reply: Reply) -> None:
        pieces = [reply.body] if isinstance(reply.body, bytes) else reply.body
        length = len(reply.body) if isinstance(reply.body, bytes) and reply.length is None else reply.length
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if length is not None:
            self.send_header("Content-Length", str(length))
        if length is None or reply.length is not None:
            self.send_header("Connection", "close")
        self.end_headers()
        for piece in pieces:
            self.wfile.write(piece)
            self.wfile.flush()

    def log_message(self, *_arguments: Any) -> None:
        pass


@contextmanager
def feed_server() -> Iterator[FeedServer]:
    server = FeedServer()
    try:
        yield server
    finally:
        server.close()


def item(number: int | str, title: str | None = None, text: str = "", **more: str) -> str:
    """An RSS item; `more` are further elements."""
    elements = {
        "title": title or f"Ministers met in round {number}",
        "link": f"https://news.example.org/{number}",
        "guid": f"id-{number}",
        "description": text or f"The ministers spoke about item {number}.",
        **more,
    }
    return "<item>" + "".join(f"<{name}>{value}</{name}>" for name, value in elements.items() if value) + "</item>"


def rss(*items: str) -> bytes:
    """An RSS 2.0 document."""
    head = '<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>Example</title>'
    return (head + "".join(items) + "</channel></rss>").encode()
