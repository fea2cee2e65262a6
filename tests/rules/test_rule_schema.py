"""The JSON Schema of rule files fits what is shipped, refuses what the loader refuses, and helps an editor."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from rules.engine.compile import PACKS
from rules.lexicon import SHIPPED
from rules.schema import rule_schema
from rules.source import read

SCHEMA = rule_schema()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
FILES = [*sorted(PACKS.glob("*.yml")), *(p for p in sorted(SHIPPED.glob("*.yml")) if p.name != "irregular.yml")]


def documents(text: str) -> list[Any]:
    return [source.value for source in read(text, "x.yml")[0]]


@pytest.mark.parametrize("file", FILES, ids=lambda p: f"{p.parent.name}-{p.name}")
def test_every_shipped_document_fits(file: Path) -> None:
    for document in documents(file.read_text("utf8")):
        VALIDATOR.validate(document)


@pytest.mark.parametrize(
    "text",
    [
        "rule: a.b\ntitle: abc\nclaim: {act: lift, object: embargo, by: state, status: done}\nscope: {zone: lead}\n",
        "rule: a.{C}\ntitle: abc\nversion: 2\nparams: {C: [IR]}\nclaim: [{act: [lift], on: {name: '{C}'}}]\n",
        "rule: a.b\ntitle: abc\ntext: embargo\nspeaker: outlet\nemit: {key: object, once_per: 30d}\n",
        "rule: a.b\ntitle: abc\ntext: [a]\nconfirm: {outlets: 2, within: 24h, otherwise: {level: low}}\n",
        "filter: calm\nrules: a.*\nunless: [{text: {near: {a: x, b: y}}}]\n",
        "lexicon: mine\nkind: act\nverbs: mothball\n",
    ],
)
def test_short_forms_fit(text: str) -> None:
    for document in documents(text):
        VALIDATOR.validate(document)


@pytest.mark.parametrize(
    "text",
    [
        "rule: a.b\ntitle: abc\nclam: {act: lift}\n",
        "rule: a.b\ntitle: abc\nlevel: hihg\n",
        "rule: a.b\ntitle: abc\nclaim: {act: lift, status: finished}\n",
        "rule: a.b\ntitle: abc\nscope: {event_age: soon}\n",
        "lexicon: mine\nkind: verb\n",
        "filter: calm\nrules: a.*\n",
    ],
)
def test_what_the_loader_refuses_the_schema_refuses(text: str) -> None:
    assert not VALIDATOR.is_valid(documents(text)[0])


def test_every_key_of_a_rule_is_described_and_choices_are_listed() -> None:
    rule = SCHEMA["$defs"]["RuleDocument"]["properties"]
    assert [key for key, value in rule.items() if not value.get("description")] == []
    assert "headline" in json.dumps(SCHEMA["$defs"]["Zone"])
    assert "$id" not in SCHEMA


def test_the_schema_in_the_documentation_is_current() -> None:
    """`tocsin schema rule > docs/schemas/rule.json` writes it anew."""
    file = Path(__file__).parents[2] / "docs" / "schemas" / "rule.json"
    assert json.loads(file.read_text("utf8")) == SCHEMA
