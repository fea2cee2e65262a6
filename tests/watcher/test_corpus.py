"""Every document of the measuring data, and documents broken in the ways in which documents break."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from corpus import NOW, SOURCE, WORSE, compare, documents
from feed_server import item, rss
from hypothesis import given
from hypothesis import strategies as st

from watcher.entry import Document, NotAFeed
from watcher.formats.encoding import UTF_8, believable
from watcher.parse import parse
from watcher.pool import ParsePool

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.mark.slow
def test_wherever_feedparser_finds_entries_so_do_we_with_the_same_or_better_parts(shared: Path) -> None:
    differences = compare(documents(shared / "corpora"))
    assert {kind: found[:3] for kind, found in differences.found.items() if kind in WORSE} == {}
    assert len(differences.found["more entries"]) >= 13
    assert differences.same > 7_000


@pytest.mark.slow
async def test_every_document_is_read_in_bounded_time_and_memory(shared: Path) -> None:
    slowest_s, largest = 0.0, 0
    async with ParsePool(1, limit_s=20.0, per_child=10_000, idle_s=60.0) as pool:
        for name, body in documents(shared / "corpora"):
            started = time.monotonic()
            found = await pool.parse(body, SOURCE, 1.8e9)
            slowest_s = max(slowest_s, time.monotonic() - started)
            assert not isinstance(found, NotAFeed) or found.error_class != "parser", (name, found)
            (child,) = [one for one in psutil.Process().children() if "watcher.child" in one.cmdline()]
            largest = max(largest, child.memory_info().rss)
    assert slowest_s < 10
    assert largest < 200_000_000


WHOLE = rss(
    item(1, "Größe “und” Maß", "Der Minister – er bleibt.", pubDate="Wed, 03 Jan 2024 10:00:00 +05:30"),
    item(2, "Ελλάδα", "<![CDATA[<p>Two &amp; three</p>]]>", **{"dc:date": "2024-01-03T10:00:00Z"}),
    item(3, "Third", "&lt;b&gt;The&lt;/b&gt; third"),
).replace(b"<rss ", b'<rss xmlns:dc="http://purl.org/dc/elements/1.1/" ')
TITLES = ["Größe “und” Maß", "Ελλάδα", "Third"]


def declared(body: bytes, encoding: str) -> bytes:
    return body.replace(b'encoding="utf-8"', f'encoding="{encoding}"'.encode())


def in_encoding(encoding: str) -> Callable[[bytes], bytes]:
    return lambda body: declared(body, "utf-16").decode().encode(encoding)


DOCTYPE = b'<!DOCTYPE rss PUBLIC "-//Netscape//DTD RSS 0.91//EN" "http://127.0.0.1:9/rss-0.91.dtd"><rss '
BROKEN: dict[str, Callable[[bytes], bytes]] = {
    "UTF-16 with its mark": in_encoding("utf-16"),
    "UTF-16 without a mark": in_encoding("utf-16-be"),
    "UTF-16 that says UTF-8": lambda body: body.decode().encode("utf-16"),
    "UTF-16 with two marks": lambda body: ("\ufeff" + body.decode()).encode("utf-16"),
    "UTF-32": in_encoding("utf-32"),
    "two byte order marks": lambda body: b"\xef\xbb\xbf" * 2 + body,
    "a mark of UTF-16 before UTF-8": lambda body: b"\xff\xfe" + body,
    "UTF-8 that says Latin-1": lambda body: declared(body, "iso-8859-1"),
    "UTF-8 that says UTF-32": lambda body: declared(body, "utf-32"),
    "an encoding that nobody knows": lambda body: declared(body, "x-klingon"),
    "no declaration": lambda body: re.sub(rb"<\?xml.*?\?>", b"", body),
    "a warning of PHP before it": lambda body: (
        b"<br />\n<b>Warning</b>: mysql_connect() in <b>x.php</b><br />\n" + body
    ),
    "a script behind it": lambda body: body + b"<script>track()</script><!-- 0.3 s -->",
    "a document type": lambda body: body.replace(b"<rss ", DOCTYPE, 1),
    "a stylesheet": lambda body: body.replace(b"<rss ", b'<?xml-stylesheet href="a.xsl"?><rss ', 1),
    "no namespaces": lambda body: re.sub(rb' xmlns:\w+="[^"]*"', b"", body),
    "XML 1.1": lambda body: body.replace(b'version="1.0"', b'version="1.1"', 1),
    "line ends of an old Mac": lambda body: body.replace(b"><", b">\r<"),
    "tags in capitals": lambda body: re.sub(rb"<(/?)(item|title|link|guid)>", lambda t: t[0].upper(), body),
    "the end cut off": lambda body: body[:-12],
    "a module's element that is not closed": lambda body: body.replace(
        b"<guid>", b"<where><georss:point>1 2</georss:point></gml:pos><guid>", 1
    ),
    "NULs": lambda body: body.replace(b"</title>", b"\0</title>"),
    "a bare ampersand": lambda body: body.replace(b"</description>", b" Q&A &co</description>"),
    "a character that XML forbids": lambda body: body.replace(b"<title>", b"<title>&#11;&#xFFFF;", 4),
    "HTML's entities": lambda body: body.replace(b"</title>", b"&nbsp;</title>"),
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_broken_document_has_its_entries_with_their_titles(how: str) -> None:
    found = parse(BROKEN[how](WHOLE), SOURCE, NOW)
    assert isinstance(found, Document), found
    assert [entry.title for entry in found.entries] == TITLES


def test_a_few_windows_characters_do_not_spoil_those_of_utf_8_nor_chance_those_of_windows() -> None:
    mixed = WHOLE.replace(b"<title>Third", b"<title>\x93Third\x94 \xe9t\xe9")
    found = parse(mixed, SOURCE, NOW)
    assert isinstance(found, Document)
    assert [entry.title for entry in found.entries] == [*TITLES[:2], "“Third” été"]
    french = (
        rss(item(1, "Un enfant «\u00a0doué\u00a0», « surdoué », « à haut potentiel », été")).decode().encode("cp1252")
    )
    found = parse(french, SOURCE, NOW)
    assert isinstance(found, Document)
    assert found.entries[0].title == "Un enfant « doué », « surdoué », « à haut potentiel », été"


@pytest.mark.parametrize("encoding", ["koi8-r", "windows-1251", "shift_jis", "gb2312", "iso-2022-jp", "euc-kr"])
def test_another_encoding_that_is_declared_and_can_be_is_believed(encoding: str) -> None:
    title = {"k": "Эмбарго", "w": "Эмбарго", "s": "制裁を解除", "g": "制裁解除", "i": "制裁を解除", "e": "제재"}[
        encoding[0]
    ]
    body = declared(rss(item(1, title)), encoding).decode().encode(encoding)
    found = parse(body, SOURCE, NOW)
    assert isinstance(found, Document)
    assert found.entries[0].title == title
    over_http = rss(item(1, title)).replace(b' encoding="utf-8"', b"").decode().encode(encoding)
    body, content_type = believable(over_http, f"text/xml; charset={encoding}")
    assert title in body.decode("utf-8")
    assert content_type == UTF_8


@pytest.mark.parametrize(
    ("declares", "encoding", "title"),
    [
        ("shift_jis", "cp932", "制裁①を解除"),
        ("gb2312", "gb18030", "制裁鎔解除"),
        ("euc-kr", "cp949", "제재똠"),
        ("iso-8859-9", "cp1254", "Şeref “x”"),
    ],
)
def test_an_encoding_is_read_as_browsers_do_and_a_broken_character_costs_itself_alone(
    declares: str, encoding: str, title: str
) -> None:
    title *= 5
    body = declared(rss(item(1, title)), declares).decode().encode(encoding)
    found = parse(body.replace(b"</rss>", b"</rss>\n<!-- \xff\x81 -->"), SOURCE, NOW)
    assert isinstance(found, Document)
    assert found.entries[0].title == title


def test_an_encoding_in_which_most_of_a_document_cannot_be_read_is_not_believed() -> None:
    body = declared(rss(item(1, "été à Évian, où l'été fut gâté")), "utf-8").decode().encode("cp1252")
    body = body.replace(b'"utf-8"', b'"euc-kr"')
    assert believable(body, "") == (body, "application/xml; charset=euc-kr")


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60), st.sampled_from(["utf-8", "utf-16", "utf-32"]))
def test_unicode_in_any_of_its_encodings_is_the_same_text(text: str, encoding: str) -> None:
    whole = f"<feed><title>{text}"
    assert believable(whole.encode(encoding), "")[0].decode() == whole


@given(st.integers(0, len(WHOLE)), st.binary(max_size=12))
def test_a_document_cut_or_hit_anywhere_makes_nobody_fail(at: int, junk: bytes) -> None:
    for body in (WHOLE[:at], WHOLE[:at] + junk + WHOLE[at + len(junk) :]):
        parse(body, SOURCE, NOW)
