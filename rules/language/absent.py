"""Claims of what is not there (any more): 'there is no embargo', 'it is no longer subject to the ban'."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Protocol

from rules.language.claims import Arguments, Claim, SpecialActs, Thing
from rules.language.deciding import FACTUAL
from rules.language.hits import Hit
from rules.language.phrases import is_negated
from rules.language.status import Reading
from rules.language.structure import Structure
from rules.language.words import Tagged
from rules.lexicon import Form
from rules.model import Status

_IN_FORCE = frozenset({"force", "place", "effect", "valid", "applicable", "binding"})
_BURDENED = frozenset({"face", "bind", "enforce", "impose", "restrict", "observe", "maintain"})
_ABSENCE = frozenset({"no", "longer", "over"})
NOTHING = Form(("there", "is", "no"), "verb", "VB", "there is no")
"""The form that an act has which no word says."""


class Claims(Protocol):
    """What reads the claims of one sentence."""

    s: Structure
    t: Tagged
    acts: SpecialActs

    def thing(self, k: int, act: Hit) -> Thing | None:
        """The lexicon word that heads chunk k."""

    def built(
        self, k: int, token: int, acts: frozenset[str], lemma: str, things: tuple[Thing, ...], arguments: Arguments
    ) -> Claim:
        """The claim of an act with its arguments."""


def may_say_absence(low: list[str]) -> bool:
    """Holds a sentence a word without which nothing is said to be absent?"""
    return not _ABSENCE.isdisjoint(low) or is_negated(low)


def absences(reader: Claims) -> list[Claim]:
    """'There is no embargo', 'there are no longer any restrictions', 'the ban is no longer in force'."""
    if not reader.acts.absence or not may_say_absence(reader.t.low):
        return []
    found = []
    for k, chunk in enumerate(reader.s.chunks):
        if chunk.kind == "VG" and reader.s.lemma(k) in ("be", "is", "are", "was", "were", "exist", "apply"):
            noun = _absent(reader, k)
            noun = noun if noun >= 0 else _freed(reader, k)
        elif chunk.kind == "VG" and reader.s.lemma(k) in _BURDENED:
            noun = _freed(reader, k)
        else:
            continue
        if noun >= 0:
            found.append(_absence(reader, k, noun))
    return [c for c in [*found, *_let_go(reader)] if c]


def _let_go(reader: Claims) -> list[Claim | None]:
    """'Among twelve firms no longer subject to an asset freeze': said without a verb."""
    low, s = reader.t.low, reader.s
    places = [s.at_token(i + 2) for i in range(len(low) - 4) if low[i : i + 4] == ["no", "longer", "subject", "to"]]
    free = (k for k in places if k >= 1 and s.kind(k - 1) == "NP" and s.kind(k + 2) == "NP")
    return [_absence(reader, k, k + 2) for k in free]


def _absent(reader: Claims, k: int) -> int:
    """The chunk of what is said not to be there, -1 if nothing is."""
    if reader.s.kind(k - 1) == "NP" and reader.s.low(k - 1) == "there" and reader.s.kind(k + 1) == "NP":
        after = reader.s.chunks[k + 1]
        lows = reader.t.low[after.first : after.last + 1]
        gap = reader.t.low[reader.s.chunks[k].last : after.first]
        if "no" in (*lows, *gap) or reader.s.chunks[k].negated or "longer" in gap:
            as_what = (
                reader.s.kind(k + 2) in ("P", "SUB") and reader.s.low(k + 2) == "as" and reader.s.kind(k + 3) == "NP"
            )
            return k + 3 if as_what and reader.s.low(k + 1) == "thing" else k + 1
    return _gone(reader, k)


def _freed(reader: Claims, k: int) -> int:
    """'It is no longer subject to the embargo', 'no longer faces sanctions': what it was under, -1 for nothing."""
    around = reader.t.low[max(0, reader.s.chunks[k].first - 2) : reader.s.chunks[k].last + 3]
    if not any(a == "no" and b == "longer" for a, b in pairwise(around)):
        return -1
    j = k + 1
    while reader.s.kind(j) in ("P", "TO", "AP") or reader.s.low(j) == "subject":
        j += 1
    return j if reader.s.kind(j) == "NP" and j <= k + 3 else -1


def _gone(reader: Claims, k: int) -> int:
    """'The ban is no longer in force', 'the sanctions no longer exist': the subject."""
    chunk = reader.s.chunks[k]
    around = reader.t.low[max(0, chunk.first - 2) : chunk.last + 6]
    if chunk.copula and reader.s.low(k + 1) == "over" and reader.s.kind(k + 2) != "NP":
        return reader.s.left_phrase(k)
    left = reader.s.left_phrase(k)
    nothing = left >= 0 and reader.t.low[reader.s.chunks[left].first] == "no"
    longer = nothing or any(a == "no" and b == "longer" for a, b in pairwise(around))
    if not (longer or chunk.negated) or not (set(around) & _IN_FORCE or reader.s.lemma(k) in ("exist", "apply")):
        return -1
    j = k - 1
    while j >= 0 and reader.t.low[reader.s.chunks[j].head] in ("no", "longer"):
        j -= 1
    return reader.s.left_phrase(j + 1)


def _absence(reader: Claims, k: int, noun: int) -> Claim | None:
    head = reader.s.chunks[k].head
    pretend = Hit(head, head, NOTHING, reader.acts.absence)
    things = tuple(t for o in reader.s.coordinated(noun) for t in [reader.thing(o, pretend)] if t)
    if not things:
        return None
    claim = reader.built(k, head, reader.acts.absence, "there is no", things, Arguments(objects=[noun]))
    reading = claim.reading
    if reading.status is Status.DENIED and not any(g for g in reading.links if g.role == "deny"):
        reading = Reading(Status.DONE, reading.links, reading.subordinate, reading.governors)
    known = reading.status in FACTUAL or reading.status is not Status.DENIED
    return replace(claim, reading=reading) if known else None
