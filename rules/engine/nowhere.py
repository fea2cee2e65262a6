"""Why no claim of an article fits a rule at all: which of its words stand where, for `explain`."""

from __future__ import annotations

from collections.abc import Iterable

from rules.engine.rule import Rule
from rules.language.analysis import Analysis
from rules.language.structure import Structure

_NOTHING = "no sentence holds a word of its act or of its object; `tocsin rules words NAME` shows a lexicon's words"


def no_claim(rule: Rule, analysis: Analysis, numbers: Iterable[int]) -> str:
    """One line: the sentence that comes nearest, and what it lacks."""
    acts = frozenset().union(*(t.acts for t in rule.claims))
    heads = frozenset().union(*(t.heads for t in rule.claims))
    found: dict[tuple[bool, bool], str] = {}
    for number in numbers:
        structure = analysis.structure(number)
        if structure:
            act, thing = _word(structure, acts, is_act=True), _word(structure, heads)
            found.setdefault((bool(act), bool(thing)), _told(act, thing, _text(analysis, number)))
    best = next((found[key] for key in ((True, True), (True, False), (False, True)) if key in found), "")
    return best or _NOTHING


def _word(s: Structure, names: frozenset[str], is_act: bool = False) -> str:
    """The first word of these lexicons in a sentence, '' for none."""
    hits = (h for h in s.tagged.hits if h.names & names and (h.form.pos != "word" or not is_act))
    return next((" ".join(s.tagged.words[h.first : h.last + 1]) for h in hits), "")


def _text(analysis: Analysis, number: int) -> str:
    sentence = analysis.page.sentences[number]
    return sentence.clean.text[sentence.start : sentence.end][:100]


def _told(act: str, thing: str, text: str) -> str:
    where = f' in "{text}"'
    if act and thing:
        return f"`{act}` and `{thing}` stand{where}, but the one is not done to the other"
    if act:
        return f"the act `{act}` stands{where}, but no noun of `object`; widen the object"
    return f"the object `{thing}` stands{where}, but no word of `act`; widen the act"
