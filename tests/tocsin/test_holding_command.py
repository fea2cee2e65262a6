"""`tocsin rules held`, `release` and `discard`, and what `tocsin trace` says of held alerts, run as users run them."""

from __future__ import annotations

import json

import pytest

from store.database import Database
from store.subscriptions import sync
from tests.tocsin.test_silences_command import Run, tocsin
from tests.workers.conftest import Silent, secrets
from tests.workers.parts import Words, add_articles, hook
from workers.context import Context
from workers.holding import let_go
from workers.matching import match_articles

__all__ = ["tocsin"]

RULE = "embargo.ended"
WHY = "the rule opened more than 1 alert within an hour"


@pytest.fixture
def context(sqlite_db: Database) -> Context:
    """One alert is told, two are held back."""
    sync(sqlite_db, [hook("http://127.0.0.1:1/a", "desk")])
    words = Words()
    context = Context(db=sqlite_db, doorbell=Silent(), rules=lambda: words, secrets=secrets, rule_limit=1)
    match_articles(context, add_articles(sqlite_db, ["embargo"] * 3, "a"))
    return context


def test_what_is_held_back_is_listed_traced_and_told(tocsin: Run, context: Context) -> None:
    listed = tocsin("rules", "held").stdout
    assert listed.startswith(f"{RULE}  2 waiting since 2")
    assert listed.endswith(f" UTC: {WHY}\n")
    (rule,) = json.loads(tocsin("rules", "held", "--json").stdout)
    assert (rule["rule_id"], rule["waiting"], rule["why"]) == (RULE, 2, WHY)
    assert f"held      {WHY} (alert.opened for desk)\n" in tocsin("trace", "a2").stdout
    released = tocsin("rules", "release", RULE, "--author", "Ana")
    assert (released.returncode, released.stderr) == (0, "")
    assert released.stdout == f"2 of {RULE} are told within seconds, by the worker whose clock leads.\n"
    assert ", 2 of them let go: " in tocsin("rules", "held").stdout
    assert len(let_go(context)) == 2
    assert tocsin("rules", "held").stdout == "nothing is held back\n"
    traced = tocsin("trace", "a2").stdout
    assert "told      desk by webhook to http://127.0.0.1:1/a\n          pending (id " in traced
    assert "held  " not in traced


def test_what_is_held_back_is_discarded_and_the_reason_traced(tocsin: Run, context: Context) -> None:
    for reason, problem in ((" ", "say why: others will ask"), ("x" * 501, "say why in at most 500 characters")):
        refused = tocsin("rules", "discard", RULE, "--reason", reason)
        assert (refused.returncode, refused.stdout) == (2, "")
        assert refused.stderr.startswith(f"--reason: {problem}")
    discarded = tocsin("rules", "discard", RULE, "--reason", "the rule  was wrong", "--author", "Ana")
    assert discarded.returncode == 0, discarded.stderr
    assert discarded.stdout.startswith(f"2 of {RULE} are told to nobody")
    why = "held back, then discarded by Ana: the rule was wrong"
    assert f"not told  {why} (alert.opened for desk)\n" in tocsin("trace", "a2").stdout
    assert f"suppressed: {why}" in tocsin("ledger").stdout


@pytest.mark.parametrize("command", [("release", "embrago.ended"), ("discard", "embrago.ended", "--reason", "r")])
def test_a_rule_of_which_nothing_waits_is_said_to_be_one(tocsin: Run, context: Context, command: tuple[str]) -> None:
    refused = tocsin("rules", *command)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == "nothing of embrago.ended waits; `tocsin rules held` lists what does\n"
