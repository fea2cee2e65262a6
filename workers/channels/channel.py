"""What every channel takes and gives: a message to freeze, a parcel to send, and how the try ended."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from net.client import GuardedClient
from store.subscriptions import Subscription
from store.tries import Parcel
from workers.context import Context

TOTAL_S = 20.0
"""Seconds that one try may take in all; a lease lasts three times as long."""

UNSENT = "not sent"
"""What the reason of a try begins with that ended before anything left, for reasons of our own."""

KEEP_CHARACTERS = 2_000
"""How much of an answer the ledger keeps for diagnosis."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One message for one subscription, before it is frozen. `at` is microseconds UTC, `data` the webhook's `data`
    without `seq`; `unsubscribe` is the address of the page that ends the subscription for this receiver.
    """

    delivery_id: str
    alert_id: str | None
    kind: str
    at: int
    seq: int
    data: Mapping[str, Any]
    unsubscribe: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """The receiver has it. `response` is the beginning of its answer."""

    code: int
    response: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TryAgain:
    """It did not arrive, and may later; `after_s` is what the receiver asked for. `ours`: the reason lies with us (a
    secret that is missing, the mail server), so that nothing is held against the address.
    """

    reason: str
    ours: bool = False
    after_s: float | None = None
    code: int | None = None
    response: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The receiver does not want it: no automatic try any more, of anything where the address itself is refused."""

    reason: str
    disable_endpoint: bool = False
    code: int | None = None
    response: str = ""


Outcome = Delivered | TryAgain | Refused

Freeze = Callable[[Told, Subscription, Context], bytes]
Send = Callable[[Parcel, Context, GuardedClient], Awaitable[Outcome]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """`freeze` is pure and gives the bytes that every try sends; `send` is one try and raises nothing; a digest has at
    most `in_digest` messages, and a period of more gets several.
    """

    freeze: Freeze
    send: Send
    in_digest: int


__all__ = [
    "Channel",
    "Delivered",
    "Freeze",
    "Outcome",
    "Parcel",
    "Refused",
    "Send",
    "Told",
    "TryAgain",
]
