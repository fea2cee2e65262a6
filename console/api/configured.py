"""What is configured, for programs: feeds, rules, subscriptions."""

from __future__ import annotations

from dataclasses import asdict

from fastapi import APIRouter

from console.api import models, shapes
from console.settings import Console
from store.activity import RuleActivity, active_rules, rule_activity
from store.addresses import masked
from store.feeds import list_feeds
from store.subscriptions import list_subscriptions
from store.unsubscribing import list_unsubscribed

router = APIRouter(prefix="/api/v1", tags=["configuration"])

_NOTHING = RuleActivity(per_day=())


@router.get("/feeds")
def feeds(console: Console) -> models.Feeds:
    """All feeds and how they do."""
    states = [{**shapes.timed(asdict(one)), **asdict(one.feed), "id": one.id} for one in list_feeds(console.db)]
    return models.Feeds.model_validate({"feeds": states})


@router.get("/rules")
def rules(console: Console) -> models.Rules:
    """All rules in force, and how well they do."""
    activity = rule_activity(console.db)
    found = []
    for row in active_rules(console.db):
        own = activity.get(row["id"], _NOTHING)
        found.append({**row, "alerts": own.alerts, "last_at": shapes.when(own.last_at), "precision": own.precision})
    return models.Rules.model_validate({"rules": found})


@router.get("/subscriptions")
def subscriptions(console: Console) -> models.Subscriptions:
    """All subscriptions in force."""
    ended = list_unsubscribed(console.db)
    found = [
        {
            **asdict(one),
            "address": masked(one.address),
            "unsubscribed_at": shapes.when(ended.get((one.id, one.endpoint_id))),
        }
        for one in list_subscriptions(console.db)
    ]
    return models.Subscriptions.model_validate({"subscriptions": found})
