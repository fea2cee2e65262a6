"""What each rule cannot do without, as groups of phrases, and how rare a word is."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from math import prod
from pathlib import Path

from rules.document import ClaimPart, RuleDocument, TextPart
from rules.engine.bytes_of_text import pattern
from rules.engine.partners import fits
from rules.engine.rule import ClaimTest, Rule
from rules.engine.wording import surface
from rules.language.naming import standing_for_another
from rules.language.vocabulary import grammar, names_of_parties
from rules.lexicon import Form, Lexicon, entering
from rules.model import Zone
from rules.source import read

_TABLE = Path(__file__).parent / "frequency.yml"
_STANDING_IN = ("unnamed", "rulers", "spokesmen", "at_home")
"""Lists of nouns that may stand for states without their names."""
_ABSENCE = ("no", "not", "longer", "t", "without")
SHORTEST = 3
MOST = 0.2
"""The share of articles that the words of a rule may be in; those of one that is in more are no anchor."""


@cache
def frequencies() -> Mapping[str, int]:
    """Articles in ten thousand that hold a word (engine/frequency.yml, counted over 60,000 feed entries)."""
    value = read(_TABLE.read_text("utf8"), _TABLE.name)[0][0].value
    return {str(k): int(str(v)) for k, v in value.items()} if isinstance(value, dict) else {}


def frequency(word: str) -> int:
    """Articles in ten thousand; 0 for one that the table does not hold."""
    return frequencies().get(word, 0)


@dataclass(frozen=True, slots=True)
class PartyNeed:
    """How many parties a claim must have, and of which kinds (none given: of any).

    `named`: its sentence names them by themselves; else a pronoun, a plural or the arms that a state makes may do so.
    """

    kinds: tuple[str, ...]
    least: int
    named: bool


@dataclass(frozen=True, slots=True)
class Need:
    """What a sentence must hold: for the scan the groups and its zone, then for words the lexicons and parties."""

    key: int
    groups: frozenset[int]
    names: frozenset[int]
    """Groups of what may name its parties."""
    zones: frozenset[Zone]
    acts: frozenset[str]
    heads: frozenset[str]
    """Empty: any object will do."""
    about: frozenset[str]
    implied: bool
    absent: bool
    entered: bool
    """May the act be said by its object alone, by there being none, or by who is in it?"""
    parties: tuple[PartyNeed, ...]


class Needs:
    """Numbers groups, files their phrases, and collects what rules need."""

    def __init__(self, lexicons: Mapping[str, Lexicon]) -> None:
        self.lexicons = lexicons
        self.phrases: dict[bytes, set[int]] = {}
        self.apart: dict[bytes, dict[frozenset[bytes], set[int]]] = {}
        """By the rarest word of a form whose words may stand apart: the others that tell anything, and its groups."""
        self.of_claims: set[Need] = set()
        self.always: set[str] = set()
        self._texts: dict[str, list[int]] = {}
        self._numbers: dict[tuple[str, ...], int] = {}
        self._weights: list[int] = []

    def add(self, rule: Rule) -> None:
        """File a rule."""
        for test in rule.claims:
            self.of_claims.add(self._need(test, rule.document))
        if not rule.claims:
            groups = self._text_groups(rule.document.text)
            self._texts[rule.id] = groups
            if not groups:
                self.always.add(rule.id)

    def _need(self, test: ClaimTest, document: RuleDocument) -> Need:
        acts = test.acts | test.continuers
        by_party = test.part.object is not None and bool(test.part.object.kinds)
        heads = frozenset() if by_party else test.heads
        implied = bool(test.heads) and any(self.lexicons[a].bare for a in test.acts)
        groups = set() if implied else {self._claim_group(acts, absence=True)}
        groups |= {self._claim_group(names) for names in (heads, test.about, test.matter) if names}
        parties = tuple(_parties(test.part))
        return Need(
            key=min(groups, key=lambda g: (self._weights[g], g)),
            groups=frozenset(groups),
            names=frozenset(map(self._party_group, parties)),
            zones=_places(document),
            acts=acts,
            heads=heads,
            about=test.about,
            implied=implied,
            absent=any(self.lexicons[a].absence for a in test.acts),
            entered=any(entering(self.lexicons[a]) for a in test.acts),
            parties=parties,
        )

    def _claim_group(self, names: frozenset[str], *, absence: bool = False) -> int:
        forms = {f for n in names for f in self.lexicons[n].forms}
        phrases = {f.words for f in forms if not _parts(f)}
        if absence and any(self.lexicons[n].absence for n in names):
            phrases |= {(w,) for w in _ABSENCE}
        if absence and any(entering(self.lexicons[n]) for n in names):
            phrases.add(("in",))
        return self._group(("claim", *sorted(names)), phrases, {f.words for f in forms if _parts(f)})

    def _party_group(self, wanted: PartyNeed) -> int:
        return self._group(("party", *sorted(wanted.kinds), f"{wanted.least} {wanted.named}"), self._names(wanted))

    def _names(self, wanted: PartyNeed) -> Iterator[tuple[str, ...]]:
        """Names of the kinds asked for, and unless they must be named what may stand for one in the sentence."""
        for party, name in names_of_parties():
            if not wanted.kinds or fits(party, wanted.kinds):
                yield name
        if not wanted.named:
            yield from ((word,) for name in _STANDING_IN for word in grammar().nouns[name])
            yield from (form.words for x in self.lexicons.values() for form in x.forms if form.maker)
        if not wanted.named and wanted.least == 1:
            yield from ((word,) for word in standing_for_another())

    def _group(
        self, key: tuple[str, ...], phrases: Iterable[tuple[str, ...]], apart: Collection[tuple[str, ...]] = ()
    ) -> int:
        """The number of a group; its phrases, whole or with words apart, are only looked at when it is new."""
        if key not in self._numbers:
            number = self._numbers[key] = len(self._numbers)
            whole, rarest = set(phrases), {(_rarest(words),) for words in apart}
            for phrase in (p for words in whole for p in pattern(words)):
                self.phrases.setdefault(phrase, set()).add(number)
            for words in apart:
                self._file_apart(words, number)
            self._weights.append(sum(min(map(frequency, words)) for words in whole | rarest))
        return self._numbers[key]

    def _file_apart(self, words: tuple[str, ...], number: int) -> None:
        rarest = _rarest(words)
        others = [pattern((w,)) for w in words if w != rarest and frequency(w) <= MOST * 10_000]
        beside = frozenset(phrase for found in others if len(found) == 1 for phrase in found)
        for phrase in pattern((rarest,)):
            self.apart.setdefault(phrase, {}).setdefault(beside, set()).add(number)

    # -- words alone ---------------------------------------------------------------------------------------------
    def _text_groups(self, part: TextPart | None) -> list[int]:
        if part is None:
            return []
        sure: list[tuple[str, ...]] = [(w,) for w in part.all or ()]
        sure += [part.near.a, part.near.b] if part.near else []
        sure += [part.any] if part.any else []
        return [self._text_group(words) for words in sure]

    def _text_group(self, words: tuple[str, ...]) -> int:
        phrases = {f.words for w in words for f in surface(w, self.lexicons)}
        return self._group(("text", *sorted(words)), phrases)

    def of_texts(self) -> dict[int, tuple[tuple[frozenset[int], str], ...]]:
        """By its rarest group: (all groups, rule) of the rules of words alone."""
        found: dict[int, list[tuple[frozenset[int], str]]] = {}
        for rule, groups in sorted(self._texts.items()):
            if groups:
                rarest = min(groups, key=lambda g: (self._weights[g], g))
                found.setdefault(rarest, []).append((frozenset(groups), rule))
        return {group: tuple(some) for group, some in found.items()}


def _parts(form: Form) -> bool:
    """May something stand between its words ('phase the ban out', 'pull the country out of the pact')?"""
    return form.pos == "verb" and len(form.words) > 1


def _rarest(words: tuple[str, ...]) -> str:
    return min(words, key=lambda w: (frequency(w), -len(w), w))


def _places(document: RuleDocument) -> frozenset[Zone]:
    """Where the sentences of its claims may stand: those of background stand anywhere."""
    zones = frozenset(document.scope.zone)
    return frozenset(Zone) if Zone.BACKGROUND in zones else zones


def _parties(part: ClaimPart) -> Iterator[PartyNeed]:
    """Who must be there, whatever their names: rules that differ by country share their needs."""
    for key, named in ((part.by, False), (part.on, True)):
        if key is not None and not key.may_lack and not key.head:
            yield PartyNeed(key.wanted, 1, named)
    if part.object is not None and part.object.kinds and not part.object.head:
        yield PartyNeed(part.object.kinds, 1, named=True)
    if part.parties is not None and part.parties.min > 0:
        yield PartyNeed((), part.parties.min, named=False)


def share(forms: Iterable[Form]) -> float:
    """A bound on the share of articles that hold one of the forms, by the rarest word of each; 1.0 for no forms."""
    words = {_rarest(f.words) for f in forms if any(len(w) >= SHORTEST for w in f.words)}
    return min(1.0, sum(map(frequency, words)) / 10_000) if words else 1.0


def anchored(test: ClaimTest, lexicons: Mapping[str, Lexicon]) -> bool:
    """Do the words that an alternative of a rule cannot do without spare most articles?"""
    bare = test.heads and any(lexicons[a].bare for a in test.acts)
    groups = [test.heads, test.about, test.matter, *([] if bare else [test.acts])]
    return prod(share(f for n in g for f in lexicons[n].forms) for g in groups if g) <= MOST
