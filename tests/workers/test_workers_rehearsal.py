"""`tocsin subscriptions test`: what a good receiver gets, and how each bad one is found out."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest
from sqlalchemy import func, select

from net.client import GuardedClient, NetFailure
from store.database import Database
from store.subscriptions import sync
from store.tables import attempt, delivery, message
from tests.tocsin.test_commands import Run, ledger, tocsin
from tests.workers.parts import LOOPBACK, SECRET, Received, hook
from tests.workers.parts import Receiver as Server
from tests.workers.test_webhooks_document import Running, receiver
from tocsin.webhook_body import WebhookBody
from workers.channels.webhook import MAX_BODY_BYTES, key_of
from workers.rehearsal import Grade, Receiver, cases, grade, quickness, rehearse

__all__ = ["ledger", "receiver", "tocsin"]

KEY = key_of(SECRET)


def graded(url: str, **settings: Any) -> dict[str, Grade]:
    async def run() -> tuple[Grade, ...]:
        async with GuardedClient(allow=LOOPBACK) as client:
            return await rehearse(client, Receiver(url=url, keys=[KEY], **settings))

    return {one.case: one for one in asyncio.run(run())}


def strict(server: Server) -> None:
    """Make *server* a good receiver."""
    server.answer = lambda path, before: (200 if server.got[-1].valid else 401, {})


def bad(grades: dict[str, Grade]) -> set[str]:
    return {name for name, one in grades.items() if not one.good}


@pytest.fixture
def server() -> Any:
    one = Server()
    strict(one)
    yield one
    one.close()


def test_the_receivers_of_the_document_are_good_in_every_case(receiver: Running) -> None:
    grades = graded(receiver.url)
    assert bad(grades) == set()
    assert len(grades) == 10
    assert receiver.told() == "" or '"type":"test"' in receiver.told()  # nothing has happened, and nobody was told so


def test_each_case_comes_as_it_is_called(server: Server) -> None:
    graded(server.url(), headers={"x-team": "desk"})
    bodies = [json.loads(one.body) for one in server.got]
    names = [one["data"]["test"]["case"] for one in bodies]
    accepted = ["valid", "valid", "reordered", "reordered", "rotated", "unknown type", "largest"]
    assert names == [*accepted, "forged", "altered", "stale"]
    assert [one.valid for one in server.got] == [True] * 7 + [False] * 3
    assert [one["data"]["seq"] for one in bodies] == [1, 1, 3, 2, 4, 5, 6, 7, 7, 7]
    assert (server.got[0].id, server.got[0].body) == (server.got[1].id, server.got[1].body)
    assert len({one.id for one in server.got}) == 9
    assert max(len(one.body) for one in server.got) == MAX_BODY_BYTES
    assert {one.headers["x-team"] for one in server.got} == {"desk"}
    stale = int(server.got[-1].headers["webhook-timestamp"])
    assert 590 < time.time() - stale < 620
    for one in bodies:
        jsonschema.validate(one, WebhookBody.model_json_schema())
        assert one["type"].split(".")[0] == "test"


@pytest.mark.parametrize(
    ("answer", "found", "mend"),
    [
        (lambda one: 200, {"forged", "altered", "stale"}, "verify webhook-signature before anything else"),
        (lambda one: 200 if one.valid else 500, {"forged", "altered", "stale"}, "answer 401, not an error"),
        (lambda one: 301, None, "redirects are never followed"),
        (lambda one: 410 if one.valid else 401, None, "410 would disable this address; answer 2xx"),
        (lambda one: 401, None, "see that it has the same secret"),
        (lambda one: 401 if not one.valid or b"unknown" in one.body else 200, {"unknown type"}, "pass it over"),
        (lambda one: 413 if len(one.body) > 10_000 else 200 if one.valid else 401, {"largest"}, "20,000 bytes"),
    ],
)
def test_each_bad_receiver_is_found_out_and_told_what_to_mend(
    server: Server, answer: Callable[[Received], int], found: set[str] | None, mend: str
) -> None:
    server.answer = lambda path, before: (answer(server.got[-1]), {})
    grades = graded(server.url())
    assert bad(grades) == found if found else {"valid", "repeated"} <= bad(grades)
    assert any(mend in (one.mend or "") for one in grades.values())
    assert {one.mend for one in grades.values() if one.good} == {None}


def test_a_receiver_that_refuses_what_it_has_is_told_how_to_answer_a_repeat(server: Server) -> None:
    def answer(path: str, before: int) -> tuple[int, dict[str, str]]:
        one = server.got[-1]
        seen = one.id in [each.id for each in server.got[:-1]]
        return (409 if seen else 200 if one.valid else 401), {}

    server.answer = answer
    grades = graded(server.url())
    assert bad(grades) == {"repeated"}
    assert "answer 2xx to an id that you have" in str(grades["repeated"].mend)


def test_a_slow_receiver_is_told_to_answer_first() -> None:
    (first, *_) = cases([KEY])
    slow = grade(first, [(NetFailure(kind="timeout", message="no complete answer"), 20.0)])
    assert slow.mend == "answer 2xx within 20 seconds"
    assert "answer first and work afterwards" in str(quickness([slow]).mend)
    assert quickness([grade(first, [(NetFailure(kind="closed", message="gone"), 0.2)])]).good


def test_whom_nobody_can_reach_is_tried_once() -> None:
    grades = graded("http://127.0.0.1:1/")
    assert bad(grades) == set(grades) == {"valid"}
    assert "TOCSIN_ALLOW_NETWORKS" in str(grades["valid"].mend)


def test_a_rate_is_kept_to(server: Server) -> None:
    started = time.monotonic()
    graded(server.url(), spacing_s=0.05)
    assert time.monotonic() - started > 10 * 0.05


def test_a_subscription_is_tested_and_the_ledger_stays_as_it_was(tocsin: Run, ledger: Database, server: Server) -> None:
    sync(ledger, [hook(server.url(), options={"headers": {"X-Team": "desk"}, "rate": "100/s"})])
    environment = {"HOOK": SECRET, "TOCSIN_ALLOW_NETWORKS": "127.0.0.0/8"}
    done = tocsin("subscriptions", "test", "desk-hook", **environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("good") == 11
    assert "10 of 10 good" in done.stdout
    server.answer = lambda path, before: (200, {})
    done = tocsin("subscriptions", "test", "desk-hook", "--json", **environment)
    assert done.returncode == 1
    told = json.loads(done.stdout)
    assert (told["passed"], [one["case"] for one in told["cases"] if not one["good"]]) == (
        False,
        ["forged", "altered", "stale"],
    )
    assert {one.headers["x-team"] for one in server.got} == {"desk"}
    assert SECRET not in done.stdout
    with ledger.read() as connection:
        assert [connection.scalar(select(func.count()).select_from(one)) for one in (message, delivery, attempt)] == [
            0
        ] * 3


def test_a_receiver_without_a_subscription_is_tested_by_its_address(tocsin: Run, server: Server) -> None:
    environment = {"HOOK": SECRET, "TOCSIN_ALLOW_NETWORKS": "127.0.0.0/8"}
    arguments = ("subscriptions", "test", "--url", server.url(), "--secret", "env:HOOK")
    assert tocsin(*arguments, **environment).returncode == 0
    refused = tocsin(*arguments, HOOK=SECRET)
    assert refused.returncode == 1
    assert "loopback" in refused.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ((), 2, "name a subscription, or a receiver with --url URL --secret env:NAME"),
        (("--url", "https://h.example.org/"), 2, "name a subscription"),
        (("--url", "ftp://h.example.org/", "--secret", "env:HOOK"), 2, "cannot be a webhook's"),
        (("--url", "https://h.example.org/", "--secret", "env:NONE"), 1, "nothing can be signed: the environment"),
        (("--url", "https://h.example.org/", "--secret", "env:SHORT"), 1, "the secret does not start with whsec_"),
        (("nobody",), 1, "there is no subscription nobody"),
    ],
)
def test_what_cannot_be_tested_is_said_in_words(
    tocsin: Run, ledger: Database, arguments: tuple[str, ...], code: int, words: str
) -> None:
    done = tocsin("subscriptions", "test", *arguments, HOOK=SECRET, SHORT="hunter2")
    assert (done.returncode, done.stdout) == (code, "")
    assert words in done.stderr
    assert "hunter2" not in done.stderr
