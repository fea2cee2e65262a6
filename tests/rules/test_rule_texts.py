"""Texts of every kind: exact offsets, no crash, linear time, same bytes in every process."""

import os
import subprocess
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules import Article, RuleSet, load
from rules.language.text import even

RULES = load()
SENTENCE = "The arms embargo on Ghana has been lifted, Foreign Minister Ana Rusu said."


def matched(title: str, text: str = "", lang: str | None = None) -> list[str]:
    article = Article(id="1", title=title, text=text, lang=lang)
    found = RULES.match(article)
    for match in found:
        for e in match.evidence:
            assert getattr(article, e.field)[e.start : e.end] == e.text
    return [m.rule for m in found]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\0" * 50,
        "“" * 101 + SENTENCE,
        "\u202e" + SENTENCE + "\u202c",
        "e\u0301\ufb01 " + SENTENCE,
        "İ" * 40 + ". " + SENTENCE,
        SENTENCE.upper(),
        SENTENCE.replace(" ", "\u00a0"),
        "no sentence ends here " * 500,
        "?!.,;:" * 500,
        "🙂 " + SENTENCE + " 🙂",
        "(((((" * 300 + SENTENCE,
        "\ud800 broken surrogate. " + SENTENCE,
        SENTENCE[:-1] + ", and may stay-",  # cut off within 'stay-at-home'
    ],
)
def test_odd_texts_never_crash_and_offsets_stay_exact(text: str) -> None:
    matched("", text)
    matched(text.replace("\n", " "), "")


def test_soft_hyphens_and_direction_marks_do_not_hide_a_claim_nor_shift_its_offsets() -> None:
    text = SENTENCE.replace("embargo", "em\u00adbar\u200bgo").replace("Ghana", "\u2066Ghana\u2069")
    assert "embargo.ended" in matched("", text)


def test_a_line_above_the_article_that_was_joined_to_its_first_sentence_is_a_sentence_of_its_own() -> None:
    line = "Police say they were told nothing of the plans for the weekend "
    text = line + "The government of Norway has lifted the arms embargo on Ghana. Shops were open."
    (match,) = [m for m in RULES.match(Article(id="1", title="", text=text)) if m.rule == "restriction.ended"]
    assert match.evidence[0].start == len(line)


def test_the_hague_opens_no_sentence() -> None:
    text = "Judges of the tribunal who sat for many months in a villa near The Hague and in Oslo lifted the embargo."
    assert matched("", text) == matched("", text.replace("The Hague", "Geneva"))


def test_other_languages_are_not_read() -> None:
    assert matched("", SENTENCE, lang="fr") == []
    assert "embargo.ended" in matched("", SENTENCE, lang="en-GB")


def test_page_furniture_matches_nothing() -> None:
    text = "Rain fell on Oslo.\n• 2021-01-04 17:50\nNorway lifts arms embargo on Ghana\nLeave a Comment\n2 + 7 ="
    assert matched("Weather", text) == []
    assert matched("Weather", "Rain fell.\nRelated: Norway lifts arms embargo on Ghana") == []


@given(st.text(max_size=300), st.text(max_size=300))
@settings(max_examples=80, deadline=None)
def test_evidence_is_always_the_article_s_own_text(before: str, after: str) -> None:
    matched(before, f"{before} {SENTENCE} {after}")


@given(st.text(alphabet=st.characters(), max_size=200))
@settings(max_examples=200, deadline=None)
def test_even_text_leads_back_to_its_own_characters(text: str) -> None:
    clean = even(text, "text")
    assert len(clean.offsets or clean.text) == len(clean.text)
    if clean.text:
        whole = clean.evidence(0, len(clean.text))
        assert text[whole.start : whole.end] == whole.text


def seconds(text: str) -> float:
    start = time.perf_counter()
    RULES.match(Article(id="1", title="", text=text))
    return time.perf_counter() - start


