"""What a Content-Encoding says, and what servers mean by it."""

from __future__ import annotations

import gzip
import zlib

import pytest

from net.decode import BadCoding, Body, TooLarge

TEXT = b"<rss>" + b"hello " * 1_000 + b"</rss>"


def decoded(coding: str, *pieces: bytes, limit: int = 100_000) -> tuple[bytes, bool]:
    body = Body(coding, limit)
    for piece in pieces:
        body.feed(piece)
    return body.bytes(), body.whole


@pytest.mark.parametrize("coding", ["gzip", "GZIP", "x-gzip", "gzip, gzip", "gzip,identity", ", gzip ,", "gzip,x-gzip"])
def test_what_is_packed_once_is_unpacked_however_often_that_is_said(coding: str) -> None:
    packed = gzip.compress(TEXT)
    assert decoded(coding, packed) == (TEXT, True)
    assert decoded(coding, *(packed[at : at + 1] for at in range(len(packed)))) == (TEXT, True)


@pytest.mark.parametrize("coding", ["", "identity", ",", "identity, identity"])
def test_what_is_not_packed_stays_as_it_is(coding: str) -> None:
    packed = gzip.compress(TEXT)
    assert decoded(coding, packed) == (packed, True)


@pytest.mark.parametrize("coding", ["gzip", "gzip, gzip", "utf-8", "none", "br", "text/xml", "aws-chunked"])
def test_text_is_text_whatever_it_is_said_to_be(coding: str) -> None:
    assert decoded(coding, b"", TEXT[:3], TEXT[3:]) == (TEXT, True)


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, br", "deflate, gzip", "compress", "x" * 10_000])
def test_a_coding_that_was_not_asked_for_is_refused_with_its_name(coding: str) -> None:
    with pytest.raises(BadCoding, match="which was not asked for") as refused:
        decoded(coding, b"\x1b\x10\0\xf8" * 100)
    assert coding[:20] in str(refused.value)
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize("coding", ["br", "utf-8", "gzip, gzip"])
def test_the_limit_holds_for_every_coding(coding: str) -> None:
    with pytest.raises(TooLarge):
        decoded(coding, b"<" + b"x" * 200, limit=100)


def test_a_bomb_in_a_bomb_is_cut_at_the_limit() -> None:
    with pytest.raises(TooLarge):
        decoded("gzip, gzip", gzip.compress(b"\0" * 10_000_000), limit=1_000_000)


@pytest.mark.parametrize("packed", [zlib.compress(TEXT), zlib.compress(TEXT)[2:-4]])
def test_deflate_is_read_with_its_envelope_and_without(packed: bytes) -> None:
    assert decoded("deflate", packed) == (TEXT, True)
