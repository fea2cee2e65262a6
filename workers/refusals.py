"""What a mail server refuses when it answers 5xx: this address, this message, or us. Pure.

Only the first silences an address, so it needs to be said clearly: by an enhanced status code (RFC 3463), or by one of
the three codes of RFC 5321, 4.2.3, that speak of the mailbox, without words about relaying or policy.
"""

from __future__ import annotations

import re
from typing import Literal

Refused = Literal["address", "message", "server"]

_ENHANCED = re.compile(r"\s*5\.(\d{1,3})\.(\d{1,3})\b")
_SENDER = {(1, 7), (1, 8)}
"""Statuses of class 1, addresses, that are about the sender's."""

_DISABLED = (2, 1)
_TOO_BIG = (3, 4)
_OF_MAILBOX = (550, 551, 553)
_FULL = 552
_OF_US = re.compile(r"relay|polic|block|black|spam|reputation|denied|authenticat|not allowed|sender", re.IGNORECASE)


def refused_by(code: int, message: str, *, receiver: bool) -> Refused:
    """What the answer *code* *message* is about; *receiver*: it came for RCPT, not for the text. A server that refuses
    us (no relaying, blocked, policy) may do so for everybody, and may be mended: that says nothing of the address.
    """
    found = _ENHANCED.match(message)
    if found:
        return _by_status(int(found[1]), int(found[2]), receiver=receiver)
    if not receiver or code == _FULL:
        return "message"
    return "address" if code in _OF_MAILBOX and not _OF_US.search(message) else "server"


def _by_status(subject: int, detail: int, *, receiver: bool) -> Refused:
    if (subject == 1 and (subject, detail) not in _SENDER) or (subject, detail) == _DISABLED:
        return "address"
    if subject in (2, 6) or (subject, detail) == _TOO_BIG:
        return "message"
    return "server" if receiver else "message"
