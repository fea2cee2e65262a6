"""JSON Schemas of rule files, for completion in editors and for checks by other programs."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from rules.document import FilterDocument, RuleDocument
from rules.lexicon import LexiconDocument

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def rule_schema() -> dict[str, Any]:
    """The schema of one document of a rule file: a lexicon or a filter by its first key, else a rule."""
    definitions: dict[str, Any] = {}
    for model in (RuleDocument, LexiconDocument, FilterDocument):
        definitions |= _definitions(model)
    return {
        "$schema": DIALECT,
        "title": "Tocsin rule file",
        "description": "A rule, a lexicon or a filter. A file may hold several, parted by ---.",
        "type": "object",
        "if": {"required": ["lexicon"]},
        "then": {"$ref": "#/$defs/LexiconDocument"},
        "else": {
            "if": {"required": ["filter"]},
            "then": {"$ref": "#/$defs/FilterDocument"},
            "else": {"$ref": "#/$defs/RuleDocument"},
        },
        "$defs": dict(sorted(definitions.items())),
    }


def _definitions(model: type[BaseModel]) -> dict[str, Any]:
    schema = model.model_json_schema()
    return {**schema.pop("$defs", {}), model.__name__: _plain(schema)}


def _plain(schema: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in schema.items() if key != "title"}
