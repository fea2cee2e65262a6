"""What a match's confidence is weighed by."""

from hypothesis import given
from hypothesis import strategies as st

from rules import Article, load
from rules.engine.confidence import confidence, weights

RULES = load()
PLAIN = "Norway lifts arms embargo on Ghana"
TANGLED = (
    "At a meeting in the capital that went on for many hours and to which few of the envoys had come in person or had "
    "sent a deputy, the arms embargo on Ghana was lifted by Norway, as a 'first step', the chair of the committee said."
)


def matched(title: str, text: str = "") -> float:
    """The confidence of restriction.ended for an item."""
    found = {m.rule: m for m in RULES.match(Article(id="1", title=title, text=text))}
    return found["restriction.ended"].confidence


def test_a_plain_headline_is_surer_than_a_long_sentence_that_only_reports() -> None:
    assert matched(PLAIN) > matched("", TANGLED) + 0.2


def test_the_same_signs_give_the_same_confidence_whatever_the_rule_and_its_words() -> None:
    first = RULES.match(Article(id="1", title=PLAIN, text=""))
    second = RULES.match(Article(id="2", title="Chile quits whaling convention", text=""))
    by_signs: dict[tuple[str, ...], set[float]] = {}
    for match in (*first, *second):
        by_signs.setdefault(match.signs, set()).add(match.confidence)
    assert by_signs
    assert all(len(values) == 1 for values in by_signs.values())


@given(st.sets(st.sampled_from(sorted(weights()))), st.sampled_from(sorted(weights())))
def test_a_sign_moves_confidence_the_way_of_its_weight(signs: set[str], more: str) -> None:
    before, after = confidence(signs - {more}), confidence(signs | {more})
    assert after >= before if weights()[more] > 0 else after <= before
    assert 0 < after < 1


def test_explain_shows_what_the_confidence_was_weighed_by() -> None:
    shown = str(RULES.explain("restriction.ended", Article(id="1", title=PLAIN, text="")))
    assert "confidence 0." in shown
    assert "always" in shown
