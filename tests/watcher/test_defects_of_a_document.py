"""Defects 1 to 15 of docs/feeds.md, those of one document, each served by a real server and read on the way that every
feed goes: lease, fetch, child process, decision, ledger. What must come of it is written beside it.
"""

from __future__ import annotations

import itertools
import time
from datetime import UTC, datetime

import pytest
from feed_server import FeedServer, Reply, item, rss
from polling import Look, state_of

from store.database import Database


def utc(microseconds: int | None) -> str | None:
    return None if microseconds is None else f"{datetime.fromtimestamp(microseconds / 1e6, UTC):%Y-%m-%dT%H:%M}"


def dated(number: int, date: str, **more: str) -> str:
    return item(number, f"Item {number}", pubDate=date, **more)


def test_defect_01_a_challenge_page_with_200_is_an_error_and_not_an_empty_feed(
    look: Look, sqlite_db: Database, server: FeedServer
) -> None:
    page = b"<!DOCTYPE html><html><head><title>Just a moment...</title></head><body>cf-chl-opt</body></html>"
    assert look(page) == []
    state = state_of(sqlite_db, server.url())
    assert (state.status, state.error_class) == ("failing", "challenge")
    assert state.error == "the site answers with a challenge page for browsers, not a feed"
    assert state.last_success_at is None


def test_defect_02_an_empty_answer_is_said_to_be_empty(look: Look, sqlite_db: Database, server: FeedServer) -> None:
    assert look(b"", b" \r\n") == []
    state = state_of(sqlite_db, server.url())
    assert (state.error_class, state.failures) == ("empty", 2)


@pytest.mark.parametrize("before", [b"\n\n  ", b"\xef\xbb\xbf", b"\xef\xbb\xbf\r\n", b"<!-- cached -->\n", b"\0\0"])
def test_defect_03_what_stands_before_the_prolog_costs_no_entry(look: Look, before: bytes) -> None:
    assert [row.title for row in look(before + rss(item(1, "One"), item(2, "Two")))] == ["One", "Two"]


def test_defect_04_windows_characters_under_a_utf_8_declaration_are_read_as_they_were_meant(look: Look) -> None:
    body = rss(item(1, "The minister’s “final” word – a café")).decode().encode("cp1252")
    assert look(body)[0].title == "The minister’s “final” word – a café"


def test_defect_05_utf_8_that_declares_utf_16_has_its_entries(look: Look) -> None:
    body = rss(item(1, "Größe")).replace(b'encoding="utf-8"', b'encoding="utf-16"')
    assert [row.title for row in look(body)] == ["Größe"]


def test_defect_06_no_control_character_reaches_an_article(look: Look) -> None:
    body = rss(item(1, "An emb\x00argo\x0b\x1b[31mends\x07", "First.\x00 Second.\x0c\x7f"))
    (row,) = look(body)
    assert (row.title, row.text) == ("An embargo [31mends", "First. Second.")


def test_defect_07_a_bare_ampersand_costs_no_word(look: Look) -> None:
    (row,) = look(rss(item(1, "Q&A: R&D & the AT&T embargo", "Arms & oil: both & more.")))
    assert (row.title, row.text) == ("Q&A: R&D & the AT&T embargo", "Arms & oil: both & more.")


def test_defect_08_an_entity_that_xml_does_not_know_costs_no_word(look: Look) -> None:
    (row,) = look(rss(item(1, "a&nbsp;b &hellip; c&eacute;", "Iran&amp;nbsp;talks &mdash; &bogus; end.")))
    assert row.title == "a b … cé"
    assert row.text == "Iran talks — &bogus; end."


def test_defect_09_a_feed_that_breaks_off_gives_what_came_and_is_asked_for_all_of_it(
    look: Look, sqlite_db: Database, server: FeedServer
) -> None:
    whole = rss(item(1), item(2, text="<![CDATA[The ministers spoke.]]>"), item(3))
    cut = Reply(whole[: whole.index(b"ministers spoke.")], headers={"ETag": '"x"', "Last-Modified": "today"})
    assert look(cut)[0].title == "Ministers met in round 1"
    state = state_of(sqlite_db, server.url())
    assert (state.status, state.etag, state.last_modified, state.body_hash) == ("ok", None, None, None)
    assert [row.text for row in look(whole)][1] == "The ministers spoke."
    assert "if-none-match" not in server.asked[1].headers


