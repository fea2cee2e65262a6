"""Lists of feeds as OPML."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.feeds import Feed
from watcher.opml import MAX_BYTES, OpmlError, read_opml, write_opml

LIST = b"""<?xml version="1.0"?>
<opml version="1.1"><head/><body>
 <outline text="World News">
  <outline text="Asia &amp; Pacific"><outline type="rss" text="The Tide" xmlUrl="https://tide.example/rss"/></outline>
  <outline text="Harbour" xmlUrl="https://harbour.example/atom" category="/ships,ports"/>
 </outline>
 <outline text="again" xmlUrl="https://tide.example/rss"/>
 <outline text="odd" xmlUrl="file:///etc/passwd"/>
 <outline text="empty folder"/>
</body></opml>"""


def test_folders_and_categories_become_tags_and_bad_lines_are_named() -> None:
    found = read_opml(LIST)
    assert [(one.url, one.name, one.tags) for one in found.feeds] == [
        ("https://tide.example/rss", "The Tide", ("world-news", "asia-pacific")),
        ("https://harbour.example/atom", "Harbour", ("world-news", "ships", "ports")),
    ]
    assert [line.split(":")[0] for line in found.skipped] == ["line 7", "line 8"]
    assert "twice" in found.skipped[0]
    assert "file:///etc/passwd" in found.skipped[1]


@pytest.mark.parametrize(
    "kind", ["type='folder'", "type='rss'", "url='https://a.example/'", "htmlUrl='https://a.example/'"]
)
def test_what_holds_others_is_a_folder_whatever_else_it_says(kind: str) -> None:
    found = read_opml(f"<opml><body><outline text='Energy' {kind}>{FEED}</outline></body></opml>".encode())
    assert [(one.name, one.tags) for one in found.feeds] == [("A", ("energy",))]
    assert found.skipped == ()


FEED = "<outline text='A' xmlUrl='https://a.example/f'/>"
OTHER = "<outline text='B' xmlUrl='https://b.example/f'/>"


@pytest.mark.parametrize(
    "document",
    [
        f"\n <?xml version='1.0'?><opml><body>{FEED}{OTHER}</body></opml>",
        f"\ufeff<OPML><BODY>{FEED}{OTHER}</BODY></OPML>",
        f"<o:opml xmlns:o='http://o.example/'><o:body>{FEED}{OTHER}</o:body></o:opml>".replace("<out", "<o:out"),
        f"<opml><body>{FEED}{OTHER}</body></opml>".replace("xmlUrl", "xmlurl"),
        f"<opml><body>{FEED}</body><body>{OTHER}</body></opml>",
        f"<opml><body>{FEED[:-2]}>{OTHER}</outline></body></opml>",
        f"<opml><body><!-- a -->{FEED}<?b?>{OTHER}</body></opml>",
    ],
)
def test_no_feed_is_lost_to_a_careless_export(document: str) -> None:
    found = read_opml(document.encode())
    assert [(one.url, one.name) for one in found.feeds] == [("https://a.example/f", "A"), ("https://b.example/f", "B")]
    assert found.skipped == ()


@pytest.mark.parametrize(
    ("outline", "why"),
    [
        ("<outline type='include' text='me' url='https://a.example/me.opml'/>", "'me' includes another list"),
        ("<outline type='rss' text='C' url='https://c.example/f'/>", "'C' has no xmlUrl"),
        ("<outline htmlUrl='https://c.example/'/>", "has no xmlUrl"),
        ("<outline xmlUrl='feed://c.example/f'/>", "feed://c.example/f: must begin with https:// or http://"),
    ],
)
def test_what_is_left_out_is_named_with_its_reason(outline: str, why: str) -> None:
    found = read_opml(f"<opml><body>\n{outline}{FEED}</body></opml>".encode())
    assert [one.name for one in found.feeds] == ["A"]
    (said,) = found.skipped
    assert said.startswith(f"line 2: {why}")


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (b"", "no well-formed XML"),
        (b"<html><body/></html>", "no OPML"),
        (b"<opml><body><outline", "no well-formed XML"),
        (b'<!DOCTYPE opml [<!ENTITY a "b">]><opml><body/></opml>', "entities"),
        (b'<!DOCTYPE opml [<!ENTITY a SYSTEM "file:///etc/passwd">]><opml><body>&a;</body></opml>', "entities"),
        (b"<opml><body>" + b"<outline text='a'>" * 5_000 + b"</outline>" * 5_000 + b"</body></opml>", "XML"),
        (b" " * (MAX_BYTES + 1), "split it"),
    ],
)
def test_what_is_no_list_is_refused_with_the_reason(document: bytes, reason: str) -> None:
    with pytest.raises(OpmlError, match=reason):
        read_opml(document)


def test_entities_that_multiply_are_refused_at_once() -> None:
    levels = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    bomb = f'<!DOCTYPE opml [<!ENTITY e0 "ha">{levels}]><opml><body><outline text="&e11;" xmlUrl="x"/></body></opml>'
    with pytest.raises(OpmlError):
        read_opml(bomb.encode())


def test_ten_thousand_feeds_are_read() -> None:
    rows = "".join(f'<outline xmlUrl="https://h{n}.example/f"/>' for n in range(10_000))
    found = read_opml(f"<opml><body>{rows}</body></opml>".encode())
    assert len(found.feeds) == 10_000
    assert found.feeds[7].name == found.feeds[7].outlet


names = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")), min_size=1, max_size=40)
tags = st.lists(st.from_regex(r"[a-z][a-z0-9]{0,8}", fullmatch=True), max_size=3, unique=True).map(tuple)


@given(st.lists(st.tuples(names, tags), max_size=5))
def test_what_is_written_is_read_back(some: list[tuple[str, tuple[str, ...]]]) -> None:
    feeds = tuple(
        Feed(url=f"https://h{n}.example/f", name=name, outlet=f"h{n}.example", tier="press", tags=own)
        for n, (name, own) in enumerate(some)
    )
    assert read_opml(write_opml(feeds)).feeds == feeds
