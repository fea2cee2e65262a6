"""Claims without a verb of their own: 'there is no embargo', 'new sanctions', 'calls for sanctions'."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Protocol

from rules.language.claims import Claim, SpecialActs, Thing
from rules.language.status import FACTUAL, Reading
from rules.language.structure import Structure
from rules.language.vocabulary import Hit
from rules.language.words import Tagged
from rules.lexicon import Form
from rules.model import Status

_IN_FORCE = frozenset({"force", "place", "effect", "valid", "applicable", "binding"})
_WISHES = frozenset({"plan", "propose", "bill", "demand", "threaten", "possible", "talk"})
_DEALING = frozenset(
    [
        "hit",
        "punish",
        "respond",
        "act",
        "retaliate",
        "answer",
        "work",
        "target",
        "react",
        "follow",
        "move",
        "proceed",
        "resort",
        "turn",
        "penalise",
        "penalize",
        "slap",
        "confront",
        "meet",
        "back",
        "go",
        "press",
        "use",
        "strike",
    ]
)
_FRESH = frozenset({"new", "fresh", "further", "additional", "more", "another", "tougher", "latest", "first"})
_NOTHING = Form(("there", "is", "no"), "verb", "VB", "there is no")


@dataclass(slots=True)
class Arguments:
    """Chunks that fill the places of an act."""

    objects: list[int] = field(default_factory=list)
    subjects: list[int] = field(default_factory=list)
    agents: list[int] = field(default_factory=list)
    targets: list[int] = field(default_factory=list)
    partners: list[int] = field(default_factory=list)


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


def bare(reader: Claims, found: list[Claim]) -> list[Claim]:
    """'Fresh sanctions on …', 'calls for sanctions', 'slams new sanctions': the noun says its act."""
    if not reader.acts.bare:
        return []
    taken = {t.chunk for c in found for t in c.things if c.acts & reader.acts.spoken}
    claims = [_bare_claim(reader, k) for k, c in enumerate(reader.s.chunks) if c.kind == "NP" and k not in taken]
    return [c for c in claims if c]


def _bare_claim(reader: Claims, k: int) -> Claim | None:
    chunk = reader.s.chunks[k]
    pretend = Hit(-1, -1, _NOTHING, reader.acts.bare)
    thing = reader.thing(k, pretend) or _compound(reader, k)
    if not thing:
        return None
    claim = reader.built(k, thing.token, reader.acts.bare, "new", (thing,), Arguments(objects=[k]))
    fresh = any(reader.t.low[i] in _FRESH for i in range(chunk.first, chunk.head))
    return claim if fresh or _wanted(reader, claim) else None


def _compound(reader: Claims, k: int) -> Thing | None:
    """'A sanctions bill', 'the sanctions threat': the noun before a head that says what becomes of it."""
    head = reader.s.chunks[k].head
    governs = head > reader.s.chunks[k].first and reader.t.low[head] in reader.s.grammar.noun_class
    act = Hit(head, head, Form(("",), "noun", "N", ""), frozenset())
    return reader.thing(k, act) if governs else None


def _wanted(reader: Claims, claim: Claim) -> bool:
    """Is the noun what its own governor calls for, plans, threatens ('calls for sanctions')?"""
    if claim.status in FACTUAL:
        return False
    head = reader.s.chunks[claim.chunk].head
    if any(link.token == head and claim.token < head for link in claim.reading.links):
        return True
    if not claim.reading.governors:
        return False
    governor = reader.s.chunks[claim.reading.governors[0]].head
    wishes = (link for link in claim.reading.links if link.token == governor and link.role in _WISHES)
    return any(link.status is claim.status for link in wishes) or _dealt(reader, claim)


def _dealt(reader: Claims, claim: Claim) -> bool:
    """'may be hit by sanctions', 'agreed to work on a price cap': verbs that do with the noun what it is for."""
    k = claim.reading.governors[0]
    is_object = reader.s.chunks[claim.chunk].first > reader.s.chunks[k].head
    return is_object and reader.s.kind(k) == "VG" and reader.s.lemma(k) in _DEALING


def absences(reader: Claims) -> list[Claim]:
    """'There is no embargo', 'there are no longer any restrictions', 'the ban is no longer in force'."""
    if not reader.acts.absence:
        return []
    found = []
    for k, chunk in enumerate(reader.s.chunks):
        if chunk.kind == "VG" and reader.s.lemma(k) in ("be", "is", "are", "was", "were", "exist", "apply"):
            noun = _absent(reader, k)
            if noun >= 0:
                found.append(_absence(reader, k, noun))
    return [c for c in found if c]


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


def _gone(reader: Claims, k: int) -> int:
    """'The ban is no longer in force', 'the sanctions no longer exist': the subject."""
    chunk = reader.s.chunks[k]
    around = reader.t.low[max(0, chunk.first - 2) : chunk.last + 6]
    if chunk.copula and reader.s.low(k + 1) == "over" and reader.s.kind(k + 2) != "NP":
        return max(reader.s.left_phrase(k), -1)
    left = reader.s.left_phrase(k)
    nothing = left >= 0 and reader.t.low[reader.s.chunks[left].first] == "no"
    longer = nothing or any(a == "no" and b == "longer" for a, b in pairwise(around))
    if not (longer or chunk.negated) or not (set(around) & _IN_FORCE or reader.s.lemma(k) in ("exist", "apply")):
        return -1
    j = k - 1
    while j >= 0 and reader.t.low[reader.s.chunks[j].head] in ("no", "longer"):
        j -= 1
    left = reader.s.left_phrase(j + 1)
    return left if left >= 0 else -1


def _absence(reader: Claims, k: int, noun: int) -> Claim | None:
    pretend = Hit(reader.s.chunks[k].head, reader.s.chunks[k].head, _NOTHING, reader.acts.absence)
    things = tuple(t for o in reader.s.coordinated(noun) for t in [reader.thing(o, pretend)] if t)
    if not things:
        return None
    claim = reader.built(
        k, reader.s.chunks[k].head, reader.acts.absence, "there is no", things, Arguments(objects=[noun])
    )
    reading = claim.reading
    if reading.status is Status.DENIED and not any(g for g in reading.links if g.role == "deny"):
        reading = Reading(Status.DONE, reading.links, reading.subordinate, reading.governors)
    known = reading.status in FACTUAL or reading.status is not Status.DENIED
    return replace(claim, reading=reading) if known else None
