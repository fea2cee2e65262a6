"""One article analysed lazily: only sentences that are asked for are tagged, and each only once."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from rules.language.claims import Claim, SpecialActs
from rules.language.reader import ClaimReader
from rules.language.speakers import Attribution, Voice
from rules.language.structure import Structure, structure_of
from rules.language.tagging import tag
from rules.language.text import Page
from rules.language.vocabulary import Party, Vocabulary
from rules.language.words import Tagged, find_parties, tokens

EARLIER = 2
"""Sentences before one that may say whom it means by 'the government' or 'it'."""

MAX_TOKENS = 400
"""A sentence with more is a table or a list; it is not analysed."""


class Analysis:
    """Structures, claims and speakers of one page, memoised."""

    def __init__(self, page: Page, vocabulary: Vocabulary, acts: SpecialActs) -> None:
        self.page = page
        self.vocabulary = vocabulary
        self.acts = acts
        self._words: dict[int, Tagged | None] = {}
        self._structures: dict[int, Structure | None] = {}
        self._claims: dict[int, tuple[Claim, ...]] = {}
        self._voices: dict[int, Voice | None] = {}

    def words(self, number: int) -> Tagged | None:
        """The words of a sentence with the parties and forms that they name; None outside the page or for a table."""
        if number not in self._words:
            self._words[number] = self._worded(number) if 0 <= number < len(self.page.sentences) else None
        return self._words[number]

    def _worded(self, number: int) -> Tagged | None:
        sentence = self.page.sentences[number]
        found = tokens(sentence.clean.text, sentence.start, sentence.end)
        if not found.words or len(found.words) > MAX_TOKENS:
            return None
        found.parties = find_parties(found, self.vocabulary, self._is_headline(number))
        found.hits = self.vocabulary.hits(found.low)
        return found

    def _is_headline(self, number: int) -> bool:
        return self.page.sentences[number].clean.field == "title"

    def structure(self, number: int) -> Structure | None:
        """The structure of a sentence; None outside the page or for a table."""
        if number not in self._structures:
            self._structures[number] = self._analysed(number)
        return self._structures[number]

    def _analysed(self, number: int) -> Structure | None:
        words = self.words(number)
        if words is None:
            return None
        tag(words, self.vocabulary, self._is_headline(number))
        return structure_of(words, self.vocabulary.grammar, self._is_headline(number))

    def claims(self, number: int) -> tuple[Claim, ...]:
        """The claims of a sentence, in the order of the text."""
        if number not in self._claims:
            structure = self.structure(number)
            self._claims[number] = tuple(self._read(number, structure)) if structure else ()
        return self._claims[number]

    def _read(self, number: int, structure: Structure) -> Iterable[Claim]:
        published = self.page.article.published_at
        before = partial(self.parties_before, number)
        return ClaimReader(self.page.sentences[number], structure, published, self.acts, before).read()

    def parties_before(self, number: int) -> tuple[Party, ...]:
        """The parties of the nearest earlier sentence that names one, in the order of the text."""
        for earlier in range(number - 1, max(-1, number - 1 - EARLIER), -1):
            words = self.words(earlier)
            if words and words.parties:
                return tuple(party for _, (_, party) in sorted(words.parties.items()))
        return ()

    def voice(self, claim: Claim) -> Voice | None:
        """Who asserts the claim; None for the outlet itself."""
        key = id(claim)
        if key not in self._voices:
            # Kept by nobody: a circle of references would leave each page to the garbage collector.
            attribution = Attribution(self.vocabulary.grammar, self.structure, self._mentions)
            self._voices[key] = attribution.voice(claim)
        return self._voices[key]

    def _mentions(self, word: str) -> list[int]:
        """Numbers of the first sentences that hold a word."""
        found = [n for n, s in enumerate(self.page.sentences) if word in s.clean.text[s.start : s.end]]
        return found[:5]
