"""One pass over an article for all anchors: which sentences may hold a claim that some rule asks for.

An anchor is one word that a form of a lexicon cannot do without. Words are filed in groups (one group per set of
lexicons); a sentence is looked at further only if it holds every group that some rule requires.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import ahocorasick_rs

from rules.engine.rule import ClaimTest, Rule
from rules.language.text import Clean, Page, lower
from rules.lexicon import Lexicon

_COMMON = frozenset(
    [
        "the",
        "of",
        "to",
        "in",
        "and",
        "a",
        "on",
        "for",
        "with",
        "by",
        "at",
        "from",
        "is",
        "an",
        "as",
        "new",
        "arms",
        "air",
        "oil",
        "base",
        "test",
        "world",
    ]
)
_ABSENCE = frozenset({"no", "not", "longer", "t", "without"})


@dataclass(frozen=True, slots=True)
class Scanner:
    """Anchor words (whole words, lower case) in an automaton; `groups[i]` are those of word i."""

    automaton: ahocorasick_rs.AhoCorasick | None
    groups: tuple[frozenset[int], ...]
    needs: Mapping[int, tuple[frozenset[int], ...]]
    """By one group of each requirement (its heads): all groups that the sentence must hold."""

    def hits(self, joint: str) -> list[tuple[int, int]]:
        """(word, place) of each anchor in the separated text; empty if no requirement can hold in the whole article."""
        if self.automaton is None:
            return []
        found = [(word, start) for word, start, _ in self.automaton.find_matches_as_indexes(joint, overlapping=True)]
        return found if found and self._enough({g for word, _ in found for g in self.groups[word]}) else []

    def sentences(self, hits: list[tuple[int, int]], page: Page) -> list[int]:
        """The numbers of the sentences that hold all groups of some requirement, ascending."""
        held: dict[int, set[int]] = {}
        for word, place in hits:
            number = page.sentence_at(place)
            if number >= 0:
                held.setdefault(number, set()).update(self.groups[word])
        return sorted(number for number, groups in held.items() if self._enough(groups))

    def _enough(self, present: set[int]) -> bool:
        return any(need <= present for group in present for need in self.needs.get(group, ()))


def separated(title: Clean, text: Clean) -> str:
    """Title and text in lower case with every mark a blank, places kept (shifted by one for the blank in front)."""
    return lower(f" {title.text}\n{text.text} ").translate(_BLANK)


class _Blank(dict[int, int]):
    """Letters and digits as they are, all else a blank; filled as characters turn up."""

    def __missing__(self, code: int) -> int:
        value = code if chr(code).isalnum() else 32
        self[code] = value
        return value


_BLANK = _Blank()


def scanner_of(rules: Iterable[Rule], lexicons: Mapping[str, Lexicon]) -> Scanner:
    """The automaton of the anchors of all rules."""
    filed = _Groups(lexicons)
    needs = {filed.need(test) for rule in rules for test in rule.claims}
    by_head: dict[int, set[frozenset[int]]] = {}
    for head, need in sorted(needs, key=repr):
        by_head.setdefault(head, set()).add(need)
    words = sorted(filed.words)
    automaton = None
    if words:
        kind = ahocorasick_rs.MatchKind.Standard
        automaton = ahocorasick_rs.AhoCorasick([f" {w} " for w in words], matchkind=kind)
    return Scanner(
        automaton,
        tuple(frozenset(filed.words[w]) for w in words),
        {head: tuple(sorted(some, key=sorted)) for head, some in by_head.items()},
    )


class _Groups:
    """Numbers sets of lexicons and files their anchors."""

    def __init__(self, lexicons: Mapping[str, Lexicon]) -> None:
        self.lexicons = lexicons
        self.numbers: dict[frozenset[str], int] = {}
        self.words: dict[str, set[int]] = {}

    def need(self, test: ClaimTest) -> tuple[int, frozenset[int]]:
        """(the group to look up by, all groups) of one alternative of a rule."""
        if not test.heads:
            act = self.number(test.acts | test.continuers)
            return act, frozenset({act})
        head = self.number(test.heads)
        if any(self.lexicons[a].bare for a in test.acts):
            return head, frozenset({head})
        return head, frozenset({head, self.number(test.acts | test.continuers)})

    def number(self, names: frozenset[str]) -> int:
        """The group of a set of lexicons, its anchors filed when it is new."""
        if names not in self.numbers:
            self.numbers[names] = len(self.numbers)
            for word in anchors(names, self.lexicons):
                self.words.setdefault(word, set()).add(self.numbers[names])
        return self.numbers[names]


def anchors(names: Iterable[str], lexicons: Mapping[str, Lexicon]) -> set[str]:
    """One word per form that must occur: the rarest by a rough measure (not among common words, then the longest)."""
    found = {max(f.words, key=lambda w: (w not in _COMMON, len(w), w)) for n in names for f in lexicons[n].forms}
    return found | (_ABSENCE if any(lexicons[n].absence for n in names) else set())
