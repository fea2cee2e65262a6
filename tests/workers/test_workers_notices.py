"""Notices against both databases: noticed in one transaction, told in another, once, to those who want them."""

from __future__ import annotations

import email
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from email import policy
from typing import Any

import jsonschema
import pytest
from aiosmtpd.controller import Controller
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from store.database import Database
from store.leases import SECOND
from store.ledger import ledger
from store.migrate import migrate
from store.notices import KINDS, About, add_notice, any_untold
from store.outbox import list_deliveries, pull
from store.retention import Keep, prune
from store.subscriptions import Filter, hold_in_force, list_subscriptions, sync
from store.tables import article, delivery, endpoint, message
from tests.workers.conftest import Silent
from tests.workers.parts import SECRET, Receiver, add_articles, hook, mail, replay_one
from tests.workers.test_workers_email import Mailbox
from tests.workers.test_workers_sending import deliver, due_now, told
from tocsin.webhook_body import WebhookBody
from workers.channels import CHANNELS, Told
from workers.clock import Clock
from workers.context import Context
from workers.matching import match_articles
from workers.noticing import PATIENCE_S, tell_notices
from workers.smtp import SmtpServer
from workers.subscriptions import read_subscriptions

Make = Callable[..., Context]
DAY = 86_400 * SECOND
NEWS = About(what="feed", id="feed-1", name="Example News", path="/feeds")
UNREACHABLE = SmtpServer.parse("smtp://127.0.0.1:9")


def notice(db: Database, kind: str = "feed.failing", episode: int = 1, words: str = "It fails.", **more: Any) -> bool:
    with db.write() as connection:
        return add_notice(connection, kind, NEWS, words, episode=episode, now=db.now(connection), **more)


def wants(*globs: str) -> Filter:
    return Filter(notices=globs)


def rows(db: Database, *columns: Any) -> list[tuple[Any, ...]]:
    """Of the deliveries of notices, in the order in which they were made for each subscription."""
    chosen = select(*columns).select_from(delivery.join(message)).where(message.c.alert_id.is_(None))
    with db.read() as connection:
        ordered = chosen.order_by(delivery.c.subscription_id, delivery.c.seq)
        return [tuple(row) for row in connection.execute(ordered)]


def kinds(db: Database) -> list[str]:
    """The kinds of all notices, in the order in which they were made."""
    chosen = select(message.c.kind).where(message.c.alert_id.is_(None)).order_by(message.c.at)
    with db.read() as connection:
        return list(connection.scalars(chosen))


def even(db: Database) -> bool:
    """Whether nothing that was told got lost (articles of these tests were never fetched)."""
    audit = ledger(db)
    odd = {one.what for one in audit.odd} - {"feed has another number of articles than its fetches brought"}
    return not odd and audit.equations[-1].difference == 0


class Choosy(Mailbox):
    """It has no such mailbox as gone@example.org."""

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        if address == "gone@example.org":
            return "550 no such mailbox"
        return await super().handle_RCPT(server, session, envelope, address, options)


@contextmanager
def mailbox() -> Iterator[tuple[Mailbox, SmtpServer]]:
    box = Choosy()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield box, SmtpServer.parse(f"smtp://127.0.0.1:{port}")
    finally:
        controller.stop()


def subjects(box: Mailbox) -> list[str]:
    return [str(email.message_from_bytes(got, policy=policy.default)["Subject"]).strip() for _, _, got in box.got]


def test_a_subscription_gets_the_notices_that_it_names_and_others_get_none(
    db: Database, make_context: Make, receiver: Receiver
) -> None:
    feeds = hook(receiver.url("/feeds"), "feeds", filter=wants("feed.*"))
    rules = hook(receiver.url("/rules"), "rules", filter=wants("rule.held", "rule.quiet"))
    sync(db, [feeds, rules, hook(receiver.url("/alerts"), "alerts"), mail()])
    context = make_context(base_url="https://tocsin.example.org")
    notice(db, words="HTTP 500 for three hours.", details={"failures": 5, "error_class": "http\0"})
    assert tell_notices(context) == [id for (id,) in rows(db, delivery.c.id)]
    assert not any_untold(db)
    deliver(context)
    (got,) = receiver.got
    assert (got.path, got.valid, got.id) == ("/feeds", True, rows(db, delivery.c.id)[0][0])
    body = json.loads(got.body)
    jsonschema.validate(body, WebhookBody.model_json_schema())
    assert (body["type"], body["data"]["version"], body["data"]["seq"]) == ("feed.failing", 1, 1)
    told = body["data"]["notice"]
    assert told.pop("id") == rows(db, message.c.id)[0][0]
    assert told == {
        "title": "A feed cannot be read",
        "words": "HTTP 500 for three hours.",
        "about": {
            "what": "feed",
            "id": "feed-1",
            "name": "Example News",
            "link": "https://tocsin.example.org/feeds",
        },
        "details": {"failures": 5, "error_class": "http"},
    }
    assert even(db)


