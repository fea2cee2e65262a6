from __future__ import annotations

import gzip
import itertools
import json
import time
from pathlib import Path
from typing import Any

import pytest
from feed_server import FeedServer, Reply, item, rss
from hypothesis import given
from hypothesis import strategies as st
from polling import articles as stored
from polling import declared, poll

from store.database import Database
from store.feeds import sync_feeds
from watcher.language import spoken

ENGLISH = "The government has lifted the embargo on arms, the foreign minister told reporters on Tuesday evening."
GERMAN = (
    "Die Regierung hat das Waffenembargo aufgehoben, sagte der Außenminister am Dienstagabend vor der Presse in Wien."
)
FRENCH = (
    "Le gouvernement a levé l'embargo sur les armes, a déclaré mardi soir le ministre des Affaires étrangères à Paris."
)
RUSSIAN = "Правительство отменило эмбарго"


@pytest.mark.parametrize(
    ("title", "text", "told", "language"),
    [
        ("The embargo ends", ENGLISH, None, "en"),
        ("Das Embargo endet", GERMAN, None, "de"),
        ("Das Embargo endet", GERMAN, "en", "de"),
        ("The embargo ends", ENGLISH, "de", "en"),
        ("Das Embargo endet", GERMAN, "de-AT", "de-AT"),
        ("The embargo ends", ENGLISH, "en_GB", "en_GB"),
        ("L'embargo est levé", FRENCH, "de", "fr"),
        (RUSSIAN, "", None, "ru"),
        ("政府は武器禁輸を解除した", "", "en", "ja"),
        # too little to tell: what is told holds, and English is not given up
        ("Man guilty of Christmas Eve murder of Elle Edwards", "", None, None),
        ("Bundesregierung hebt Embargo auf", "", None, None),
        ("UN", "", "fr", "fr"),
        ("", "", None, None),
        ("12,5 % – 2026", "", None, None),
    ],
)
def test_the_text_decides_where_it_says_enough(title: str, text: str, told: str | None, language: str | None) -> None:
    assert spoken(title, text, told) == language


@given(st.text(max_size=500), st.sampled_from([None, "en", "de", "x"]))
def test_any_text_has_a_language_or_none_and_always_the_same(text: str, told: str | None) -> None:
    assert spoken(text, text, told) == spoken(text, text, told)


def test_an_article_has_the_language_of_its_text_unless_the_feeds_owner_says_it(
    db: Database, server: FeedServer
) -> None:
    document = rss(
        "<language>en-us</language>", item(1, "Das Embargo endet", GERMAN), item(2, "The embargo ends", ENGLISH)
    )
    server.answers |= {"/feed": Reply(document), "/owner": Reply(document)}
    sync_feeds(db, [declared(server.url()), declared(server.url("/owner"), lang="nl")])
    poll(db)
    assert sorted(row.lang for row in stored(db)) == ["de", "en-us", "nl", "nl"]


def _entries(shared: Path, many: int) -> list[dict[str, Any]]:
    with gzip.open(shared / "corpora" / "stream.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in itertools.islice(lines, many)]


@pytest.mark.slow
def test_of_60000_english_entries_hardly_one_is_taken_for_another_language(shared: Path) -> None:
    rows = _entries(shared, 60_000)
    started = time.monotonic()
    foreign = [row["title"] for row in rows if spoken(row["title"], row.get("text") or "", None) not in (None, "en")]
    assert len(foreign) <= 6, foreign
    assert (time.monotonic() - started) / len(rows) < 0.001
