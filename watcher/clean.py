"""Make what feeds carry plain: HTML to text, control characters dropped, links absolute and safe."""

from __future__ import annotations

import re
import unicodedata
from html import unescape
from urllib.parse import urljoin, urlsplit

from lxml import etree

MAX_TEXT = 200_000
"""Longest text kept of one entry, in characters: a long book chapter, not a database dump."""
MAX_TITLE = 1_000
MAX_LINK = 2_048

_TAG_OR_ENTITY = re.compile(r"<(?:/?[a-zA-Z]|!--)|&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});")
_TAG = re.compile(r"<(?:/?[a-zA-Z]|!--)")
_BREAK_TAGS = (
    "address article aside blockquote body br caption center dd details dialog div dl dt fieldset figcaption "
    "figure footer form h1 h2 h3 h4 h5 h6 header hr li main nav ol option p pre section summary table tbody td "
    "tfoot th thead tr ul"
)
_SILENT_TAGS = "script style template noscript iframe object embed svg math head select textarea"
_BREAKS = frozenset(_BREAK_TAGS.split())
_SILENT = frozenset(_SILENT_TAGS.split())
_HTML = etree.HTMLParser(no_network=True, remove_comments=True, remove_pis=True, encoding="utf-8", huge_tree=True)
_CONTROLS = bytes((*range(0x20), 0x7F))
_NO_CONTROLS = bytes.maketrans(_CONTROLS, b" " * len(_CONTROLS))
# Controls, soft hyphens, direction marks, byte order marks, lone surrogates, private use, tags; not the joiners that
# Persian and Hindi are written with.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ufffe\uffff\ud800-\udfff\ue000-\uf8ff\U000e0001\U000e0020-\U000e007f\U000f0000-\U0010ffff]"
)


def plain_line(value: str, limit: int = MAX_TITLE) -> str:
    """A title or a name: tags and entities resolved, everything on one line."""
    return " ".join(plain_text(value, limit).split())


def plain_text(value: str, limit: int = MAX_TEXT) -> str:
    """The text of HTML (or of what is plain already), one line for each paragraph, invisible characters dropped."""
    value = value[: limit * 20]
    if not _TAG_OR_ENTITY.search(value):
        return _lines(value, limit)
    return _lines(_text_of_html(value) if _TAG.search(value) else unescape(value), limit)


def _lines(text: str, limit: int) -> str:
    joined = "\n".join([" ".join(raw.split()) for raw in filter(str.strip, text.splitlines())])
    if not joined.replace("\n", "").isprintable():  # told in a tenth of the time that looking for what is not takes
        joined = "\n".join(filter(None, map(_visible, joined.split("\n"))))
    return unicodedata.normalize("NFC", joined)[:limit].rstrip()


def _visible(line: str) -> str:
    """*line* without invisible characters."""
    return " ".join(_INVISIBLE.sub("", line).split())


def _text_of_html(value: str) -> str:
    """Line breaks of the source are spaces to a reader of HTML; those of blocks are not."""
    try:
        return _text_of_tree(etree.fromstring(_storable(value), _HTML))
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        return unescape(re.sub(r"<[^>]{0,2000}>", " ", value))


def _text_of_tree(root: etree._Element | None) -> str:
    if root is None:
        raise ValueError("nothing but comments")
    etree.strip_elements(root, *_SILENT, with_tail=False)
    for element in root.iter(*_BREAKS):
        element.text = "\n" + (element.text or "")
        element.tail = "\n" + (element.tail or "")
    return etree.tostring(root, method="text", encoding="unicode", with_tail=False)


def _storable(value: str) -> bytes:
    """As UTF-8 on one line, without what cannot be written as such."""
    return value.encode("utf-8", "ignore").translate(_NO_CONTROLS)


def safe_link(link: str | None, base: str) -> str | None:
    """*link* made absolute against *base*; None unless that is an http(s) URL that a person can be sent to."""
    value = _INVISIBLE.sub("", (link or "").strip())
    try:
        absolute = urljoin(base, re.sub(r"\s", "%20", value)) if value else ""
        parts = urlsplit(absolute)
        host, _port = parts.hostname, parts.port
    except ValueError:
        return None
    fit = parts.scheme in ("http", "https") and host and parts.username is None and "\\" not in absolute
    return absolute if fit and len(absolute) <= MAX_LINK else None