def test_one_trouble_is_noticed_once_and_the_next_one_anew(db: Database, make_context: Make) -> None:
    sync(db, [hook("http://127.0.0.1:1/a", filter=wants("*"))])
    assert [notice(db), notice(db), notice(db, episode=2), notice(db, "feed.recovered")] == [True, False, True, True]
    assert len(tell_notices(make_context())) == 3
    assert not notice(db), "told, it still is the same notice"
    assert tell_notices(make_context()) == []


def test_two_leaders_at_once_tell_every_notice_once(db: Database, make_context: Make) -> None:
    sync(db, [hook("http://127.0.0.1:1/a", "a", filter=wants("*")), mail(filter=wants("feed.*"))])
    for number in range(30):
        notice(db, episode=number)
    start = threading.Barrier(4)

    def lead(_: int) -> list[str]:
        context = make_context()
        start.wait()
        return tell_notices(context) + tell_notices(context)

    with ThreadPoolExecutor(4) as pool:
        ids = [id for found in pool.map(lead, range(4)) for id in found]
    assert len(ids) == len(set(ids)) == 60
    assert [seq for _, seq in rows(db, delivery.c.subscription_id, delivery.c.seq)] == [*range(1, 31)] * 2
    assert even(db)


def test_what_was_noticed_outlives_whoever_was_to_tell_it(db: Database, make_context: Make) -> None:
    """A leader that dies between its statements leaves a transaction that never was."""
    sync(db, [hook("http://127.0.0.1:1/a", filter=wants("*"))])
    notice(db)

    class Dying(str):
        def __add__(self, _: str) -> str:
            raise SystemExit

    with pytest.raises(SystemExit):
        tell_notices(make_context(base_url=Dying()))
    assert any_untold(db)
    assert rows(db, delivery.c.id) == []
    assert len(tell_notices(make_context())) == 1


def test_what_is_noticed_in_a_transaction_that_fails_was_not_noticed(db: Database) -> None:
    def fail() -> None:
        with db.write() as connection:
            add_notice(connection, "feed.failing", NEWS, "x", episode=1, now=1)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert not any_untold(db)


def test_the_clock_rings_for_what_waits_before_it_tells_and_survives_a_failing_notice(
    db: Database, make_context: Make
) -> None:
    told(db, make_context(), ["http://127.0.0.1:1/a"])
    bell = Silent()
    seen: list[int] = []

    def failing() -> list[str]:
        seen.append(len(bell.deliveries))
        raise RuntimeError("no notices today")

    assert Clock(db, bell, failing).tick() == 1
    assert seen == [1]


def test_the_clocks_leader_tells_and_rings(db: Database, make_context: Make) -> None:
    sync(db, [hook("http://127.0.0.1:1/a", filter=wants("*"))])
    notice(db)
    context, bell = make_context(), Silent()
    leader, other = (Clock(db, bell, lambda: tell_notices(context)) for _ in range(2))
    assert [leader.tick(), other.tick(), leader.tick()] == [1, 0, 0]
    assert bell.deliveries == [id for (id,) in rows(db, delivery.c.id)]


def test_a_lock_that_somebody_keeps_delays_notices_and_not_the_clock(
    postgres_url: str, make_context: Make, request: pytest.FixtureRequest
) -> None:
    db = Database(postgres_url)
    request.addfinalizer(db.close)
    migrate(db)
    sync(db, [hook("http://127.0.0.1:1/a", filter=wants("*"))])
    notice(db)
    context = replace(make_context(), db=db)
    clock = Clock(db, Silent(), lambda: tell_notices(context))
    with db.write() as other:
        hold_in_force(other)
        started = time.monotonic()
        assert clock.tick() == 0
        assert time.monotonic() - started < PATIENCE_S + 5
    assert clock.tick() == 1


