"""One try to send a delivery, as values: what is taken along, and what came of it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

GIVE_UP_S = 5 * 86_400
"""Seconds after which a delivery is no longer tried by itself: receivers remember ids for seven days."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """A leased delivery: `body` is sent as it is; `attempt` counts from 1, cut-off tries included; `failures` are tries
    of it that ended badly since `since_at`, when it was made or replayed. It leaves `leave_in_s` seconds after it was
    leased, which was `leased_s` by the steady clock of this process; tries to its address begin `spacing` microseconds
    apart, where it has one. `options` are its subscription's. Instants are microseconds UTC.
    """

    id: str
    subscription_id: str
    endpoint_id: str
    channel: str
    address: str
    secret: str | None
    body: bytes
    attempt: int
    failures: int
    since_at: int
    leased_at: int
    message_at: int
    leave_in_s: float = 0.0
    leased_s: float = field(default_factory=time.monotonic)
    spacing: int | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One try that ended. `outcome` is delivered, try_again or refused; `status` what the delivery becomes: delivered,
    pending (again in `wait_s`) or dead. The receiver may have asked for a pause of `asked_s`, or never to be tried
    again: then its address is disabled for the reason `disable`. One that failed for reasons of `ours` says nothing of
    the address.
    """

    delivery_id: str
    endpoint_id: str
    number: int
    started_at: int
    elapsed_ms: int
    outcome: str
    status: str
    detail: str
    code: int | None = None
    response: str | None = None
    wait_s: float = 0.0
    asked_s: float | None = None
    disable: str | None = None
    ours: bool = False
