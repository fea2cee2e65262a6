"""Bare ampersands, the commonest mistake in XML, written out before a parser stumbles over them."""

from __future__ import annotations

import re

_MARK = re.compile(rb"<!\[CDATA\[|<!--|&(?!#[0-9]{1,7};|#[xX][0-9a-fA-F]{1,6};|[a-zA-Z][a-zA-Z0-9]{1,31};)")
_ENDS = {b"<![CDATA[": b"]]>", b"<!--": b"-->"}


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
