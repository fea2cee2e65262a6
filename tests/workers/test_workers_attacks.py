"""Receivers, mail servers and operators at their worst moments: nothing is lost, nothing counts as delivered that was
not, and a repeat has the same id and the same bytes.
"""

from __future__ import annotations

import asyncio
import base64
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update
from standardwebhooks import Webhook, WebhookVerificationError

from net.client import GuardedClient
from store.backup import backup
from store.database import Database
from store.ids import endpoint_id
from store.retention import Keep, prune
from store.subscriptions import sync
from store.tables import article, attempt, delivery, fetch
from tests.workers.conftest import Silent, secrets
from tests.workers.parts import SECRET, Received, Receiver, Words, add_articles, eventually, hook, mail
from tests.workers.test_workers_corrections import sound
from tests.workers.test_workers_decisions import PARCEL
from tests.workers.test_workers_sending import Make, deliver, due_now, rows, sending, told
from tests.workers.test_workers_webhook import told as of
from workers.channels import Delivered, Outcome, TryAgain
from workers.channels.channel import TOTAL_S
from workers.channels.email import GOOD_BYE_S, freeze, send
from workers.context import Context
from workers.matching import match_articles
from workers.smtp import SmtpServer

NEW = "whsec_" + base64.b64encode(b"n" * 32).decode()
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
NO = b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"


