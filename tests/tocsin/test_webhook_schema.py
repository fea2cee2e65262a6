"""The published schema of webhooks: current, and what real bodies, the document's example and receivers can rely on."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from store.database import Database
from store.subscriptions import sync
from tests.workers.conftest import Silent, secrets
from tests.workers.parts import add_articles, hook
from tests.workers.test_workers_corrections import ONE_EVENT, Statuses, bodies, edit
from tocsin.commands.check import DIALECT, schema_of
from tocsin.webhook_body import WebhookBody
from workers.channels.webhook import key_of, new_secret
from workers.context import Context
from workers.matching import match_articles
from workers.rehearsal import cases

DOCS = Path(__file__).parents[2] / "docs"
SCHEMA = json.loads((DOCS / "schemas" / "webhook.json").read_text("utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA, format_checker=jsonschema.FormatChecker())
(EXAMPLE,) = (
    json.loads(block)
    for block in re.findall(r"```json\n(.*?)```", (DOCS / "webhooks.md").read_text("utf-8"), re.DOTALL)
    if block.lstrip("{ \n").startswith('"type": "alert.opened"')
)


def test_the_schema_in_the_documentation_is_current() -> None:
    """`tocsin schema webhook > docs/schemas/webhook.json` writes it anew."""
    assert schema_of(WebhookBody) == SCHEMA
    assert SCHEMA["$schema"] == DIALECT


def test_real_bodies_of_every_kind_of_alert_are_as_it_says(sqlite_db: Database) -> None:
    sync(sqlite_db, [hook("http://127.0.0.1:1/a")])
    words = Statuses(emits=ONE_EVENT)
    context = Context(db=sqlite_db, doorbell=Silent(), rules=lambda: words, secrets=secrets)
    match_articles(context, add_articles(sqlite_db, ["planned: embargo"]))
    match_articles(context, add_articles(sqlite_db, ["embargo"], prefix="b"))
    edit(sqlite_db, context, "b0", "planned: embargo again")
    edit(sqlite_db, context, "b0", "nothing")
    edit(sqlite_db, context, "a0", "nothing")
    told = bodies(sqlite_db)
    assert {one["type"] for one in told} == {"alert.opened", "alert.updated", "alert.corrected", "alert.retracted"}
    for one in told:
        VALIDATOR.validate(one)


def test_test_events_are_as_it_says() -> None:
    events = [json.loads(event.body) for case in cases([key_of(new_secret())]) for event in case.events]
    for one in events:
        VALIDATOR.validate(one)


def test_the_example_of_the_document_is_as_it_says_and_shows_every_key_of_an_alert() -> None:
    VALIDATOR.validate(EXAMPLE)
    defined = {name: set(one["properties"]) for name, one in SCHEMA["$defs"].items() if "properties" in one}
    data = EXAMPLE["data"]
    assert set(data) == defined["DataBody"] - {"change"}
    assert set(data["alert"]) == defined["AlertBody"]
    assert set(data["article"]) == defined["ArticleBody"]
    assert set(data["alert"]["rule"]) == defined["RuleBody"]
    assert set(data["alert"]["speaker"]) == defined["SpeakerBody"]
    assert set(data["alert"]["evidence"][0]) == defined["EvidenceBody"]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("data", "seq"), 0),
        (("data", "version"), 2),
        (("data", "alert", "episode"), "1"),
        (("data", "alert", "status"), "perhaps"),
        (("data", "article", "tier"), "rumour"),
        (("data", "alert", "evidence"), None),
        (("data",), {}),
        (("type",), None),
    ],
)
def test_what_is_not_of_this_version_is_refused(path: tuple[str, ...], value: Any) -> None:
    changed = json.loads(json.dumps(EXAMPLE))
    place = changed
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    assert not VALIDATOR.is_valid(changed)


def test_new_keys_do_not_break_who_checks() -> None:
    VALIDATOR.validate({**EXAMPLE, "new": 1, "data": {**EXAMPLE["data"], "new": {"deep": True}}})
