"""What all services of a machine share, and how a changed configuration reaches each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import structlog

from rules import RuleSet
from store import configuration
from store.database import Database
from store.feeds import Feed
from store.subscriptions import Subscription
from tocsin import configuration as configured
from tocsin.configuration import ConfigurationError, Folder
from tocsin.reload import Loaded, Reloading, loaded
from tocsin.settings import Settings

LOOK_S = 1.0
"""How often a changed configuration file is looked for."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiring:
    """What all services of a machine share. It is loaded before the fork: a wrong file ends the start, and the rules'
    memory is shared.
    """

    settings: Settings
    redis_url: str
    rules: Loaded[RuleSet]
    feeds: Loaded[tuple[Feed, ...]]
    subscriptions: Loaded[tuple[Subscription, ...]]
    demo: bool = False

    @property
    def folder(self) -> Folder:
        """The configuration folder."""
        return Folder(self.settings.config)

    @property
    def allow(self) -> tuple[str, ...]:
        """Networks that the address guard lets through; the demo talks to itself."""
        own = ("127.0.0.1/32",) if self.demo else ()
        return (*map(str, self.settings.allow_networks), *own)

    @property
    def user_agent(self) -> str:
        """Who we say we are, and where to complain."""
        return self.settings.user_agent


def wire(settings: Settings, redis_url: str, *, demo: bool) -> Wiring:
    """The wiring with all configuration read.

    Raises:
        ConfigurationError: a file is wrong.
    """
    folder = Folder(settings.config)
    rules = loaded([folder.rules], lambda: configured.load_rules(folder))
    return Wiring(
        settings=settings,
        redis_url=redis_url,
        rules=rules,
        feeds=loaded([folder.feeds], lambda: configured.load_feeds(folder)),
        subscriptions=loaded([folder.subscriptions], lambda: configured.load_subscriptions(folder, rules.value.rules)),
        demo=demo,
    )


def rules_in_force(wiring: Wiring, db: Database | None) -> Reloading[RuleSet]:
    """The rules in force. A process that is given *db* records and reports them; the others just take them over."""
    return Reloading(
        [wiring.folder.rules],
        lambda: configured.load_rules(wiring.folder),
        first=wiring.rules,
        accepted=lambda value: configured.apply_rules(db, value) if db else None,
        refused=refusal(db, "rules") if db else lambda _: None,
        superseded=lambda at: configuration.is_accepted_since(db, "rules", at) if db else True,
    )


def feeds_in_force(wiring: Wiring, db: Database) -> Reloading[tuple[Feed, ...]]:
    """The declared feeds, recorded in the ledger."""
    return Reloading(
        [wiring.folder.feeds],
        lambda: configured.load_feeds(wiring.folder),
        first=wiring.feeds,
        accepted=lambda value: configured.apply_feeds(db, value),
        refused=refusal(db, "feeds"),
        superseded=lambda at: configuration.is_accepted_since(db, "feeds", at),
    )


def subscriptions_in_force(
    wiring: Wiring, db: Database, rules: Reloading[RuleSet]
) -> Reloading[tuple[Subscription, ...]]:
    """The declared subscriptions, recorded in the ledger."""
    return Reloading(
        [wiring.folder.subscriptions],
        lambda: configured.load_subscriptions(wiring.folder, rules().rules),
        first=wiring.subscriptions,
        accepted=lambda value: configured.apply_subscriptions(db, value),
        refused=refusal(db, "subscriptions"),
        superseded=lambda at: configuration.is_accepted_since(db, "subscriptions", at),
    )


def refusal(db: Database, kind: str) -> Callable[[ValueError], None]:
    """What to do with a version of *kind* that is not taken: say so in the log and in the ledger."""

    def refused(error: ValueError) -> None:
        problems = error.problems if isinstance(error, ConfigurationError) else [str(error)]
        log.error("configuration.refused", kind=kind, problems=problems, effect="the last good version stays in force")
        configuration.refuse(db, kind, problems)

    return refused
