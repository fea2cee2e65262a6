"""Ampersands at which a parser would stumble: bare ones, the commonest mistake in XML, are written out, and references
to what is no character are left out.
"""

from __future__ import annotations

import re

_MARK = re.compile(rb"<!\[CDATA\[|<!--|&(?!#[0-9]{1,7};|#[xX][0-9a-fA-F]{1,6};|[a-zA-Z][a-zA-Z0-9]{1,31};)")
_ENDS = {b"<![CDATA[": b"]]>", b"<!--": b"-->"}


_HIGH, _LOW = (rb"&#(5[56]\d{3}|[xX][dD][" + digits + rb"][0-9a-fA-F]{2});" for digits in (rb"89abAB", rb"c-fC-F"))
_PAIR = re.compile(_HIGH + _LOW)
_REFERENCE = re.compile(rb"&#0*([0-9]{1,20}|[xX][0-9a-fA-F]{1,20});")


def possible(body: bytes) -> bytes:
    """*body* without references to what XML has no character for, at which feedparser gives the whole document up.
    Those to halves of a character, as UTF-16 has them, become one to the character.
    """
    return _REFERENCE.sub(_if_possible, _PAIR.sub(_joined, body))


def _joined(pair: re.Match[bytes]) -> bytes:
    high, low = _number(pair[1]) - 0xD800, _number(pair[2]) - 0xDC00
    whole = 0 <= high < 0x400 and 0 <= low < 0x400
    return b"&#%d;" % (0x10000 + high * 0x400 + low) if whole else pair[0]


def _if_possible(reference: re.Match[bytes]) -> bytes:
    number = _number(reference[1])
    some = number in (9, 10, 13) or 0x20 <= number < 0xD800 or 0xE000 <= number < 0xFFFE or 0x10000 <= number < 0x110000
    return reference[0] if some else b""


def _number(digits: bytes) -> int:
    return int(digits[1:], 16) if digits[:1] in b"xX" else int(digits)


def escaped(body: bytes) -> bytes:
    """*body* with each ampersand that begins no entity as `&amp;`, but for those in CDATA and comments. In linear time,
    also where thousands of those are never closed.
    """
    pieces: list[bytes] = []
    taken = closed_at = 0
    open_for_ever: set[bytes] = set()
    for mark in _MARK.finditer(body):
        if mark.start() < closed_at:
            continue
        if mark[0] == b"&":
            pieces += (body[taken : mark.start()], b"&amp;")
            taken = mark.end()
        elif mark[0] not in open_for_ever:
            closed_at = body.find(_ENDS[mark[0]], mark.end())
            if closed_at < 0:
                open_for_ever.add(mark[0])
    return b"".join((*pieces, body[taken:]))