@dataclass
class Raw:
    """A server of raw bytes; `answers` are given one after the other, the last one for ever."""

    answers: list[bytes]
    asked: int = 0
    listener: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}/raw"

    def run(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        with suppress(ConnectionError), connection, connection.makefile("rwb", buffering=0) as lines:
            while self._read(lines):
                self.asked += 1
                lines.write(self.answers[min(self.asked, len(self.answers)) - 1])

    def _read(self, lines: Any) -> bool:
        """One request to its end; False where there is none."""
        length = 0
        while (line := lines.readline()) not in (b"", b"\r\n"):
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        while length > 0 and (body := lines.read(length)):
            length -= len(body)
        return line != b""


@contextmanager
def raw(*answers: bytes) -> Iterator[Raw]:
    server = Raw(list(answers))
    threading.Thread(target=server.run, daemon=True).start()
    try:
        yield server
    finally:
        server.listener.close()


def test_an_answer_sent_ahead_does_not_count_for_the_delivery_after_it(db: Database, make_context: Make) -> None:
    context = make_context()
    with raw(OK + OK, NO) as server:
        told(db, context, [server.url], articles=2)
        with db.write() as connection:
            connection.execute(update(delivery).where(delivery.c.seq == 2).values(next_at=2**60))
        with sending(context) as sender:
            sender.settle()
            due_now(db)
            sender.settle()
    assert server.asked == 2
    assert rows(db, delivery.c.status, order=delivery.c.seq) == [("delivered",), ("pending",)]
    assert sound(db)


def test_a_head_of_a_megabyte_is_a_failure_in_words_and_no_more(db: Database, make_context: Make) -> None:
    lines = b"".join(b"X-%d: %s\r\n" % (number, b"y" * 1_000) for number in range(1_000))
    with raw(b"HTTP/1.1 200 OK\r\n" + lines + b"Content-Length: 0\r\n\r\n") as server:
        told(db, make_context(), [server.url])
        deliver(make_context())
    ((detail,),) = rows(db, attempt.c.detail, order=attempt.c.id)
    assert "does not speak proper HTTP" in detail
    assert rows(db, delivery.c.status) == [("pending",)]


@pytest.mark.slow
def test_a_yes_that_comes_after_the_time_is_no_yes_and_the_next_try_is_the_same(
    sqlite_db: Database, receiver: Receiver
) -> None:
    def late(_path: str, before: int) -> tuple[int, dict[str, str]]:
        time.sleep(TOTAL_S + 1.0 if before == 0 else 0.0)
        return 200, {}

    receiver.answer = late
    context = Context(db=sqlite_db, doorbell=Silent(), rules=Words, secrets=secrets, allow=("127.0.0.0/8",))
    told(sqlite_db, context, [receiver.url()])
    with sending(context) as sender:
        sender.settle()
        time.sleep(1.5)  # the yes comes now
        assert rows(sqlite_db, delivery.c.status) == [("pending",)]
        due_now(sqlite_db)
        sender.settle()
    assert len({(one.id, one.body) for one in receiver.got}) == 1
    assert rows(sqlite_db, attempt.c.outcome, order=attempt.c.id) == [("try_again",), ("delivered",)]


def test_a_subscription_that_goes_while_its_deliveries_are_in_the_air_is_told_all_that_was_made(
    db: Database, make_context: Make, receiver: Receiver
) -> None:
    receiver.hold_s["/hook"] = 0.4
    context = make_context()
    told(db, context, [receiver.url()], articles=10)
    with sending(context) as sender:
        sender.take_up()
        eventually(lambda: len(receiver.got) >= 2)
        sync(db, [])
        match_articles(context, add_articles(db, ["embargo"], "later"))
        sender.settle()
    assert len(set(receiver.ids())) == 10
    assert set(rows(db, delivery.c.status)) == {("delivered",)}
    assert sound(db)


def test_a_secret_that_is_changed_in_the_middle_of_a_batch_leaves_no_try_that_nobody_can_verify(
    db: Database, make_context: Make, receiver: Receiver
) -> None:
    """The old key, then both, then the new one; the receiver trusts both meanwhile, as it must."""
    keys = {"env:OLD": SECRET, "env:NEW": NEW}
    context = make_context(secrets=keys.__getitem__)
    receiver.hold_s["/hook"] = 0.1
    sync(db, [hook(receiver.url(), secret="env:OLD")])
    match_articles(context, add_articles(db, ["embargo"] * 24))
    with sending(context) as sender:
        sender.take_up()
        for number, secret in ((4, "env:NEW env:OLD"), (12, "env:NEW")):
            eventually(lambda number=number: len(receiver.got) >= number)
            sync(db, [hook(receiver.url(), secret=secret)])
        sender.settle()
    assert len({(one.id, one.body) for one in receiver.got}) == len(receiver.got) == 24
    assert all(verified(one) for one in receiver.got)
    assert receiver.got[0].valid
    assert not receiver.got[-1].valid  # by the old key


def verified(one: Received) -> bool:
    def by(secret: str) -> bool:
        try:
            Webhook(secret).verify(one.body, one.headers)
        except WebhookVerificationError:
            return False
        return True

    return by(SECRET) or by(NEW)


def test_two_that_prune_at_once_beside_senders_leave_the_ledger_even(
    db: Database, make_context: Make, receiver: Receiver
) -> None:
    context = make_context()
    told(db, context, [receiver.url()], articles=60)
    with db.write() as connection:
        id = connection.scalar(select(article.c.feed_id).limit(1))
        line = {"feed_id": id, "outcome": "fetched", "entries": 1, "new": 0, "changed": 0, "known": 1}
        connection.execute(fetch.insert(), [{**line, "at": number + 1} for number in range(500)])
    everything = Keep(texts_s=0, bodies_s=0, evidence_s=0, fetches_s=0)
    pruning = [threading.Thread(target=prune, args=(db, everything)) for _ in range(2)]
    for one in pruning:
        one.start()
    deliver(context)
    for one in pruning:
        one.join()
    prune(db, everything)
    assert len(set(receiver.ids())) == 60
    assert all(one.valid for one in receiver.got)
    with db.read() as connection:
        assert connection.scalar(select(func.sum(fetch.c.known))) == 500
        assert connection.scalar(select(func.count()).select_from(fetch)) == 1
    assert sound(db)


def test_a_backup_in_the_middle_of_a_burst_is_even_and_goes_on_under_the_same_ids(
    sqlite_db: Database, receiver: Receiver, tmp_path: Path
) -> None:
    context = Context(db=sqlite_db, doorbell=Silent(), rules=Words, secrets=secrets, allow=("127.0.0.0/8",))
    sync(sqlite_db, [hook(receiver.url())])
    bursts = [add_articles(sqlite_db, ["embargo"] * 20, f"burst{number}-") for number in range(6)]
    burst = threading.Thread(target=lambda: [match_articles(context, ids) for ids in bursts])
    with sending(context) as sender:
        burst.start()
        eventually(lambda: bool(sender.take_up()))
        backup(Path(str(sqlite_db.engine.url.database)), tmp_path / "copy.sqlite3")
        burst.join()
        sender.settle()
    copy = Database(str(tmp_path / "copy.sqlite3"))
    assert sound(copy)
    restored = replace(context, db=copy)
    match_articles(restored, [id for ids in bursts for id in ids])
    with copy.write() as connection:
        connection.execute(update(delivery).values(lease_until_at=None, lease_owner=None))
    deliver(restored)
    copy.close()
    assert len(set(receiver.ids())) == 120
    assert len({(one.id, one.path) for one in receiver.got}) == 120


class Stubborn:
    """An SMTP server that stops for good before it answers the command `at` (`.` is the end of a mail)."""

    def __init__(self, at: str) -> None:
        self.at = at
        self.mails: list[bytes] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        connection, _ = self.listener.accept()
        with connection, connection.makefile("rwb", buffering=0) as lines:
            lines.write(b"220 here\r\n")
            while (line := lines.readline()) and line[:4].strip().upper().decode() != self.at:
                if line.upper().startswith(b"DATA"):
                    lines.write(b"354 go on\r\n")
                    self.mails.append(b"".join(iter(lines.readline, b".\r\n")))
                    if self.at == ".":
                        break
                lines.write(b"250 OK\r\n")
            lines.readlines()


def handed_over(db: Database, at: str) -> tuple[Outcome, float, int]:
    """What became of a mail, after how many seconds, and how many mails the server has."""
    server = Stubborn(at)
    smtp = SmtpServer.parse(f"smtp://127.0.0.1:{server.listener.getsockname()[1]}")
    context = Context(db=db, doorbell=Silent(), rules=Words, secrets=secrets, smtp=smtp)
    address = "desk@example.org"
    sent = {"id": "d1", "channel": "email", "address": address, "body": freeze(of(), mail(), context)}
    parcel = replace(PARCEL, **sent, endpoint_id=endpoint_id("email", address))

    async def once() -> Outcome:
        async with GuardedClient() as client:
            return await send(parcel, context, client)

    started = time.monotonic()
    return asyncio.run(once()), time.monotonic() - started, len(server.mails)


@pytest.mark.slow
def test_a_mail_server_that_hangs_within_a_mail_costs_the_time_of_a_try_and_no_more(sqlite_db: Database) -> None:
    """Hanging before a mail and at its end, side by side: each takes its whole time."""
    with ThreadPoolExecutor(2) as pool:
        ends = list(pool.map(partial(handed_over, sqlite_db), ["DATA", "."]))
    for outcome, took_s, _ in ends:
        assert isinstance(outcome, TryAgain)
        assert outcome.ours
        assert took_s < TOTAL_S + 5


def test_a_mail_that_was_accepted_is_not_sent_again_because_the_server_hangs_at_the_good_bye(
    sqlite_db: Database,
) -> None:
    outcome, took_s, mails = handed_over(sqlite_db, "QUIT")
    assert isinstance(outcome, Delivered)
    assert mails == 1
    assert took_s < GOOD_BYE_S + 5
