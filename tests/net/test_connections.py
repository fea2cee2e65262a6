from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import psutil
import pytest
from test_client import LOOPBACK, Place, answered, failed, ok, place

from net.client import GuardedClient

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def open_to(*places: Place) -> int:
    """How many connections of ours to these servers are open."""
    ports = {there.port for there in places}
    ours = psutil.Process().net_connections("tcp")
    return sum(one.status == "ESTABLISHED" and bool(one.raddr) and one.raddr.port in ports for one in ours)


async def test_no_more_requests_are_under_way_than_were_allowed_and_the_others_wait() -> None:
    under_way: list[int] = []

    async def answer(_request: bytes, writer: asyncio.StreamWriter) -> None:
        under_way.append(open_to(there))
        await asyncio.sleep(0.05)
        writer.write(ok(b"hello"))

    async with place(answer) as there, GuardedClient(allow=LOOPBACK, at_once=3) as client:
        answers = await asyncio.gather(*(client.get(there.url()) for _ in range(12)))
    assert [answered(one).body for one in answers] == [b"hello"] * 12
    assert max(under_way) == 3


async def test_of_many_servers_only_the_last_ones_connections_are_kept() -> None:
    async with AsyncExitStack() as stack:
        there = [await stack.enter_async_context(place(ok(b"hello"))) for _ in range(6)]
        client = await stack.enter_async_context(GuardedClient(allow=LOOPBACK, at_once=4))
        for one in [*there, there[5], there[0]]:
            answered(await client.get(one.url()))
        assert [one.connections for one in there] == [2, 1, 1, 1, 1, 1]
        assert open_to(*there) == 2
        await client.aclose()
        assert open_to(*there) == 0


async def test_a_connection_that_the_server_has_closed_is_replaced() -> None:
    async def answer(_request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(ok(b"hello"))  # and closes without a word

    async with place(answer) as there, GuardedClient(allow=LOOPBACK) as client:
        for _ in range(3):
            assert answered(await client.get(there.url())).body == b"hello"
            await asyncio.sleep(0.05)
    assert there.connections == 3


async def test_after_an_answer_that_was_not_read_to_its_end_the_next_one_is_whole() -> None:
    async with place(ok(b"y" * 1_000_000)) as there, GuardedClient(allow=LOOPBACK) as client:
        assert answered(await client.post(there.url(), content=b"", keep_bytes=10)).truncated
        assert len(answered(await client.get(there.url())).body) == 1_000_000
    assert there.connections == 2


async def test_a_request_that_is_given_up_leaves_its_place_to_the_next_one() -> None:
    async def answer(request: bytes, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(5 if request.startswith(b"GET /slow ") else 0)
        writer.write(ok(b"hello"))

    async with place(answer) as there, GuardedClient(allow=LOOPBACK, at_once=1) as client:
        slow = asyncio.create_task(client.get(there.url("/slow"), total_s=0.2))
        waiting = [client.get(there.url(), total_s=3.0) for _ in range(3)]
        assert [answered(one).status for one in await asyncio.gather(*waiting)] == [200] * 3
        assert failed(await slow) == "timeout"
        assert open_to(there) == 0


async def test_an_answer_that_nobody_asked_for_is_not_taken_for_the_next_ones() -> None:
    async with place(ok(b"asked for") + ok(b"not asked for")) as there, GuardedClient(allow=LOOPBACK) as client:
        bodies = [answered(await client.post(there.url(), content=b"")).body for _ in range(3)]
        bodies += [answered(await client.get(there.url())).body for _ in range(2)]
    assert bodies == [b"asked for"] * 5
    assert (len(there.requests), there.connections) == (5, 5)


async def test_interim_answers_without_end_end_with_the_time() -> None:
    async def answer(_request: bytes, writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 100)
            await writer.drain()

    before = psutil.Process().memory_info().rss
    async with place(answer) as there, GuardedClient(allow=LOOPBACK) as client:
        assert failed(await client.post(there.url(), content=b"", total_s=1.0)) == "timeout"
    assert psutil.Process().memory_info().rss - before < 20_000_000
