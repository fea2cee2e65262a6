"""Answers that are meant to harm: each is an answer or a failure in words, in bounded time and memory."""

from __future__ import annotations

import asyncio
import contextlib

import psutil
import pytest

from net.client import GuardedClient, NetFailure, Response
from tests.net.test_client import LOOPBACK, place

pytestmark = pytest.mark.anyio

TOTAL_S = 1.0

ENDLESS = {
    "continue": (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 500),
    "early hints": (b"", b"HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n" * 300),
    "empty lines": (b"", b"\r\n" * 9_000),
    "status": (b"HTTP/1.1 200 ", b"b" * 9_000),
    "headers": (b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n" * 1_000),
    "header": (b"HTTP/1.1 200 OK\r\nX-A: ", b"b" * 9_000),
    "body": (b"HTTP/1.1 500 Oh\r\n\r\n", b"b" * 9_000),
    "chunks": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n" * 1_000),
    "chunk's words": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", b"b" * 9_000),
    "trailers": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"X-A: b\r\n" * 1_000),
}
"""How each begins, and what comes again and again."""

ODD = {
    "nothing": b"",
    "no http": b"hello",
    "another protocol": b"\0\0\x12\4\0\0\0\0\0",
    "length below nothing": b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nok",
    "length without bounds": b"HTTP/1.1 200 OK\r\nContent-Length: 999999999999999999999999\r\n\r\nok",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nok",
    "chunk without bounds": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFFFFFFF\r\na",
    "no chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "another coding": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nok",
    "unasked coding": b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 2\r\n\r\nok",
    "switch": b"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n\0\0",
    "unknown status": b"HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n",
    "status below all": b"HTTP/1.1 099 Odd\r\nContent-Length: 0\r\n\r\n",
    "NUL in the reason": b"HTTP/1.1 200 O\0K\r\nContent-Length: 0\r\n\r\n",
    "NUL in a header": b"HTTP/1.1 503 No\r\nRetry-After: 1\0\r\nContent-Length: 0\r\n\r\n",
    "line break in a header": b"HTTP/1.1 503 No\r\nX-A: a\rSet-Cookie: b\r\nContent-Length: 0\r\n\r\n",
    "body where none may be": b"HTTP/1.1 204 None\r\nContent-Length: 5\r\n\r\nhello",
}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.mark.parametrize("what", ENDLESS)
async def test_an_answer_without_end_ends_in_time_and_costs_no_memory(what: str) -> None:
    begins, more = ENDLESS[what]

    async def answer(_request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(begins)
        with contextlib.suppress(ConnectionError):
            while True:
                writer.write(more)
                await writer.drain()

    loop, memory = asyncio.get_running_loop(), psutil.Process().memory_info
    async with place(answer) as there, GuardedClient(allow=LOOPBACK) as client:
        before, started = memory().rss, loop.time()
        found = await client.post(there.url(), content=b"{}", total_s=TOTAL_S)
        assert loop.time() - started < 3 * TOTAL_S
        assert memory().rss - before < 20_000_000
    assert isinstance(found, Response | NetFailure)


@pytest.mark.parametrize("what", ODD)
async def test_an_odd_answer_is_an_answer_or_a_failure_in_words(what: str) -> None:
    async def answer(_request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(ODD[what])

    async with place(answer) as there, GuardedClient(allow=LOOPBACK) as client:
        found = await client.post(there.url(), content=b"{}", total_s=TOTAL_S)
    told = found.message if isinstance(found, NetFailure) else "".join(found.headers.values())
    assert not any(character in told for character in "\0\r\n")


INSIDE = """
127.0.1 0x7f.1 017700000001 0177.0.0.0x1 0.0 00000.0 127\u30020\u30020\u30021 127\uff0e0\uff0e0\uff0e1 2852039166 10.1
100.100.100.200 192.168.1 198.18.0.1 4294967295 127.0.0.1. 127.0.0.1%2e 0x100000000000000007f000001
[::] [0:0:0:0:0:0:0:1] [::127.0.0.1] [::ffff:7f00:1] [::ffff:0:127.0.0.1] [::ffff:a9fe:a9fe] [64:ff9b::127.0.0.1]
[64:ff9b:1::7f00:1] [2001:0:7f00:1::] [fe80::1] [fe80::1%25lo] [fec0::1] [ff02::1]
"""
"""Ways to write an address that leads inside, or seems to lead nowhere and would."""


@pytest.mark.parametrize("host", INSIDE.split())
async def test_no_spelling_of_an_address_leads_inside(host: str) -> None:
    async with place(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") as there, GuardedClient(connect_s=2) as client:
        found = await client.post(there.url(host=host), content=b"{}", total_s=3)
        assert isinstance(found, NetFailure)
        assert found.kind in ("refused_address", "url", "dns")
        assert there.connections == 0
