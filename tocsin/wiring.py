"""What all services of a machine share, and how a changed configuration reaches each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version

import structlog

from rules import RuleSet
from store import configuration
from store.database import Database
from tocsin import configuration as configured
from tocsin.configuration import ConfigurationError, Folder
from tocsin.reload import Reloading
from tocsin.settings import Settings

LOOK_S = 1.0
"""How often a changed configuration file is looked for."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiring:
    """What all services of a machine share. `rules` is loaded before the fork, so that its memory is shared too."""

    settings: Settings
    redis_url: str
    rules: RuleSet
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
        return f"Tocsin/{version('tocsin')} (+{self.settings.contact or self.settings.link_base})"


def rules_in_force(wiring: Wiring, db: Database | None) -> Reloading[RuleSet]:
    """The rules in force. A process that is given *db* records and reports them; the others just take them over."""
    return Reloading(
        [wiring.folder.rules],
        lambda: configured.load_rules(wiring.folder),
        first=wiring.rules,
        accepted=lambda value: configured.apply_rules(db, value) if db else None,
        refused=refusal(db, "rules") if db else lambda _: None,
    )


def refusal(db: Database, kind: str) -> Callable[[ValueError], None]:
    """What to do with a version of *kind* that is not taken: say so in the log and in the ledger."""

    def refused(error: ValueError) -> None:
        problems = error.problems if isinstance(error, ConfigurationError) else [str(error)]
        log.error("configuration.refused", kind=kind, problems=problems, effect="the last good version stays in force")
        configuration.refuse(db, kind, problems)

    return refused