def test_a_notice_is_listed_pulled_replayed_and_pruned_like_any_message(
    db: Database, make_context: Make, receiver: Receiver
) -> None:
    sync(db, [hook(receiver.url(), filter=wants("*")), mail(filter=wants("*"))])
    context = make_context()
    notice(db)
    tell_notices(context)
    deliver(context)
    listed = list_deliveries(db, subscription_id="desk-hook").deliveries
    assert [(one["kind"], one["alert_id"], one["status"]) for one in listed] == [("feed.failing", None, "delivered")]
    for subscription in ("desk-hook", "desk-mail"):
        pulled = pull(db, subscription, 0)
        assert pulled is not None
        assert pulled.messages[0]["body"]["data"]["notice"]["words"] == "It fails."
    assert replay_one(db, listed[0]["id"])
    deliver(context)
    assert len({(one.id, one.body) for one in receiver.got}) == 1
    assert len(receiver.got) == 2
    notice(db, episode=2)
    with db.write() as connection:
        connection.execute(update(message).values(at=1))
        connection.execute(update(delivery).where(delivery.c.channel == "webhook").values(created_at=1))
    prune(db, Keep(bodies_s=1))
    assert len(tell_notices(context)) == 2, "one that is not told keeps its words"
    assert [one["data"]["notice"]["words"] for one in bodies(db, 2)] == ["It fails."]
    assert even(db)


def bodies(db: Database, seq: int) -> list[dict[str, Any]]:
    """What webhooks get under this number."""
    found = rows(db, delivery.c.body, delivery.c.seq, delivery.c.channel)
    return [json.loads(body) for body, number, channel in found if number == seq and channel == "webhook"]


def failing_for(db: Database, days: float) -> None:
    """The address of the webhook has failed twelve times in a row, for so long."""
    with db.write() as connection:
        since = db.now(connection) - int(days * DAY)
        these = endpoint.c.channel == "webhook"
        connection.execute(update(endpoint).where(these).values(failures=12, failing_since_at=since))


def test_an_owner_is_told_by_mail_of_an_address_that_fails_is_mended_or_disabled(
    db: Database, make_context: Make, receiver: Receiver
) -> None:
    """Half of the five days, once; and never by way of the address itself, even where it asks for notices."""
    receiver.answer = lambda path, before: (503, {})
    with mailbox() as (box, smtp):
        context = make_context(smtp=smtp)
        sync(db, [hook(receiver.url(), filter=Filter(rules=("*",), notices=("*",)))])
        match_articles(context, add_articles(db, ["embargo"] * 2))
        failing_for(db, 2)
        deliver(context)
        assert kinds(db) == []
        failing_for(db, 3)
        for _ in range(2):
            due_now(db)
            deliver(context)
        assert kinds(db) == ["endpoint.failing"]
        receiver.answer = lambda path, before: (200, {})
        for _ in range(2):
            tell_notices(context)
            due_now(db)
            deliver(context)
        receiver.answer = lambda path, before: (410, {})
        match_articles(context, add_articles(db, ["embargo"], prefix="b"))
        deliver(context)
        tell_notices(context)
        deliver(context)
    assert kinds(db) == ["endpoint.failing", "endpoint.recovered", "endpoint.disabled"]
    shown = receiver.url().removesuffix("/hook") + "/…"
    assert subjects(box) == [
        f"[Tocsin] An address takes nothing: {shown}",
        f"[Tocsin] An address takes deliveries again: {shown}",
        f"[Tocsin] An address is not used any more: {shown}",
    ]
    assert {tuple(receivers) for _, receivers, _ in box.got} == {("desk@example.org",)}
    assert {(one.valid, json.loads(one.body)["type"]) for one in receiver.got} == {(True, "alert.opened")}
    text = email.message_from_bytes(box.got[-1][2], policy=policy.default).get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "tocsin subscriptions enable desk-hook" in text.replace("\n", " ")
    assert [one.id for one in list_subscriptions(db)] == ["desk-hook"], "what nobody declared is not listed"
    assert even(db)


def test_the_owner_of_a_refused_mailbox_is_told_at_their_own(db: Database, make_context: Make) -> None:
    with mailbox() as (box, smtp):
        context = make_context(smtp=smtp)
        sync(db, [mail("gone@example.org")])
        match_articles(context, add_articles(db, ["embargo"]))
        for _ in range(2):
            deliver(context)
            tell_notices(context)
    assert subjects(box) == ["[Tocsin] An address is not used any more: gone@example.org"]
    assert box.got[0][1] == ["desk@example.org"]


def test_without_a_mail_server_or_an_address_of_the_owner_the_notice_stays_in_the_ledger(
    db: Database, make_context: Make, receiver: Receiver
) -> None:
    receiver.answer = lambda path, before: (410, {})
    context = make_context()
    told(db, context, [receiver.url()])
    deliver(context)
    assert tell_notices(context) == []
    assert kinds(db) == ["endpoint.disabled"]
    assert even(db)


