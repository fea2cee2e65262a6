"""Rules: what is loaded, how often each matches, and what analysts think of that."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated

import yaml
from fastapi import APIRouter, Depends, Path, Request, Response

from console.problems import Refusal
from console.rendering import page
from console.settings import Console, ConsoleSettings
from console.sparkline import Sparkline, sparkline
from console.strip import look_around
from rules.engine.rule import Rule
from store.activity import Row, RuleActivity, active_rules, rule_activity, rule_versions
from store.holding import held_rules

router = APIRouter(include_in_schema=False, dependencies=[Depends(look_around)])

DAYS = 30
_ASKING = ("claim", "speaker", "scope", "text", "unless", "gives_way", "confirm", "emit")
_NOTHING = RuleActivity(per_day=(0,) * DAYS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A rule as the ledger knows it, with what became of it."""

    rule: Row
    activity: RuleActivity
    hits: Sparkline


@router.get("/rules")
def show(request: Request, console: Console) -> Response:
    """All rules in force."""
    activity = rule_activity(console.db, DAYS)
    rules = [_shown(row, activity) for row in active_rules(console.db)]
    return page(request, "rules.html", {"rules": rules, "held": sum(_held(console).values())})


@router.get("/rules/{id}")
def show_one(request: Request, console: Console, id: Annotated[str, Path(max_length=200)]) -> Response:
    """One rule: its words for people, its versions, its alerts."""
    versions = rule_versions(console.db, id)
    loaded = console.rules().rules.get(id)
    if not versions:
        raise Refusal(HTTPStatus.NOT_FOUND, f"No rule {id!r} was ever in force here.")
    one = _shown(versions[0], rule_activity(console.db, DAYS))
    shown = {"one": one, "versions": versions, "loaded": loaded, "held": _held(console).get(id, 0)}
    return page(request, "rule.html", shown | {"asks": _asks(loaded)})


def _asks(rule: Rule | None) -> str:
    """What a rule asks of an article, as its file says it, in YAML; nothing of one that is not loaded."""
    written = rule.origin.value if rule and rule.origin else None
    parts = {key: written[key] for key in _ASKING if key in written} if isinstance(written, dict) else {}
    return (
        yaml.safe_dump(parts, sort_keys=False, allow_unicode=True, default_flow_style=None, width=88) if parts else ""
    )


def _held(console: ConsoleSettings) -> dict[str, int]:
    """How many alerts of each rule wait to be told."""
    return {one.rule_id: one.waiting for one in held_rules(console.db)}


def _shown(row: Row, activity: dict[str, RuleActivity]) -> Shown:
    own = activity.get(row["id"], _NOTHING)
    return Shown(rule=row, activity=own, hits=sparkline(own.per_day, "match", "matches"))
