"""A compiled rule: the document, its identity, and the lexicons that its words became."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from rules.document import ClaimPart, Maturity, RuleDocument
from rules.model import Level
from rules.source import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimTest:
    """One alternative of a rule's `claim`, its words resolved to names of lexicons."""

    part: ClaimPart
    acts: frozenset[str]
    heads: frozenset[str]
    about: frozenset[str]
    unless: frozenset[str]
    matter: frozenset[str]
    """What the claim's own `about` names: the matter of the whole sentence."""
    continuers: frozenset[str]
    actors: frozenset[str] = frozenset()
    targets: frozenset[str] = frozenset()
    number: int = 0
    """Which alternative of its rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule ready to match. `hash` names its text, `source` is `file:line`."""

    document: RuleDocument
    hash: str
    source: str
    claims: tuple[ClaimTest, ...]
    origin: Source | None = None
    filters: tuple[str, ...] = ()
    """For each `unless` of the document the filter that it is from; '' for the rule's own."""

    @property
    def id(self) -> str:
        """The rule's name."""
        return self.document.rule

    @property
    def version(self) -> str:
        """As written; `hash` is what changes with every edit."""
        return self.document.version

    @property
    def title(self) -> str:
        """What it reports, for people."""
        return self.document.title

    @property
    def level(self) -> Level:
        """What its reader must do."""
        return self.document.level

    @property
    def maturity(self) -> Maturity:
        """experimental, test, stable or deprecated."""
        return self.document.maturity

    @property
    def tags(self) -> tuple[str, ...]:
        """Free words; CAMEO codes as `cameo.085`."""
        return self.document.tags

    @property
    def description(self) -> str:
        """Longer text for people."""
        return self.document.description

    @property
    def false_positives(self) -> tuple[str, ...]:
        """What is known to fool it."""
        return self.document.false_positives

    @property
    def references(self) -> tuple[str, ...]:
        """Where its definition comes from."""
        return self.document.references


def digest(*parts: str) -> str:
    """A hex digest of texts, each with its length, so that moving a boundary changes it."""
    whole = hashlib.sha256()
    for part in parts:
        data = part.encode("utf8", "surrogatepass")
        whole.update(f"{len(data)}:".encode())
        whole.update(data)
    return whole.hexdigest()[:32]
