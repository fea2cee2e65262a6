"""Bare ampersands, the commonest mistake in XML, written out before a parser stumbles over them."""

from __future__ import annotations

import re

_BARE = re.compile(
    rb"(<!\[CDATA\[.*?\]\]>|<!--.*?-->)|&(?!#[0-9]{1,7};|#[xX][0-9a-fA-F]{1,6};|[a-zA-Z][a-zA-Z0-9]{1,31};)", re.DOTALL
)


def escaped(body: bytes) -> bytes:
    """*body* with each ampersand that begins no entity as `&amp;`, but for those in CDATA and comments."""
    return _BARE.sub(lambda found: found[0] if found[1] else b"&amp;", body)
