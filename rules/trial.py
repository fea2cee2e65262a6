"""Runs the tests that rules carry: hits with bindings, misses with the reason that must be among the failing keys."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from rules.document import TestPart
from rules.engine import Explanation, Rule, RuleSet
from rules.language.vocabulary import grammar
from rules.model import Article, Match

PUBLISHED = "2024-06-03"
"""The date of a test's article unless it says otherwise: results must not change with the calendar."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialResult:
    """One test of one rule. `todo` tests tell, they do not fail."""

    rule: str
    source: str
    kind: str
    text: str
    passed: bool
    message: str = ""

    @property
    def failed(self) -> bool:
        """Does it fail the run?"""
        return not self.passed and not self.kind.startswith("todo")


def run_tests(ruleset: RuleSet, only: Iterable[str] = ()) -> tuple[TrialResult, ...]:
    """Every test of every rule (or of the rules named), in the order of rule ids and files."""
    chosen = set(only)
    rules = [r for r in ruleset.rules.values() if not chosen or r.id in chosen]
    return tuple(_run(ruleset, r, n, t) for r in rules for n, t in enumerate(r.document.tests))


def article_of(test: TestPart) -> Article:
    """The test's text as the first paragraph of an article, or as its title when it has no full stop."""
    text = test.hit or test.miss or test.todo_hit or test.todo_miss or ""
    published = datetime.fromisoformat(test.published or PUBLISHED).replace(tzinfo=UTC)
    is_headline = test.title is None and not text.rstrip().endswith((".", '"', "”", "!"))
    title = text if is_headline else test.title or ""
    return Article(id="test", title=title, text="" if is_headline else text, published_at=published, lang="en")


def _run(ruleset: RuleSet, rule: Rule, number: int, test: TestPart) -> TrialResult:
    kind = next(k for k in ("hit", "miss", "todo_hit", "todo_miss") if getattr(test, k) is not None)
    explanation = ruleset.explain(rule.id, article_of(test))
    wrong = _hit(test, explanation) if kind.endswith("hit") else _miss(test, explanation)
    place = rule.origin.place(("tests", number)) if rule.origin else None
    source = f"{rule.origin.file}:{place.line}" if rule.origin and place else rule.source
    text = getattr(test, kind)
    return TrialResult(rule=rule.id, source=source, kind=kind, text=text, passed=not wrong, message=wrong)


def _hit(test: TestPart, explanation: Explanation) -> str:
    match = explanation.matched
    if match is None:
        return f"should match; failing: {_nearest(explanation) or explanation.note}"
    if test.status is not None and match.status is not test.status:
        return f"status should be {test.status.value}, is {match.status.value}"
    if test.speaker is not None and (match.speaker is None or match.speaker.name != test.speaker):
        return f"speaker should be {test.speaker}, is {match.speaker.name if match.speaker else None}"
    return _bound(test, match)


def _bound(test: TestPart, match: Match) -> str:
    for name, wanted in test.bind.items():
        found = match.bindings.get(name)
        if found != wanted and found != party_id(wanted):
            return f"{name} should be {wanted}, is {found}"
    return ""


def party_id(name: str | None) -> str | None:
    """The canonical id of a party's name, so that a test may write `Iran` for IR."""
    table = grammar().parties.get((name or "").split(" ")[0].lower(), ())
    return next((p.id for words, p in table if " ".join(words) == name), None)


def _nearest(explanation: Explanation) -> str:
    """The failing keys of the claim that comes nearest, with what was found: `claim.by (found hackers)`."""
    failing = [o for c in explanation.candidates[:1] for o in c.outcomes if not o.holds]
    return ", ".join(f"{o.key} (found {o.found})" for o in failing)


def _miss(test: TestPart, explanation: Explanation) -> str:
    if explanation.matched is not None:
        return f"should not match; matched {explanation.matched.evidence[0].text!r}"
    if test.because is None:
        return ""
    reasons = explanation.failing | _statuses(explanation)
    if test.because in reasons or (
        not explanation.candidates and test.because in ("claim", "claim.object", "claim.act")
    ):
        return ""
    return f"misses, but not because of {test.because}; failing: {', '.join(sorted(reasons)) or explanation.note}"


def _statuses(explanation: Explanation) -> frozenset[str]:
    """`status=planned`, `speaker.role=analyst`: the failing key with what was found."""
    failing = [o for c in explanation.candidates for o in c.outcomes if not o.holds]
    roles = {f"{o.key}={o.found.split(':')[0]}" for o in failing if o.key == "speaker.role"}
    return frozenset({f"{o.key}={o.found}" for o in failing if o.key == "status"} | roles)
