"""The values of a claim: what one clause asserts, with the chunks and tokens that say so."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass, field

from rules.language.dates import Dated
from rules.language.status import Reading
from rules.language.structure import Structure
from rules.language.text import Sentence
from rules.language.vocabulary import Party
from rules.model import Status, Zone

MOST_ACTS = 40
"""Acts of one sentence that are read at most; one that goes on is a list or an attack."""


@dataclass(frozen=True, slots=True)
class SpecialActs:
    """Lexicons of acts that are said without a verb of their own.

    absence: 'there is no embargo' says them; bare: 'new sanctions' says them, unless the noun is the object of an act
    of `spoken` (these and their opposites).
    """

    absence: frozenset[str] = frozenset()
    bare: frozenset[str] = frozenset()
    spoken: frozenset[str] = frozenset()
    entered: frozenset[str] = frozenset()
    """Acts that are done by entering into a thing, and so by who is 'in' it: 'Norway, Ghana in cod accord'."""
    continuers: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By continuer: the acts that are done where it is denied or refused ('did not extend the ban')."""
    objects: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By act or continuer: the objects that rules ask for with it ('' for any). No other claim is worth building."""

    def ended_by(self, acts: frozenset[str]) -> frozenset[str]:
        """The acts that are done when `acts` are denied."""
        return frozenset(act for name in acts if name in self.continuers for act in self.continuers[name])

    def asked(self, acts: frozenset[str], things: tuple[Thing, ...]) -> bool:
        """Does some rule ask for one of these acts on one of these objects?"""
        return self.asked_of(acts, {n for thing in things for n in thing.names})

    def asked_of(self, acts: Set[str], names: Set[str]) -> bool:
        """Does some rule ask for one of these acts on an object of these lexicons?"""
        for act in acts:  # asked of every form of every sentence that is read: a generator takes twice as long
            wanted = self.objects.get(act)
            if wanted is not None and ("" in wanted or not wanted.isdisjoint(names)):
                return True
        return False

    def asked_bare(self, names: Set[str]) -> bool:
        """Does some rule ask by name for an object of these lexicons that says its act itself?"""
        return self.asked_by_name(self.bare, names)

    def asked_by_name(self, acts: Set[str], names: Set[str]) -> bool:
        """Does some rule ask for one of these acts on an object of these lexicons, and not only on anything?"""
        return any(not wanted.isdisjoint(names) for wanted in self._wanted(acts))

    def _wanted(self, acts: Set[str]) -> Iterator[frozenset[str]]:
        return (self.objects[act] for act in acts if act in self.objects)


@dataclass(frozen=True, slots=True)
class Thing:
    """An object of an act: its chunk, the token of the lexicon's word, and the lexicons that hold it."""

    chunk: int
    token: int
    names: frozenset[str]


@dataclass(slots=True)
class Arguments:
    """Chunks that fill the places of an act."""

    objects: list[int] = field(default_factory=list)
    subjects: list[int] = field(default_factory=list)
    agents: list[int] = field(default_factory=list)
    targets: list[int] = field(default_factory=list)
    partners: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Participants:
    """Who takes part in what a claim asserts; parties keep the order of the text."""

    by: tuple[Party, ...]
    on: tuple[Party, ...]
    parties: tuple[Party, ...]
    placed: frozenset[str]
    """Ids of the parties that only say where: a pact 'signed in Geneva' is not one of Switzerland."""
    agents: tuple[int, ...]
    """Chunks of those who act."""
    unnamed: int
    """States without their names: 2 for 'the two countries', 1 for 'the minister' who signs with another, else 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What one clause asserts. Tokens and chunks are those of `structure`."""

    sentence: Sentence
    structure: Structure
    chunk: int
    token: int
    acts: frozenset[str]
    lemma: str
    form: str
    things: tuple[Thing, ...]
    reading: Reading
    participants: Callable[[], Participants]
    """Looked for when first asked for: most claims fail at a key that does not ask."""
    zone: Zone
    zone_cue: str
    dated: Dated | None
    span: tuple[int, int]
    old_word: str = ""
    objects: tuple[int, ...] = ()
    """Chunks of what it is done to."""

    @property
    def status(self) -> Status:
        """The composed status."""
        return self.reading.status

    @property
    def who(self) -> Participants:
        """Who takes part."""
        return self.participants()

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
