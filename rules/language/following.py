"""What follows a chunk: the noun phrases that are joined to it, and those that complete it."""

from __future__ import annotations

from typing import Protocol

from rules.language.amounts import Phrases, meant
from rules.language.phrases import Chunk

REACH = 14
"""Chunks looked at to either side."""
CLAUSAL = frozenset({"after", "before", "since", "until", "as", "than", "while", "without"})
"""Words that may open a clause: what follows them completes nothing."""
_WHITHER = frozenset({"bind", "destine", "head", "intend", "link", "tie", "mean"})


class Chunked(Phrases, Protocol):
    """The chunks of a sentence, and what stands between them."""

    chunks: list[Chunk]

    def preposition(self, k: int) -> str:
        """The preposition right before a chunk."""

    def joins(self, k: int) -> bool:
        """Is it a comma or a conjunction?"""

    def coordinated(self, k: int) -> list[int]:
        """A chunk and those joined to it on its right."""


def joined_to(s: Chunked, k: int) -> list[int]:
    """k and the noun phrases joined to it on its right: 'A, B and C', 'A on B and C'."""
    found = [meant(s, k)]
    j = found[-1] + 1
    for _ in range(6):
        while j < k + REACH and _is_complement(s, j + 1) and s.joins(j + 2):
            j += 2
        if not s.joins(j) or s.kind(j + 1 + (s.kind(j + 1) == "CC")) != "NP":
            break
        j += 1 + (s.kind(j + 1) == "CC")
        if s.kind(j + 1) == "VG" and s.chunks[j + 1].form == "fin" and s.preposition(k) != "between":
            break
        found.append(meant(s, j))
        j = found[-1] + 1
    return found


def _is_complement(s: Chunked, k: int) -> bool:
    return s.kind(k) == "NP" and s.preposition(k) not in ("", *CLAUSAL)


def completing(s: Chunked, k: int) -> list[tuple[str, int]]:
    """(preposition, noun phrase) pairs that follow chunk k up to the next verb or break."""
    found: list[tuple[str, int]] = []
    j = listed = k + 1
    while j < min(len(s.chunks), k + REACH) and s.kind(j) in ("P", "TO", "NP", "CC", ",", "AP", "VG"):
        if s.kind(j) == "VG" and (s.chunks[j].form == "fin" or (found and not _leads_on(s, j))):
            break
        if s.kind(j) in ("P", "TO") and s.kind(j + 1) == "NP":
            joined = s.coordinated(j + 1)
            found += [(s.low(j), n) for n in joined]
            listed = max(listed, *joined)
        if s.kind(j) == "," and j > listed and s.kind(j + 1) != "P" and not _lists(s, k, j):
            break
        j += 1
    return found


def _leads_on(s: Chunked, k: int) -> bool:
    """'Curbs on parts bound for Norway': a participle that only says whither."""
    return s.chunks[k].form == "part" and s.lemma(k) in _WHITHER


def _lists(s: Chunked, verb: int, comma: int) -> bool:
    """'Hits Norway, Ghana with sanctions': is it a comma between the things that a verb is done to?"""
    only_nouns = all(s.kind(j) in ("NP", ",", "CC") for j in range(verb + 1, comma))
    return s.kind(verb) == "VG" and only_nouns and comma > verb + 1 and s.kind(comma + 1) == "NP"
