"""Where a sentence names who speaks: the subject of a verb of saying, its agent, its owner, and what completes them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rules.language.persons import Span
from rules.language.structure import Structure
from rules.language.vocabulary import Grammar
from rules.model import Evidence, Speaker

_INSIDE = frozenset({"of", "for", "to", "at", "in", "and"})
_SOURCES = frozenset({"by", "from"})
VOICED = frozenset({"fin", "part"})
"""Forms of a verb of saying that somebody is the subject of."""


@dataclass(frozen=True, slots=True)
class Voice:
    """A speaker and the span that names him."""

    speaker: Speaker
    cue: Evidence


Nearby = Callable[[int], Structure | None]
"""The structure of another sentence of the page by its number, None outside."""


@dataclass(frozen=True, slots=True)
class Speech:
    """Answers for sentences: which phrases name the speaker of chunk k, as spans of tokens."""

    grammar: Grammar

    def subject(self, s: Structure, k: int) -> list[Span]:
        """Of several, the first: 'Norway and Ghana said'. Only a comma before it: 'In Oslo, the minister said'."""
        subject = s.subject(k)
        if not subject:
            return []
        writers = [n for word, n in s.complements(subject[-1]) if word in ("by", "from") and n < k]
        if writers and s.low(subject[-1]) in self.grammar.roles["papers"]:
            return self.phrases(s, writers[0], k)  # 'a notice posted by the ministry said'
        joined = any(s.kind(j) == "CC" for j in range(subject[0], subject[-1]))
        return self.phrases(s, subject[0] if joined else subject[-1], k)

    def agent(self, s: Structure, k: int) -> list[Span]:
        agents = [n for word, n in s.complements(k) if word in _SOURCES]
        return self.phrases(s, agents[0], len(s.chunks)) if agents else []

    def owner(self, s: Structure, k: int) -> list[Span]:
        """'Norway's announcement', 'the foreign minister's call': what stands before the 's."""
        chunk = s.chunks[k]
        ends = [i for i in range(chunk.first, chunk.head) if s.tagged.tags[i] == "POSS"]
        return [(chunk.first, ends[-1] - 1)] if ends and ends[-1] > chunk.first else []

    def opens(self, s: Structure, k: int) -> bool:
        """Does the phrase open its clause, after a comma or a quote?"""
        return s.kind(k - 1) in (",", "–", ".", "?", "!") or self.after_quote(s, k)

    def ends(self, s: Structure, k: int) -> bool:
        return s.kind(k) == "," or self.after_quote(s, k + 1)

    def after_quote(self, s: Structure, k: int) -> bool:
        start = s.tagged.starts[s.chunks[k].first]
        return any(start - 4 < q < start for q in s.tagged.quotes)

    def phrases(self, s: Structure, k: int, end: int) -> list[Span]:
        """The phrase that begins with chunk k, with what completes it, and its apposition: both before chunk `end`."""
        last = self._whole(s, k, end)
        phrases = [(s.chunks[k].first, s.chunks[last].last)]
        if s.kind(last + 1) == "," and s.kind(last + 2) == "NP" and last + 2 < end:
            more = self._whole(s, last + 2, end)
            if s.kind(more + 1) in (",", "VG", "", ".") or more + 1 == end:
                phrases.append((s.chunks[last + 2].first, s.chunks[more].last))
        return phrases

    def _whole(self, s: Structure, k: int, end: int) -> int:
        """'a spokesman for the ministry': the last chunk of the phrase that begins with chunk k."""
        while s.kind(k + 1) in ("P", "TO", "CC") and s.low(k + 1) in _INSIDE and s.kind(k + 2) == "NP" and k + 2 < end:
            if s.kind(k + 1) == "CC" and not self._goes_on(s, k, k + 2):
                break
            k += 2
        return k

    def _goes_on(self, s: Structure, k: int, after: int) -> bool:
        """'Minister of Trade and Industry': the part after 'and' is one of a title, and no second speaker."""
        portfolio = self.grammar.roles["portfolio"]
        return s.low(k) in portfolio and s.tagged.low[s.chunks[after].first] in portfolio
