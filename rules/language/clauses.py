"""Clauses beside the one that is asked about: side clauses, alternatives, those that begin anew."""

from __future__ import annotations

from rules.language.structure import Structure

CLAUSAL = frozenset({"as", "after", "before", "since", "until"})


def is_alternative(s: Structure, verb: int, k: int) -> bool:
    """'Told to stop the raids or it would …': does 'or' begin a clause of its own with k, after an infinitive?"""
    joined = [j for j in range(verb + 1, k) if s.kind(j) == "CC" and s.low(j) == "or"]
    return bool(joined) and s.chunks[verb].form == "inf" and bool(s.chunks[k].modal)


def is_aside(s: Structure, j: int, k: int) -> bool:
    """'If the talks fail, Norway will …', 'ending years of strife, Norway …': does a comma before k part verb j?"""
    if s.kind(j) != "VG" or "," not in [s.kind(m) for m in range(j + 1, k)]:
        return False
    if j == 0 and s.chunks[j].form == "ger":
        return True
    first = j - 1
    while s.kind(first) in ("NP", "P", "AP", "CC"):
        first -= 1
    return s.kind(first) == "SUB" and s.low(first) != "that"


def is_of_another(s: Structure, j: int, k: int) -> bool:
    """Is chunk j no part of a clause that may govern k's ('aid to defend itself and Norway imposed …')?"""
    joins = s.kind(k - 2) == "CC" and s.kind(k - 1) == "NP" and not s.chunks[k].modal
    is_new = joins and s.chunks[j].form == "inf" and s.lemma(j) not in s.grammar.reporting
    return is_new or opens_clause(s, j, k) or is_aside(s, j, k)


def opens_clause(s: Structure, j: int, k: int) -> bool:
    """'Fighting stops as the sides agree …': does chunk j begin a side clause of its own with verb k?"""
    is_clausal = s.kind(j) == "P" and s.low(j) in CLAUSAL
    return is_clausal and j + 1 < k and all(s.kind(m) in ("NP", "P", "CC", ",") for m in range(j + 1, k))
