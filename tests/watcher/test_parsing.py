from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime

import psutil
import pytest
from feed_server import item, rss
from hypothesis import given
from hypothesis import strategies as st

from watcher.entry import Document, NotAFeed
from watcher.formats.ampersand import escaped
from watcher.formats.source import Source
from watcher.parse import parse
from watcher.pool import ParsePool

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
SOURCE = Source(url="https://n.example/feed")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def children(of: int | None = None) -> list[psutil.Process]:
    """The parsers that run below a process (this one)."""
    found = psutil.Process(of).children(recursive=True)
    return [child for child in found if "watcher.child" in child.cmdline()]


def attributes(count: int) -> str:
    return " ".join(f'a{n}="1"' for n in range(count))


def document(body: bytes, source: Source = SOURCE) -> Document:
    found = parse(body, source, NOW)
    assert isinstance(found, Document), found
    return found


def test_atom_keeps_the_longer_of_content_and_summary() -> None:
    body = b"""<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en"><title>F</title><entry>
    <title type="html">A &amp;lt;b&gt;</title><id>tag:x,1</id><link rel="enclosure" href="https://n.example/p.mp3"/>
    <link href="/a"/><author><name>Ann</name></author><published>2024-01-03T10:00:00Z</published>
    <summary>Short.</summary><content type="html">&lt;p&gt;The whole
    text.&lt;/p&gt;&lt;p&gt;More.&lt;/p&gt;</content></entry></feed>"""
    (entry,) = document(body).entries
    assert (entry.url, entry.author, entry.text) == ("https://n.example/a", "Ann", "The whole text.\nMore.")
    assert (entry.published_at, entry.published_from) == (1_704_276_000_000_000, "declared")


def test_rdf_and_the_rest_that_a_feed_asks_for_are_read() -> None:
    body = b"""<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
    xmlns:sy="http://purl.org/rss/1.0/modules/syndication/" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel>
    <title>R</title><sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>2</sy:updateFrequency></channel>
    <item rdf:about="https://n.example/1"><title>T</title><link>https://n.example/1</link><dc:date>2024-01-03T10:00:00Z
    </dc:date></item></rdf:RDF>"""
    found = document(body)
    assert (found.ttl_s, found.entries[0].published_from) == (1_800, "declared")
    assert document(rss("<ttl>15</ttl>", item(1))).ttl_s == 900


def test_json_feed_is_read() -> None:
    body = b"""{"version": "https://jsonfeed.org/version/1.1", "title": "J", "language": "en", "items": [
    {"id": 7, "url": "https://n.example/7", "title": "Q&A <now>", "content_text": "one\\ntwo < three",
    "date_published": "2024-01-03T10:00:00Z", "authors": [{"name": "Ann"}, {"name": "Bob"}]}, "junk", {"id": "x"}]}"""
    entry, empty = document(body).entries
    assert (entry.title, entry.text, entry.author) == ("Q&A <now>", "one\ntwo < three", "Ann, Bob")
    assert (entry.lang, empty.title, empty.text) == ("en", "", "")


@pytest.mark.parametrize("end", ['{"id": "2", "content_te', "", ",", ",]}", '{"id": "2"} {"id": "3"'])
def test_a_json_feed_that_breaks_off_gives_what_came(end: str) -> None:
    whole = '{"version": "https://jsonfeed.org/version/1.1", "title": "J", "items": [{"id": "1", "content_text": "one"}'
    found = document((whole + ", " * bool(end.startswith("{")) + end).encode())
    assert (found.complete, found.title, found.entries[0].text) == (False, "J", "one")
    nothing = parse(whole.partition('{"id"')[0].encode(), SOURCE, NOW)
    assert isinstance(nothing, NotAFeed)
    assert nothing.error_class == "truncated"


def test_the_title_of_news_is_not_that_of_its_picture() -> None:
    body = b"""<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"
    xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"
    xmlns:image="http://www.google.com/schemas/sitemap-image/1.1"><url><image:image>
    <image:loc>https://n.example/1.jpg</image:loc><image:title>A picture</image:title></image:image>
    <loc>https://n.example/1</loc><news:news><news:title>The news</news:title></news:news></url></urlset>"""
    (entry,) = document(body).entries
    assert (entry.title, entry.url) == ("The news", "https://n.example/1")


HUGE = {
    "thousands of open CDATA sections": rss(item(1, "<![CDATA[" * 50_000)),
    "thousands of open comments": rss(item(1, "<!--" * 50_000)),
    "thousands of attributes": rss(item(1, "Title").replace("<title>", "<title " + attributes(30_000) + ">", 1)),
    "thousands of categories in a broken document": rss(
        item(1, "Q & A", "".join(f"</description><category>c{n}</category><description>" for n in range(15_000)))
    )[:-6],
}


@pytest.mark.parametrize("name", HUGE)
def test_what_takes_the_square_of_its_length_elsewhere_is_read_in_time(name: str) -> None:
    started = time.monotonic()
    document(HUGE[name])
    assert time.monotonic() - started < 5


