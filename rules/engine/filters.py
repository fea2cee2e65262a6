"""Filters of a site: what they add to the `unless` of every rule that their globs name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from rules.document import FilterDocument, RuleDocument
from rules.engine.verify import problems_of_unless
from rules.lexicon import Lexicon
from rules.problems import Problem
from rules.source import Source


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter as written."""

    source: Source
    document: FilterDocument

    def names(self, rule: str) -> bool:
        """Does one of its globs name the rule?"""
        return any(fnmatchcase(rule, glob) for glob in self.document.rules)


def filtered(document: RuleDocument, filters: Iterable[Filter]) -> tuple[RuleDocument, tuple[str, ...]]:
    """The rule with what its filters rule out, and for each `unless` the filter it is from ('' for the rule's own)."""
    own = ("",) * len(document.unless)
    mine = [f for f in filters if f.names(document.rule)]
    if not mine:
        return document, own
    added = tuple(u for f in mine for u in f.document.unless)
    by = tuple(f.document.filter for f in mine for _ in f.document.unless)
    return document.model_copy(update={"unless": (*document.unless, *added)}), (*own, *by)


def problems_of_filter(each: Filter, rules: Iterable[str], lexicons: Mapping[str, Lexicon]) -> Iterator[Problem]:
    """Globs that name no rule, unknown lexicons, bad patterns."""
    known = sorted(rules)
    for position, glob in enumerate(each.document.rules):
        if not any(fnmatchcase(rule, glob) for rule in known):
            near = difflib.get_close_matches(glob, known, 1, 0.6)
            hint = f"did you mean `{near[0]}`?" if near else "`tocsin rules list` shows the ids"
            path = ("rules", position) if ("rules", position) in each.source.values else ("rules",)
            yield each.source.problem(path, f"no rule is named by `{glob}`; {hint}")
    yield from problems_of_unless(each.source, each.document.unless, lexicons)
