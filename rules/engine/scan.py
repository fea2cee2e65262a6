"""One pass over an article for all anchors: which sentences may hold a claim that some rule asks for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import ahocorasick_rs

from rules.engine.rule import Rule
from rules.language.text import Clean, lower
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


@dataclass(frozen=True, slots=True)
class Scanner:
    """Anchor words (whole words, lower case) in an automaton."""

    automaton: ahocorasick_rs.AhoCorasick | None

    def places(self, joint: str) -> list[int]:
        """Where an anchor starts in the even, lower-case, word-separated text."""
        if self.automaton is None:
            return []
        return [start + 1 for _, start, _ in self.automaton.find_matches_as_indexes(joint, overlapping=True)]


def separated(title: Clean, text: Clean) -> str:
    """Title and text in lower case with every mark a blank, places kept (shifted by one for the blank in front)."""
    joint = lower(f" {title.text}\n{text.text} ")
    return joint if joint.isascii() and joint.isalnum() else _blanked(joint)


class _Blank(dict[int, int]):
    """Letters and digits as they are, all else a blank; filled as characters turn up."""

    def __missing__(self, code: int) -> int:
        value = code if chr(code).isalnum() else 32
        if len(self) < 20_000:
            self[code] = value
        return value


_BLANK = _Blank()


def _blanked(text: str) -> str:
    return text.translate(_BLANK)


def scanner_of(rules: Iterable[Rule], lexicons: dict[str, Lexicon]) -> Scanner:
    """The automaton of the anchors of all rules."""
    words = sorted({w for r in rules for c in r.claims for w in anchors(c.heads or c.acts, lexicons)})
    if not words:
        return Scanner(None)
    return Scanner(ahocorasick_rs.AhoCorasick([f" {w} " for w in words], matchkind=ahocorasick_rs.MatchKind.Standard))


def anchors(names: Iterable[str], lexicons: dict[str, Lexicon]) -> set[str]:
    """One word per form that must occur: the rarest by a rough measure (not among common words, then the longest)."""
    return {max(f.words, key=lambda w: (w not in _COMMON, len(w), w)) for n in names for f in lexicons[n].forms}
