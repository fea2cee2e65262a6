from __future__ import annotations

import asyncio
import contextlib
import gzip
import ssl
import time
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from net.client import Answer, GuardedClient, NetFailure, Response

pytestmark = pytest.mark.anyio
LOOPBACK = ["127.0.0.0/8"]
Answering = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@dataclass
class Place:
    """A server of raw bytes: how often it was connected to, and what it was sent."""

    port: int = 0
    connections: int = 0
    requests: list[bytes] = field(default_factory=list)

    def url(self, path: str = "/", host: str = "127.0.0.1", scheme: str = "http") -> str:
        return f"{scheme}://{host}:{self.port}{path}"


@asynccontextmanager
async def place(answer: bytes | Answering, tls: ssl.SSLContext | None = None) -> AsyncIterator[Place]:
    there = Place()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there.connections += 1
        try:
            while request := await reader.readuntil(b"\r\n\r\n"):
                there.requests.append(request)
                if isinstance(answer, bytes):
                    writer.write(answer)
                else:
                    await answer(request, writer)
                await writer.drain()
                if b"connection: close" in (answer.lower() if isinstance(answer, bytes) else b"connection: close"):
                    break
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    there.port = server.sockets[0].getsockname()[1]
    try:
        yield there
    finally:
        server.close()


def ok(body: bytes, *headers: str, length: int | None = None) -> bytes:
    lines = ["HTTP/1.1 200 OK", f"Content-Length: {len(body) if length is None else length}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


def redirect(to: str, status: int = 302) -> bytes:
    return f"HTTP/1.1 {status} Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n".encode()


def failed(answer: Answer) -> str:
    assert isinstance(answer, NetFailure), answer
    assert answer.message
    return answer.kind


def answered(answer: Answer) -> Response:
    assert isinstance(answer, Response), answer
    return answer


async def test_body_headers_and_time_come_back() -> None:
    async with place(ok(b"hello", "X-A: 1", "X-A: 2")) as there, GuardedClient(allow=LOOPBACK) as client:
        answer = answered(await client.get(there.url("/x?y=1")))
    assert (answer.status, answer.body, answer.headers["x-a"], answer.truncated) == (200, b"hello", "1, 2", False)
    assert answer.url == there.url("/x?y=1")
    assert 0 < answer.elapsed_s < 5
    assert there.requests[0].startswith(b"GET /x?y=1 HTTP/1.1\r\n")


async def test_connections_are_used_again() -> None:
    async with place(ok(b"hello")) as there, GuardedClient(allow=LOOPBACK) as client:
        for _ in range(3):
            answered(await client.get(there.url()))
    assert (there.connections, len(there.requests)) == (1, 3)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.1", "0x7f000001", "2130706433", "0177.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0"],
)
async def test_an_address_of_this_machine_is_refused_without_a_connection(host: str) -> None:
    async with place(ok(b"secret")) as there, GuardedClient() as client:
        kind = failed(await client.get(there.url(host=host)))
    assert kind in ("refused_address", "dns", "url")
    assert there.connections == 0


