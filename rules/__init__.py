"""Rules over claims in news text: pure, deterministic, explainable."""

from rules.engine import Explanation, NearMiss, Outcome, Rule, RuleSet, Survey, check, load
from rules.model import LEVELS, Article, Confirm, Emit, Evidence, Level, Match, Role, Speaker, Status, Zone
from rules.problems import Problem, RuleErrors
from rules.trial import TrialResult, run_tests

__all__ = [
    "LEVELS",
    "Article",
    "Confirm",
    "Emit",
    "Evidence",
    "Explanation",
    "Level",
    "Match",
    "NearMiss",
    "Outcome",
    "Problem",
    "Role",
    "Rule",
    "RuleErrors",
    "RuleSet",
    "Speaker",
    "Status",
    "Survey",
    "TrialResult",
    "Zone",
    "check",
    "load",
    "run_tests",
]
