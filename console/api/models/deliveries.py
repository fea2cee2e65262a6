"""Deliveries with their tries, and the messages of a subscription."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from console.api.models.answer import Answer


class Try(Answer):
    """One try to send."""

    number: int
    started_at: datetime
    elapsed_ms: int
    outcome: str
    code: int | None
    detail: str


class Delivery(Answer):
    """One message for one subscription; `address` without the path of a webhook, which is often a secret. What goes
    into a digest has no `seq` of its own, is sent at `gather_at`, and shares the fate of the delivery `digest_id`.
    """

    id: str
    subscription_id: str
    seq: int | None
    channel: str
    address: str
    status: str
    why: str | None
    attempts: int
    created_at: datetime
    next_at: datetime | None
    done_at: datetime | None
    gather_at: datetime | None
    digest_id: str | None


class DeliveryOfAlert(Delivery):
    """With its tries."""

    tries: list[Try]


class ListedDelivery(Delivery):
    """With what it tells. `holds` counts what went into a digest: `?digest=` with its id lists it."""

    type: str
    alert_id: str | None
    holds: int


class Deliveries(Answer):
    """Newest first."""

    deliveries: list[ListedDelivery]
    next_before: str | None


class Message(Answer):
    """A message of a subscription: `type`, `timestamp` and `data` are what was (or will be) sent, `id` is its
    `webhook-id`, `status` what became of it.
    """

    id: str
    seq: int
    status: str
    why: str | None
    type: str
    timestamp: datetime
    data: dict[str, Any]


class Messages(Answer):
    """In their sequence, without a hole."""

    messages: list[Message]
    next_after: int
    more: bool
