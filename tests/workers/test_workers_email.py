"""Mail through real SMTP servers: one clean set of headers whatever a feed says, TLS, and what refusals mean."""

from __future__ import annotations

import asyncio
import datetime as dt
import email
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from email import policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from net.client import GuardedClient
from store.database import Database
from store.subscriptions import sync
from store.tables import delivery, endpoint
from tests.workers.conftest import Silent, secrets
from tests.workers.parts import Words, add_articles, mail
from tests.workers.test_workers_decisions import PARCEL
from tests.workers.test_workers_sending import deliver, rows
from tests.workers.test_workers_webhook import told
from workers.channels import Delivered, Outcome, Refused, TryAgain
from workers.channels.email import freeze, send
from workers.context import Context
from workers.matching import match_articles
from workers.refusals import refused_by
from workers.smtp import SmtpServer

ATTACKS = [
    "=?utf-8?q?a=0d=0aBcc:_evil@example.org?=",
    "=?utf-8?b?YQ0KQmNjOiBldmlsQGV4YW1wbGUub3Jn?=",
    "a\r\nBcc: evil@example.org",
    "a\0b",
    "a\u2028Bcc: evil@example.org\u2029",
    "a\x85b\x0bc\x0cd",
    "x" * 10_000,
    "\ud800 half",
    "\u202egnitirw \u200bzero",
    "",
]


@dataclass
class Mailbox:
    """A handler that keeps what it gets; `answers` maps a command to a reply."""

    answers: dict[str, str] = field(default_factory=dict)
    got: list[tuple[str, list[str], bytes]] = field(default_factory=list)

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        if "RCPT" in self.answers:
            return self.answers["RCPT"]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        self.got.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))
        return self.answers.get("DATA", "250 OK")

    def message(self) -> EmailMessage:
        return email.message_from_bytes(self.got[-1][2], policy=policy.default)  # type: ignore[return-value]


Serve = Callable[..., tuple[Mailbox, int]]


@pytest.fixture
def serve() -> Iterator[Serve]:
    running: list[Controller] = []

    def start(**settings: Any) -> tuple[Mailbox, int]:
        box = Mailbox(settings.pop("answers", {}))
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        running.append(Controller(box, hostname="127.0.0.1", port=port, **settings))
        running[-1].start()
        return box, port

    yield start
    for controller in running:
        controller.stop()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate for localhost in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - dt.timedelta(days=1))
    builder = builder.not_valid_after(now + dt.timedelta(days=1))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    file = tmp_path_factory.mktemp("tls") / "localhost.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    return file


@pytest.fixture
def context(sqlite_db: Database) -> Context:
    return Context(
        db=sqlite_db,
        doorbell=Silent(),
        rules=Words,
        secrets=secrets,
        mail_from="Tocsin <tocsin@example.org>",
        base_url="https://tocsin.example.org",
    )


def post(context: Context, smtp: str | SmtpServer | None, title: str = "Embargo ended", **alert: Any) -> Outcome:
    """Freeze and send one alert."""
    server = SmtpServer.parse(smtp) if isinstance(smtp, str) else smtp
    whole = told(**alert)
    whole = replace(whole, data={**whole.data, "article": {**whole.data["article"], "title": title}})
    body = freeze(whole, mail(), context)
    parcel = replace(PARCEL, id="d1", channel="email", address="desk@example.org", body=body)

    async def once() -> Outcome:
        async with GuardedClient() as client:
            return await send(parcel, replace(context, smtp=server), client)

    return asyncio.run(once())


def test_a_mail_arrives_whole(context: Context, serve: Serve) -> None:
    box, port = serve()
    assert post(context, f"smtp://127.0.0.1:{port}", "Ämbargo ended") == Delivered(code=250, response="OK")
    sender, receivers, _ = box.got[0]
    assert (sender, receivers) == ("tocsin@example.org", ["desk@example.org"])
    message = box.message()
    assert message["To"] == "desk@example.org"
    assert message["Subject"] == "[high] T: Ämbargo ended"
    assert message["Message-ID"] == "<d1@example.org>"
    assert message["References"] == message["In-Reply-To"] == "<story.s1@example.org>"
    assert message["Date"] == "Mon, 21 Sep 2026 14:13:20 +0000"
    text, html = (part.get_content() for part in message.iter_parts())
    assert text.lstrip().startswith("“embargo”")
    assert "<blockquote" in html
    assert "https://t.example/alerts/a1" in text


