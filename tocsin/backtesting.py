"""Counts what rules find in many articles: per rule and week, near misses by key, changes between two versions."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from rules import Article, Match, RuleSet
from tocsin.article_lines import article_of
from tocsin.cores import Places, rule_set

EXAMPLES = 3
"""Near misses that are kept per rule and key."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What every process is told: the rules, those to compare with, and which of them to look at (all if empty)."""

    places: Places
    against: Places | None = None
    only: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Hit:
    """One rule holding for one article. `event` is the alert that it would open or be a sighting of."""

    rule: str
    article: str
    title: str
    week: str
    event: str
    evidence: str
    status: str


@dataclass(slots=True)
class Tally:
    """Counts over some articles; tallies of chunks are added up in order."""

    articles: int = 0
    bad_lines: int = 0
    first: datetime | None = None
    last: datetime | None = None
    hits: list[Hit] = field(default_factory=list)
    before: list[Hit] = field(default_factory=list)
    """What the version compared with finds."""
    near: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """(rule, key, found) of what failed on one key."""
    examples: dict[tuple[str, str], list[tuple[str, str]]] = field(default_factory=dict)
    """(rule, key) to (article, clause)."""

    def add(self, other: Tally) -> None:
        """Add the next chunk's counts."""
        self.articles += other.articles
        self.bad_lines += other.bad_lines
        self.first = min(filter(None, (self.first, other.first)), default=None)
        self.last = max(filter(None, (self.last, other.last)), default=None)
        self.hits += other.hits
        self.before += other.before
        self.near.update(other.near)
        for key, some in other.examples.items():
            kept = self.examples.setdefault(key, [])
            kept += some[: EXAMPLES - len(kept)]


def tally(setting: Setting, items: list[Article | str]) -> Tally:
    """The counts of one chunk: articles, or lines of JSON."""
    found = Tally()
    ruleset = rule_set(setting.places)
    against = rule_set(setting.against) if setting.against else None
    for article in _articles(items, found):
        _count(found, ruleset, against, setting.only, article)
    return found


def _articles(items: Iterable[Article | str], found: Tally) -> Iterator[Article]:
    for item in items:
        try:
            article = article_of(item) if isinstance(item, str) else item
        except ValueError:
            found.bad_lines += 1
            continue
        found.articles += 1
        if article.published_at:
            found.first = min(found.first or article.published_at, article.published_at)
            found.last = max(found.last or article.published_at, article.published_at)
        yield article


def _count(found: Tally, ruleset: RuleSet, against: RuleSet | None, only: frozenset[str], article: Article) -> None:
    survey = ruleset.survey(article)
    found.hits += [_hit(article, m) for m in survey.matches if not only or m.rule in only]
    if against is not None:
        found.before += [_hit(article, m) for m in against.match(article) if not only or m.rule in only]
    for near in survey.near:
        if only and near.rule not in only:
            continue
        found.near[near.rule, near.key, _kind(near.found)] += 1
        some = found.examples.setdefault((near.rule, near.key), [])
        if len(some) < EXAMPLES:
            some.append((article.id, near.evidence.text))


def _kind(found: str) -> str:
    """'background (relative clause)' as background, 'person: J. Doe' as person."""
    return found.partition(":")[0].partition(" (")[0]


def _hit(article: Article, match: Match) -> Hit:
    key = [value for _, value in match.emit.key]
    event = " ".join(map(str, key)) if key and all(key) else article.id
    evidence = match.evidence[0].text
    return Hit(match.rule, article.id, article.title, week_of(article.published_at), event, evidence, match.status)


def week_of(instant: datetime | None) -> str:
    """The Monday of the instant's week; `undated` without one."""
    return str((instant - timedelta(days=instant.weekday())).date()) if instant else "undated"


def weeks_between(first: datetime | None, last: datetime | None) -> list[str]:
    """Every Monday from the first to the last week."""
    if first is None or last is None:
        return []
    count = (last - first).days // 7 + 2
    weeks = (week_of(first + timedelta(weeks=n)) for n in range(count))
    return [week for week in weeks if week <= week_of(last)]


def report(found: Tally, rules: Iterable[str], *, compared: bool) -> dict[str, Any]:
    """The counts as one mapping of plain values, rules in their order."""
    return {
        "articles": found.articles,
        "bad_lines": found.bad_lines,
        "from": found.first.isoformat() if found.first else None,
        "to": found.last.isoformat() if found.last else None,
        "rules": [_of_rule(found, rule, compared) for rule in rules],
    }


def _of_rule(found: Tally, rule: str, compared: bool) -> dict[str, Any]:
    hits = [h for h in found.hits if h.rule == rule]
    events = len({h.event for h in hits})
    each = {
        "rule": rule,
        "matches": len(hits),
        "alerts": events,
        "alerts_per_10000": round(events * 10_000 / found.articles, 2) if found.articles else 0.0,
        "weeks": dict(sorted(Counter(h.week for h in hits).items())),
        "near": _near(found, rule),
    }
    return {**each, **_changed(found, rule, hits)} if compared else each


def _near(found: Tally, rule: str) -> list[dict[str, Any]]:
    keys = sorted({key for r, key, _ in found.near if r == rule})
    rows = []
    for key in keys:
        values = {value: n for (r, k, value), n in sorted(found.near.items()) if (r, k) == (rule, key)}
        examples = [{"id": article, "text": text} for article, text in found.examples[rule, key]]
        rows.append({"only": key, "count": sum(values.values()), "found": values, "examples": examples})
    return sorted(rows, key=lambda row: (-row["count"], row["only"]))


def _changed(found: Tally, rule: str, hits: list[Hit]) -> dict[str, Any]:
    before = {h.article: h for h in found.before if h.rule == rule}
    now = {h.article: h for h in hits}
    added = [_shown(h) for h in hits if h.article not in before]
    return {"added": added, "removed": [_shown(h) for a, h in before.items() if a not in now]}


def _shown(hit: Hit) -> dict[str, str]:
    return {"id": hit.article, "title": hit.title, "evidence": hit.evidence, "status": hit.status}


def drawn(found: Tally, count: int, seed: int) -> list[dict[str, str]]:
    """`count` matches at random, for judging: the same for the same articles, rules and seed."""
    hits = sorted(found.hits, key=lambda h: (h.rule, h.article))
    chosen = random.Random(seed).sample(hits, min(count, len(hits)))  # noqa: S311 - a sample, no secret
    return [{"rule": h.rule, **_shown(h)} for h in chosen]
