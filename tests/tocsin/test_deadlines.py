"""Clients of the console that take their time, on real sockets."""

from __future__ import annotations

import asyncio
import http.client
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
import uvicorn
from structlog.testing import capture_logs

from tocsin.deadlines import Deadlines

BIG = b"x" * 8_000_000


class Quick(Deadlines):
    """The same in small."""

    request_s = 0.6
    unread_s = 0.6
    at_once = 20


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Takes the whole request, then as long as its query says, and answers with its path."""
    while (message := await receive())["type"] == "http.request" and message.get("more_body"):
        pass
    await asyncio.sleep(float(scope["query_string"] or 0))
    body = BIG if scope["path"] == "/big" else scope["path"].encode()
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": 200, "headers": [length]})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture
def server() -> Iterator[uvicorn.Server]:
    config = uvicorn.Config(application, http=Quick, ws="none", log_config=None, lifespan="off", timeout_keep_alive=2)
    one = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=one.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        while not one.started:
            time.sleep(0.01)
        yield one
        one.should_exit = True
        thread.join(10)


@pytest.fixture
def port(server: uvicorn.Server) -> int:
    (listener,) = server.servers[0].sockets
    return int(listener.getsockname()[1])


def connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=10)


def seconds_kept(one: socket.socket, drip: bytes = b"") -> float:
    """How long the server keeps a connection on which a byte of *drip* comes every 50 ms."""
    started, rest = time.monotonic(), iter(drip)
    one.settimeout(0.05)
    while time.monotonic() < started + 8:
        try:
            one.send(bytes([next(rest, 0)] if drip else []))
            if one.recv(1) == b"":
                break
        except TimeoutError:
            continue
        except OSError:
            break
    return time.monotonic() - started


def get(one: socket.socket, path: str, pause_s: float = 0.0) -> bytes:
    """The body of the answer to a request that is sent in two pieces."""
    one.sendall(f"GET {path} HTTP/1.1\r\nHo".encode())
    time.sleep(pause_s)
    one.sendall(b"st: a\r\n\r\n")
    answer = http.client.HTTPResponse(one)
    answer.begin()
    return answer.read()


def test_who_was_too_slow_is_told_and_who_said_nothing_is_not(port: int) -> None:
    with capture_logs() as lines, connected(port) as silent, connected(port) as slow:
        slow.sendall(b"GET /")
        assert seconds_kept(slow) < 6
        assert seconds_kept(silent) < 6
    assert [one["client"] for one in lines if one["event"] == "client.too_slow"] == ["127.0.0.1"]


@pytest.mark.parametrize(
    ("begins", "drip"),
    [
        (b"", b""),
        (b"", b"GET /" + b"a" * 200),
        (b"GET / HTTP/1.1\r\nHost: a\r\n", b"X-Header: " + b"a" * 200),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 500\r\n\r\n", b"a" * 200),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n" * 40),
        (b"GET /one HTTP/1.1\r\nHost: a\r\n\r\nGET /two", b"a" * 200),
    ],
    ids=["silence", "line", "head", "body", "chunks", "second"],
)
def test_a_request_that_is_not_whole_in_time_is_broken_off(port: int, begins: bytes, drip: bytes) -> None:
    with connected(port) as one:
        one.sendall(begins)
        assert 0.3 < seconds_kept(one, drip) < 6


def test_an_answer_may_take_longer_than_the_request(port: int) -> None:
    with connected(port) as one:
        assert get(one, "/slow?1.5") == b"/slow"


def test_of_many_requests_on_a_connection_each_has_its_own_time(port: int) -> None:
    with connected(port) as one:
        for number in range(6):
            assert get(one, f"/{number}", pause_s=0.25) == f"/{number}".encode()


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="only Linux ends a connection that nobody reads")
def test_an_answer_that_nobody_reads_is_not_kept(server: uvicorn.Server, port: int) -> None:
    with closing(socket.socket()) as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        one.connect(("127.0.0.1", port))
        one.sendall(b"GET /big HTTP/1.1\r\nHost: a\r\n\r\n")
        assert kept(server, 1) == 1
        assert kept(server, 0) == 0


def test_there_are_only_so_many_connections_and_room_again_when_some_end(server: uvicorn.Server, port: int) -> None:
    many = [connected(port) for _ in range(60)]
    time.sleep(0.2)
    assert len(server.server_state.connections) <= Quick.at_once
    assert kept(server, 0) == 0
    with connected(port) as one:
        assert get(one, "/again") == b"/again"
    for each in many:
        each.close()


def kept(server: uvicorn.Server, wanted: int) -> int:
    """How many connections the server keeps, once they are so many, or after ten seconds."""
    until = time.monotonic() + 10
    while (found := len(server.server_state.connections)) != wanted and time.monotonic() < until:
        time.sleep(0.02)
    return found
