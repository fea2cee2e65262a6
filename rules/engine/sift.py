"""A second look, at words: could a sentence hold a claim that a rule takes, by the forms and parties that it names?

The scan sees bytes and lets much through; grammar is dear. In between, this knows the words and none of their
relations. It may let too much through and never too little: tests hold it against the reading of every sentence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rules.engine.needs import Need, PartyNeed
from rules.engine.partners import fits
from rules.language.absent import may_say_absence
from rules.language.hits import Hit
from rules.language.naming import may_mean_another
from rules.language.page_words import PageWords
from rules.language.words import Tagged


def sifted(found: Iterable[tuple[int, list[Need]]], page: PageWords) -> Iterator[int]:
    """The numbers of those sentences (each with what it may meet by its bytes) that may meet a need by their words."""
    for number, needs in found:
        words = page.of(number)
        if words is not None and any(
            _says(n, words, page.is_headline(number)) and _names_all(n, number, page) for n in needs
        ):
            yield number


def _says(need: Need, words: Tagged, headline: bool) -> bool:
    """Its object and what that is about, and its act."""
    things = [h for h in words.hits if h.form.pos != "verb" and not need.heads.isdisjoint(h.names)]
    if (need.heads and not things) or (need.about and all(need.about.isdisjoint(h.names) for h in words.hits)):
        return False
    return _acts(need, words, things) or (headline and need.entered and "in" in words.low)


def _acts(need: Need, words: Tagged, things: list[Hit]) -> bool:
    """Its act, in a word of its own ('ban' is an act or an object); or the object says it, or is said to be absent."""
    if need.implied or (need.absent and may_say_absence(words.low)):
        return True
    acts = (h.first for h in words.hits if h.form.pos != "word" and not need.acts.isdisjoint(h.names))
    return any(not need.heads or any(thing.first != act for thing in things) for act in acts)


def _names_all(need: Need, number: int, page: PageWords) -> bool:
    """All its parties. Looked for last: to find names is dearer than to find forms."""
    words = page.named(number)
    return words is not None and all(_names(wanted, words, number, page) for wanted in need.parties)


def _names(wanted: PartyNeed, words: Tagged, number: int, page: PageWords) -> bool:
    """Enough parties of the right kinds, where they need not be named with those that other words may stand for."""
    named = {party.id for _, party in words.parties.values() if not wanted.kinds or fits(party, wanted.kinds)}
    if wanted.named or len(named) >= wanted.least:
        return len(named) >= wanted.least
    named.update(party.id for party in words.flags)
    named.update(hit.form.maker for hit in words.hits if hit.form.maker)
    nouns = page.vocabulary.grammar.nouns
    others = 0 if (nouns["unnamed"] | nouns["rulers"] | nouns["spokesmen"]).isdisjoint(words.low) else 2
    others += not nouns["at_home"].isdisjoint(words.low)
    if may_mean_another(words.low):
        others += bool(page.parties_before(number))
    return len(named) + others >= wanted.least
