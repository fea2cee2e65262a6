"""The configuration folder: rules/, feeds.yml and subscriptions.yml, read and checked as one."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rules import Article, RuleErrors, RuleSet, load
from rules.problems import Problem, text_of
from rules.trial import run_tests
from store import configuration
from store.configuration import RuleVersion
from store.database import Database
from store.feeds import Feed, sync_feeds
from store.subscriptions import Subscription, sync
from tocsin.config_schema import config_schema
from tocsin.secret import resolver
from watcher.feed import load_feeds as read_feeds
from workers.subscriptions import read_subscriptions

STARTER = Path(__file__).parent / "starter"
SCHEMA_FILE = "config.schema.json"
"""Beside the files of a starter configuration, where editors that read YAML find it."""

_WARM_UP = Article(id="warm-up", title="Norway and Chile sign a defence agreement, minister says", lang="en")
"""Matched once after loading, so that what the analysis builds at its first use is shared by forked children."""


class ConfigurationError(ValueError):
    """Configuration that is not taken; `problems` has a line `file:line:column: what and how to mend it` for each."""

    def __init__(self, problems: Sequence[object]) -> None:
        self.problems = [str(problem) for problem in problems]
        super().__init__("\n".join(self.problems))


@dataclass(frozen=True, slots=True)
class Folder:
    """The places in a configuration folder."""

    path: Path

    @property
    def rules(self) -> Path:
        """The site's own rules and lexicons."""
        return self.path / "rules"

    @property
    def feeds(self) -> Path:
        """feeds.yml."""
        return self.path / "feeds.yml"

    @property
    def subscriptions(self) -> Path:
        """subscriptions.yml."""
        return self.path / "subscriptions.yml"


def make_starter(folder: Path) -> None:
    """Write the starter configuration to *folder*.

    Raises:
        FileExistsError: there is something in it already.
    """
    if folder.exists() and any(folder.iterdir()):
        raise FileExistsError(f"{folder} is not empty; name a new folder")
    shutil.copytree(STARTER, folder, dirs_exist_ok=True)
    (folder / SCHEMA_FILE).write_text(json.dumps(config_schema(), indent=2) + "\n", encoding="utf-8")


def load_rules(folder: Folder, *, tested: bool = True) -> RuleSet:
    """The shipped packs with the site's rules, whose own tests must pass where *tested*.

    Raises:
        ConfigurationError: a rule is wrong, or fails its own tests.
    """
    own = [folder.rules] if folder.rules.is_dir() else []
    try:
        rules = load(*own)
    except RuleErrors as error:
        raise ConfigurationError(error.problems) from error
    if tested and own:
        _must_pass(rules, folder.rules)
    rules.match(_WARM_UP)
    return rules


def _must_pass(rules: RuleSet, below: Path) -> None:
    """The tests of the site's own rules; those of the packs have passed before they were shipped."""
    own = [rule.id for rule in rules.rules.values() if rule.source.startswith(str(below))]
    failed = [result for result in run_tests(rules, own) if result.failed] if own else []
    if failed:
        raise ConfigurationError([f"{each.source}:1: {each.rule}: {each.message}: {each.text!r}" for each in failed])


def load_feeds(folder: Folder) -> tuple[Feed, ...]:
    """The declared feeds; none where there is no feeds.yml.

    Raises:
        ConfigurationError: the file is wrong.
    """
    if not folder.feeds.exists():
        return ()
    feeds, problems = read_feeds(folder.feeds)
    if problems:
        raise ConfigurationError(problems)
    return feeds


def load_subscriptions(folder: Folder, rule_ids: Collection[str]) -> tuple[Subscription, ...]:
    """The declared subscriptions; none where there is no subscriptions.yml.

    Raises:
        ConfigurationError: the file is wrong, or names a rule that is not loaded.
    """
    file = folder.subscriptions
    if not file.exists():
        return ()
    text = text_of(file)
    if isinstance(text, Problem):
        raise ConfigurationError([text])
    found, problems = read_subscriptions(text, str(file), rule_ids=rule_ids, secrets=resolver(folder.path))
    if problems:
        raise ConfigurationError(problems)
    return found


@dataclass(slots=True)
class Survey:
    """What a configuration folder holds: how much of each, and everything that is wrong."""

    rules: int = 0
    feeds: int = 0
    subscriptions: int = 0
    problems: list[str] = field(default_factory=list)


def survey(folder: Folder) -> Survey:
    """The whole folder in one go: a wrong rule does not hide a wrong feed."""
    found = Survey()
    rule_ids: list[str] = []
    with _collected(found):
        rule_ids += load_rules(folder).rules
        found.rules = len(rule_ids)
    with _collected(found):
        found.feeds = len(load_feeds(folder))
    with _collected(found):
        found.subscriptions = len(load_subscriptions(folder, rule_ids or load(packs=True).rules))
    return found


@contextmanager
def _collected(found: Survey) -> Iterator[None]:
    try:
        yield
    except ConfigurationError as error:
        found.problems += error.problems


def apply_rules(db: Database, rules: RuleSet) -> None:
    """Record the rules that are in force."""
    configuration.record_rules(
        db,
        [
            RuleVersion(
                hash=rule.hash,
                id=rule.id,
                version=str(rule.version),
                title=rule.title,
                level=str(rule.level),
                maturity=str(rule.maturity),
                tags=tuple(rule.tags),
                source=rule.source,
            )
            for rule in rules.rules.values()
        ],
    )
    configuration.accept(db, "rules", rules.hash)


def apply_feeds(db: Database, feeds: tuple[Feed, ...]) -> None:
    """Make these the feeds that files declare."""
    sync_feeds(db, feeds)
    configuration.accept(db, "feeds", _hash(feeds))


def apply_subscriptions(db: Database, subscriptions: tuple[Subscription, ...]) -> None:
    """Make these the subscriptions that files declare."""
    sync(db, subscriptions)
    configuration.accept(db, "subscriptions", _hash(subscriptions))


def _hash(values: tuple[object, ...]) -> str:
    return hashlib.sha256(repr(values).encode()).hexdigest()[:16]
