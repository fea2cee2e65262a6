"""Webhooks after Standard Webhooks 1.0 (github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from net.client import Answer, GuardedClient, NetFailure, Response
from store.subscriptions import Subscription
from store.words import fit
from workers.channels.channel import (
    KEEP_CHARACTERS,
    TOTAL_S,
    UNSENT,
    Delivered,
    Outcome,
    Parcel,
    Refused,
    Told,
    TryAgain,
)
from workers.channels.headers import BadHeader, resolved
from workers.context import Context, NoSecret
from workers.fitting import forms
from workers.messages import when
from workers.retry import MAX_AFTER_S

MAX_BODY_BYTES = 20_000
"""As the specification advises."""

IN_DIGEST = 20
"""Messages of one digest: so many fit, each in its short form."""

SECRET_BYTES = range(24, 65)
_PREFIX = "whsec_"


class BadSecret(ValueError):  # noqa: N818
    """A webhook secret that cannot sign; the message says how to mend it and does not repeat it."""


def freeze(told: Told, subscription: Subscription, context: Context) -> bytes:
    """The body: compact JSON of at most 20 kB; of what is too long, the first smaller form that fits."""
    whole = {"version": told.data["version"], "seq": told.seq, **told.data}
    bodies = (_encode(told, data) for data in forms(whole))
    return next((body for body in bodies if len(body) <= MAX_BODY_BYTES), _encode(told, list(forms(whole))[-1]))


def _encode(told: Told, data: Mapping[str, Any]) -> bytes:
    whole = {"type": told.kind, "timestamp": when(told.at), "data": data}
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


async def send(parcel: Parcel, context: Context, client: GuardedClient) -> Outcome:
    """One signed POST; redirects are never followed."""
    try:
        keys = [key_of(context.secrets(reference)) for reference in (parcel.secret or "").split()]
    except (NoSecret, BadSecret) as error:
        return TryAgain(reason=f"{UNSENT}, it cannot be signed: {error}", ours=True)
    if not keys:
        return TryAgain(reason=f"{UNSENT}, it cannot be signed: the subscription names no secret", ours=True)
    try:
        own = resolved(parcel.options.get("headers", {}), context.secrets)
    except (NoSecret, BadHeader) as error:
        return TryAgain(reason=f"{UNSENT}, its headers cannot be made: {error}", ours=True)
    headers = {
        **own,
        "content-type": "application/json",
        **signed_headers(parcel.id, int(time.time()), parcel.body, keys),
    }
    return outcome_of(await client.post(parcel.address, content=parcel.body, headers=headers, total_s=TOTAL_S))


def new_secret() -> str:
    """A secret of 32 random bytes, as `key_of` reads it."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def key_of(secret: str) -> bytes:
    """The key in *secret*, which is `whsec_` and base64 of 24 to 64 bytes.

    Raises:
        BadSecret: it is not.
    """
    how = "make one with: tocsin subscriptions secret"
    text = secret.strip()
    if not text.startswith(_PREFIX):
        raise BadSecret(f"the secret does not start with {_PREFIX}; {how}")
    try:
        key = base64.b64decode(text.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise BadSecret(f"what follows {_PREFIX} in the secret is not base64; {how}") from None
    if len(key) not in SECRET_BYTES:
        raise BadSecret(f"the secret holds {len(key)} bytes, not 24 to 64; {how}")
    return key


def signed_headers(id: str, timestamp_s: int, body: bytes, keys: Sequence[bytes]) -> dict[str, str]:
    """The three headers, one signature per key, so that a receiver may change its key without a gap."""
    content = f"{id}.{timestamp_s}.".encode() + body
    signatures = (base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode() for key in keys)
    return {
        "webhook-id": id,
        "webhook-timestamp": str(timestamp_s),
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }


def outcome_of(answer: Answer) -> Outcome:
    """2xx is delivered; 410 says to leave this address alone; everything else, redirects too, is tried again."""
    if isinstance(answer, NetFailure):
        return TryAgain(reason=answer.message)
    response = fit(answer.body[:KEEP_CHARACTERS].decode("utf-8", "replace"))
    if 200 <= answer.status < 300:
        return Delivered(code=answer.status, response=response)
    if answer.status == 410:
        reason = "HTTP 410: the receiver asked to be left alone"
        return Refused(reason=reason, disable_endpoint=True, code=410, response=response)
    after_s = retry_after_s(answer.headers.get("retry-after"), datetime.now(UTC))
    return TryAgain(reason=_words(answer), after_s=after_s, code=answer.status, response=response)


def _words(answer: Response) -> str:
    if 300 <= answer.status < 400:
        return f"HTTP {answer.status}: redirects are not followed; subscribe to the address it leads to"
    return f"HTTP {answer.status}"


def retry_after_s(value: str | None, now: datetime) -> float | None:
    """Seconds of a Retry-After header (RFC 9110, 10.2.3: seconds or a date), at most a day; None for garbage."""
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return float(min(int(text[:12]), MAX_AFTER_S))
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    aware = date if date.tzinfo else date.replace(tzinfo=UTC)
    return max(0.0, min((aware - now).total_seconds(), MAX_AFTER_S))
