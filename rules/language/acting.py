"""Which words of a sentence are acts that rules ask for, tag and form agreeing."""

from __future__ import annotations

from rules.language.claims import MOST_ACTS, SpecialActs
from rules.language.hits import Hit
from rules.language.words import Tagged


def act_hits(t: Tagged, acts: SpecialActs, objects: list[Hit]) -> list[Hit]:
    """Hits that can be acts, tag and form agreeing. Of a lexicon the longest form counts: 'cut off', not 'cut'."""
    named = frozenset(n for h in objects for n in h.names)
    asked = {hit.first for hit in t.hits if acts.asked_of(hit.names, named)}
    fitting = [hit for hit in t.hits if hit.first in asked and hit.form.pos != "word" and _fits(t, hit)]
    longest: dict[tuple[int, str], int] = {}
    for hit in sorted(fitting, key=lambda hit: hit.last):
        longest.update(((hit.first, name), hit.last) for name in hit.names)
    merged: dict[tuple[int, int, str, bool, tuple[str, ...]], Hit] = {}
    for hit in fitting:
        names = frozenset(n for n in hit.names if longest[hit.first, n] == hit.last)
        apart = hit.form.words[1:] if hit.last == hit.first else ()
        key = (hit.first, hit.last, hit.form.pos, hit.form.transitive, apart)
        old = merged.get(key)
        if names:
            merged[key] = Hit(hit.first, hit.last, old.form if old else hit.form, names | (old.names if old else names))
    return [merged[k] for k in sorted(merged)][:MOST_ACTS]


def _fits(t: Tagged, hit: Hit) -> bool:
    """Does the tag of its first word agree with the form?"""
    tag = t.tags[hit.first]
    if hit.form.pos == "verb":
        if tag == "BE":
            return len(hit.form.words) > 1  # 'is in force', 'is no longer party to'
        if _is_undone(t, hit):
            return False  # 'called off its truce'
        return tag in ("VB", "VBZ", "VBD", "VBN", "VBG", "JJV") and not (tag == "VBZ" and hit.form.tag != "VBZ")
    return tag in ("N", "VBG") or len(hit.form.words) > 1


def _is_undone(t: Tagged, hit: Hit) -> bool:
    """'Called off its truce', 'called for a halt': a particle turns the verb round if a lexicon lacks the two."""
    after = t.low[hit.first + 1 : hit.first + 2]
    if after == ["for"] and t.lemmas[hit.first] == "call":
        return "for" not in hit.form.words
    return len(hit.form.words) == 1 and after == ["off"] and t.lemmas[hit.first] in ("call", "put", "hold")
