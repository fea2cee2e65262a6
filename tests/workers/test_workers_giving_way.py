"""Rules that give way at the seam: an edit by which a stronger rule holds as well takes no alert back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from rules.engine import load
from store.database import Database
from store.subscriptions import Filter, sync
from store.tables import alert
from tests.workers.parts import add_articles, hook
from tests.workers.test_workers_corrections import edit, only, sound
from tests.workers.test_workers_updates import of
from workers.context import Context
from workers.matching import match_articles

RULES = """
rule: deal.sought
title: A deal is sought
gives_way: [deal.made]
claim: {act: seek, object: deal, by: {is: state, as: A}}
emit: {key: [A]}
---
rule: deal.made
title: A deal is made
gives_way: [deal.in_force]
claim: {act: sign, object: contract}
---
rule: deal.in_force
title: A deal is in force
claim: {act: ratify, object: treaty}
"""
SOUGHT = "Norway seeks a deal."
MADE = "Ghana signed a contract."
IN_FORCE = "Togo ratified the treaty."


@pytest.fixture
def context(db: Database, make_context: Callable[..., Context], tmp_path: Path) -> Context:
    """One subscriber of the weakest rule alone, who was told of an article that says no more than that."""
    file = tmp_path / "rules.yml"
    file.write_text(RULES, "utf8")
    sync(db, [hook("http://127.0.0.1:1/a", "all", filter=Filter(rules=("deal.sought",)))])
    context = make_context(load(file, packs=False))
    match_articles(context, add_articles(db, [SOUGHT]))
    assert kinds(db) == ["alert.opened"]
    return context


def kinds(db: Database) -> list[str]:
    return [one["type"] for one in of(db, "all")]


@pytest.mark.parametrize("more", [MADE, f"{MADE} {IN_FORCE}"])
def test_an_edit_by_which_a_stronger_rule_holds_as_well_tells_nothing(
    db: Database, context: Context, more: str
) -> None:
    edit(db, context, "a0", f"{SOUGHT} {more}")
    edit(db, context, "a0", f"{more} {SOUGHT}")
    assert kinds(db) == ["alert.opened"]
    weak = only(db, alert.select().where(alert.c.rule_id == "deal.sought").subquery())
    assert (weak.closed_at, weak.article_revision) == (None, 3)
    assert sound(db)


def test_an_edit_to_the_stronger_claim_alone_is_a_retraction(db: Database, context: Context) -> None:
    edit(db, context, "a0", f"{SOUGHT} {MADE}")
    edit(db, context, "a0", MADE)
    assert kinds(db) == ["alert.opened", "alert.retracted"]
    assert sound(db)


def test_what_a_silent_rule_says_otherwise_than_before_is_a_correction(db: Database, context: Context) -> None:
    edit(db, context, "a0", f"Norway seeks a big deal. {MADE}")
    assert kinds(db) == ["alert.opened", "alert.corrected"]
    assert "big deal" in of(db, "all")[1]["data"]["alert"]["evidence"][0]["text"]
    assert sound(db)


def test_an_edit_to_another_event_of_a_silent_rule_is_a_retraction(db: Database, context: Context) -> None:
    edit(db, context, "a0", f"Togo seeks a deal. {MADE}")
    assert kinds(db) == ["alert.opened", "alert.retracted"]
    assert sound(db)
