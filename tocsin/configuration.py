"""The configuration folder: rules/, feeds.yml and subscriptions.yml, read and checked as one."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from rules import Article, RuleErrors, RuleSet, load
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
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError([f"{file}:1:1: cannot be read: {error}"]) from error
    found, problems = read_subscriptions(text, str(file), rule_ids=rule_ids, secrets=resolver(folder.path))
    if problems:
        raise ConfigurationError(problems)
    return found


def problems_of(folder: Folder) -> list[str]:
    """Everything that is wrong in the folder, in one go: a wrong rule does not hide a wrong feed."""
    found: list[str] = []
    rule_ids: Collection[str] | None = None
    try:
        rule_ids = load_rules(folder).rules
    except ConfigurationError as error:
        found += error.problems
    try:
        load_feeds(folder)
    except ConfigurationError as error:
        found += error.problems
    try:
        load_subscriptions(folder, load(packs=True).rules if rule_ids is None else rule_ids)
    except ConfigurationError as error:
        found += error.problems
    return found


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