@pytest.mark.parametrize(
    "piece",
    [
        "Norway and Ghana agreed to lift the embargo and impose sanctions on talks ",
        "the embargo, the sanctions, the ban and ",
        "“" + SENTENCE + "” ",
        "(the embargo [was lifted, ",
        "Norway, Ghana and Oman, ",
        "embargo lifted … ",
        "a",
    ],
)
def test_time_grows_with_length_and_no_faster(piece: str) -> None:
    short = seconds(piece * (40_000 // len(piece)))
    long = seconds(piece * (320_000 // len(piece)))
    assert long < 8 * short * 2.5 + 0.3


def test_five_megabytes_in_one_line_are_read() -> None:
    assert seconds("the weather was fine " * 250_000) < 10


def test_an_article_that_says_the_same_a_thousand_times_is_read() -> None:
    assert matched("Norway lifts embargo on Ghana", "Norway lifts embargo on Ghana\n" * 5_000)


def test_five_megabytes_of_abbreviations_which_never_end_a_sentence_are_read() -> None:
    assert seconds("embargo lifted, No. " * 250_000) < 10


WORDED = """
rule: near.words
title: Words that stand near each other
maturity: experimental
text: {near: {a: [lift], b: [embargo], within: 3}}
---
rule: same.sentence
title: Words of one sentence
maturity: experimental
text: {all: [lift, embargo], same: sentence}
"""


@pytest.fixture(scope="module")
def worded(tmp_path_factory: pytest.TempPathFactory) -> RuleSet:
    file = tmp_path_factory.mktemp("rules") / "worded.yml"
    file.write_text(WORDED, "utf8")
    return load(file, packs=False)


@given(st.lists(st.sampled_from(["lift", "embargo", "an", "the", "end."]), max_size=12))
def test_words_are_near_or_of_one_sentence_as_a_look_at_every_pair_says(worded: RuleSet, words: list[str]) -> None:
    pairs = [(i, j) for i, a in enumerate(words) for j, b in enumerate(words) if a == "lift" and b == "embargo"]
    near = any(abs(i - j) <= 3 for i, j in pairs)
    same = any("end." not in words[min(pair) : max(pair)] for pair in pairs)
    found = {match.rule for match in worded.match(Article(id="1", title="", text=" ".join(words)))}
    assert found == ({"near.words"} if near else set()) | ({"same.sentence"} if same else set())


def test_words_of_a_long_text_are_compared_with_their_neighbours_only(worded: RuleSet) -> None:
    text = "lift it all. " * 20_000 + "see the embargo. " * 20_000
    start = time.perf_counter()
    assert worded.match(Article(id="1", title="", text=text)) == ()
    assert time.perf_counter() - start < 10


PROGRAM = """
from rules import Article, load
r = load()
print(r.hash)
TITLES = "Norway and Ghana sign defence pact", "EU, UK, US impose sanctions on Ghana and Mali", "Arms embargo lifted"
for t in TITLES:
    print(r.match(Article(id="1", title=t, text=t)))
    for rule in r.rules:
        print(r.explain(rule, Article(id="1", title=t, text=t)))
"""


def test_two_processes_with_different_hash_seeds_print_the_same_bytes() -> None:
    outputs = {
        subprocess.run(
            [sys.executable, "-c", PROGRAM], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2", "77")
    }
    assert len(outputs) == 1


@pytest.mark.parametrize(
    ("title", "is_told"),
    [
        ("Norway imposes sanctions on Belarus", True),
        ("Norway imposes sanctions on Belarus | World News", True),
        ("Norway imposes sanctions on Belarus | Fjord Tidings", True),
        ("Norway imposes sanctions on Belarus, at last | Ana Rusu", False),
        ("Opinion: Norway imposes sanctions on Belarus and on itself", False),
    ],
)
def test_a_column_comments_and_what_it_says_is_background_while_an_outlet_may_sign_its_titles(
    title: str, is_told: bool
) -> None:
    found = RULES.match(Article(id="1", title=title, url="https://www.fjordtidings.example/7"))
    assert ("sanctions.imposed" in [m.rule for m in found]) is is_told
