"""The words of a page's sentences: cut when they are first asked for, the parties that they name found after that."""

from __future__ import annotations

from rules.language.text import Page
from rules.language.vocabulary import Party, Vocabulary
from rules.language.words import Tagged, find_parties, tokens

EARLIER = 2
"""Sentences before one that may say whom it means by 'the government' or 'it'."""

MAX_TOKENS = 400
"""A sentence with more is a table or a list; it is not analysed."""


class PageWords:
    """Words of sentences by their numbers, memoised."""

    def __init__(self, page: Page, vocabulary: Vocabulary) -> None:
        self.page = page
        self.vocabulary = vocabulary
        self._words: dict[int, Tagged | None] = {}
        self._named: set[int] = set()

    def of(self, number: int) -> Tagged | None:
        """The words of a sentence with the forms that they hold; None outside the page or for a table."""
        if number not in self._words:
            self._words[number] = self._cut(number) if 0 <= number < len(self.page.sentences) else None
        return self._words[number]

    def _cut(self, number: int) -> Tagged | None:
        sentence = self.page.sentences[number]
        found = tokens(sentence.clean.text, sentence.start, sentence.end)
        if not found.words or len(found.words) > MAX_TOKENS:
            return None
        found.hits = self.vocabulary.hits(found.low)
        return found

    def named(self, number: int) -> Tagged | None:
        """The same with the parties that they name."""
        words = self.of(number)
        if words is not None and number not in self._named:
            words.parties = find_parties(words, self.vocabulary, self.is_headline(number))
            self._named.add(number)
        return words

    def is_headline(self, number: int) -> bool:
        """Does the sentence stand in the title?"""
        return self.page.sentences[number].clean.field == "title"

    def parties_before(self, number: int) -> tuple[Party, ...]:
        """The parties of the nearest earlier sentence that names one, in the order of the text."""
        for earlier in range(number - 1, max(-1, number - 1 - EARLIER), -1):
            words = self.named(earlier)
            if words and words.parties:
                return tuple(party for _, (_, party) in sorted(words.parties.items()))
        return ()
