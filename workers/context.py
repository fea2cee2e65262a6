"""What the room needs from outside, given once per process before its worker starts. It never reads the environment."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from rules.engine import Rule
from rules.model import Article, Held
from store.database import Database
from workers.smtp import SmtpServer


class Rules(Protocol):
    """What matching needs of a rule set (`rules.engine.RuleSet` is one)."""

    @property
    def hash(self) -> str:
        """Names the set: same articles, same hash, same matches."""

    @property
    def rules(self) -> Mapping[str, Rule]:
        """The loaded rules by id."""

    def held(self, article: Article) -> Held:
        """Every rule that holds for *article*: those that stand become alerts, those that are silent keep them."""


class Bell(Protocol):
    """What matching needs of the doorbell. Ringing never raises: False says that nobody heard it."""

    def match(self, ids: list[str]) -> bool:
        """Say that articles wait."""

    def deliver(self, ids: list[str]) -> bool:
        """Say that deliveries are due."""


class NoSecret(LookupError):  # noqa: N818
    """A secret's reference leads nowhere; the message says how to mend it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """`rules` gives the set in force now (the last good one); `secrets` resolves one reference such as env:NAME and
    raises NoSecret; `allow` are networks that the address guard lets through; `base_url` is where people reach the
    console, without a slash at the end; `rule_limit` is how many alerts of a rule are told within an hour, 0 for all.
    """

    db: Database
    doorbell: Bell
    rules: Callable[[], Rules]
    secrets: Callable[[str], str]
    allow: tuple[str, ...] = ()
    user_agent: str = "Tocsin"
    smtp: SmtpServer | None = None
    mail_from: str = "tocsin@localhost"
    base_url: str = "http://localhost:8765"
    rule_limit: int = 0
    stopping: threading.Event = field(default_factory=threading.Event)


_current: list[Context] = []


def use(context: Context) -> None:
    """Make *context* the one that this process's jobs work with."""
    _current[:] = [context]


def current() -> Context:
    """The context of this process.

    Raises:
        RuntimeError: a job runs where no worker was started.
    """
    if not _current:
        raise RuntimeError("no context: jobs of this room run only inside workers.worker.run_worker")
    return _current[0]
