"""Instants, stretches of time and counts as sentences say them, what no text may have, and links that may be followed.
Pure.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from store.database import instant

UNFIT = re.compile("[\0\ud800-\udfff]")
"""What PostgreSQL and UTF-8 cannot keep."""


def fit(text: str) -> str:
    """*text* of strangers as the ledger can keep it."""
    return UNFIT.sub("\ufffd", text)


_MINUTE = 60_000_000
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR


def moment(at: int) -> str:
    """`2026-11-23 09:30 UTC` of microseconds since 1970."""
    return f"{instant(at):%Y-%m-%d %H:%M} UTC"


def second(at: int) -> str:
    """`2026-11-23 09:30:17 UTC` of microseconds since 1970."""
    return f"{instant(at):%Y-%m-%d %H:%M:%S} UTC"


def span(microseconds: int) -> str:
    """`1 minute` at least, `90 minutes`, `36 hours`, `12 days`: the greatest unit of which there are two."""
    for unit, name in ((_DAY, "days"), (_HOUR, "hours")):
        if microseconds >= 2 * unit:
            return f"{microseconds // unit} {name}"
    minutes = max(1, microseconds // _MINUTE)
    return f"{minutes} minute{'' if minutes == 1 else 's'}"


def counted(number: int, one: str, many: str | None = None) -> str:
    """`1 outlet`, `3 outlets`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}".replace(",", "\u202f")


def safe_url(url: str | None) -> str | None:
    """A link that may be followed: http and https only, so that no feed can smuggle in a script."""
    if not url:
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme in ("http", "https") and parts.hostname else None
