"""Rules over claims in news text: pure, deterministic, explainable."""

from rules.engine import Explanation, Outcome, Rule, RuleSet, check, load
from rules.model import LEVELS, Article, Emit, Evidence, Level, Match, Role, Speaker, Status, Zone
from rules.problems import Problem, RuleErrors
from rules.trial import TrialResult, run_tests

__all__ = [
    "LEVELS",
    "Article",
    "Emit",
    "Evidence",
    "Explanation",
    "Level",
    "Match",
    "Outcome",
    "Problem",
    "Role",
    "Rule",
    "RuleErrors",
    "RuleSet",
    "Speaker",
    "Status",
    "TrialResult",
    "Zone",
    "check",
    "load",
    "run_tests",
]
