from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.clean import plain_line, plain_text, safe_link
from watcher.identity import canonical_url


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("plain text", "plain text"),
        ("a<br>b<p>c\nd</p>e", "a\nb\nc d\ne"),
        ("<p>one<ul><li>two<li>three</ul>", "one\ntwo\nthree"),
        ("<td>a</td><td>b</td>", "a\nb"),
        ("<b>b</b>old&nbsp;A&amp;B &lt;tag&gt;", "bold A&B <tag>"),
        ("Q&A: 5 < 6 & 7 > 2", "Q&A: 5 < 6 & 7 > 2"),
        ("AT&amp;T", "AT&T"),
        ("<script>alert(1)</script>hi<style>x</style> there<!-- no -->", "hi there"),
        ("a\u200bb\xadc\x00d\x07\ufeff", "abcd"),
        ("one\r\n\r\ntwo\u2028three", "one\ntwo\nthree"),
        ("\ud800x<b>y</b>", "xy"),
        ("e\u0301", "é"),
        ("<img src=x onerror=alert(1)>", ""),
        ("<a href='javascript:x'>link</a>", "link"),
        ("نمی\u200cخواهم", "نمی\u200cخواهم"),
    ],
)
def test_html_becomes_the_text_that_a_reader_sees(html: str, text: str) -> None:
    assert plain_text(html) == text


def test_a_title_is_one_line() -> None:
    assert plain_line("<b>Talks</b>\n in <i>Vienna</i><br>end") == "Talks in Vienna end"


def test_200000_nested_tags_and_a_book_are_bounded() -> None:
    started = time.monotonic()
    plain_text("<div>" * 200_000 + "deep")
    plain_text("<b>" * 200_000)
    assert len(plain_text("word " * 1_000_000)) <= 200_000
    assert time.monotonic() - started < 5


@given(st.text())
def test_clean_text_stays_as_it_is(text: str) -> None:
    once = plain_text(text)
    if "<" not in once and "&" not in once:
        assert plain_text(once) == once


@given(st.text())
def test_no_markup_makes_cleaning_fail(text: str) -> None:
    assert "\0" not in plain_text("<p>" + text)
    assert "\n" not in plain_line(text)


@pytest.mark.parametrize(
    ("link", "absolute"),
    [
        ("/a", "https://n.example/a"),
        ("//cdn.example/a", "https://cdn.example/a"),
        ("a b", "https://n.example/feeds/a%20b"),
        ("HTTPS://N.example/A", "https://N.example/A"),
        (" https://n.example/a\n", "https://n.example/a"),
        ("javascript:alert(1)", None),
        ("data:text/html,x", None),
        ("mailto:a@b.example", None),
        ("https://u:p@n.example/", None),
        ("https://[::1", None),
        ("https://n.example:99999/", None),
        ("", None),
        (None, None),
        ("https://n.example/" + "a" * 3000, None),
    ],
)
def test_links_are_absolute_and_lead_to_the_web_or_nowhere(link: str | None, absolute: str | None) -> None:
    assert safe_link(link, "https://n.example/feeds/rss") == absolute


@given(st.text())
def test_no_link_makes_the_check_fail(link: str) -> None:
    found = safe_link(link, "https://n.example/")
    assert found is None or canonical_url(found).startswith(("http://", "https://"))


def test_tracking_parameters_and_fragments_go_and_the_rest_stays() -> None:
    url = "https://N.example:443/a?id=7&utm_source=rss&UTM_Medium=x&fbclid=1&b=%20c#top"
    assert canonical_url(url) == "https://n.example/a?id=7&b=%20c"
    assert canonical_url("https://n.example/#!/story/7") == "https://n.example/#!/story/7"
