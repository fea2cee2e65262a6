"""One article analysed lazily: only sentences that are asked for are tagged, and each only once."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from rules.language.claims import Claim, SpecialActs
from rules.language.deciding import FACTUAL
from rules.language.page_words import PageWords
from rules.language.reader import ClaimReader
from rules.language.speakers import Attribution
from rules.language.speech import Voice
from rules.language.structure import Structure, structure_of
from rules.language.tagging import tag
from rules.language.text import Page
from rules.language.vocabulary import Vocabulary
from rules.model import Role, Status, Zone

LATER = 4
"""Sentences after one that may name the official who says the same."""


class Analysis:
    """Structures, claims and speakers of one page, memoised.

    A claim looks for those who take part in it when it is asked, in `words`, which know nothing of claims: a circle of
    references would leave each page to the garbage collector.
    """

    def __init__(self, page: Page, vocabulary: Vocabulary, acts: SpecialActs) -> None:
        self.page = page
        self.vocabulary = vocabulary
        self.acts = acts
        self.words = PageWords(page, vocabulary)
        self._structures: dict[int, Structure | None] = {}
        self._claims: dict[int, tuple[Claim, ...]] = {}
        self._voices: dict[int, Voice | None] = {}

    def structure(self, number: int) -> Structure | None:
        """The structure of a sentence; None outside the page or for a table."""
        if number not in self._structures:
            self._structures[number] = self._analysed(number)
        return self._structures[number]

    def _analysed(self, number: int) -> Structure | None:
        words = self.words.named(number)
        if words is None:
            return None
        headline = self.words.is_headline(number)
        tag(words, self.vocabulary, headline)
        return structure_of(words, self.vocabulary.grammar, headline)

    def claims(self, number: int) -> tuple[Claim, ...]:
        """The claims of a sentence, in the order of the text."""
        if number not in self._claims:
            structure = self.structure(number)
            self._claims[number] = tuple(self._read(number, structure)) if structure else ()
        return self._claims[number]

    def _read(self, number: int, structure: Structure) -> Iterable[Claim]:
        published = self.page.article.published_at
        before = partial(self.words.parties_before, number)
        return ClaimReader(self.page.sentences[number], structure, published, self.acts, before).read()

    def voice(self, claim: Claim) -> Voice | None:
        """Who asserts the claim; None for the outlet itself."""
        return self._attributed(claim) or self._confirming(claim)

    def _attributed(self, claim: Claim) -> Voice | None:
        """Who says it where the claim itself stands."""
        key = id(claim)
        if key not in self._voices:
            # Kept by nobody, for the same reason.
            attribution = Attribution(self.vocabulary.grammar, self.structure, self._mentions)
            self._voices[key] = attribution.voice(claim)
        return self._voices[key]

    def _confirming(self, claim: Claim) -> Voice | None:
        """Of what the outlet tells first in its own words: the official who says the same in a later sentence, also
        when he puts it as to come ('the ministry announced that the ban would be lifted').
        """
        number = claim.sentence.number
        if claim.status not in FACTUAL or claim.sentence.zone not in (Zone.HEADLINE, Zone.LEAD):
            return None
        later = range(number + 1, min(number + 1 + LATER, len(self.page.sentences)))
        told = FACTUAL | {Status.PLANNED}
        things = frozenset(n for thing in claim.things for n in thing.names)
        same = (c for n in later for c in self.claims(n) if c.status in told and _is_same(claim.acts, things, c))
        voices = (self._attributed(c) for c in same if c.zone is not Zone.BACKGROUND)
        return next((v for v in voices if v and v.speaker.role is Role.OFFICIAL), None)

    def _mentions(self, word: str) -> list[int]:
        """Numbers of the first sentences that hold a word."""
        found = [n for n, s in enumerate(self.page.sentences) if word in s.clean.text[s.start : s.end]]
        return found[:5]


def _is_same(acts: frozenset[str], things: frozenset[str], other: Claim) -> bool:
    """Does a claim tell one of these acts on one of these kinds of things?"""
    return not acts.isdisjoint(other.acts) and any(not things.isdisjoint(thing.names) for thing in other.things)
