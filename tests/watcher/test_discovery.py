from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from net.failure import FailureKind
from watcher.discovery import MOST, named_in, usual_places
from watcher.mending import HOW, WHAT

URL = "https://news.example.org/section/page?x=1"


def urls(page: str) -> list[str]:
    return [candidate.url for candidate in named_in(page.encode(), URL)]


@pytest.mark.parametrize(
    ("page", "found"),
    [
        ("<link rel=alternate type=application/rss+xml href=/rss>", ["https://news.example.org/rss"]),
        (
            "<LINK REL='Alternate home' TYPE='application/atom+xml; charset=utf-8' HREF='a.atom'>",
            ["https://news.example.org/section/a.atom"],
        ),
        ("<link rel=feed href=//cdn.example/f>", ["https://cdn.example/f"]),
        (
            "<base href='https://b.example/x/'><link rel=alternate type=application/feed+json href=f.json>",
            ["https://b.example/x/f.json"],
        ),
        ("<link rel=alternate type=text/html href=/en><link rel=stylesheet href=/feed.css>", []),
        (
            "<a href=/world/rss.xml>World</a><a href='/feedback'>x</a><a href='?feed=rss2'>y</a>",
            ["https://news.example.org/world/rss.xml", "https://news.example.org/section/page?feed=rss2"],
        ),
        ("<a href=/rss>a</a><link rel=alternate type=application/rss+xml href=/rss>", ["https://news.example.org/rss"]),
        ("<link rel=alternate type=application/rss+xml href='javascript:alert(1)'>", []),
        (
            "<link rel=alternate type=application/rss+xml href='http://[bad'>",
            ["https://news.example.org/section/page?x=1"],
        ),
        ("", []),
    ],
)
def test_the_feeds_that_a_page_names_are_found(page: str, found: list[str]) -> None:
    assert urls(page) == found


def test_declared_feeds_come_before_links_and_never_too_many() -> None:
    page = "".join(f"<a href=/{n}/feed>x</a>" for n in range(50))
    page += "<link rel=alternate type=application/rss+xml title='All' href=/rss>"
    found = named_in(page.encode(), URL)
    assert len(found) == MOST
    assert (found[0].url, found[0].title, found[0].how) == ("https://news.example.org/rss", "All", "the page names it")


@given(st.binary(max_size=300))
def test_no_page_breaks_discovery(page: bytes) -> None:
    named_in(page, URL)


def test_usual_places_are_below_the_page_and_at_the_root() -> None:
    found = [candidate.url for candidate in usual_places(URL)]
    assert len(found) == MOST
    assert found[0] == "https://news.example.org/section/page/feed"
    assert "https://news.example.org/rss.xml" in found
    assert usual_places("https://a.example/")[0].url == "https://a.example/feed"


def test_every_class_of_error_has_its_way_to_mend_it() -> None:
    sources = [
        Path(__file__).parents[2] / "watcher" / name
        for name in ("fetch.py", "parse.py", "child.py", "poll.py", "pool.py")
    ]
    text = "\n".join(source.read_text() for source in sources)
    written = set(re.findall(r'error_class="(\w+)"', text)) | {"html", "soft_404", "login", "challenge", "gone"}
    assert {*get_args(FailureKind), *written} - set(HOW) == set()
    assert set(HOW) == set(WHAT)
