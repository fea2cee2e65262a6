"""The pure parts of pages: marking, drawing, words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console import words
from console.marking import mark
from console.sparkline import HEIGHT, sparkline

texts = st.text(st.sampled_from("ab \n\r🕊️é<"), max_size=60)


@st.composite
def quoted(draw: st.DrawFn) -> tuple[str, list[dict[str, object]]]:
    text = draw(texts)
    spans = draw(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=5))
    inside = [(min(a, b, len(text)), min(max(a, b), len(text))) for a, b in spans]
    return text, [{"field": "text", "start": a, "end": b, "text": text[a:b]} for a, b in inside]


@given(quoted())
def test_marking_loses_and_adds_no_character_and_marks_what_is_quoted(
    given: tuple[str, list[dict[str, object]]],
) -> None:
    text, evidence = given
    found = mark("T", text, evidence)
    lines = [line for line in text.split("\n") if line.strip()]
    assert ["".join(piece.text for piece in paragraph) for paragraph in found.paragraphs] == lines
    assert found.missing == ()
    wanted = {at for one in evidence for at in range(int(str(one["start"])), int(str(one["end"])))}
    marked: set[int] = set()
    at = 0
    paragraphs = iter(found.paragraphs)
    for line in text.split("\n"):
        if line.strip():
            here = at
            for piece in next(paragraphs):
                marked |= set(range(here, here + len(piece.text))) if piece.marked else set()
                here += len(piece.text)
        at += len(line) + 1
    seen = {at for at in wanted if text[at] != "\n"}
    assert marked <= wanted
    assert {at for at in seen - marked if not text[at].isspace()} == set()


def test_a_quotation_that_moved_is_found_and_one_that_went_is_missing() -> None:
    evidence = [
        {"field": "text", "start": 0, "end": 4, "text": "over"},
        {"field": "title", "start": 0, "end": 3, "text": "End"},
        {"field": "text", "start": 0, "end": 4, "text": "gone"},
    ]
    found = mark("The End", "It is over now", evidence)
    assert [piece.text for piece in found.paragraphs[0] if piece.marked] == ["over"]
    assert [piece.text for piece in found.title if piece.marked] == ["End"]
    assert found.missing == ("gone",)


@given(st.lists(st.integers(0, 10_000), max_size=40))
def test_bars_stand_on_the_ground_and_stay_in_the_drawing(counts: list[int]) -> None:
    line = sparkline(counts, "item")
    assert all(bar.y >= 0 and abs(bar.y + bar.height - HEIGHT) < 0.11 for bar in line.bars)
    assert all(bar.x + 4 <= line.width for bar in line.bars)
    assert line.words.startswith(f"{words.counted(sum(counts), 'item')} in ")


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://a.example/x", True),
        ("HTTP://a.example", True),
        ("javascript:alert(1)", False),
        (" javascript:alert(1)", False),
        ("java\nscript:alert(1)", False),
        ("data:text/html,x", False),
        ("//a.example", False),
        ("https://[broken", False),
        ("https:///x", False),
        ("", False),
        (None, False),
    ],
)
def test_only_links_to_the_web_may_be_followed(url: str | None, safe: bool) -> None:
    assert (words.safe_url(url) is not None) == safe


def test_times_and_counts_read_well() -> None:
    now = 1_764_045_000_000_000
    assert words.ago(now - 30_000_000, now) == "just now"
    assert words.ago(now - 90_000_000, now) == "1 min ago"
    assert words.ago(now - 86_400_000_000, now) == "1 day ago"
    assert words.ago(now + 7_200_000_000, now) == "in 2 h"
    assert words.counted(1, "outlet") == "1 outlet"
    assert words.counted(12_000, "match", "matches") == "12\u202f000 matches"
    assert words.masked("https://hooks.example.org:8443/a/b?c") == "https://hooks.example.org:8443/…"
    assert words.masked("desk@example.org") == "desk@example.org"
    assert words.speaker({"name": None, "title": None, "role": "official"}) == "somebody (official)"
