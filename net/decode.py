"""Undo a body's content coding piece by piece, never holding more than was asked for."""

from __future__ import annotations

import zlib

GZIP = 16 + zlib.MAX_WBITS
_TEXT = (b"<", b"{", b"[", b" ", b"\n", b"\r", b"\t", b"\xef")
"""What documents begin with, and gzip data never does."""
CODINGS = ("identity", "gzip", "deflate")


class TooLarge(Exception):  # noqa: N818
    """The decoded body is larger than the limit."""


class BadCoding(Exception):  # noqa: N818
    """The body is not what its Content-Encoding says, or the coding is one that was not asked for."""


def _coding(header: str) -> str:
    """The coding that a Content-Encoding names. One that is named twice is undone once: mostly that is all there is,
    and what is left over packed shows by itself.
    """
    names = [name for part in header.split(",") if (name := part.strip().lower()) not in ("", "identity")]
    if not names:
        return "identity"
    return "gzip" if set(names) <= {"gzip", "x-gzip"} else ", ".join(dict.fromkeys(names))


class Body:
    """Collects a body of at most *limit* bytes after decoding. One megabyte of gzip can hold a gigabyte: no step
    asks zlib for more than what is still allowed (httpx alone made 67 MB of 1 MB despite a 5 MB limit).
    """

    def __init__(self, coding: str, limit: int) -> None:
        self._coding = _coding(coding)
        self._left = limit
        self._raw_left = limit + 65_536
        self._pieces: list[bytes] = []
        self._inflate = self._new() if self._coding in CODINGS[1:] else None
        self._begun = self._started = False

    def feed(self, raw: bytes) -> None:
        """Take the next piece as it came.

        Raises:
            TooLarge: the limit is passed; what fits has been kept.
            BadCoding: the data is damaged.
        """
        self._raw_left -= len(raw)
        if self._raw_left < 0:
            raise TooLarge
        if raw and not self._begun:
            self._begin(raw)
        if self._inflate is None:
            self._keep(raw)
            return
        while raw:
            raw = self._step(raw)

    def _begin(self, raw: bytes) -> None:
        """Some servers say of what they have not packed that it is, or name its charset there ("utf-8")."""
        self._begun = True
        if self._coding == "gzip" and raw[:1] in _TEXT:
            self._inflate = None
        if self._coding not in CODINGS and raw[:1] not in _TEXT:
            raise BadCoding(f"the body is coded as {self._coding[:40]!r}, which was not asked for")

    def _step(self, raw: bytes) -> bytes:
        """Decode *raw* as far as allowed and return what is left of it: the next member of a gzip file."""
        assert self._inflate is not None  # noqa: S101
        try:
            self._keep(self._inflate.decompress(raw, self._left + 1))
        except zlib.error as error:
            if self._started or self._coding != "deflate":
                raise BadCoding(f"the body is damaged {self._coding} data ({error})") from error
            self._inflate = zlib.decompressobj(-zlib.MAX_WBITS)  # "deflate" without its envelope, as some send it
            self._started = True
            return raw
        self._started = True
        if not self._inflate.eof:
            return b""
        rest = self._inflate.unused_data.lstrip(b"\0")
        if rest[:2] != b"\x1f\x8b":
            return b""  # what follows the end of the data is padding
        self._inflate = self._new()
        return rest

    def _new(self) -> zlib._Decompress:
        return zlib.decompressobj(zlib.MAX_WBITS if self._coding == "deflate" else GZIP)

    def _keep(self, piece: bytes) -> None:
        self._pieces.append(piece[: self._left])
        if len(piece) > self._left:
            self._left = 0
            raise TooLarge
        self._left -= len(piece)

    @property
    def whole(self) -> bool:
        """Whether a coded body has reached its own end."""
        return self._inflate is None or not self._started or self._inflate.eof

    def bytes(self) -> bytes:
        """What has been decoded so far."""
        return b"".join(self._pieces)
