"""The JSON Schema of the configuration is current, takes what the loader takes, and refuses what is plainly wrong."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from tests.workers.test_workers_subscriptions import GOOD
from tocsin.config_schema import config_schema
from tocsin.configuration import SCHEMA_FILE, STARTER, make_starter
from workers.subscriptions import read_subscriptions

DOCS = Path(__file__).parents[2] / "docs"
VALIDATOR = jsonschema.Draft202012Validator(config_schema())
BLOCKS = [
    block
    for file in ("operations.md", "webhooks.md", "feeds.md", "../README.md")
    for block in re.findall(r"```yaml\n(.*?)```", (DOCS / file).read_text("utf-8"), re.DOTALL)
    if block.startswith(("subscriptions:", "feeds:", "defaults:"))
]


def errors(document: Any) -> list[str]:
    return [one.message for one in VALIDATOR.iter_errors(document)]


def test_the_schema_in_the_documentation_is_current() -> None:
    """`tocsin schema config > docs/schemas/config.json` writes it anew."""
    assert json.loads((DOCS / "schemas" / "config.json").read_text("utf-8")) == config_schema()
    jsonschema.Draft202012Validator.check_schema(config_schema())


def test_a_starter_configuration_fits_and_says_where_its_schema_is(tmp_path: Path) -> None:
    make_starter(tmp_path / "config")
    assert json.loads((tmp_path / "config" / SCHEMA_FILE).read_text("utf-8")) == config_schema()
    for name in ("feeds.yml", "subscriptions.yml"):
        text = (tmp_path / "config" / name).read_text("utf-8")
        assert text.startswith(f"# yaml-language-server: $schema={SCHEMA_FILE}\n")
        assert errors(yaml.safe_load(text)) == []


def test_the_examples_in_the_starter_configuration_and_the_documents_fit_and_are_read() -> None:
    written = (STARTER / "subscriptions.yml").read_text("utf-8")
    example = re.sub(r"(?m)^#  ", "  ", written).replace("subscriptions: []", "subscriptions:")
    for text in (GOOD, example, *BLOCKS):
        assert errors(yaml.safe_load(text)) == [], text
    assert len(read_subscriptions(example, "s.yml", rule_ids=())[0]) == 2


ONE: dict[str, Any] = yaml.safe_load(GOOD)["subscriptions"][0]


@pytest.mark.parametrize(
    "change",
    [
        {"channel": "pigeon"},
        {"cadence": "weekly"},
        {"cadence": {"daily": "7:00"}},
        {"cadence": {"weekly": {"day": "mon", "at": "07:00"}}},
        {"cadence": {"daily": "07:00", "zone": "UTC"}},
        {"concurrency": 5},
        {"tries": 0},
        {"filter": {"rules": ["*"], "levle": "high"}},
        {"filter": {"rules": ["*"], "max_age": "three days"}},
        {"filter": {"rules": ["*"], "tiers": "tabloid"}},
        {"sceret": "env:A"},
    ],
)
def test_what_is_plainly_wrong_in_a_subscription_is_marked_in_the_editor(change: dict[str, Any]) -> None:
    assert errors({"subscriptions": [ONE]}) == []
    assert errors({"subscriptions": [{**ONE, **change}]})


@pytest.mark.parametrize(
    "change", [{"every": "often"}, {"every": "5m-2h-3h"}, {"backfill": "3"}, {"tier": "x"}, {"langs": "en"}]
)
def test_what_is_plainly_wrong_in_a_feed_is_marked_in_the_editor(change: dict[str, Any]) -> None:
    one = {"url": "https://a.example/rss", "every": "5m-2h", "backfill": "3d", "tags": ["x"], "tier": "press"}
    assert errors({"feeds": [one]}) == []
    assert errors({"feeds": [{**one, **change}]})
