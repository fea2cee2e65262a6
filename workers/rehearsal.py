"""Rehearses with a receiver what may come to it, right and wrong, and grades its answers; the ledger knows nothing."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from net.client import Answer, GuardedClient, NetFailure
from workers.channels.channel import TOTAL_S
from workers.channels.webhook import MAX_BODY_BYTES, signed_headers
from workers.messages import VERSION, when

KIND = "test"
QUICK_S = 5.0
STALE_S = 600
"""Age of the stale event: twice what the specification lets pass."""

_UNREACHABLE = frozenset(("url", "dns", "refused_address", "connect", "tls"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """Who is tried: its keys and headers as deliveries have them, and the seconds that it wants between two tries."""

    url: str
    keys: Sequence[bytes]
    headers: Mapping[str, str] = field(default_factory=dict)
    spacing_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What is sent once: the body goes out as it is, signed as `signed` (where that is another one) and by `keys`,
    `age_s` seconds ago.
    """

    id: str
    body: bytes
    keys: Sequence[bytes]
    signed: bytes | None = None
    age_s: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """`events` follow each other; a good receiver answers each with 2xx, or each with 4xx. `mend` is for one that does
    not.
    """

    name: str
    what: str
    expects: Literal["2xx", "4xx"]
    events: tuple[Event, ...]
    mend: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Grade:
    """How a case went: `answer` in words, `elapsed_ms` of the slowest; `mend` says what to do if it is not `good`."""

    case: str
    what: str
    expects: str
    answer: str
    elapsed_ms: int
    good: bool
    mend: str | None


def cases(keys: Sequence[bytes]) -> tuple[Case, ...]:
    """What is tried, in this order."""
    first, largest = _event("valid", 1, keys), _event("largest", 6, keys, padded=True)
    foreign = [secrets.token_bytes(32)]
    altered = _event("altered", 7, keys)
    return (
        Case(name="valid", what="an event that is right", expects="2xx", events=(first,), mend=_VERIFY),
        Case(name="repeated", what="the same id and bytes again", expects="2xx", events=(first,), mend=_REPEAT),
        Case(
            name="reordered",
            what="seq 3 before seq 2",
            expects="2xx",
            events=(_event("reordered", 3, keys), _event("reordered", 2, keys)),
            mend="take what comes in any order; `seq` says where it belongs",
        ),
        Case(
            name="rotated",
            what="signed with a foreign key and with yours",
            expects="2xx",
            events=(_event("rotated", 4, [*foreign, *keys]),),
            mend="accept if one of the signatures, which a space parts, is right",
        ),
        Case(
            name="unknown type",
            what="a type of event that is new to you",
            expects="2xx",
            events=(_event("unknown type", 5, keys, kind=f"{KIND}.unknown"),),
            mend="answer 2xx to a type that you do not know, and pass it over",
        ),
        Case(
            name="largest",
            what=f"{MAX_BODY_BYTES:,} bytes, the most there are",
            expects="2xx",
            events=(largest,),
            mend=f"accept bodies of up to {MAX_BODY_BYTES:,} bytes",
        ),
        Case(
            name="forged",
            what="signed with a foreign key",
            expects="4xx",
            events=(_event("forged", 7, foreign),),
            mend=_CHECK,
        ),
        Case(
            name="altered",
            what="another body than was signed",
            expects="4xx",
            events=(Event(id=altered.id, body=altered.body + b" ", keys=keys, signed=altered.body),),
            mend=_CHECK,
        ),
        Case(
            name="stale",
            what=f"signed {STALE_S // 60} minutes ago",
            expects="4xx",
            events=(_event("stale", 7, keys, age_s=STALE_S),),
            mend=_AGE,
        ),
    )


_VERIFY = "see that it has the same secret, and verifies the bytes as they came: id.timestamp.body"
_REPEAT = "answer 2xx to an id that you have, and do not work on it again: else it is sent ten times"
_AGE = "refuse a webhook-timestamp more than five minutes away, or whoever recorded the event can send it again"
_CHECK = "verify webhook-signature before anything else, or anybody can send you alerts"


