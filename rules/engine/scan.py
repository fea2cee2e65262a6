"""One pass over an article for what rules cannot do without: which sentences may hold a claim that some rule asks for.

The forms of a set of lexicons are a *group*. A need is what one alternative of a rule cannot do without: all of its
groups in one sentence, in a zone that it accepts, and a party where it asks for one. Needs are shared: 20,000 rules
that differ by country are one need.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import ahocorasick_rs

from rules.engine.bytes_of_text import Joint
from rules.engine.needs import Need, Needs
from rules.language.analysis import EARLIER
from rules.language.text import Page, Sentence
from rules.model import Zone

Hits = list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Scanner:
    """Phrases (whole words, lower case) in an automaton; `groups[i]` are those of phrase i."""

    automaton: ahocorasick_rs.BytesAhoCorasick | None
    groups: tuple[frozenset[int], ...]
    needs: Mapping[int, tuple[Need, ...]]
    """By the group that a need is looked up by."""
    texts: Mapping[int, tuple[tuple[frozenset[int], str], ...]]
    """By one of its groups: (all groups, rule) of a rule of words alone."""
    always: tuple[str, ...]
    """Rules of words alone that nothing can be searched for."""

    def hits(self, article: Joint) -> Hits:
        """(phrase, place among the words) of each phrase."""
        if self.automaton is None:
            return []
        return [(p, at) for p, at, _ in self.automaton.find_matches_as_indexes(article.words, overlapping=True)]

    def present(self, hits: Hits) -> set[int]:
        """The groups that the article holds."""
        found: set[int] = set()
        for phrase in {p for p, _ in hits}:
            found |= self.groups[phrase]
        return found

    def worth(self, present: set[int]) -> bool:
        """Could some sentence hold all groups of a need?"""
        return any(need.groups <= present for group in present for need in self.needs.get(group, ()))

    def worded(self, present: set[int]) -> list[str]:
        """The rules of words alone whose groups the article holds, sorted."""
        if not self.texts:
            return list(self.always)
        found = {rule for group in present for groups, rule in self.texts.get(group, ()) if groups <= present}
        return sorted({*found, *self.always})

    def sentences(
        self, hits: Hits, article: Joint, page: Page, has_party: Callable[[Sentence], bool] | None
    ) -> list[int]:
        """The numbers of the sentences that some need accepts, ascending; None: whatever their zone and parties."""
        held: dict[int, set[int]] = {}
        places = article.places()
        for phrase, at in hits:
            number = page.sentence_at(places[at])
            if number >= 0:
                held.setdefault(number, set()).update(self.groups[phrase])
        return sorted(n for n, groups in held.items() if self._accepts(groups, n, page, has_party))

    def _accepts(
        self, present: set[int], number: int, page: Page, has_party: Callable[[Sentence], bool] | None
    ) -> bool:
        sentence = page.sentences[number]
        met = [need for group in present for need in self.needs.get(group, ()) if need.groups <= present]
        if has_party is None:
            return bool(met)
        met = [need for need in met if sentence.zone in need.zones or Zone.BACKGROUND in need.zones]
        near = page.sentences[max(0, number - EARLIER) : number + 1]
        return any(not need.party for need in met) or (bool(met) and any(map(has_party, near)))


def scanner_of(needs: Needs) -> Scanner:
    """The automaton of all phrases that the needs ask for."""
    phrases = sorted(needs.phrases)
    automaton = None
    if phrases:
        automaton = ahocorasick_rs.BytesAhoCorasick(phrases, matchkind=ahocorasick_rs.MatchKind.Standard)
    return Scanner(
        automaton,
        tuple(frozenset(needs.phrases[p]) for p in phrases),
        _by_group(needs.of_claims),
        needs.of_texts(),
        tuple(sorted(needs.always)),
    )


def _by_group(needs: Iterable[Need]) -> dict[int, tuple[Need, ...]]:
    found: dict[int, list[Need]] = {}
    for need in sorted(needs, key=repr):
        found.setdefault(need.key, []).append(need)
    return {group: tuple(some) for group, some in found.items()}
