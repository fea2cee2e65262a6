"""Documents as careless and hostile servers send them: each is read, or refused for a reason."""

from __future__ import annotations

import gzip
import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from feed_server import rss

from watcher.entry import Document, NotAFeed
from watcher.formats.ampersand import possible
from watcher.formats.source import Source
from watcher.parse import parse
from watcher.robots import policy_of

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
VERSION = "https://jsonfeed.org/version/1.1"


def read(body: bytes, content_type: str = "") -> Document | NotAFeed:
    return parse(body, Source(url="https://n.example/feed", content_type=content_type), NOW)


def titles(body: bytes, content_type: str = "") -> list[str]:
    found = read(body, content_type)
    assert isinstance(found, Document), found
    return [entry.title for entry in found.entries]


def json_feed(*items: Any, **more: Any) -> str:
    return json.dumps({"version": VERSION, "title": "T", "items": items, **more}, ensure_ascii=False)


# -- characters that are none -----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "reference",
    ["&#0;", "&#x1F;", "&#55357;", "&#xD83D;", "&#xDE00;&#xD83D;", "&#xFFFF;", "&#x110000;", "&#99999999999999;"],
)
def test_a_reference_to_no_character_costs_that_character_alone(reference: str) -> None:
    assert titles(rss(f"<item><title>Ministers{reference} meet</title></item>", "<item><title>B</title></item>")) == [
        "Ministers meet",
        "B",
    ]


@pytest.mark.parametrize("pair", ["&#55357;&#56832;", "&#xD83D;&#xDE00;", "&#xd83d;&#56832;"])
def test_the_halves_of_a_character_are_that_character(pair: str) -> None:
    assert titles(rss(f"<item><title>Ministers {pair} meet</title></item>")) == ["Ministers \U0001f600 meet"]


def test_what_can_be_a_character_stays_as_it_is_written() -> None:
    good = b"&#9;&#10;&#x41;&#65533;&#x10FFFF;&amp;&#x;&#;&#-1;&copy;"
    assert possible(good) == good


def test_a_million_references_cost_time_in_line_with_their_number() -> None:
    started = time.monotonic()
    possible(b"&#55357;" * 1_000_000)
    assert time.monotonic() - started < 10


# -- JSON Feed --------------------------------------------------------------------------------------------------------
def test_an_id_is_what_is_written_however_long_and_of_whatever_kind() -> None:
    ids = ["9" * 5_000, "1e999", "NaN", "2.50", '"2.50"', "true", "null", "[1]", '""']
    items = ",".join(f'{{"id": {id}, "title": "{n}"}}' for n, id in enumerate(ids))
    found = read(f'{{"version": "{VERSION}", "items": [{items}]}}'.encode())
    assert isinstance(found, Document)
    guids = [entry.names.guid for entry in found.entries]
    assert found.complete
    assert [guid is not None for guid in guids] == [True] * 5 + [False] * 4
    assert guids[3] == guids[4]
    assert len(set(guids[:4])) == 4


@pytest.mark.parametrize("around", [("", "garbage"), ("\n" * 1_000, ""), ("\ufeff \ufeff", "\n{}"), ("", "\0")])
def test_what_stands_around_a_json_feed_is_passed_over(around: tuple[str, str]) -> None:
    found = read(json_feed({"id": "1", "title": "A"}).join(around).encode())
    assert isinstance(found, Document)
    assert (len(found.entries), found.complete) == (1, True)


def test_an_entry_without_a_url_of_its_own_has_the_one_that_it_tells_of() -> None:
    items = [
        {"id": 1, "title": "A", "external_url": "https://o.example/x"},
        {"id": 2, "title": "B", "url": "javascript:alert(1)", "external_url": "https://o.example/y"},
        {"id": 3, "title": "C", "url": "", "external_url": "//o.example/z"},
    ]
    found = read(json_feed(*items).encode())
    assert isinstance(found, Document)
    assert [entry.url for entry in found.entries] == ["https://o.example/x", None, "https://o.example/z"]


