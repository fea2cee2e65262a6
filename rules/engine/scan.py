"""One pass over an article for what rules cannot do without: which sentences may hold a claim that some rule asks for.

The forms of a set of lexicons are a *group*. A need is what one alternative of a rule cannot do without: all of its
groups in one sentence, in a zone that it accepts. Needs are shared: 20,000 rules that differ by country are one need.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import ahocorasick_rs

from rules.engine.bytes_of_text import words_of_sentence
from rules.engine.needs import Need, Needs
from rules.language.text import Page
from rules.sharing import shared


@dataclass(frozen=True, slots=True)
class Scanner:
    """Phrases (whole words, lower case) in an automaton; `groups[i]` are those of phrase i.

    `apart[i]` are those of forms of which phrase i is the rarest word, each with the phrases that are its other words.
    """

    automaton: ahocorasick_rs.BytesAhoCorasick | None
    groups: tuple[frozenset[int], ...]
    apart: Mapping[int, tuple[tuple[frozenset[int], frozenset[int]], ...]]
    needs: Mapping[int, tuple[Need, ...]]
    """By the group that a need is looked up by."""
    texts: Mapping[int, tuple[tuple[frozenset[int], str], ...]]
    """By one of its groups: (all groups, rule) of a rule of words alone."""
    always: tuple[str, ...]
    """Rules of words alone that nothing can be searched for."""

    def present(self, words: bytes) -> set[int]:
        """The groups that folded words hold."""
        if self.automaton is None:
            return set()
        hits = self.automaton.find_matches_as_indexes(words, overlapping=True)
        phrases = {phrase for phrase, _, _ in hits}
        found: set[int] = set().union(*(self.groups[phrase] for phrase in phrases))
        for phrase in phrases & self.apart.keys():
            for beside, groups in self.apart[phrase]:
                if beside <= phrases:
                    found |= groups
        return found

    def met(self, present: set[int]) -> list[Need]:
        """The needs that some sentence of an article may meet, which holds these groups."""
        return [need for need in self._met(present) if need.names <= present]

    def _met(self, present: set[int]) -> Iterator[Need]:
        """The needs all groups of whose words are present; who they are about is not asked."""
        return (need for group in present for need in self.needs.get(group, ()) if need.groups <= present)

    def worded(self, present: set[int]) -> list[str]:
        """The rules of words alone whose groups the article holds, sorted."""
        if not self.texts:
            return list(self.always)
        found = {rule for group in present for groups, rule in self.texts.get(group, ()) if groups <= present}
        return sorted({*found, *self.always})

    def sentences(self, page: Page, needs: list[Need]) -> Iterator[tuple[int, list[Need]]]:
        """The numbers of the sentences that hold all groups of some of the needs, in a zone of theirs, with those."""
        for number, sentence in enumerate(page.sentences):
            here = [need for need in needs if sentence.zone in need.zones]
            present = self.present(words_of_sentence(sentence)) if here else set()
            met = [need for need in here if need.groups <= present and need.names <= present]
            if met:
                yield number, met

    def worded_sentences(self, page: Page) -> Iterator[int]:
        """The numbers of the sentences that hold the words of some need, whatever their zone and parties."""
        found = enumerate(map(words_of_sentence, page.sentences))
        return (number for number, words in found if any(self._met(self.present(words))))


def scanner_of(needs: Needs) -> Scanner:
    """The automaton of all phrases that the needs ask for."""
    beside = {phrase for forms in needs.apart.values() for others in forms for phrase in others}
    phrases = sorted(needs.phrases.keys() | needs.apart.keys() | beside)
    numbers = {phrase: i for i, phrase in enumerate(phrases)}
    automaton = None
    if phrases:
        automaton = ahocorasick_rs.BytesAhoCorasick(phrases, matchkind=ahocorasick_rs.MatchKind.Standard)
    return Scanner(
        automaton,
        tuple(shared(frozenset(needs.phrases.get(p, ())) for p in phrases)),
        {numbers[rarest]: _forms(forms, numbers) for rarest, forms in needs.apart.items()},
        _by_group(needs.of_claims),
        needs.of_texts(),
        tuple(sorted(needs.always)),
    )


def _forms(
    forms: Mapping[frozenset[bytes], set[int]], numbers: Mapping[bytes, int]
) -> tuple[tuple[frozenset[int], frozenset[int]], ...]:
    return tuple((frozenset(numbers[p] for p in beside), frozenset(groups)) for beside, groups in forms.items())


def _by_group(needs: Iterable[Need]) -> dict[int, tuple[Need, ...]]:
    found: dict[int, list[Need]] = {}
    for need in sorted(needs, key=lambda need: sorted(need.groups)):
        found.setdefault(need.key, []).append(need)
    return {group: tuple(some) for group, some in found.items()}