def _event(
    case: str, seq: int, keys: Sequence[bytes], *, kind: str = KIND, age_s: int = 0, padded: bool = False
) -> Event:
    body = _body(case, seq, kind, "")
    whole = _body(case, seq, kind, "." * (MAX_BODY_BYTES - len(body))) if padded else body
    return Event(id=f"{KIND}_{uuid.uuid4()}", body=whole, keys=keys, age_s=age_s)


def _body(case: str, seq: int, kind: str, padding: str) -> bytes:
    data: dict[str, Any] = {"version": VERSION, "seq": seq, "test": {"case": case, "padding": padding}}
    whole = {"type": kind, "timestamp": when(time.time_ns() // 1_000), "data": data}
    return json.dumps(whole, separators=(",", ":")).encode()


async def rehearse(client: GuardedClient, receiver: Receiver) -> tuple[Grade, ...]:
    """Send all cases one after another and grade them; only the first where nobody can be reached."""
    grades: list[Grade] = []
    for case in cases(receiver.keys):
        answers = [await _send(client, receiver, event) for event in case.events]
        grades.append(grade(case, answers))
        if case.name == "valid" and _is_unreachable(answers[0][0]):
            return tuple(grades)
    return (*grades, quickness(grades))


async def _send(client: GuardedClient, receiver: Receiver, event: Event) -> tuple[Answer, float]:
    await asyncio.sleep(receiver.spacing_s)
    signed = event.body if event.signed is None else event.signed
    signature = signed_headers(event.id, int(time.time()) - event.age_s, signed, event.keys)
    headers = {**receiver.headers, "content-type": "application/json", **signature}
    started = time.monotonic()
    answer = await client.post(receiver.url, content=event.body, headers=headers, total_s=TOTAL_S)
    return answer, time.monotonic() - started


def _is_unreachable(answer: Answer) -> bool:
    return isinstance(answer, NetFailure) and answer.kind in _UNREACHABLE


def grade(case: Case, answers: Sequence[tuple[Answer, float]]) -> Grade:
    """What *answers* (each with its seconds) to the events of *case* are worth; the first bad one counts."""
    bad = next((answer for answer, _ in answers if not _is_right(case, answer)), None)
    return Grade(
        case=case.name,
        what=case.what,
        expects=case.expects,
        answer=_words(answers[-1][0] if bad is None else bad),
        elapsed_ms=round(max(seconds for _, seconds in answers) * 1_000),
        good=bad is None,
        mend=None if bad is None else _mend(case, bad),
    )


def _is_right(case: Case, answer: Answer) -> bool:
    return not isinstance(answer, NetFailure) and answer.status // 100 == int(case.expects[0])


def _words(answer: Answer) -> str:
    return answer.message if isinstance(answer, NetFailure) else f"HTTP {answer.status}"


def _mend(case: Case, answer: Answer) -> str:
    if isinstance(answer, NetFailure):
        if _is_unreachable(answer):
            return "see that Tocsin can reach this address; a private one is let through by TOCSIN_ALLOW_NETWORKS"
        return f"answer {case.expects} within {TOTAL_S:g} seconds"
    if case.expects == "4xx":
        return case.mend if answer.status < 300 else "answer 401, not an error: catch whatever verifying raises"
    if 300 <= answer.status < 400:
        return "redirects are never followed: subscribe to the address that it leads to"
    if answer.status == 410:
        return "410 would disable this address; answer 2xx"
    return case.mend


def quickness(grades: Sequence[Grade]) -> Grade:
    """Whether every answer came soon."""
    slowest = max(grades, key=lambda one: one.elapsed_ms)
    good = slowest.elapsed_ms <= QUICK_S * 1_000
    return Grade(
        case="quick",
        what="the slowest of all answers",
        expects=f"within {QUICK_S:g} s",
        answer=f"{slowest.elapsed_ms} ms ({slowest.case})",
        elapsed_ms=slowest.elapsed_ms,
        good=good,
        mend=None if good else f"answer first and work afterwards: after {TOTAL_S:g} seconds a try counts as failed",
    )
