"""What a receiver answers may be any bytes: each outcome is kept, and none stands in the way of the others."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.database import Database
from store.subscriptions import sync
from store.tables import attempt, delivery, endpoint
from store.words import UNFIT
from tests.workers.parts import Receiver, add_articles, hook, mail
from tests.workers.test_workers_decisions import PARCEL
from tests.workers.test_workers_sending import deliver, rows
from workers.channels import Delivered, Refused, TryAgain
from workers.context import Context
from workers.fate import tried_of
from workers.matching import match_articles
from workers.smtp import SmtpServer

ODD = b"Empf\xe4nger \0 unbekannt \xff\xfe"
"""No UTF-8, and a character that PostgreSQL has not."""


class _Smtp(socketserver.StreamRequestHandler):
    """Answers each command as the server's `answers` say, or 250."""

    answers: dict[bytes, bytes]

    def handle(self) -> None:
        self.wfile.write(b"220 here\r\n")
        for line in self.rfile:
            command = line[:4].upper()
            if command == b"DATA" and command not in self.answers:
                self.wfile.write(b"354 go on\r\n")
                while self.rfile.readline() not in (b".\r\n", b""):
                    pass
            self.wfile.write(self.answers.get(command, self.answers.get(b"") or b"250 ok") + b"\r\n")
            if command == b"QUIT":
                return


@contextmanager
def mail_server(answers: dict[bytes, bytes]) -> Iterator[SmtpServer]:
    handler = type("_Answering", (_Smtp,), {"answers": answers})
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield SmtpServer.parse(f"smtp://127.0.0.1:{server.server_address[1]}")
        server.shutdown()


@pytest.mark.parametrize(
    ("answers", "status"),
    [
        ({b"RCPT": b"550 5.1.1 " + ODD}, "dead"),
        ({b"RCPT": b"450 " + ODD}, "pending"),
        ({b"DATA": b"554 5.6.0 " + ODD}, "dead"),
        ({b"MAIL": b"421 " + ODD}, "pending"),
        ({b"": b"250 " + ODD}, "delivered"),
    ],
    ids=["address", "address for now", "message", "sender", "taken"],
)
def test_odd_words_of_a_mail_server_are_kept_and_hold_nobody_up(
    db: Database,
    make_context: Callable[..., Context],
    receiver: Receiver,
    answers: dict[bytes, bytes],
    status: str,
) -> None:
    sync(db, [mail(), hook(receiver.url())])
    with mail_server(answers) as smtp:
        context = make_context(smtp=smtp)
        match_articles(context, add_articles(db, ["embargo"]))
        deliver(context)
    assert set(rows(db, delivery.c.channel, delivery.c.status)) == {("email", status), ("webhook", "delivered")}
    said = rows(db, attempt.c.detail, attempt.c.response, order=attempt.c.id)
    said += rows(db, endpoint.c.last_error, endpoint.c.disabled_why, order=endpoint.c.id)
    assert len(said) == 4
    assert "unbekannt" in repr(said)
    assert not any(UNFIT.search(text) for pair in said for text in pair if text)


texts = st.text(st.characters(exclude_categories=()))


@given(
    st.builds(Delivered, code=st.just(200), response=texts)
    | st.builds(TryAgain, reason=texts, response=texts)
    | st.builds(Refused, reason=texts, response=texts, disable_endpoint=st.booleans())
)
def test_whatever_is_said_the_ledger_can_keep_it(outcome: Delivered | TryAgain | Refused) -> None:
    tried = tried_of(PARCEL, outcome, 1, 3, 0.5)
    for text in (tried.detail, tried.response or "", tried.disable or ""):
        assert UNFIT.search(text) is None
