"""Phrases in a list: where it begins, and whether a comma parts it from what it is said of."""

from __future__ import annotations

from rules.language.structure import Structure


def parted(s: Structure, k: int) -> int:
    """1 where a comma parts 'including' from the things that it is said of, else 0."""
    return int(s.low(k) == "including" and s.kind(k - 1) == ",")


def listed_first(s: Structure, k: int) -> int:
    """The first phrase of the list that k ends: 'calls for a truce, sanctions and an embargo'."""
    first = k
    while s.kind(first - 1) == "CC" and s.kind(first - 2) == "NP":
        first -= 2
    listed = first
    while s.kind(listed - 1) == "," and s.kind(listed - 2) == "NP":
        listed -= 2
    ends = first < k or s.kind(k + 1) in ("CC", ".", "")
    return listed if ends and s.kind(listed - 1 - (s.kind(listed - 1) == "P")) == "VG" else first
