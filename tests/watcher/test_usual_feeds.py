"""What the quick reader takes it reads as feedparser does; all else it leaves to feedparser."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

import pytest
from corpus import documents
from feed_server import item, rss
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from watcher.entry import Document, RawDocument
from watcher.formats import usual_feed, xml_feed
from watcher.formats.encoding import UTF_8, believable
from watcher.formats.source import Source
from watcher.parse import parse

SOURCE = Source(url="https://a.example/feed", content_type=UTF_8)
NAMESPACES = {
    "atom": "http://www.w3.org/2005/Atom",
    "content": "http://purl.org/rss/1.0/modules/content/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "dcterms": "http://purl.org/dc/terms/",
    "itunes": "http://www.itunes.com/dtds/podcast-1.0.dtd",
    "media": "http://search.yahoo.com/mrss/",
    "sy": "http://purl.org/rss/1.0/modules/syndication/",
    "slash": "http://purl.org/rss/1.0/modules/slash/",
    "mine": "https://mine.example/ns",
}


def as_feedparser(body: bytes, source: Source = SOURCE) -> RawDocument | None:
    """What feedparser reads, without its own understanding of dates, which is asked for foreign ones alone."""
    read = xml_feed.read(body, source)
    entries = tuple(replace(entry, fallback_at=None) for entry in read.entries) if read else ()
    return replace(read, entries=entries) if read else None


@pytest.mark.slow
def test_whatever_it_takes_of_real_feeds_it_reads_as_feedparser_does(shared: Path) -> None:
    taken = 0
    for name, body in documents(shared / "corpora"):
        plain, content_type = believable(body, "application/xml")
        source = replace(SOURCE, content_type=content_type)
        if (read := usual_feed.read(plain, source)) is not None:
            taken += 1
            assert read == as_feedparser(plain, source), name
    assert taken > 190


WHOLE = rss(
    item(1, "Caf\u00e9 &amp; so", "<![CDATA[<p>Two &amp; three</p>]]>", pubDate="Tue, 24 Nov 2026 10:00:00 GMT"),
    item(2, "Second", "&lt;b&gt;The&lt;/b&gt; second", author="desk@example.org", category="world"),
)


def test_it_takes_a_feed_as_sites_write_them() -> None:
    read = usual_feed.read(WHOLE, SOURCE)
    assert read is not None
    assert read == as_feedparser(WHOLE)
    assert [entry.title for entry in read.entries] == ["Caf\u00e9 & so", "Second"]


@pytest.mark.parametrize(
    ("what", "instead"),
    [
        (b"&amp; so", b"& so"),
        (b"&amp; so", b"&nbsp; so"),
        (b"</channel></rss>", b""),
        (b"<rss ", b"<!DOCTYPE rss [<!ENTITY a 'b'>]><rss "),
        (b"<item>", b'<item xml:base="https://b.example/">'),
        (b"<title>Second</title>", b"<title>Second</title><title>Third</title>"),
        (b"<title>Second</title>", b"<title>Sec<b>o</b>nd</title>"),
        (b"<title>Second</title>", b'<title type="application/x">U2Vjb25k</title>'),
        (b"<category>", b"<category><title>Within</title></category><category>"),
        (b"<category>", b"<body>A whole page</body><category>"),
        (b"<rss ", b'<rss xmlns="http://purl.org/rss/1.0/" '),
        (b"<rss ", b'<rss xmlns:media="http://purl.org/dc/elements/1.1/" '),
        (b"<item>", b'<media:title xmlns:media="http://search.yahoo.com/mrss/">Of a film</media:title><item>'),
        (b'version="2.0"', b'version="0.91"'),
        (b"Tue, 24 Nov", "Ter\u00e7a, 24 Nov".encode()),
    ],
)
def test_what_is_unusual_is_left_to_feedparser_and_costs_no_entry(what: bytes, instead: bytes) -> None:
    body = WHOLE.replace(what, instead)
    assert body != WHOLE
    assert usual_feed.read(body, SOURCE) is None
    read = parse(body, replace(SOURCE, content_type="application/xml"), datetime(2026, 11, 24, 12, tzinfo=UTC))
    assert isinstance(read, Document)
    assert read.entries[0].title.startswith("Caf\u00e9")


def test_it_takes_no_more_entries_than_are_wanted_and_counts_the_others() -> None:
    body, few = rss(*(item(n) for n in range(10))), replace(SOURCE, max_entries=3)
    read = usual_feed.read(body, few)
    assert read is not None
    assert (len(read.entries), read.beyond) == (3, 7)
    assert read == as_feedparser(body, few)


# -- documents nobody has written -------------------------------------------------------------------------------------
TEXTS = st.sampled_from(
    [
        "",
        " ",
        "Ministers met",
        "a < b & c",
        "<p>One</p>",
        "\u00a0 caf\u00c3\u00a9 \u00a0",
        "caf\u00e9 \u0093so\u0094",
        "\u0416\u2019",
        "https://a.example/1",
        "https:///a.example/1?x=1&amp;y=2&z;",
        "tag:a.example,2026:1",
        "/relative",
        "1",
        "Tue, 24 Nov 2026 10:00:00 GMT",
        "2026-11-24T10:00:00Z",
        "mo. 24 nov. 2026 \u2013 10 Uhr",
        "60",
        "hourly",
        "desk@a.example (Desk)",
    ]
)
ATTRIBUTES = st.dictionaries(
    st.sampled_from(["type", "rel", "href", "isPermaLink", "url", "base", "xml:base", "xml:lang", "mode", "src", "x"]),
    st.sampled_from(
        ["html", "xhtml", "text/html", "alternate", "self", "enclosure", "false", "true", "https://b.example/x"]
    ),
    max_size=2,
)
NAMES_OF_RSS = (
    "title link description guid pubDate author category source enclosure comments content:encoded dc:creator dc:date "
    "dc:title dc:subject media:title media:description media:content media:group atom:link atom:id itunes:summary "
    "itunes:author dcterms:modified mine:title slash:comments image item summary"
)
NAMES_OF_ATOM = (
    "title link id summary content published updated author contributor category source rights name email uri "
    "media:group media:title media:description dc:creator mine:thing issued"
)
NAMES_OF_CHANNELS = (
    "title link language ttl sy:updatePeriod sy:updateFrequency image atom:link description author textInput"
)


@st.composite
def element(draw: st.DrawFn, names: str, depth: int = 1) -> str:
    name = draw(st.sampled_from(names.split()))
    attributes = "".join(f" {key}={quoteattr(value)}" for key, value in draw(ATTRIBUTES).items() if draw(st.booleans()))
    inner = draw(st.lists(element(names, depth - 1), max_size=2)) if depth and draw(st.integers(0, 4)) == 0 else []
    text = draw(TEXTS)
    shown = f"<![CDATA[{text}]]>" if draw(st.booleans()) else escape(text)
    return f"<{name}{attributes}>{''.join(inner)}{shown}</{name}>"


def wrapped(root: str, attributes: str, body: str) -> bytes:
    declared = "".join(f' xmlns:{prefix}="{uri}"' for prefix, uri in NAMESPACES.items())
    return f'<?xml version="1.0" encoding="utf-8"?><{root}{declared} {attributes}>{body}</{root}>'.encode()


@st.composite
def rss_documents(draw: st.DrawFn) -> bytes:
    items = draw(st.lists(st.lists(element(NAMES_OF_RSS), max_size=5), max_size=3))
    own = draw(st.lists(element(NAMES_OF_CHANNELS), max_size=3))
    channel = "".join(own) + "".join(f"<item>{''.join(one)}</item>" for one in items)
    return wrapped("rss", 'version="2.0"', f"<channel>{channel}</channel>")


@st.composite
def atom_documents(draw: st.DrawFn) -> bytes:
    entries = draw(st.lists(st.lists(element(NAMES_OF_ATOM), max_size=5), max_size=3))
    own = draw(st.lists(element("title link id author updated subtitle logo mine:thing"), max_size=3))
    feed = "".join(own) + "".join(f"<entry>{''.join(one)}</entry>" for one in entries)
    return wrapped("feed", f'xmlns="{NAMESPACES["atom"]}" xml:lang="en_GB"', feed)


@given(rss_documents() | atom_documents())
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_it_takes_of_any_document_it_reads_as_feedparser_does(body: bytes) -> None:
    if (read := usual_feed.read(body, SOURCE)) is not None:
        assert read == as_feedparser(body)
