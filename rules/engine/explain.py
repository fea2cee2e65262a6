"""What a rule found for each of its keys: the record that matching keeps and `explain` prints."""

from __future__ import annotations

from dataclasses import dataclass

from rules.engine.confidence import weighed
from rules.model import Evidence, Match


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One key of a rule on one claim: whether it holds, what was found, and the cue that decided."""

    key: str
    holds: bool
    wanted: str
    found: str
    cue: Evidence | None = None

    def __str__(self) -> str:
        mark = "yes" if self.holds else "NO "
        where = f'  <- {self.cue.field}[{self.cue.start}:{self.cue.end}] "{self.cue.text}"' if self.cue else ""
        return f"  {mark} {self.key:<18} wanted {self.wanted}; found {self.found}{where}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One claim that was tried, with an outcome per key."""

    evidence: Evidence
    outcomes: tuple[Outcome, ...]

    @property
    def holds(self) -> bool:
        """Do all keys hold?"""
        return all(o.holds for o in self.outcomes)

    @property
    def failing(self) -> tuple[str, ...]:
        """The keys that do not hold, as `because` names them."""
        return tuple(o.key for o in self.outcomes if not o.holds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why a rule holds for an article or does not: one candidate per claim that was tried, best first."""

    rule: str
    matched: Match | None
    candidates: tuple[Candidate, ...]
    note: str = ""

    @property
    def failing(self) -> frozenset[str]:
        """Every key that failed on some candidate; empty when the rule holds."""
        return frozenset() if self.matched else frozenset(k for c in self.candidates for k in c.failing)

    def __str__(self) -> str:
        verdict = "matches" if self.matched else "does not match"
        lines = [f"{self.rule} {verdict}" + (f": {self.note}" if self.note else "")]
        if self.matched and self.matched.signs:
            lines.append(f"  confidence {self.matched.confidence:.2f}: {', '.join(weighed(self.matched.signs))}")
        for candidate in self.candidates:
            e = candidate.evidence
            lines.append(f'{e.field}[{e.start}:{e.end}] "{e.text}"')
            lines += [str(outcome) for outcome in candidate.outcomes]
        return "\n".join(lines)