def test_defect_10_entities_of_a_document_type_are_neither_fetched_nor_expanded(look: Look, server: FeedServer) -> None:
    names = "abcdefghij"
    bomb = '<!ENTITY a "aaaaaaaaaa">' + "".join(
        f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in itertools.pairwise(names)
    )
    outside = f'<!ENTITY f SYSTEM "file:///etc/passwd"><!ENTITY h SYSTEM "{server.url("/secret")}">'
    body = rss(item(1, "A &j; B", "&f; &h; end")).replace(b"<rss", f"<!DOCTYPE rss [{bomb}{outside}]><rss".encode(), 1)
    started = time.monotonic()
    (row,) = look(body)
    assert time.monotonic() - started < 10
    assert (row.title, len(row.text) < 50, "root:" in row.text) == ("A &j; B", True, False)
    assert row.text.endswith("end")
    assert [asked.path for asked in server.asked] == ["/feed"]


def test_defect_11_no_part_of_a_date_is_todays(look: Look) -> None:
    (row,) = look(rss(dated(1, "2016/6/29")))
    assert (utc(row.published_at), row.published_from) == ("2016-06-29T00:00", "inferred")


def test_defect_12_epoch_stamps_are_instants_and_zeros_are_no_date(look: Look) -> None:
    rows = look(rss(dated(1, "1704276000"), dated(2, "0000-00-00 00:00:00"), dated(3, "0001-01-01T00:00:00Z")))
    assert [(utc(row.published_at), row.published_from) for row in rows] == [
        ("2024-01-03T10:00", "inferred"),
        (None, "first_seen"),
        (None, "first_seen"),
    ]


def test_defect_13_zones_halves_of_the_day_and_foreign_weekdays_are_read_and_guids_are_no_dates(look: Look) -> None:
    rows = look(
        rss(
            dated(1, "Wed, 03 Jan 2024 10:00:00 IST"),  # India's, most often: assumed, and said to be
            dated(2, "Wed, 03 Jul 2024 10:00:00 BST"),
            dated(3, "Wed, 03 Jan 2024 10:00 PM EST"),
            dated(4, "Mi, 03 Jan 2024 10:00:00 +0100"),
            item(5, "Item 5", guid="1"),
        )
    )
    assert [(utc(row.published_at), row.published_from) for row in rows] == [
        ("2024-01-03T04:30", "inferred"),
        ("2024-07-03T09:00", "inferred"),
        ("2024-01-04T03:00", "declared"),
        ("2024-01-03T09:00", "declared"),
        (None, "first_seen"),
    ]


def test_defect_14_an_entry_without_a_date_keeps_the_instant_at_which_it_was_first_seen(look: Look) -> None:
    first = look(rss(dated(1, "Invalid Date"), item(2, "Item 2")))
    later = look(rss(item(3, "Item 3"), dated(1, "Invalid Date", description="Edited."), item(2, "Item 2")))
    assert [row.published_at for row in later] == [None, None, None]
    assert [row.published_from for row in later] == ["first_seen"] * 3
    assert [row.first_seen_at for row in later[:2]] == [row.first_seen_at for row in first]
    assert later[0].revision == 2


def test_defect_15_a_date_in_the_future_is_not_believed_and_does_not_silence_the_feed(
    look: Look, server: FeedServer
) -> None:
    future = {"Last-Modified": "Tue, 01 Jan 2041 00:00:00 GMT"}
    first, second = (Reply(rss(dated(n, "Tue, 01 Jan 2041 00:00:00 GMT")), headers=future) for n in (1, 2))
    rows = look(first, second)
    assert [(row.published_at, row.published_from) for row in rows] == [(None, "first_seen")] * 2
    assert "if-modified-since" not in server.asked[1].headers  # or the server would say 304 until 2041
