"""Open TCP connections only to addresses that were looked up once and all of them permitted."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

import httpcore

from net.guard import AddressPolicy

Resolve = Callable[[str, int], list[str]]
"""(host, port) → its addresses; raises OSError. Blocking: called in a thread."""

LOOKUPS_AT_ONCE = 32


class AddressRefused(httpcore.ConnectError):
    """The host leads to an address that the policy refuses; nothing was connected."""


class LookupFailed(httpcore.ConnectError):
    """The host's name has no address, or nobody could say."""


def system_resolver(host: str, port: int) -> list[str]:
    """Every address that the system gives for *host*, in the order it prefers. Odd spellings of IPv4 such as
    `127.1` or `0x7f000001` come out as what a connection would reach.
    """
    answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(answer[4][0]) for answer in answers))


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Resolves once, checks every answer, connects to the checked address. TLS still verifies the host's name,
    because only the address of the TCP connection is replaced.
    """

    def __init__(self, policy: AddressPolicy, resolve: Resolve = system_resolver) -> None:
        self._policy = policy
        self._resolve = resolve
        self._plain = httpcore.AnyIOBackend()
        self._lookups = asyncio.Semaphore(LOOKUPS_AT_ONCE)

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first of the host's addresses that answers. *timeout* in seconds covers all of it.

        Raises:
            AddressRefused: one of the addresses is refused.
            LookupFailed: there is no address.
        """
        started = time.monotonic()
        addresses = await self._permitted(host, port, timeout)
        error: Exception = LookupFailed(f"{host} has no address")
        for nth, address in enumerate(addresses):
            left_s = None if timeout is None else max(0.1, timeout - (time.monotonic() - started))
            share_s = None if left_s is None else left_s / (len(addresses) - nth)
            try:
                return await self._plain.connect_tcp(address, port, share_s, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as failed:
                error = failed
        raise error

    async def _permitted(self, host: str, port: int, timeout_s: float | None) -> list[str]:
        try:
            async with asyncio.timeout(timeout_s), self._lookups:
                addresses: list[str] = await in_daemon_thread(self._resolve, host, port)
        except TimeoutError as error:
            raise LookupFailed(f"the name {host} was not resolved within {timeout_s} s") from error
        except (OSError, UnicodeError) as error:
            raise LookupFailed(f"the name {host} cannot be resolved ({error})") from error
        for address in addresses:
            if why := self._policy.why_refused(address):
                raise AddressRefused(f"{host} leads to {address} ({why}), which is not public")
        return addresses

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Always refused: no stranger lives behind a path."""
        raise AddressRefused(f"{path}: sockets of this machine are refused")

    async def sleep(self, seconds: float) -> None:
        """Part of the interface; httpcore sleeps between retries."""
        await asyncio.sleep(seconds)


async def in_daemon_thread(work: Callable[..., Any], *arguments: object) -> Any:
    """Run blocking *work* in a thread that neither cancellation nor the program's end has to wait for: a look-up
    that hangs cannot be interrupted, and threads of an executor are joined at exit.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Any] = loop.create_future()

    def settle(result: Any, error: Exception | None) -> None:
        if future.done():
            return
        future.set_exception(error) if error else future.set_result(result)

    def run() -> None:
        result, failed = None, None
        try:
            result = work(*arguments)
        except Exception as error:  # noqa: BLE001 - handed over to whoever awaits
            failed = error
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, result, failed)

    threading.Thread(target=run, daemon=True, name="lookup").start()
    return await future
