"""What a backtest asks of one article: what matches, and what would have but for one key."""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass

from rules.engine.checks import outcomes
from rules.engine.match import evidence_of
from rules.engine.tried import Tried
from rules.model import Evidence, Match


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A rule that does not hold, and the one key that failed on some claim: what was found there, and the clause."""

    rule: str
    key: str
    found: str
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Survey:
    """Matches sorted by rule; near misses, at most one per rule, likewise."""

    matches: tuple[Match, ...]
    near: tuple[NearMiss, ...]


def near_misses(tried: Iterable[Tried], matched: Set[str]) -> tuple[NearMiss, ...]:
    """The first near miss of each rule that is not among those that matched."""
    found: dict[str, NearMiss] = {}
    for each in tried:
        rule = each.rule.id
        if rule not in matched and rule not in found:
            failing = [o for o in outcomes(each) if not o.holds]
            if len(failing) == 1:
                found[rule] = NearMiss(rule, failing[0].key, failing[0].found, evidence_of(each.claim))
    return tuple(found[rule] for rule in sorted(found))
