"""The engine behind the lasting interface: load, check, match, explain."""

from rules.engine.explain import Candidate, Explanation, Outcome
from rules.engine.rule import Rule
from rules.engine.ruleset import RuleSet, check, load
from rules.engine.survey import NearMiss, Survey

__all__ = ["Candidate", "Explanation", "NearMiss", "Outcome", "Rule", "RuleSet", "Survey", "check", "load"]