@pytest.mark.parametrize(
    "host", ["169.254.169.254", "100.64.0.10", "10.0.0.1", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[fd00::1]"]
)
async def test_a_private_address_is_refused_at_once(host: str) -> None:
    async with GuardedClient(allow=LOOPBACK) as client:
        assert failed(await client.get(f"http://{host}/", total_s=5)) == "refused_address"


async def test_one_private_answer_among_public_ones_refuses_the_host() -> None:
    def resolve(host: str, port: int) -> list[str]:
        return ["93.184.216.34", "127.0.0.1"]

    async with place(ok(b"secret")) as there, GuardedClient(resolve=resolve) as client:
        assert failed(await client.get(there.url(host="rebind.example"))) == "refused_address"
    assert there.connections == 0


async def test_a_name_is_looked_up_once_and_the_checked_address_connected_to() -> None:
    answers = [["127.0.0.1"], ["10.0.0.1"]]  # what a rebinding name server would say the second time

    def resolve(host: str, port: int) -> list[str]:
        return answers.pop(0)

    async with place(ok(b"hello")) as there, GuardedClient(allow=LOOPBACK, resolve=resolve) as client:
        answered(await client.get(there.url(host="once.example")))
    assert answers == [["10.0.0.1"]]
    assert b"host: once.example:" in there.requests[0].lower()


async def test_the_next_address_is_tried_where_one_does_not_answer() -> None:
    def resolve(host: str, port: int) -> list[str]:
        return ["127.0.0.2", "127.0.0.1"]

    async with place(ok(b"hello")) as there, GuardedClient(allow=LOOPBACK, resolve=resolve) as client:
        assert answered(await client.get(there.url(host="two.example"))).body == b"hello"


async def test_a_redirect_to_a_private_address_is_refused_without_a_connection() -> None:
    async with place(ok(b"secret")) as inner:
        target = f"http://127.0.0.2:{inner.port}/"
        async with place(redirect(target)) as there, GuardedClient(allow=["127.0.0.1/32"]) as client:
            assert failed(await client.get(there.url())) == "refused_address"
    assert (there.connections, inner.connections) == (1, 0)


async def test_redirects_are_followed_and_reported() -> None:
    async def answer(request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(ok(b"there", "Connection: close") if b"/b" in request else redirect("/b#part", 301))

    async with place(answer) as there, GuardedClient(allow=LOOPBACK) as client:
        found = answered(await client.get(there.url("/a")))
    assert found.body == b"there"
    assert [(hop.status, hop.url) for hop in found.hops] == [(301, there.url("/b"))]
    assert found.url == there.url("/b")


@pytest.mark.parametrize(
    ("to", "kind"),
    [
        ("/again", "too_many_redirects"),
        ("ftp://127.0.0.1/x", "url"),
        ("http://u:p@127.0.0.1/x", "url"),
        ("http://127.0.0.1:6379/", "url"),
        ("file:///etc/passwd", "url"),
        ("", "redirect"),
        ("http://[::1/", "redirect"),
    ],
)
async def test_a_redirect_that_leads_nowhere_good_is_a_failure(to: str, kind: str) -> None:
    async with place(redirect(to)) as there, GuardedClient(allow=LOOPBACK) as client:
        assert failed(await client.get(there.url())) == kind
    assert len(there.requests) <= 6


async def test_without_following_a_redirect_is_an_answer() -> None:
    async with place(redirect("/x")) as there, GuardedClient(allow=LOOPBACK) as client:
        assert answered(await client.get(there.url(), follow=False)).status == 302
        assert answered(await client.post(there.url(), content=b"{}")).status == 302
    assert len(there.requests) == 2


async def test_a_post_sends_its_bytes_and_cannot_replace_the_host() -> None:
    async with place(ok(b"thanks")) as there, GuardedClient(allow=LOOPBACK, user_agent="Tocsin/9") as client:
        headers = {"Content-Type": "application/json", "Host": "evil.example"}
        assert answered(await client.post(there.url(), content=b"", headers=headers)).body == b"thanks"
    assert there.requests[0].lower().count(b"host:") == 1
    assert b"evil.example" not in there.requests[0]
    assert b"user-agent: Tocsin/9" in there.requests[0]


async def test_a_header_with_a_line_break_is_refused() -> None:
    async with place(ok(b"")) as there, GuardedClient(allow=LOOPBACK) as client:
        assert failed(await client.post(there.url(), content=b"", headers={"X-A": "1\r\nX-B: 2"})) == "protocol"
    assert there.requests == []


@pytest.mark.parametrize("coding", ["gzip", "deflate", "raw deflate", "two members"])
async def test_coded_bodies_are_decoded(coding: str) -> None:
    text = b"hello " * 1000
    raw = zlib.compressobj(wbits=-15)
    coded = {
        "gzip": gzip.compress(text),
        "deflate": zlib.compress(text),
        "raw deflate": raw.compress(text) + raw.flush(),
        "two members": gzip.compress(text[:999]) + gzip.compress(text[999:]),
    }[coding]
    name = {"raw deflate": "deflate", "two members": "gzip"}.get(coding, coding)
    async with place(ok(coded, f"Content-Encoding: {name}")) as there, GuardedClient(allow=LOOPBACK) as client:
        answer = answered(await client.get(there.url()))
    assert (answer.body, answer.truncated) == (text, False)
    assert b"accept-encoding: gzip\r\n" in there.requests[0]


@pytest.mark.parametrize("text", [b"<rss/>", b"\n <rss/>", b'{"version": 1}', b"\xef\xbb\xbf<rss/>"])
async def test_a_body_that_is_only_said_to_be_packed_is_taken_as_it_came(text: bytes) -> None:
    async with place(ok(text, "Content-Encoding: gzip")) as there, GuardedClient(allow=LOOPBACK) as client:
        answer = answered(await client.get(there.url()))
    assert (answer.body, answer.truncated) == (text, False)


async def test_a_redirect_to_a_name_that_cannot_be_is_a_failure_in_words() -> None:
    found = b"HTTP/1.1 302 Found\r\nLocation: http://xn--/\r\nContent-Length: 0\r\n\r\n"
    async with place(found) as there, GuardedClient(allow=LOOPBACK) as client:
        assert failed(await client.get(there.url())) == "url"


async def test_a_gzip_bomb_is_cut_at_the_limit() -> None:
    bomb = gzip.compress(b"\0" * 300_000_000, 9)
    async with place(ok(bomb, "Content-Encoding: gzip")) as there, GuardedClient(allow=LOOPBACK) as client:
        assert failed(await client.get(there.url(), limit_bytes=1_000_000)) == "too_large"


async def test_a_body_that_never_ends_is_cut_at_the_limit() -> None:
    async def answer(_request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        for _ in range(3200):
            writer.write(b"x" * 65_536)
            await writer.drain()

    async with place(answer) as there, GuardedClient(allow=LOOPBACK) as client:
        assert failed(await client.get(there.url(), limit_bytes=5_000_000)) == "too_large"


async def test_of_an_answer_to_a_post_only_the_beginning_is_kept() -> None:
    async with place(ok(b"y" * 5_000_000)) as there, GuardedClient(allow=LOOPBACK) as client:
        answer = answered(await client.post(there.url(), content=b"{}", keep_bytes=1_000))
    assert (answer.status, answer.body, answer.truncated) == (200, b"y" * 1_000, True)


async def test_an_answer_without_end_costs_no_memory() -> None:
    async def answer(_request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            while True:
                writer.write(bomb)
                await writer.drain()

    bomb = gzip.compress(b"\0" * 100_000_000, 9)
    process = psutil.Process()
    async with place(answer) as there, GuardedClient(allow=LOOPBACK) as client:
        before = process.memory_info().rss
        for _ in range(5):
            assert len(answered(await client.post(there.url(), content=b"{}")).body) <= 65_536
        assert process.memory_info().rss - before < 20_000_000


async def _drip(_request: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nConnection: close\r\n\r\n")
    for _ in range(100):
        writer.write(b"z")
        await writer.drain()
        await asyncio.sleep(0.05)


async def test_a_dripping_body_is_cut_at_the_total_time() -> None:
    async with place(_drip) as there, GuardedClient(allow=LOOPBACK) as client:
        started = asyncio.get_running_loop().time()
        assert failed(await client.get(there.url(), total_s=0.5)) == "timeout"
        assert asyncio.get_running_loop().time() - started < 1.5


async def test_a_receiver_that_has_answered_but_drips_its_body_counts_as_answered() -> None:
    async with place(_drip) as there, GuardedClient(allow=LOOPBACK) as client:
        answer = answered(await client.post(there.url(), content=b"{}", total_s=0.5))
    assert (answer.status, answer.truncated) == (200, True)


async def test_a_server_that_says_nothing_is_a_timeout() -> None:
    async def answer(_request: bytes, _writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(5)

    async with place(answer) as there, GuardedClient(allow=LOOPBACK) as client:
        assert failed(await client.post(there.url(), content=b"", total_s=0.3)) == "timeout"


async def test_a_body_that_breaks_off_is_marked() -> None:
    async with (
        place(ok(b"half", "Connection: close", length=100)) as there,
        GuardedClient(allow=LOOPBACK) as client,
    ):
        answer = answered(await client.get(there.url()))
    assert (answer.body, answer.truncated) == (b"half", True)


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (b"\x16\x03\x01 not HTTP\r\n\r\nConnection: close", "protocol"),
        (ok(b"junk", "Content-Encoding: gzip"), "protocol"),
        (ok(b"junk", "Content-Encoding: br"), "protocol"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"a" * 500_000 + b"\r\n\r\n", "protocol"),
    ],
)
async def test_what_is_not_http_is_a_failure_in_words(raw: bytes, kind: str) -> None:
    async with place(raw) as there, GuardedClient(allow=LOOPBACK) as client:
        assert failed(await client.get(there.url(), total_s=5)) == kind


async def test_no_listener_and_no_name_are_told_apart() -> None:
    async with place(b"") as there:
        pass
    async with GuardedClient(allow=LOOPBACK) as client:
        assert failed(await client.get(there.url())) == "connect"
        assert failed(await client.get("http://no-such-host.invalid/", total_s=10)) == "dns"
        assert failed(await client.get("gopher://example.org/")) == "url"


async def test_a_look_up_that_hangs_ends_with_the_time_limit() -> None:
    def resolve(host: str, port: int) -> list[str]:
        time.sleep(2)
        return []

    async with GuardedClient(resolve=resolve) as client:
        started = asyncio.get_running_loop().time()
        assert failed(await client.get("http://slow.example/", total_s=0.3)) == "timeout"
        assert asyncio.get_running_loop().time() - started < 1.0


def _certificate(name: str, folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context with a certificate for *name*, and a client's that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "server.pem"
    pem.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    return server, ssl.create_default_context(cadata=certificate.public_bytes(serialization.Encoding.PEM).decode())


async def test_tls_verifies_the_name_though_the_address_was_replaced(tmp_path: Path) -> None:
    server, trusting = _certificate("feeds.example", tmp_path)

    def resolve(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    async with (
        place(ok(b"secure"), tls=server) as there,
        GuardedClient(allow=LOOPBACK, tls=trusting, resolve=resolve) as client,
    ):
        assert answered(await client.get(there.url(host="feeds.example", scheme="https"))).body == b"secure"
        assert failed(await client.get(there.url(host="other.example", scheme="https"))) == "tls"


async def test_a_redirect_from_https_to_http_is_refused(tmp_path: Path) -> None:
    server, trusting = _certificate("feeds.example", tmp_path)
    async with (
        place(redirect("http://127.0.0.1:8080/"), tls=server) as there,
        GuardedClient(allow=LOOPBACK, tls=trusting, resolve=lambda host, port: ["127.0.0.1"]) as client,
    ):
        assert failed(await client.get(there.url(host="feeds.example", scheme="https"))) == "redirect"


async def test_cookies_and_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    async with place(ok(b"a", "Set-Cookie: k=v")) as there, GuardedClient(allow=LOOPBACK) as client:
        answered(await client.get(there.url()))
        answered(await client.get(there.url()))
    assert b"cookie" not in there.requests[1].lower()
