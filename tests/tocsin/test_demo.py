"""The demo: invented news, and a secret of its own."""

from __future__ import annotations

import io
import stat
from datetime import timedelta
from pathlib import Path

import feedparser

from rules import Article, load
from tocsin import demo

URL = "http://127.0.0.1:8765"


def test_the_feed_grows_with_time_and_its_guids_stay(tmp_path: Path) -> None:
    start = demo.since(tmp_path)
    first = feedparser.parse(io.BytesIO(demo.feed_xml(URL, start, start)))
    later = feedparser.parse(io.BytesIO(demo.feed_xml(URL, start, start + timedelta(seconds=2 * demo.EVERY_S))))
    assert len(first.entries) == demo.AT_ONCE
    assert len(later.entries) == demo.AT_ONCE + 2
    assert [entry.id for entry in first.entries] == [entry.id for entry in later.entries[2:]]
    assert not first.bozo


def test_a_second_start_goes_on_where_the_first_one_was(tmp_path: Path) -> None:
    assert demo.since(tmp_path) == demo.since(tmp_path)
    assert demo.secret_file(tmp_path).read_text() == demo.secret_file(tmp_path).read_text()
    assert stat.S_IMODE(demo.secret_file(tmp_path).stat().st_mode) == 0o600


def test_the_first_articles_give_alerts_and_the_silent_ones_do_not() -> None:
    rules = load()
    told = {
        article.number: {match.rule for match in rules.match(Article(id="d", title=article.title, text=article.text))}
        for article in demo.articles()
    }
    assert "defence.deal.new" in told[1]
    assert "embargo.ended" in told[3]
    assert "defence.cooperation.signalled" in told[5]
    assert [number for number in (2, 4, 6, 7) if told[number]] == []
    assert {"sanctions.imposed"} <= told[8]
    assert {"diplomats.expelled"} <= told[9]
    assert {"ceasefire.agreed"} <= told[10]
    assert {"treaty.exit"} <= told[12]
