"""What each rule cannot do without, as groups of phrases, and how rare a word is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from math import prod
from pathlib import Path

from rules.document import RuleDocument, TextPart
from rules.engine.bytes_of_text import pattern
from rules.engine.rule import ClaimTest, Rule
from rules.engine.wording import surface
from rules.lexicon import Form, Lexicon
from rules.model import Zone
from rules.source import read

_TABLE = Path(__file__).parent / "frequency.yml"
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
class Need:
    """The groups that a sentence must hold, the zones it may stand in, and whether it must name a party."""

    key: int
    groups: frozenset[int]
    zones: frozenset[Zone]
    party: bool


class Needs:
    """Numbers groups, files their phrases, and collects what rules need."""

    def __init__(self, lexicons: Mapping[str, Lexicon]) -> None:
        self.lexicons = lexicons
        self.phrases: dict[bytes, set[int]] = {}
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
        acts = self._claim_group(test.acts | test.continuers, absence=True)
        said_by_object = test.heads and any(self.lexicons[a].bare for a in test.acts)
        groups = set() if said_by_object else {acts}
        by_party = test.part.object is not None and bool(test.part.object.kinds)
        if test.heads and not by_party:
            groups.add(self._claim_group(test.heads))
        groups |= {self._claim_group(names) for names in (test.about, test.matter) if names}
        rarest = min(groups, key=lambda g: (self._weights[g], g))
        return Need(rarest, frozenset(groups), _places(document), _asks_party(test))

    def _claim_group(self, names: frozenset[str], *, absence: bool = False) -> int:
        forms = {f for n in names for f in self.lexicons[n].forms}
        phrases = {(_rarest(f.words),) if _parts(f) else f.words for f in forms}
        if absence and any(self.lexicons[n].absence for n in names):
            phrases |= {(w,) for w in _ABSENCE}
        return self._group(("claim", *sorted(names)), phrases)

    def _group(self, key: tuple[str, ...], phrases: Iterable[tuple[str, ...]]) -> int:
        if key not in self._numbers:
            number = self._numbers[key] = len(self._numbers)
            weight = 0
            for words in phrases:
                weight += min(map(frequency, words))
                for phrase in pattern(words):
                    self.phrases.setdefault(phrase, set()).add(number)
            self._weights.append(weight)
        return self._numbers[key]

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


def _asks_party(test: ClaimTest) -> bool:
    part = test.part
    sure = any(p is not None and not p.may_lack and not p.head for p in (part.by, part.on))
    by_object = part.object is not None and bool(part.object.kinds) and not part.object.head
    return sure or by_object or (part.parties is not None and part.parties.min > 0)


def share(forms: Iterable[Form]) -> float:
    """A bound on the share of articles that hold one of the forms, by the rarest word of each; 1.0 for no forms."""
    words = {_rarest(f.words) for f in forms if any(len(w) >= SHORTEST for w in f.words)}
    return min(1.0, sum(map(frequency, words)) / 10_000) if words else 1.0


def anchored(test: ClaimTest, lexicons: Mapping[str, Lexicon]) -> bool:
    """Do the words that an alternative of a rule cannot do without spare most articles?"""
    bare = test.heads and any(lexicons[a].bare for a in test.acts)
    groups = [test.heads, test.about, test.matter, *([] if bare else [test.acts])]
    return prod(share(f for n in g for f in lexicons[n].forms) for g in groups if g) <= MOST
