"""Headers of a receiver's own: sent as they were configured, refused where they would do harm, never shown."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from store.database import Database
from store.subscriptions import list_subscriptions, sync
from store.tables import attempt, delivery
from tests.workers.conftest import secrets
from tests.workers.parts import Receiver, add_articles, hook
from tests.workers.test_workers_sending import deliver, rows
from tests.workers.test_workers_subscriptions import GOOD, RULES
from workers.channels.headers import BadHeader, problem_of, resolved
from workers.context import Context, NoSecret
from workers.matching import match_articles
from workers.subscriptions import read_subscriptions

Make = Callable[..., Context]
TOKEN = "Bearer " + "s" * 40


def found(reference: str) -> str:
    return TOKEN if reference == "env:HOOK_TOKEN" else secrets(reference)


def with_headers(headers: str) -> str:
    return GOOD.replace("    cadence: instant\n", f"    headers: {headers}\n", 1)


def test_headers_of_its_own_go_with_every_webhook(db: Database, make_context: Make, receiver: Receiver) -> None:
    own = {"X-Team": "desk", "Authorization": "env:HOOK_TOKEN"}
    context = make_context(secrets=found)
    sync(db, [hook(receiver.url(), options={"headers": own})])
    assert list_subscriptions(db)[0].options == {"headers": own}
    match_articles(context, add_articles(db, ["embargo"]))
    deliver(context)
    (got,) = receiver.got
    assert (got.headers["x-team"], got.headers["authorization"]) == ("desk", TOKEN)
    assert (got.valid, got.headers["content-type"]) == (True, "application/json")


@pytest.mark.parametrize("value", ["", "two\nlines", "two\r\nX-Evil: lines", "caf\u00e9", "nul\0", "s" * 2_001])
def test_what_a_reference_leads_to_is_checked_when_it_is_sent_and_not_shown(
    db: Database, make_context: Make, receiver: Receiver, value: str
) -> None:
    context = make_context(secrets=lambda reference: value if reference == "env:HOOK_TOKEN" else secrets(reference))
    sync(db, [hook(receiver.url(), options={"headers": {"X-Token": "env:HOOK_TOKEN"}})])
    match_articles(context, add_articles(db, ["embargo"]))
    deliver(context)
    assert receiver.got == []
    ((detail,),) = rows(db, attempt.c.detail, order=attempt.c.id)
    assert rows(db, delivery.c.status) == [("pending",)]
    assert detail.startswith("not sent, its headers cannot be made: header X-Token: the value ")
    assert not value or value not in detail


def test_a_reference_that_leads_nowhere_costs_tries_not_the_alert(
    db: Database, make_context: Make, receiver: Receiver
) -> None:
    context = make_context()
    sync(db, [hook(receiver.url(), options={"headers": {"X-Token": "env:MISSING"}})])
    match_articles(context, add_articles(db, ["embargo"]))
    deliver(context)
    assert receiver.got == []
    ((detail,),) = rows(db, attempt.c.detail, order=attempt.c.id)
    assert detail == "not sent, its headers cannot be made: env:MISSING: the variable is not set"


def test_right_headers_are_read_and_kept_as_references() -> None:
    text = with_headers("{X-Team: desk, Authorization: env:HOOK_TOKEN, X-Key: 'file:keys/hook'}")
    (first, _), problems = read_subscriptions(text, "s.yml", rule_ids=RULES)
    assert problems == []
    assert first.options == {
        "headers": {"X-Team": "desk", "Authorization": "env:HOOK_TOKEN", "X-Key": "file:keys/hook"}
    }


@pytest.mark.parametrize(
    ("headers", "problem"),
    [
        ("{Host: inside.example.org}", "s.yml:8:21: `Host` is set by Tocsin itself; choose another name, such as X-"),
        ("{content-type: text/plain}", "`content-type` is set by Tocsin itself"),
        ("{Content-Length: '0'}", "`Content-Length` is set by Tocsin itself"),
        ("{WEBHOOK-ID: mine}", "`WEBHOOK-ID` is set by Tocsin itself"),
        ("{webhook-signature: v1}", "is set by Tocsin itself"),
        ("{Connection: close}", "`Connection` is about the connection, not about the message; remove it"),
        ("{Transfer-Encoding: chunked}", "is about the connection"),
        ("{Proxy-Authorization: env:A}", "is about the connection"),
        ("{TE: trailers}", "is about the connection"),
        ("{'X Team': desk}", "this is no name of a header; write letters, digits and dashes"),
        ('{"X-Te\\r\\nam": desk}', "this is no name of a header"),
        ('{X-Team: "desk\\r\\nX-Evil: s3cret"}', "s.yml:8:23: the value has a line break in it; remove it"),
        ("{X-Team: ''}", "the value must be printable ASCII"),
        ('{X-Team: " desk s3cret"}', "the value must be printable ASCII"),
        ("{X-Team: s3cr\u00e9t}", "the value must be printable ASCII"),
        ("{Authorization: Bearer s3cret}", "what `Authorization` holds looks like a secret: write where it is kept"),
        ("{X-Api-Key: s3cret}", "what `X-Api-Key` holds looks like a secret"),
        ("{X-Team: 'env:s3 cret'}", "this is no reference; write env:NAME or file:PATH"),
        ("{X-Team: a, x-team: b}", "header `x-team` is here twice: upper and lower case are the same"),
        ("{X-Team: 73573}", "`subscriptions.0.headers.X-Team`: expected a text; put it in quotes"),
        ("{X-Team: [s3cret]}", "`subscriptions.0.headers.X-Team`: expected a text; put it in quotes"),
    ],
)
def test_a_header_that_would_do_harm_is_refused_at_its_place_without_its_value(headers: str, problem: str) -> None:
    subscriptions, problems = read_subscriptions(with_headers(headers), "s.yml", rule_ids=RULES)
    assert subscriptions == ()
    told = [str(one) for one in problems]
    assert any(problem in one for one in told), told
    assert not any("s3c" in one or "73573" in one for one in told)


def test_a_value_that_can_be_read_is_checked_with_the_file() -> None:
    text = with_headers("{X-Token: env:HOOK_TOKEN}")
    (problem,) = read_subscriptions(
        text, "s.yml", rule_ids=RULES, secrets=lambda name: "a\nb" if name == "env:HOOK_TOKEN" else secrets("env:HOOK")
    )[1]
    assert str(problem) == "s.yml:8:24: env:HOOK_TOKEN: header X-Token: the value has a line break in it; remove it"


def test_a_mail_has_no_headers_of_its_own() -> None:
    text = GOOD.replace("    to: desk@", "    headers: {X-Team: desk}\n    to: desk@")
    (problem,) = read_subscriptions(text, "s.yml", rule_ids=RULES)[1]
    assert "headers are for webhooks; remove `headers`" in problem.message


@given(st.text(max_size=30), st.text(max_size=30))
def test_no_header_that_is_taken_can_break_out_of_its_line(name: str, value: str) -> None:
    if problem_of(name, value) is None:
        sent = f"{name}: {value}"
        assert sent.isascii()
        assert sent.isprintable() or "\t" in sent
        assert not {"\r", "\n", "\0"} & set(sent)


def test_a_header_of_a_file_that_went_away_is_no_header() -> None:
    def gone(reference: str) -> str:
        raise NoSecret(reference)

    with pytest.raises(NoSecret):
        resolved({"X-Token": "file:gone"}, gone)
    with pytest.raises(BadHeader, match="header X-Token: the value has a line break"):
        resolved({"X-Token": "env:PATH"}, lambda _: os.linesep.join("ab"))


def test_the_ledger_keeps_references_and_no_secret(db: Database, make_context: Make, receiver: Receiver) -> None:
    receiver.answer = lambda path, before: (401, {})
    context = make_context(secrets=found)
    sync(db, [hook(receiver.url(), options={"headers": {"Authorization": "env:HOOK_TOKEN"}})])
    match_articles(context, add_articles(db, ["embargo"]))
    deliver(context)
    with db.read() as connection:
        kept = connection.execute(select(attempt.c.detail, attempt.c.response)).all()
    assert TOKEN not in str(kept)