def test_others_are_told_of_an_address_if_they_ask_for_it(db: Database, make_context: Make, receiver: Receiver) -> None:
    receiver.answer = lambda path, before: (410 if path == "/bad" else 200, {})
    context = make_context()
    sync(db, [hook(receiver.url("/bad"), "bad"), hook(receiver.url("/ops"), "ops", filter=wants("endpoint.*"))])
    match_articles(context, add_articles(db, ["embargo"]))
    deliver(context)
    tell_notices(context)
    deliver(context)
    (ops,) = (json.loads(one.body) for one in receiver.got if one.path == "/ops")
    assert ops["type"] == "endpoint.disabled"
    assert "/bad" not in json.dumps(ops), "the path of a webhook is often a secret"


def test_a_notice_that_fails_makes_no_notice(db: Database, make_context: Make, receiver: Receiver) -> None:
    """Two addresses that want to hear of each other, and an owner's mail server that is away: still no loop."""
    receiver.answer = lambda path, before: (410, {})
    context = make_context(smtp=UNREACHABLE)
    sync(db, [hook(receiver.url(path), path[1:], filter=wants("*")) for path in ("/a", "/b")])
    notice(db)
    for _ in range(3):
        tell_notices(context)
        due_now(db)
        deliver(context)
    assert kinds(db) == ["feed.failing"]
    with db.read() as connection:
        disabled = connection.scalars(select(endpoint.c.disabled_why)).all()
    assert len([why for why in disabled if why]) == 2
    assert even(db)


unruly = st.text(st.characters(), max_size=60) | st.sampled_from(
    ["\0", "\ud800", "=?utf-8?q?a=0d=0aBcc:_x?=", "\r\nBcc: x"]
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(unruly, unruly)
def test_whatever_strangers_wrote_is_kept_and_can_be_told(
    db: Database, make_context: Make, name: str, words: str
) -> None:
    about = About(what="feed", id="feed-1", name=name, path="/feeds")
    with db.write() as connection:
        connection.execute(message.delete())
        assert add_notice(connection, "feed.gone", about, words, episode=1, now=1)
        data = connection.execute(select(message.c.data)).scalar_one()
    one = Told(
        delivery_id="d", alert_id=None, kind="feed.gone", at=1, seq=1, data=data, unsubscribe="https://t.example/u"
    )
    body = json.loads(CHANNELS["webhook"].freeze(one, hook("https://a.example"), make_context()))
    assert body["data"]["notice"]["words"] == data["notice"]["words"]
    parsed = email.message_from_bytes(CHANNELS["email"].freeze(one, mail(), make_context()), policy=policy.default)
    assert (parsed["Bcc"], len(parsed.get_all("Subject", []))) == (None, 1)


FILE = """\
subscriptions:
  - id: ops
    owner: desk@example.org
    filter: {notices: ["feed.*", rule.held]}
    channel: webhook
    to: https://hooks.example.org/ops
    secret: env:OPS
"""


def test_a_subscription_may_want_notices_only() -> None:
    (one,), problems = read_subscriptions(FILE, "s.yml", rule_ids=("a",), secrets=lambda _: SECRET)
    assert problems == []
    assert one.filter == Filter(rules=(), notices=("feed.*", "rule.held"))


@pytest.mark.parametrize(
    ("bad", "problem"),
    [
        ('{notices: ["feeds.*"]}', "s.yml:4:24: `feeds.*` names no kind of notice; did you mean `feed."),
        ("{notices: everything}", f"`everything` names no kind of notice; there are {', '.join(KINDS)}"),
        ("{notices: []}", "s.yml:4:23: `subscriptions.0.filter.notices`"),
        ("{level: high}", 'it lets nothing pass: write `rules: ["*"]`, `notices: ["feed.*"]`, or both'),
        ("{notice: [feed.gap]}", "unknown key `notice`; did you mean `notices`?"),
    ],
)
def test_a_mistake_in_notices_is_named_with_its_remedy(bad: str, problem: str) -> None:
    text = FILE.replace('{notices: ["feed.*", rule.held]}', bad)
    subscriptions, problems = read_subscriptions(text, "s.yml", rule_ids=("a",))
    assert subscriptions == ()
    assert any(problem in str(one) for one in problems), [str(one) for one in problems]


def test_alerts_are_none_of_the_business_of_who_wants_notices(db: Database, make_context: Make) -> None:
    sync(db, [hook("http://127.0.0.1:1/a", filter=wants("*"))])
    match_articles(make_context(), add_articles(db, ["embargo"]))
    with db.read() as connection:
        assert connection.execute(select(delivery.c.id)).all() == []
        assert connection.execute(select(article.c.evaluated_at)).scalar_one() is not None
