"""What the API answers with, one module per subject. Instants are RFC 3339 in UTC, offsets are Unicode code points."""

from __future__ import annotations

from console.api.models.alerts import (
    Alert,
    Alerts,
    Article,
    ArticleOfAlert,
    Episode,
    Evidence,
    RuleOfAlert,
    Sighting,
    Speaker,
    VerdictWanted,
    WholeAlert,
)
from console.api.models.answer import Answer
from console.api.models.configured import Feed, Feeds, Rule, Rules, Subscription, Subscriptions
from console.api.models.deliveries import Deliveries, Delivery, DeliveryOfAlert, ListedDelivery, Message, Messages, Try
from console.api.models.holding import DiscardWanted, HeldRule, HeldRules, LetGo
from console.api.models.notices import AboutNotice, Notice, Notices, ToldNotice
from console.api.models.silences import Silence, Silences, SilenceWanted

__all__ = [
    "AboutNotice",
    "Alert",
    "Alerts",
    "Answer",
    "Article",
    "ArticleOfAlert",
    "Deliveries",
    "Delivery",
    "DeliveryOfAlert",
    "DiscardWanted",
    "Episode",
    "Evidence",
    "Feed",
    "Feeds",
    "HeldRule",
    "HeldRules",
    "LetGo",
    "ListedDelivery",
    "Message",
    "Messages",
    "Notice",
    "Notices",
    "Rule",
    "RuleOfAlert",
    "Rules",
    "Sighting",
    "Silence",
    "SilenceWanted",
    "Silences",
    "Speaker",
    "Subscription",
    "Subscriptions",
    "ToldNotice",
    "Try",
    "VerdictWanted",
    "WholeAlert",
]
