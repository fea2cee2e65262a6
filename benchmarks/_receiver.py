"""A webhook receiver in a process of its own: as quick as Python can be, and it writes down what came when."""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection

HANG_S = 60.0

Came = tuple[float, str, str]
"""When (seconds, time.time), at which path, with which webhook-id."""


@dataclass(frozen=True)
class Receiver:
    """`url` takes any path; what is sent to a path that begins with /hang is not answered."""

    url: str
    pipe: Connection

    def take(self) -> list[Came]:
        """What has come since the last call."""
        self.pipe.send("take")
        came: list[Came] = self.pipe.recv()
        return came


@contextmanager
def receiver() -> Iterator[Receiver]:
    """Start one, and end it."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_main, args=(theirs,), daemon=True)
    process.start()
    try:
        yield Receiver(f"http://127.0.0.1:{ours.recv()}", ours)
    finally:
        process.kill()
        process.join()


def _main(pipe: Connection) -> None:
    asyncio.run(_serve(pipe))


async def _serve(pipe: Connection) -> None:
    came: list[Came] = []

    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await _one(reader, writer, came):
                pass
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    def asked() -> None:
        pipe.recv()
        pipe.send(came[:])
        came.clear()

    server = await asyncio.start_server(client, "127.0.0.1", 0, backlog=1_000)
    asyncio.get_running_loop().add_reader(pipe.fileno(), asked)
    pipe.send(server.sockets[0].getsockname()[1])
    await server.serve_forever()


async def _one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, came: list[Came]) -> bool:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    at = time.time()
    path = head[0].split(" ")[1]
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
    await reader.readexactly(int(headers.get("content-length", 0)))
    came.append((at, path, headers.get("webhook-id", "")))
    if path.startswith("/hang"):
        await asyncio.sleep(HANG_S)
        return False
    writer.write(b"HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n")
    await writer.drain()
    return True
