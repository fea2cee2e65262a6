"""Why no claim of an article fits a rule at all: which of its words stand where, read as what, for `explain`."""

from __future__ import annotations

from collections.abc import Iterable

from rules.engine.rule import Rule
from rules.language.analysis import Analysis
from rules.language.claims import SpecialActs
from rules.language.hits import Hit
from rules.language.reader import ClaimReader
from rules.language.structure import Structure

_NOTHING = "no sentence holds a word of its act or of its object; `tocsin rules words NAME` shows a lexicon's words"
_NOT_DONE = "but the one is not done to the other"


def no_claim(rule: Rule, analysis: Analysis, numbers: Iterable[int]) -> str:
    """One line: the sentence that comes nearest, and what it lacks."""
    acts = frozenset().union(*(t.acts for t in rule.claims))
    heads = frozenset().union(*(t.heads for t in rule.claims))
    found: dict[tuple[bool, bool], str] = {}
    for number in numbers:
        structure = analysis.structure(number)
        if structure:
            act = _first(structure, acts, is_act=True)
            thing = _first(structure, heads, but=act.first if act else -1)
            told = _told(structure, act, thing, bool(heads)) + _read_as(analysis, number, structure, act)
            found.setdefault((act is not None, thing is not None), told.format(_text(analysis, number)))
    best = next((found[key] for key in ((True, True), (True, False), (False, True)) if key in found), "")
    return best or _NOTHING


def _first(s: Structure, names: frozenset[str], is_act: bool = False, but: int = -1) -> Hit | None:
    """The first form of these lexicons in a sentence, *but* the one at that word."""
    hits = (h for h in s.tagged.hits if h.names & names and h.first != but)
    return next((h for h in hits if h.form.pos != "word" or not is_act), None)


def _text(analysis: Analysis, number: int) -> str:
    sentence = analysis.page.sentences[number]
    return sentence.clean.text[sentence.start : sentence.end][:100]


def _words(s: Structure, hit: Hit) -> str:
    return " ".join(s.tagged.words[hit.first : hit.last + 1]).replace("{", "").replace("}", "")


def _told(s: Structure, act: Hit | None, thing: Hit | None, has_heads: bool) -> str:
    """What stands there, '{}' for the sentence; '' where neither does."""
    if act and thing:
        return f'`{_words(s, act)}` and `{_words(s, thing)}` stand in "{{}}", {_NOT_DONE}'
    if act:
        lacks = ", but no noun of `object`; widen the object" if has_heads else ""
        return f'the act `{_words(s, act)}` stands in "{{}}"{lacks}'
    return f'the object `{_words(s, thing)}` stands in "{{}}", but no word of `act`; widen the act' if thing else ""


def _read_as(analysis: Analysis, number: int, s: Structure, act: Hit | None) -> str:
    """': `seized` is done to `Norway`', or that it is read as a noun, or as done to nothing."""
    if act is None:
        return ""
    anything = SpecialActs(objects=dict.fromkeys(act.names, frozenset({""})))
    published = analysis.page.article.published_at
    claims = ClaimReader(analysis.page.sentences[number], s, published, anything).read()
    heads = [s.tagged.words[s.chunks[k].head] for c in claims if c.token == act.first for k in c.objects]
    word = _words(s, act)
    if heads:
        return f": `{word}` is done to {', '.join(f'`{h}`' for h in dict.fromkeys(heads))}"
    if s.tagged.tags[act.first] == "N":
        return f": `{word}` is read as a noun, which is done to nothing here; ask for it as an `object`"
    return f": `{word}` is done to nothing here"
