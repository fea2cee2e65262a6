"""Shared parts: a context on a real ledger, a receiver, a bell that rings in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from rules.engine import load
from store.database import Database
from tests.workers.parts import LOOPBACK, SECRET, Receiver, Words
from tocsin.webhook_body import WebhookBody
from workers.context import Context, NoSecret


class Silent:
    """A bell that notes who would have been rung."""

    def __init__(self) -> None:
        self.matches: list[str] = []
        self.deliveries: list[str] = []

    def match(self, ids: list[str]) -> bool:
        self.matches += ids
        return True

    def deliver(self, ids: list[str]) -> bool:
        self.deliveries += ids
        return True


def secrets(reference: str) -> str:
    if reference == "env:HOOK":
        return SECRET
    raise NoSecret(f"{reference}: the variable is not set")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver; whatever comes to it must be as the published schema says."""
    one = Receiver()
    yield one
    one.close()
    for got in one.got:
        WebhookBody.model_validate_json(got.body)


@pytest.fixture
def make_context(db: Database) -> Callable[..., Context]:
    def make(rules: Any = None, **settings: Any) -> Context:
        words = rules or Words()
        given = {"doorbell": Silent(), "rules": lambda: words, "secrets": secrets, "allow": LOOPBACK, **settings}
        return Context(db=db, **given)

    return make


@pytest.fixture
def make_rules_context() -> Callable[[Database], Context]:
    """A context with the shipped rules."""
    rules = load()
    return lambda db: Context(db=db, doorbell=Silent(), rules=lambda: rules, secrets=secrets)