def test_a_text_in_hundreds_of_open_elements_is_read() -> None:
    (entry,) = document(rss(item(1, "Title", "&lt;div&gt;" * 800 + "The ministers met."))).entries
    assert entry.text == "The ministers met."


PIECES = st.sampled_from([b"<![CDATA[", b"]]>", b"<!--", b"-->", b"&", b"&amp;", b"&#38;", b"x", b"<", b">", b" "])
BARE = re.compile(rb"(<!\[CDATA\[.*?\]\]>|<!--.*?-->)|&(?!#[0-9]{1,7};|[a-zA-Z][a-zA-Z0-9]{1,31};)", re.DOTALL)


@given(st.lists(PIECES, max_size=40).map(b"".join))
def test_bare_ampersands_are_those_outside_of_whole_sections_and_comments(body: bytes) -> None:
    assert escaped(body) == BARE.sub(lambda found: found[0] if found[1] else b"&amp;", body)


def test_a_news_sitemap_is_read() -> None:
    body = b"""<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"
    xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"><url><loc>https://n.example/1</loc><news:news>
    <news:publication><news:name>N</news:name><news:language>en</news:language></news:publication>
    <news:publication_date>2024-01-03T10:00:00Z</news:publication_date><news:title>AT&amp;T &lt;b&gt;</news:title>
    </news:news></url><url><loc>https://n.example/2</loc></url></urlset>"""
    (entry,) = document(body).entries
    assert (entry.title, entry.url, entry.lang) == ("AT&T <b>", "https://n.example/1", "en")


def test_a_sitemap_with_a_bare_ampersand_or_a_prefix_is_read() -> None:
    body = b"""<sm:urlset xmlns:sm="http://www.sitemaps.org/schemas/sitemap/0.9"
    xmlns:n="http://www.google.com/schemas/sitemap-news/0.9"><sm:url><sm:loc>https://n.example/?a=1&b=2</sm:loc><n:news>
    <n:title>AT&T merges</n:title></n:news></sm:url></sm:urlset>"""
    (entry,) = document(body).entries
    assert (entry.title, entry.url) == ("AT&T merges", "https://n.example/?a=1&b=2")
    assert document(body).complete


def test_a_relative_link_is_read_by_the_base_in_force() -> None:
    body = b"""<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://n.example/one/"><title>F</title>
    <link href="https://front.example/"/><entry xml:base="two/"><title>T</title><link href="3"/></entry>
    <entry><title>U</title><link href="4"/></entry></feed>"""
    assert [entry.url for entry in document(body).entries] == [
        "https://n.example/one/two/3",
        "https://n.example/one/4",
    ]


def test_of_two_bodies_the_one_with_the_longer_text_is_kept() -> None:
    pictures = "&lt;img src='https://n.example/a-very-long-address-of-a-picture.jpg' srcset='b c d e f'&gt;Read on"
    body = rss(item(1, text="The ministers signed it today.", **{"content:encoded": pictures})).replace(
        b"<rss ", b'<rss xmlns:content="http://purl.org/rss/1.0/modules/content/" '
    )
    assert document(body).entries[0].text == "The ministers signed it today."


DEFECTS: dict[str, bytes] = {
    "whitespace before the prolog": b"\n\n  " + rss(item(1, "Title")),
    "a byte order mark": b"\xef\xbb\xbf" + rss(item(1, "Title")),
    "junk before the prolog": b"<!-- x -->\n"
    + rss(item(1, "Title")).replace(b'<?xml version="1.0" encoding="utf-8"?>', b""),
    "UTF-8 that says UTF-16": rss(item(1, "Title")).replace(b'"utf-8"', b'"utf-16"'),
    "UTF-16": rss(item(1, "Title")).decode().replace('"utf-8"', '"utf-16"').encode("utf-16"),
    "control characters": rss(item(1, "Ti\x00t\x07le")),
    "an undefined entity": rss(item(1, "Title", "a&nbsp;b")),
}


@pytest.mark.parametrize("name", DEFECTS)
def test_a_defect_of_the_document_does_not_cost_the_entry(name: str) -> None:
    assert [entry.title for entry in document(DEFECTS[name]).entries] == ["Title"]


def test_a_bare_ampersand_costs_no_text() -> None:
    (entry,) = document(rss(item(1, "Q&A: R&D", "This & that"))).entries
    assert (entry.title, entry.text) == ("Q&A: R&D", "This & that")


def test_windows_characters_in_a_document_that_says_utf_8_are_kept() -> None:
    body = rss(item(1, "Minister’s “word”")).decode().encode("cp1252")
    assert document(body).entries[0].title == "Minister’s “word”"


