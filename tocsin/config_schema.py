"""The JSON Schema of feeds.yml and subscriptions.yml, for completion in editors. `tocsin check` says more."""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import models_json_schema

from rules.schema import DIALECT
from watcher.feed import FeedsDocument
from workers.subscriptions import SubscriptionsFile


def config_schema() -> dict[str, Any]:
    """One schema for both files: which it is shows in its first key."""
    models = (FeedsDocument, SubscriptionsFile)
    _, whole = models_json_schema([(one, "validation") for one in models])
    return {
        "$schema": DIALECT,
        "title": "Tocsin configuration",
        "description": "feeds.yml or subscriptions.yml.",
        "type": "object",
        "if": {"required": ["subscriptions"]},
        "then": {"$ref": "#/$defs/SubscriptionsFile"},
        "else": {"$ref": "#/$defs/FeedsDocument"},
        "$defs": whole["$defs"],
    }
