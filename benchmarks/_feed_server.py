"""A server of feeds for measuring, in a process of its own: `python -m benchmarks._feed_server KIND`, one of

real       the documents of real-feeds.tar.gz, at /0 to /99
unchanged  "not modified" to whoever has the document, at every path but each twentieth, which has a new one each time
growing    the stream dealt out over FEEDS feeds that show their last WINDOW entries; /released/N lets N of it out
"""

from __future__ import annotations

import asyncio
import gzip
import itertools
import json
import re
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from xml.sax.saxutils import escape

from benchmarks._servers import ROOT
from benchmarks._shared import SHARED

FEEDS, WINDOW = 500, 30
ETAG = '"a"'
MODIFIED = "Tue, 24 Nov 2026 10:00:00 GMT"

Answer = Callable[[str, str], tuple[str, bytes] | None]
"""(path, the ETag that was sent) → the ETag and the body; None: not modified."""


def real_documents() -> list[bytes]:
    """The feeds as they were served."""
    with tarfile.open(SHARED / "corpora" / "real-feeds.tar.gz") as files:
        opened = (files.extractfile(member) for member in files if member.isfile())
        return [file.read() for file in opened if file is not None]


def rss(items: list[str]) -> bytes:
    head = '<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>s</title>'
    return (head + "".join(items) + "</channel></rss>").encode()


def _real() -> Answer:
    documents = real_documents()
    return lambda path, _etag: ('"1"', documents[int(path[1:])])


def _unchanged() -> Answer:
    number = itertools.count()

    def item() -> str:
        nth = next(number)
        text = f"<description>The ministers of round {nth} met in Geneva, officials said.</description>"
        return f"<item><guid>{nth}</guid><title>Ministers meet in round {nth}</title>{text}</item>"

    first = rss([item() for _ in range(15)])

    def answer(path: str, etag: str) -> tuple[str, bytes] | None:
        if int(path[1:]) % 20:
            return None if etag else (ETAG, first)
        return ETAG, rss([item() for _ in range(15)])

    return answer


def _growing() -> Answer:
    with gzip.open(SHARED / "corpora" / "stream.jsonl.gz", "rt", encoding="utf-8") as lines:
        items = [_item(number, json.loads(line)) for number, line in enumerate(lines)]
    released = 0

    def answer(path: str, etag: str) -> tuple[str, bytes] | None:
        nonlocal released
        if path.startswith("/released/"):
            released = int(path.removeprefix("/released/"))
            return ETAG, str(min(released, len(items))).encode()
        shown = items[int(path[1:]) : released : FEEDS]
        now = f'"{len(shown)}"'
        return None if now == etag else (now, rss(shown[-WINDOW:][::-1]))

    return answer


def _item(number: int, entry: dict[str, str]) -> str:
    return (
        f"<item><guid>{number}</guid><title>{escape(entry['title'])}</title>"
        f"<link>https://news.example.org/{number}</link><pubDate>{entry['published_at']}T12:00:00Z</pubDate>"
        f"<description>{escape(entry.get('text') or '')}</description></item>"
    )


KINDS = {"real": _real, "unchanged": _unchanged, "growing": _growing}
_PATH = re.compile(rb"GET (\S+) ")
_GIVEN = re.compile(rb"(?i)if-none-match: (\S+)")


async def _serve(answer: Answer) -> None:
    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                path, given = _PATH.match(head), _GIVEN.search(head)
                writer.write(_http(answer(path[1].decode() if path else "", given[1].decode() if given else "")))
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def _http(said: tuple[str, bytes] | None) -> bytes:
    status, (etag, body) = ("304 Not Modified", (ETAG, b"")) if said is None else ("200 OK", said)
    length = f"Content-Length: {len(body)}\r\n" if said else ""
    type = "Content-Type: application/xml\r\n" if said else ""
    head = f"HTTP/1.1 {status}\r\nETag: {etag}\r\nLast-Modified: {MODIFIED}\r\n{type}{length}\r\n"
    return head.encode() + body


@contextmanager
def feed_server(kind: str) -> Iterator[str]:
    """The URL of a running server."""
    command = [sys.executable, "-m", "benchmarks._feed_server", kind]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()


if __name__ == "__main__":
    asyncio.run(_serve(KINDS[sys.argv[1]]()))
