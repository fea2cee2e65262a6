"""The forms of lexicons in a sentence's words: looked up by their first word, longer ones by their second as well."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from rules.lexicon import Form, Lexicon
from rules.sharing import shared

_REACH = 14
"""Words after a verb among which the rest of it may begin."""
# Prepositions that may stand far from their verb: 'adds the firm and its owners to the list'.
_FAR = frozenset({"to", "from", "with", "as"})
# 'Put off a vote on sanctions' puts nothing on; 'is in talks over sanctions' is not over.
_OTHERWISE = frozenset({"off", "out", "forward"})
_BEING = frozenset({"be", "is", "are", "was", "were", "been", "being"})
_NO_ADVERBS = frozenset(
    [
        "a",
        "an",
        "the",
        "in",
        "at",
        "on",
        "under",
        "with",
        "for",
        "to",
        "of",
        "from",
        "by",
        "no",
        "into",
        "its",
        "his",
        "her",
        "their",
    ]
)


class Hit(NamedTuple):
    """A form of a lexicon in a sentence: tokens first to last (inclusive), and the lexicons it belongs to."""

    first: int
    last: int
    form: Form
    names: frozenset[str]


class FormIndex:
    """The forms of some lexicons, and the phrases that rule a lexicon out."""

    def __init__(self, lexicons: Mapping[str, Lexicon]) -> None:
        self.alone: dict[str, list[tuple[Form, frozenset[str]]]] = {}
        self.longer: dict[str, dict[str, list[tuple[int, Form, frozenset[str]]]]] = {}
        """By first and second word: (rank among those of the first word, form, names)."""
        self.excludes: dict[str, list[tuple[tuple[str, ...], str]]] = {}
        for rank, (form, names) in enumerate(_forms(lexicons)):
            first, *others = form.words
            if others:
                self.longer.setdefault(first, {}).setdefault(others[0], []).append((rank, form, names))
            else:
                self.alone.setdefault(first, []).append((form, names))
        for name, lexicon in lexicons.items():
            for phrase in lexicon.excludes:
                self.excludes.setdefault(phrase[0], []).append((phrase, name))

    def hits(self, low: list[str]) -> list[Hit]:
        """All forms in a sentence's words (lower case), longest first where some begin at the same word.

        A lexicon that means something else in the sentence, by one of its excludes, is left out.
        """
        found: list[Hit] = []
        for position, word in enumerate(low):
            if word in self.longer:
                found += self._longer(low, position)
            if word in self.alone:
                found += [Hit(position, position, form, names) for form, names in self.alone[word]]
        banned = self._excluded(low)
        return [Hit(h.first, h.last, h.form, h.names - banned) for h in found if h.names - banned] if banned else found

    def _longer(self, low: list[str], position: int) -> Iterator[Hit]:
        forms = self.longer[low[position]]
        after = low[position + 1 : position + _REACH]
        if forms.keys().isdisjoint(after):
            return
        for _, form, names in sorted(entry for second in forms.keys() & after for entry in forms[second]):
            rest = form.words[1:]
            if after[: len(rest)] == list(rest):
                yield Hit(position, position + len(rest), form, names)
            elif form.pos == "verb" and _follow_later(rest, low, position):
                yield Hit(position, position, form, names)

    def _excluded(self, low: list[str]) -> set[str]:
        """The lexicons whose words mean something else in a sentence."""
        return {
            name
            for position, word in enumerate(low)
            if word in self.excludes
            for phrase, name in self.excludes[word]
            if tuple(low[position : position + len(phrase)]) == phrase
        }


def _follow_later(rest: tuple[str, ...], low: list[str], position: int) -> bool:
    """'pull the country out of the pact': the verb's other words stand together a little later."""
    if rest == ("on",) and low[position + 1] in _OTHERWISE:
        return False
    if low[position] in _BEING and low[position + 1] in _NO_ADVERBS:
        return False
    size = len(rest)
    reach = _REACH if size > 1 or not _FAR.isdisjoint(rest) else 8  # 'off' belongs to a verb near by
    places = (j for j in range(position + 2, position + reach) if tuple(low[j : j + size]) == rest)
    # 'Agreed to postpone the vote on sanctions' agrees on none.
    return any(rest != ("on",) or "to" not in low[position:j] for j in places)


def _forms(lexicons: Mapping[str, Lexicon]) -> list[tuple[Form, frozenset[str]]]:
    """Each form with the names of its lexicons, longest first."""
    names: dict[Form, set[str]] = {}
    for name, lexicon in lexicons.items():
        for form in lexicon.forms:
            names.setdefault(form, set()).add(name)
    ordered = sorted(names, key=lambda f: (-len(f.words), f))
    return list(zip(ordered, shared(frozenset(names[form]) for form in ordered), strict=True))
