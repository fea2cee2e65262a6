"""An immutable snapshot of rules: the one object that the other rooms match with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from rules.engine.compile import Compiled, compile_files
from rules.engine.explain import Explanation
from rules.engine.rule import Rule, digest
from rules.lexicon import Lexicon
from rules.model import Article, Match
from rules.problems import Problem, RuleErrors

ENGINE_VERSION = "1"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSet:
    """Compiled rules and the lexicons they use. Same articles, same `hash`: same matches, byte for byte."""

    hash: str
    rules: Mapping[str, Rule]
    lexicons: Mapping[str, Lexicon]

    def match(self, article: Article) -> tuple[Match, ...]:
        """Every rule that holds for `article`, sorted by rule id."""
        return ()

    def explain(self, rule_id: str, article: Article) -> Explanation:
        """Why `rule_id` holds for `article` or not. KeyError for a rule that is not loaded."""
        return Explanation(rule=self.rules[rule_id].id, matched=None, candidates=())


def load(*folders_or_files: Path, packs: bool = True) -> RuleSet:
    """Compile the shipped packs and the given files. RuleErrors with every problem if there is one."""
    compiled = compile_files(folders_or_files, packs=packs)
    if compiled.problems:
        raise RuleErrors(compiled.problems)
    return ruleset_of(compiled)


def check(*folders_or_files: Path, packs: bool = True) -> list[Problem]:
    """Every problem of the given files, sorted by place; empty when they would load."""
    return sorted(set(compile_files(folders_or_files, packs=packs).problems))


def ruleset_of(compiled: Compiled) -> RuleSet:
    """The snapshot of what was compiled."""
    rules = dict(sorted(compiled.rules.items()))
    lexicons = dict(sorted(compiled.lexicons.items()))
    whole = digest(ENGINE_VERSION, *(f"{r.id} {r.hash}" for r in rules.values()), *map(repr, lexicons.values()))
    return RuleSet(hash=whole, rules=MappingProxyType(rules), lexicons=MappingProxyType(lexicons))
