"""The values of a claim: what one clause asserts, with the chunks and tokens that say so."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass

from rules.language.dates import Dated
from rules.language.status import Reading
from rules.language.structure import Structure
from rules.language.text import Sentence
from rules.language.vocabulary import Party
from rules.model import Status, Zone


@dataclass(frozen=True, slots=True)
class SpecialActs:
    """Lexicons of acts that are said without a verb of their own.

    absence: 'there is no embargo' says them; bare: 'new sanctions' says them, unless the noun is the object of an act
    of `spoken` (these and their opposites).
    """

    absence: frozenset[str] = frozenset()
    bare: frozenset[str] = frozenset()
    spoken: frozenset[str] = frozenset()
    continuers: tuple[tuple[str, str], ...] = ()
    """(continuer, act): a continuer that is denied or refused says that the act was done ('did not extend the ban')."""
    pairs: frozenset[tuple[str, str]] = frozenset()
    """(act, object) pairs that some rule asks for ('' for no object); other claims are not worth building."""

    def ended_by(self, acts: frozenset[str]) -> frozenset[str]:
        """The acts that are done when `acts` are denied."""
        return frozenset(act for continuer, act in self.continuers if continuer in acts)

    def asked(self, acts: frozenset[str], things: tuple[Thing, ...]) -> bool:
        """Does some rule ask for one of these acts on one of these objects?"""
        return self.asked_of(acts, {n for thing in things for n in thing.names})

    def asked_of(self, acts: Set[str], names: Set[str]) -> bool:
        """Does some rule ask for one of these acts on an object of these lexicons?"""
        return any((act, name) in self.pairs for act in acts for name in ("", *names))


@dataclass(frozen=True, slots=True)
class Thing:
    """An object of an act: its chunk, the token of the lexicon's word, and the lexicons that hold it."""

    chunk: int
    token: int
    names: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What one clause asserts. Tokens and chunks are those of `structure`; parties keep the order of the text."""

    sentence: Sentence
    structure: Structure
    chunk: int
    token: int
    acts: frozenset[str]
    lemma: str
    form: str
    things: tuple[Thing, ...]
    reading: Reading
    by: tuple[Party, ...]
    on: tuple[Party, ...]
    parties: tuple[Party, ...]
    zone: Zone
    zone_cue: str
    dated: Dated | None
    span: tuple[int, int]
    old_word: str = ""
    agents: tuple[int, ...] = ()
    objects: tuple[int, ...] = ()
    """Chunks of those who act, and of what it is done to."""
    placed: frozenset[str] = frozenset()
    """Ids of the parties that only say where: a pact 'signed in Geneva' is not one of Switzerland."""
    unnamed: int = 0
    """States that a plural stands for without their names: 2 for 'the two countries', else 0."""

    @property
    def status(self) -> Status:
        """The composed status."""
        return self.reading.status

    def around(self) -> list[int]:
        """Chunks of the objects and of what completes them and the act: 'ban on X', 'imposed on X'."""
        ways = [self.chunk, *self.objects]
        return [*self.objects, *(n for k in ways for _, n in self.structure.complements(k))]


def distinct(parties: tuple[Party, ...]) -> tuple[Party, ...]:
    """Each party once, in order."""
    seen: dict[str, Party] = {}
    for party in parties:
        seen.setdefault(party.id, party)
    return tuple(seen.values())