def test_the_same_message_freezes_to_the_same_bytes(context: Context) -> None:
    assert freeze(told(), mail(), context) == freeze(told(), mail(), context)


@pytest.mark.parametrize("title", ATTACKS)
def test_no_title_becomes_a_header(context: Context, serve: Serve, title: str) -> None:
    box, port = serve()
    assert isinstance(post(context, f"smtp://127.0.0.1:{port}", title), Delivered)
    head = box.got[0][2].partition(b"\r\n\r\n")[0]
    names = [line.split(b":")[0].lower() for line in head.split(b"\r\n") if not line.startswith((b" ", b"\t"))]
    assert names.count(b"subject") == 1
    assert b"bcc" not in names
    assert box.got[0][1] == ["desk@example.org"]
    assert all(len(line) <= 998 for line in box.got[0][2].split(b"\r\n"))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(st.text(st.characters()) | st.sampled_from(ATTACKS))
def test_every_title_gives_one_subject(context: Context, title: str) -> None:
    whole = told()
    whole = replace(whole, data={**whole.data, "article": {**whole.data["article"], "title": title}})
    head = freeze(whole, mail(), context).partition(b"\r\n\r\n")[0]
    lines = [line for line in head.split(b"\r\n") if not line.startswith((b" ", b"\t"))]
    assert [line.split(b":")[0] for line in lines] == [
        *(b"Content-Type", b"MIME-Version", b"From", b"Subject", b"Date", b"Message-ID", b"In-Reply-To", b"References"),
        *(b"Auto-Submitted", b"List-Unsubscribe", b"List-Unsubscribe-Post"),
    ]
    assert head.isascii()
    assert b"\n" not in head.replace(b"\r\n", b"")


def test_markup_in_a_quotation_is_text(context: Context, serve: Serve) -> None:
    box, port = serve()
    quote = {"field": "text", "start": 0, "end": 8, "text": "<script>alert(1)</script>"}
    post(
        context, f"smtp://127.0.0.1:{port}", "<img src=x onerror=y>", evidence=1, speaker=None, bindings={"<b>": "<i>"}
    )
    html = [part.get_content() for part in box.message().iter_parts()][1]
    assert "<img" not in html
    assert "<i>" not in html
    assert quote["text"] not in html


