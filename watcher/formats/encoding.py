"""What the bytes of a document are, whatever is declared: UTF-8 wherever that can be.

Declarations are wrong more often than bytes are ambiguous: what is valid UTF-8 beyond ASCII is nothing else, and what
can be read as ASCII is not UTF-16. Windows' characters stand in many documents that declare UTF-8 or Latin-1, also
among characters of UTF-8.
"""

from __future__ import annotations

import codecs
import re
from itertools import chain

UTF_8 = "application/xml; charset=utf-8"

_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32-le",  # before UTF-16's, which is the beginning of it
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
_STARTS = {
    re.compile(start): encoding
    for start, encoding in (
        (rb"(?:[\s]\0\0\0){0,99}[<{]\0\0\0", "utf-32-le"),
        (rb"(?:\0\0\0[\s]){0,99}\0\0\0[<{]", "utf-32-be"),
        (rb"(?:[\s]\0){0,99}[<{]\0", "utf-16-le"),
        (rb"(?:\0[\s]){0,99}\0[<{]", "utf-16-be"),
    )
}
"""What documents without a mark begin with, of XML and of JSON."""
_HEAD = 1_024
_DECLARED = re.compile(rb"""(<\?xml[^>]{0,200}?encoding\s*=\s*["'])([\w.:-]{1,40})(["'])""", re.IGNORECASE)
_CHARSET = re.compile(r"""charset\s*=\s*["']?([\w.:-]{1,40})""", re.IGNORECASE)
_NOT_THIS = ("utf", "ucs", "iso-10646", "unicode", "raw")  # UTF-8 that is not valid, or UTF-16 that reads as ASCII
_ASCII_BYTES = ("iso-2022", "hz")  # other encodings whose bytes are ASCII
_NO_CHARSETS = frozenset(("idna", "punycode", "raw-unicode-escape", "unicode-escape", "undefined"))
"""What Python calls an encoding of text, and no document is in."""
_WIDER = {"gb2312": "gb18030", "gbk": "gb18030", "shift_jis": "cp932", "euc_kr": "cp949", "iso8859-9": "cp1254"}
"""What documents are in that say so, as browsers take it (https://encoding.spec.whatwg.org)."""
_LATIN = frozenset(("iso-8859-1", "iso8859-1", "latin1", "latin-1", "us-ascii", "ascii", "windows-1252", "cp1252"))


def _as_windows(error: UnicodeError) -> tuple[str, int]:
    """A byte that is no UTF-8 is one of Windows' Western characters."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


codecs.register_error("as-windows", _as_windows)


def believable(body: bytes, content_type: str) -> tuple[bytes, str]:
    """*body* as UTF-8, and the Content-Type that is true of it. Only where another encoding is declared (Shift-JIS,
    KOI8-R …) in which most of it cannot be read, the body stays as it is.
    """
    body = _narrow(body)
    claimed = _claimed(body, content_type)
    is_utf_8 = _decoded(body, "strict") is not None and not claimed.startswith(_ASCII_BYTES)
    if not is_utf_8 and claimed and claimed not in _LATIN:
        read = _read_as(body, claimed)
        return (body, f"application/xml; charset={claimed}") if read is None else (_saying_utf_8(read), UTF_8)
    return _saying_utf_8(body if is_utf_8 else _mixed(body)), UTF_8


def _narrow(body: bytes) -> bytes:
    """*body* without byte order marks; what is UTF-16 or UTF-32, by its mark or its first characters, as UTF-8."""
    while body.startswith(codecs.BOM_UTF8):
        body = body[len(codecs.BOM_UTF8) :]
    marked = (encoding for mark, encoding in _MARKS.items() if body.startswith(mark))
    begun = (encoding for start, encoding in _STARTS.items() if start.match(body))
    if (encoding := next(chain(marked, begun), None)) is None:
        return body
    text = body.decode(encoding, "replace").lstrip("\ufeff \t\r\n")
    return text.encode("utf-8") if text[:4].isascii() else body  # or the mark is a lie


def _read_as(body: bytes, encoding: str) -> bytes | None:
    """*body*, which says that it is in this encoding, as UTF-8; None where most of it is not, or the name is no
    encoding's.
    """
    try:
        name = codecs.lookup(encoding).name  # with "_" or "-", as the version of Python has it
        text = body.decode(_WIDER.get(name, name), "replace") if name.replace("_", "-") not in _NO_CHARSETS else ""
    except (LookupError, UnicodeError):
        return None
    beyond_ascii = len(text) - len(text.encode("ascii", "ignore"))
    return text.encode("utf-8") if text and text.count("\ufffd") * 4 <= beyond_ascii else None


def _claimed(body: bytes, content_type: str) -> str:
    """The encoding that is declared over HTTP or in the document and that the document may have, in small letters."""
    http, xml = _CHARSET.search(content_type), _DECLARED.search(body[:_HEAD])
    names = (http[1] if http else "", xml[2].decode("ascii") if xml else "")
    return next((name for given in names if (name := given.lower()) and not name.startswith(_NOT_THIS)), "")


def _decoded(body: bytes, errors: str) -> str | None:
    """*body* read as UTF-8; a character that is cut off at its end is left out."""
    try:
        return codecs.getincrementaldecoder("utf-8")(errors).decode(body, final=False)
    except UnicodeDecodeError:
        return None


def _mixed(body: bytes) -> bytes:
    """Characters of Windows among those of UTF-8, as UTF-8; where few are UTF-8, none is: it is chance."""
    text = _decoded(body, "ignore") or ""
    good = len(text) - len(text.encode("ascii", "ignore"))
    bad = len(body) - len(text.encode("utf-8"))
    read = _decoded(body, "as-windows") if good * 4 > bad else body.decode("cp1252", "as-windows")
    return (read or "").encode("utf-8")


def _saying_utf_8(body: bytes) -> bytes:
    return _DECLARED.sub(rb"\1utf-8\3", body[:_HEAD], count=1) + body[_HEAD:]