@pytest.mark.parametrize(
    ("charset", "encoding"),
    [("utf-16", "utf-16"), ("utf-8", "utf-16-le"), ("utf-8", "utf-16-be"), ("koi8-r", "koi8-r")],
)
def test_a_json_feed_is_read_in_the_encoding_that_it_is_in(charset: str, encoding: str) -> None:
    body = ("\n " + json_feed({"id": 1, "title": "Министры"})).encode(encoding)
    assert titles(body, f"application/feed+json; charset={charset}") == ["Министры"]


# -- encodings and packing --------------------------------------------------------------------------------------------
@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_white_space_before_a_wide_document_hides_nothing(encoding: str) -> None:
    text = " \n" + rss("<item><title>Министры</title></item>").decode()
    assert titles(text.encode(encoding), "text/xml; charset=utf-8") == ["Министры"]


def test_a_sitemap_is_read_in_the_encoding_that_its_server_names() -> None:
    text = "<urlset xmlns:n='n'><url><loc>https://n.example/1</loc><n:news><n:title>Привет</n:title></n:news></url></urlset>"
    assert titles(text.encode("koi8-r"), "text/xml; charset=koi8-r") == ["Привет"]


@pytest.mark.parametrize(
    "name",
    [
        "klingon",
        "rot13",
        "zlib_codec",
        "idna",
        "punycode",
        "unicode_escape",
        "raw_unicode_escape",
        "raw-unicode-escape",
        "mbcs",
    ],
)
def test_an_encoding_that_no_document_is_in_is_not_believed(name: str) -> None:
    body = rss("<item><title>Caf\\u0065 \\ud800 Müller</title></item>").decode().encode("cp1252")
    assert titles(body, f"text/xml; charset={name}") == ["Caf\\u0065 \\ud800 Müller"]


@pytest.mark.parametrize("times", [1, 2, 3])
def test_a_document_that_was_packed_again_on_its_way_is_read(times: int) -> None:
    body = rss("<item><title>A</title></item>")
    for _ in range(times):
        body = gzip.compress(body)
    assert titles(body) == ["A"]


def test_a_bomb_in_a_bomb_is_bounded() -> None:
    found = read(gzip.compress(gzip.compress(b"\0" * 200_000_000)))
    assert isinstance(found, NotAFeed)


def test_a_list_of_sitemaps_says_what_to_give_in_its_place() -> None:
    found = read(
        b"<?xml version='1.0'?><sitemapindex><sitemap><loc>https://n.example/news.xml</loc></sitemap></sitemapindex>"
    )
    assert isinstance(found, NotAFeed)
    assert "give the address of its news sitemap" in found.message


# -- robots.txt -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "text",
    [
        "\ufeffUser-agent: *\nDisallow: /",
        "User-agent: Tocsin/1.0\nDisallow: /",
        "User-agent: tocsin (+https://example.org/)\r\nDisallow: /",
        "USER-AGENT : TOCSIN\rDISALLOW : / # all",
        "User-agent: a\nUser-agent: Tocsin/2 b\nDisallow: /\n\nUser-agent: *\nAllow: /",
    ],
)
def test_a_site_that_lets_us_in_nowhere_is_understood_however_it_says_so(text: str) -> None:
    assert not policy_of(text.encode(), until_s=1.0).allowed("https://n.example/a")


@pytest.mark.parametrize(
    "text", ["User-agent: TocsinX\nDisallow: /", "User-agent: X/Tocsin\nDisallow: /", "\0", "<html>"]
)
def test_what_is_not_said_to_us_keeps_us_from_nothing(text: str) -> None:
    assert policy_of(text.encode(), until_s=1.0).allowed("https://n.example/a")


@pytest.mark.timeout(20)
@pytest.mark.parametrize("text", ["\n" * 500_000, "\n " * 250_000, " \t" * 250_000, "user-agent:" + " " * 490_000])
def test_a_file_of_nothing_but_space_takes_no_time(text: str) -> None:
    """One that goes over the ends of lines looks at each of them from each before: a quarter of an hour."""
    assert policy_of(text.encode(), until_s=1.0).allowed("https://n.example/a")


@pytest.mark.parametrize("wanted", ["nan", "inf", "-1", "1e400", "1/10s", ""])
def test_a_crawl_delay_is_a_number_of_seconds_or_none(wanted: str) -> None:
    assert 0.0 <= policy_of(f"User-agent: *\nCrawl-delay: {wanted}".encode(), until_s=1.0).delay_s <= 60.0
