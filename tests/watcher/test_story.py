from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.stories import Told
from watcher.story import SKETCH, Telling, alike, kin, sketch

TITLE = "Norland lifts arms embargo on Sudria"
TEXT = (
    "Norland has lifted its arms embargo on Sudria after nine years, the foreign minister, Ada Lindqvist, said on "
    "Tuesday. "
    "The decision takes effect at midnight and ends a ban on the sale of rifles, vehicles and spare parts. "
    "Lindqvist told reporters in the capital that Sudria had kept its promises and that the council was informed. "
    "Opposition leaders called the step premature and asked for a debate in parliament next week. "
    "Exports worth 40 million crowns had been stopped since the embargo was imposed in the spring of the civil war."
)
SENTENCES = TEXT.split(". ")
LEAD = "Norland has lifted its arms embargo on Sudria after nine years"

COPIES = {
    "the same": (TITLE, TEXT),
    "an agency's line before it": (TITLE, "HOLMSTAD (Reuters) - " + TEXT),
    "another agency's line": (TITLE, "HOLMSTAD, May 3 (AFP) — " + TEXT),
    "a place in capitals": (TITLE, "HOLMSTAD – " + TEXT),
    "another headline": ("Arms sales to Sudria allowed again after nine years", TEXT),
    "a headline in capitals": (TITLE.upper(), TEXT),
    "a teaser": (TITLE, SENTENCES[0] + "."),
    "a teaser that is cut off": (TITLE, TEXT[:180].rsplit(" ", 1)[0] + " …"),
    "boilerplate at the end": (
        TITLE,
        TEXT + " Reporting by Jon Dahl; Editing by Eva Strand. Sign up for our newsletter.",
    ),
    "another one's boilerplate": (TITLE, TEXT + " © 2026 Sudria Courier. All rights reserved."),
    "a sentence left out": (TITLE, ". ".join(SENTENCES[:1] + SENTENCES[2:])),
    "a lead that is written again": (
        TITLE,
        TEXT.replace(LEAD, "After nine years, Norland has ended the ban for Sudria"),
    ),
    "a sentence of its own": (TITLE, ". ".join([*SENTENCES[:2], "Our correspondent saw people dance", *SENTENCES[2:]])),
}
OTHERS = {
    "another country does it": (
        TITLE.replace("Norland", "Estaria"),
        TEXT.replace("Norland", "Estaria"),
    ),
    "it is done to another one": (TITLE.replace("Sudria", "Vestia"), TEXT.replace("Sudria", "Vestia")),
    "another act": (
        "Norland imposes arms embargo on Sudria",
        "Norland has imposed an arms embargo on Sudria, the foreign minister, Ada Lindqvist, said on Tuesday. Sales of "
        "all weapons stop at once, she told reporters, because fighting had broken out again along the river.",
    ),
    "another topic": (
        "Bank raises rate",
        "The central bank of Norland raised its rate by half a point, more than expected.",
    ),
    "a text that stands below each": ("Bank of Norland raises rate", TEXT.replace("Norland", "The government")),
    "no text": ("Norland news", ""),
}


@pytest.mark.parametrize("how", COPIES)
def test_a_copy_is_found_however_it_was_dressed(how: str) -> None:
    title, text = COPIES[how]
    assert alike(Telling(TITLE, TEXT), Telling(title, text)) > 0.5
    shared = {*sketch(TITLE, TEXT)} & {*sketch(title, text)}
    assert len(shared) >= 2


@pytest.mark.parametrize("how", OTHERS)
def test_another_event_is_another_story_also_in_the_same_words(how: str) -> None:
    title, text = OTHERS[how]
    assert alike(Telling(TITLE, TEXT), Telling(title, text)) == 0


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Estaria expels two diplomats over spying", "Lettonia expels two diplomats over spying"),
        ("Estaria expels two diplomats from Norland", "Estaria expels two diplomats from Vestia"),
        ("Fighting in Sudria: what we know on day 358", "Fighting in Sudria: what we know on day 359"),
        ("Council extends sanctions on Norland for 6 months", "Council extends sanctions on Norland for 12 months"),
    ],
)
def test_headlines_that_differ_in_a_name_or_number_are_of_two_events(one: str, other: str) -> None:
    assert alike(Telling(one, ""), Telling(other, "")) == 0
    sentence = ", the ministry said in a statement that was published on its site on Tuesday evening"
    assert alike(Telling(one, one + sentence), Telling(other, other + sentence)) == 0


def test_the_story_is_that_of_the_most_alike_and_of_the_first_of_those() -> None:
    told = [
        Told(id="1", story_id="other", title=OTHERS["another act"][0], text=OTHERS["another act"][1]),
        Told(id="2", story_id="near", title=TITLE, text=". ".join(SENTENCES[:2])),
        Told(id="3", story_id="near", title=TITLE, text=TEXT),
        Told(id="4", story_id="late", title=TITLE, text=TEXT),
    ]
    assert kin(TITLE, TEXT, told) == "near"
    assert kin("Bank raises rate by half a point", "More than expected by most.", told) is None
    assert kin(TITLE, TEXT, []) is None


def test_too_few_words_say_nothing() -> None:
    assert sketch("Statement", "") == ()
    assert sketch("", "") == ()
    assert alike(Telling("Statement by the minister", ""), Telling("Statement by the minister", "")) == 0


@given(st.text(max_size=400), st.text(max_size=400))
def test_any_text_has_a_sketch_that_databases_hold_and_is_like_itself(title: str, text: str) -> None:
    numbers = sketch(title, text)
    assert len(numbers) <= SKETCH
    assert all(0 <= number < 2**63 for number in numbers)
    assert alike(Telling(title, text), Telling(title, text)) == (1.0 if numbers else 0.0)


@given(st.text(max_size=300), st.text(max_size=300))
def test_likeness_is_the_same_from_either_side(one: str, other: str) -> None:
    assert alike(Telling(TITLE, one), Telling(TITLE, other)) == alike(Telling(TITLE, other), Telling(TITLE, one))