def test_starttls_with_a_login(context: Context, serve: Serve, certificate: Path) -> None:
    server_tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_tls.load_cert_chain(certificate)

    def login(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        good = isinstance(data, LoginPassword) and (data.login, data.password) == (b"user", b"p@ss")
        return AuthResult(success=good, handled=good)

    box, port = serve(tls_context=server_tls, require_starttls=True, authenticator=login, auth_required=True)
    client_tls = ssl.create_default_context(cafile=str(certificate))
    server = replace(SmtpServer.parse(f"smtp+starttls://user:p%40ss@localhost:{port}"), tls=client_tls)
    assert isinstance(post(context, server), Delivered)
    wrong = post(context, replace(server, password="no"))
    assert isinstance(wrong, TryAgain)
    assert "refused our login" in wrong.reason
    untrusted = post(context, replace(server, tls=None))
    assert isinstance(untrusted, TryAgain)
    assert "certificate" in untrusted.reason.lower()
    assert len(box.got) == 1


def test_without_starttls_nothing_is_sent(context: Context, serve: Serve) -> None:
    box, port = serve()
    outcome = post(context, f"smtp+starttls://user:secret@127.0.0.1:{port}")
    assert isinstance(outcome, TryAgain)
    assert "STARTTLS" in outcome.reason
    assert box.got == []


@pytest.mark.parametrize(
    ("answers", "kind", "disable"),
    [
        ({"RCPT": "550 no such user"}, Refused, True),
        ({"RCPT": "550 5.1.1 <desk@example.org>: Recipient address rejected: User unknown"}, Refused, True),
        ({"RCPT": "556 5.1.10 Recipient address has null MX"}, Refused, True),
        ({"RCPT": "554 5.2.1 mailbox disabled"}, Refused, True),
        ({"DATA": "550 5.1.1 user unknown"}, Refused, True),
        ({"RCPT": "552 5.2.2 mailbox full"}, Refused, False),
        ({"RCPT": "552 mailbox full"}, Refused, False),
        ({"RCPT": "554 5.7.1 <desk@example.org>: Relay access denied"}, TryAgain, None),
        ({"RCPT": "550 relaying denied"}, TryAgain, None),
        ({"RCPT": "554 your address is on a list"}, TryAgain, None),
        ({"RCPT": "550 5.1.8 sender's domain does not exist"}, TryAgain, None),
        ({"RCPT": "550 5.7.26 unauthenticated mail"}, TryAgain, None),
        ({"DATA": "552 5.3.4 message too big"}, Refused, False),
        ({"DATA": "550 5.7.1 looks like spam"}, Refused, False),
        ({"RCPT": "450 greylisted"}, TryAgain, None),
        ({"RCPT": "421 busy"}, TryAgain, None),
        ({"DATA": "554 looks like spam"}, Refused, False),
        ({"DATA": "451 later"}, TryAgain, None),
    ],
)
def test_what_a_refusal_means(
    context: Context, serve: Serve, answers: dict[str, str], kind: type, disable: bool | None
) -> None:
    _, port = serve(answers=answers)
    outcome = post(context, f"smtp://127.0.0.1:{port}")
    assert isinstance(outcome, kind)
    assert next(iter(answers.values()))[:3] in outcome.reason  # type: ignore[union-attr]
    assert getattr(outcome, "disable_endpoint", None) == disable


@pytest.mark.parametrize("receiver", [True, False])
@given(st.integers(500, 599), st.text())
def test_no_answer_is_about_nothing(receiver: bool, code: int, message: str) -> None:
    assert refused_by(code, message, receiver=receiver) in ("address", "message", "server")


def test_a_refused_address_gets_nothing_more_and_says_why(
    db: Database, make_context: Callable[..., Context], serve: Serve
) -> None:
    box, port = serve(answers={"RCPT": "550 5.1.1 no such user"})
    sync(db, [mail(), mail("night@example.org", "night-mail")])
    context = make_context(smtp=SmtpServer.parse(f"smtp://127.0.0.1:{port}"))
    match_articles(context, add_articles(db, ["embargo", "embargo"]))
    deliver(context)
    match_articles(context, add_articles(db, ["embargo"], prefix="b"))
    why = f"address disabled: the mail server 127.0.0.1:{port} refused the address: 550 5.1.1 no such user"
    found = rows(db, delivery.c.status, delivery.c.why)
    assert {status for status, _ in found} == {"dead"}
    assert {why.removeprefix("address disabled: "), why} >= {words for _, words in found}
    ends = rows(db, endpoint.c.address, endpoint.c.disabled_why, order=endpoint.c.address)
    assert ends == [
        (address, why.removeprefix("address disabled: ")) for address in ("desk@example.org", "night@example.org")
    ]
    assert box.got == []


def test_a_server_that_is_away_is_tried_again_in_words(context: Context, serve: Serve) -> None:
    outcome = post(context, "smtp://127.0.0.1:9")
    assert isinstance(outcome, TryAgain)
    assert outcome.reason.startswith("the mail server 127.0.0.1:9 cannot be used")
    nobody = post(context, None)
    assert isinstance(nobody, TryAgain)
    assert "TOCSIN_SMTP_URL" in nobody.reason


@pytest.mark.parametrize("url", ["http://x", "smtp://", "x", "smtp://h:99999999", "smtps://:25"])
def test_a_url_that_is_no_mail_servers_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="mail server"):
        SmtpServer.parse(url)


def test_a_mail_server_never_shows_its_password() -> None:
    server = SmtpServer.parse("smtp+starttls://user:hunter2@mail.example.org")
    assert (server.host, server.port, server.security, server.user) == ("mail.example.org", 587, "starttls", "user")
    assert "hunter2" not in repr(server)
