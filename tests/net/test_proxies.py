from __future__ import annotations

import base64

import pytest
from test_client import LOOPBACK, answered, failed, ok, place, redirect

from net.client import GuardedClient, NetFailure
from net.guard import check_proxy, is_address

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_a_proxy_is_asked_for_the_whole_url_and_looks_the_name_up_itself() -> None:
    async with place(ok(b"a feed")) as proxy, GuardedClient() as client:
        answer = await client.get("http://feeds.nowhere.invalid/rss?a=1", proxy=proxy.url(""))
    assert answered(answer).body == b"a feed"
    assert proxy.requests[0].startswith(b"GET http://feeds.nowhere.invalid/rss?a=1 HTTP/1.1\r\n")
    assert b"proxy-authorization" not in proxy.requests[0].lower()


async def test_a_user_name_and_password_go_to_the_proxy_and_into_no_message() -> None:
    async with place(ok(b"a feed")) as proxy, GuardedClient() as client:
        url = f"http://desk:hush@127.0.0.1:{proxy.port}"
        answered(await client.get("http://feeds.nowhere.invalid/", proxy=url))
        failure = await client.get("http://feeds.nowhere.invalid/", proxy="http://desk:hush@127.0.0.1:9")
    basic = b"Proxy-Authorization: Basic " + base64.b64encode(b"desk:hush")
    assert basic.lower() in proxy.requests[0].lower()
    assert isinstance(failure, NetFailure)
    assert failure.kind == "proxy"
    assert "http://127.0.0.1:9" in failure.message
    assert "hush" not in failure.message


async def test_a_tunnel_that_the_proxy_refuses_is_a_failure_of_the_proxy() -> None:
    refusal = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    async with place(refusal) as proxy, GuardedClient() as client:
        answer = await client.get("https://feeds.nowhere.invalid/", proxy=proxy.url(""))
    assert failed(answer) == "proxy"
    assert proxy.requests[0].startswith(b"CONNECT feeds.nowhere.invalid:443 HTTP/1.1\r\n")


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "[::1]", "localhost", "0x7f000001", "127.1"]
)
async def test_no_proxy_is_asked_for_an_address_that_is_not_public(host: str) -> None:
    async with place(ok(b"secret")) as proxy, GuardedClient() as client:
        assert failed(await client.get(f"http://{host}/", proxy=proxy.url(""))) == "refused_address"
    assert proxy.connections == 0


async def test_a_redirect_through_a_proxy_is_checked_too() -> None:
    async with place(redirect("http://169.254.169.254/latest")) as proxy, GuardedClient() as client:
        assert failed(await client.get("http://feeds.nowhere.invalid/", proxy=proxy.url(""))) == "refused_address"
    assert proxy.connections == 1


async def test_the_operators_own_networks_may_be_reached_through_a_proxy() -> None:
    async with place(ok(b"intranet")) as proxy, GuardedClient(allow=LOOPBACK) as client:
        assert answered(await client.get("http://127.0.0.1:8080/", proxy=proxy.url(""))).body == b"intranet"


def test_a_proxy_has_a_scheme_and_a_host() -> None:
    assert check_proxy("http://proxy.example:3128") is None
    assert check_proxy("https://user:word@proxy.example") is None
    assert check_proxy("socks5://proxy.example") is not None
    assert check_proxy("proxy.example:3128") is not None
    assert check_proxy("http://") is not None


def test_addresses_are_told_from_names() -> None:
    assert all(map(is_address, ("127.0.0.1", "::1", "127.1", "0x7f.1", "2130706433", "fe80::1%eth0")))
    assert not any(map(is_address, ("example.org", "1and1.com", "cafe.example", "a1", "beef")))