@pytest.mark.parametrize(
    "dtd",
    [
        '<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE rss SYSTEM "http://127.0.0.1:9/x.dtd" [<!ENTITY % p SYSTEM "file:///etc/passwd">%p;]>',
        '<!DOCTYPE l [<!ENTITY a "aaaaaaaaaa">'
        + "".join(f'<!ENTITY {b} "{("&" + a + ";") * 10}">' for a, b in zip("abcdefghi", "bcdefghix", strict=True))
        + "]>",
    ],
)
def test_entities_of_a_document_type_are_not_expanded(dtd: str) -> None:
    body = rss(item(1, "a &x; b")).replace(b"<rss", dtd.encode() + b"<rss", 1)
    started = time.monotonic()
    found = parse(body, SOURCE, NOW)
    assert time.monotonic() - started < 5
    text = "".join(entry.title + entry.text for entry in found.entries) if isinstance(found, Document) else ""
    assert "root:" not in text
    assert len(text) < 1_000


def test_a_body_that_is_a_path_is_not_opened() -> None:
    for body in (b"/etc/passwd", b"file:///etc/passwd", b"http://127.0.0.1:9/"):
        assert isinstance(parse(body, SOURCE, NOW), NotAFeed)


def test_more_entries_than_wanted_are_counted_not_read() -> None:
    found = document(rss(*(item(n) for n in range(30))), Source(url="https://n.example/", max_entries=10))
    assert (len(found.entries), found.beyond) == (10, 20)


@given(
    st.binary(max_size=300),
    st.sampled_from([b"", b"<rss>", b'{"version": "https://jsonfeed.org/version/1", "items": ']),
)
def test_no_bytes_make_the_parser_fail(junk: bytes, head: bytes) -> None:
    parse(head + junk, SOURCE, NOW)


async def test_a_document_of_many_items_is_cut_to_what_is_wanted() -> None:
    body = rss(*(item(n) for n in range(15_000)))
    async with ParsePool(1, limit_s=60) as pool:
        found = await pool.parse(body, SOURCE, 1.8e9)
    assert isinstance(found, Document)
    assert (len(found.entries), found.beyond) == (10_000, 5_000)


async def test_a_child_that_is_killed_costs_one_document_not_the_pool() -> None:
    async with ParsePool(1) as pool:
        assert isinstance(await pool.parse(rss(item(1)), SOURCE, 1.8e9), Document)
        (child,) = children()
        large = asyncio.create_task(pool.parse(rss(*(item(n) for n in range(20_000))), SOURCE, 1.8e9))
        await asyncio.sleep(0.3)
        child.kill()
        found = await large
        assert isinstance(found, NotAFeed)
        assert (found.error_class, "signal 9" in found.message) == ("parser", True)
        assert isinstance(await pool.parse(rss(item(1)), SOURCE, 1.8e9), Document)


async def test_a_child_that_hangs_is_replaced() -> None:
    async with ParsePool(1, limit_s=3.0) as pool:
        await pool.parse(rss(item(1)), SOURCE, 1.8e9)
        (child,) = children()
        child.suspend()
        found = await pool.parse(rss(item(1)), SOURCE, 1.8e9)
        assert isinstance(found, NotAFeed)
        assert "longer than 3 s" in found.message
        assert isinstance(await pool.parse(rss(item(1)), SOURCE, 1.8e9), Document)


async def test_children_are_replaced_when_they_have_served_their_time() -> None:
    async with ParsePool(1, per_child=2) as pool:
        pids = set()
        for _ in range(5):
            await pool.parse(rss(item(1)), SOURCE, 1.8e9)
            pids |= {child.pid for child in children()}
        assert len(pids) >= 2
    assert children() == []


async def test_an_idle_child_is_ended_and_started_again_when_needed() -> None:
    async with ParsePool(1, idle_s=0.2) as pool:
        await pool.parse(rss(item(1)), SOURCE, 1.8e9)
        (child,) = children()
        for _ in range(100):
            if not children():
                break
            await asyncio.sleep(0.05)
        assert not child.is_running()
        assert isinstance(await pool.parse(rss(item(1)), SOURCE, 1.8e9), Document)


def test_what_reads_strangers_documents_is_loaded_in_the_children_alone() -> None:
    theirs = {"feedparser", "lxml", "dateutil", "fasttext", "trafilatura", "watcher.parse"}
    program = f"import sys, watcher.poll; sys.exit(bool({theirs} & {{*sys.modules}}))"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
    program = "import sys, watcher.child; sys.exit('trafilatura' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_children_die_with_a_parent_that_is_killed() -> None:
    program = (
        "import asyncio, os, sys\n"
        "from watcher.pool import ParsePool\n"
        "from watcher.formats.source import Source\n"
        "async def main():\n"
        "    pool = ParsePool(1)\n"
        "    await pool.parse(b'<rss/>', Source(url='https://n.example/'), 1.8e9)\n"
        "    print('ready', flush=True)\n"
        "    await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"ready\n"
        (child,) = children(parent.pid)
        os.kill(parent.pid, signal.SIGKILL)
        parent.wait()
        child.wait(timeout=5)
    assert not child.is_running()
