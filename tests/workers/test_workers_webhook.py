"""Standard Webhooks to the letter: signatures, secrets, bodies, and what an answer means."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from net.client import NetFailure, Response
from store.database import Database
from store.subscriptions import sync
from tests.workers.conftest import Silent, secrets
from tests.workers.parts import LOOPBACK, SECRET, Received, Receiver, Words, add_articles, hook
from tests.workers.test_workers_sending import deliver
from workers.channels import Delivered, Refused, Told, TryAgain
from workers.channels.webhook import (
    MAX_BODY_BYTES,
    BadSecret,
    freeze,
    key_of,
    new_secret,
    outcome_of,
    retry_after_s,
    signed_headers,
)
from workers.context import Context
from workers.matching import match_articles

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


def test_the_signature_of_the_specifications_example() -> None:
    key = key_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    headers = signed_headers("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}', [key])
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_with_two_keys_a_receiver_that_knows_either_verifies() -> None:
    other = "whsec_" + base64.b64encode(b"o" * 24).decode()
    now = int(datetime.now(UTC).timestamp())
    headers = signed_headers("id", now, b"{}", [key_of(SECRET), key_of(other)])
    for secret in (SECRET, other):
        Webhook(secret).verify(b"{}", headers)


def test_a_new_secret_signs_and_is_never_the_same() -> None:
    made = {new_secret() for _ in range(50)}
    assert len(made) == 50
    assert {len(key_of(one)) for one in made} == {32}
    assert {type(Webhook(one)) for one in made} == {Webhook}


def test_while_a_secret_is_rotated_receivers_that_know_only_the_new_or_only_the_old_one_verify(
    sqlite_db: Database, receiver: Receiver
) -> None:
    kept = {"env:OLD": new_secret()}
    context = Context(db=sqlite_db, doorbell=Silent(), rules=Words, secrets=kept.__getitem__, allow=LOOPBACK)
    kept["env:NEW"] = new_secret()
    for number, references in enumerate(("env:OLD", "env:NEW env:OLD", "env:NEW")):
        sync(sqlite_db, [hook(receiver.url(), secret=references)])
        match_articles(context, add_articles(sqlite_db, ["embargo"], prefix=f"r{number}"))
        deliver(context)
    verdicts = [(_verifies(kept["env:OLD"], got), _verifies(kept["env:NEW"], got)) for got in receiver.got]
    assert verdicts == [(True, False), (True, True), (False, True)]


def _verifies(secret: str, got: Received) -> bool:
    try:
        Webhook(secret).verify(got.body, got.headers)
    except WebhookVerificationError:
        return False
    return True


@pytest.mark.parametrize(
    ("secret", "why"),
    [
        ("hunter2", "does not start with whsec_"),
        ("whsec_???", "not base64"),
        ("whsec_" + base64.b64encode(b"x" * 23).decode(), "23 bytes"),
        ("whsec_" + base64.b64encode(b"x" * 65).decode(), "65 bytes"),
    ],
)
def test_a_secret_that_cannot_sign_is_refused_without_showing_it(secret: str, why: str) -> None:
    with pytest.raises(BadSecret, match=why) as caught:
        key_of(secret)
    assert secret not in str(caught.value)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("3600", 3600),
        ("0", 0),
        ("99999999999999999999", 86_400),
        (format_datetime(NOW + timedelta(minutes=5), usegmt=True), 300),
        (format_datetime(NOW + timedelta(days=9), usegmt=True), 86_400),
        (format_datetime(NOW - timedelta(days=9), usegmt=True), 0),
        ("-1", None),
        ("nan", None),
        ("1e99", None),
        ("1.5", None),
        ("", None),
        (None, None),
        ("١٢", None),
        ("soon", None),
    ],
)
def test_retry_after(value: str | None, seconds: float | None) -> None:
    assert retry_after_s(value, NOW) == seconds


@given(st.text())
def test_no_retry_after_raises_or_waits_longer_than_a_day(value: str) -> None:
    assert 0 <= (retry_after_s(value, NOW) or 0) <= 86_400


def answer(status: int, headers: dict[str, str] | None = None, body: bytes = b"") -> Response:
    return Response(
        status=status, headers=headers or {}, body=body, url="https://x.example/", hops=(), elapsed_s=0, truncated=False
    )


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_2xx_is_delivered(status: int) -> None:
    assert outcome_of(answer(status, body=b"ok\0")) == Delivered(code=status, response="ok\ufffd")


@pytest.mark.parametrize("status", [301, 302, 307, 400, 401, 404, 408, 429, 500, 502, 503, 504])
def test_everything_else_but_410_is_tried_again(status: int) -> None:
    outcome = outcome_of(answer(status, {"retry-after": "7"}))
    assert isinstance(outcome, TryAgain)
    assert (outcome.code, outcome.after_s) == (status, 7)


def test_410_disables_the_address() -> None:
    outcome = outcome_of(answer(410))
    assert isinstance(outcome, Refused)
    assert outcome.disable_endpoint


def test_no_answer_is_tried_again_with_its_reason() -> None:
    failure = NetFailure(kind="timeout", message="no complete answer from x within 20 s")
    assert outcome_of(failure) == TryAgain(reason=failure.message)


def told(evidence: int = 1, quote: str = "embargo", **alert: Any) -> Told:
    data = {
        "version": 1,
        "alert": {
            "id": "a1",
            "rule": {"id": "r", "version": "1", "title": "T", "level": "high", "tags": []},
            "bindings": {"TARGET": "IR"},
            "evidence": [{"field": "text", "start": 0, "end": len(quote), "text": quote}] * evidence,
            "status": "done",
            "zone": "lead",
            "speaker": None,
            "story": "s1",
            **alert,
        },
        "article": {"title": "t", "url": None, "outlet": "o", "published_at": None},
        "outlets": 1,
        "link": "https://t.example/alerts/a1",
    }
    return Told(
        delivery_id="d1",
        alert_id="a1",
        kind="alert.opened",
        at=1_790_000_000_000_000,
        seq=17,
        data=data,
        unsubscribe="https://t.example/unsubscribe/T0ken",
    )


@pytest.fixture
def context(sqlite_db: Database) -> Context:
    return Context(db=sqlite_db, doorbell=Silent(), rules=Words, secrets=secrets)


def test_a_body_is_compact_and_carries_its_number(context: Context) -> None:
    body = freeze(told(), hook("https://x.example/"), context)
    whole = json.loads(body)
    assert list(whole) == ["type", "timestamp", "data"]
    assert (whole["timestamp"], whole["data"]["seq"]) == ("2026-09-21T14:13:20Z", 17)
    assert b": " not in body
    assert freeze(told(), hook("https://x.example/"), context) == body


def test_a_body_never_exceeds_what_receivers_take(context: Context) -> None:
    long = told(evidence=8, quote="\u4e16" * 2_000, bindings={str(n): "\u4e16" * 200 for n in range(20)})
    body = freeze(long, hook("https://x.example/"), context)
    assert len(body) <= MAX_BODY_BYTES
    assert json.loads(body)["data"]["alert"]["id"] == "a1"


def test_half_a_surrogate_does_not_stop_a_message(context: Context) -> None:
    json.loads(freeze(told(quote="a\ud800b"), hook("https://x.example/"), context))
