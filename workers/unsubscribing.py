"""Links that end a subscription's mails (RFC 8058): which delivery they came with, and a proof that we made them. Pure.

A link names the delivery, so it is short, and says for which subscription and address whatever the file says by then.
The ids of deliveries can be derived by whoever knows the news; the proof cannot.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import uuid

_PROOF_BYTES = 16


def link_of(base_url: str, delivery_id: str, key: bytes) -> str:
    """The address on the console that the mail of a delivery carries."""
    return f"{base_url}/unsubscribe/{token_of(delivery_id, key)}"


def token_of(delivery_id: str, key: bytes) -> str:
    """43 characters of base64url: the delivery's UUID, and the first half of its HMAC-SHA256."""
    id = uuid.UUID(delivery_id).bytes
    return base64.urlsafe_b64encode(id + _proof(id, key)).rstrip(b"=").decode()


def delivery_of(token: str, key: bytes) -> str | None:
    """The delivery that *token* was made for; None where we did not make it."""
    try:
        whole = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    id, proof = whole[:16], whole[16:]
    if len(id) != 16 or not hmac.compare_digest(proof, _proof(id, key)):
        return None
    return str(uuid.UUID(bytes=id))


def _proof(id: bytes, key: bytes) -> bytes:
    return hmac.digest(key, b"unsubscribe\0" + id, hashlib.sha256)[:_PROOF_BYTES]
