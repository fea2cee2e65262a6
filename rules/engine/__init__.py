"""The engine behind the lasting interface: load, check, match, explain."""

from rules.engine.explain import Candidate, Explanation, Outcome
from rules.engine.rule import Rule
from rules.engine.ruleset import RuleSet, check, load

__all__ = ["Candidate", "Explanation", "Outcome", "Rule", "RuleSet", "check", "load"]
