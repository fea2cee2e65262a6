"""Shapes that a document's keys share, and reading a document against its model with every mistake at its place.

Shorthands (a word for a list, a list for a mapping) are widened before validation, so that every key has one shape
and an error always has one place.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from typing import Annotated, Any, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from rules.problems import Problem
from rules.source import Path, Source

_DURATION = re.compile(r"([1-9][0-9]{0,4})(m|h|d|w|y)\Z")
_SECONDS = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800, "y": 31_557_600}


def listed(value: object) -> object:
    """A lone value as a list of one."""
    return [value] if isinstance(value, str | int | float | bool) else value


def duration_s(text: object) -> int:
    """Seconds of `14d`, `24h`, `30m`, `2w`, `1y`. ValueError otherwise."""
    found = _DURATION.match(text) if isinstance(text, str) else None
    if not found:
        raise ValueError("write a duration such as 30m, 24h, 14d, 2w or 1y")
    return int(found[1]) * _SECONDS[found[2]]


_OneOrMore = str | Annotated[list[str], Field(min_length=1)]
Words = Annotated[tuple[str, ...], BeforeValidator(listed, json_schema_input_type=_OneOrMore), Field(min_length=1)]
SomeWords = Annotated[tuple[str, ...], BeforeValidator(listed, json_schema_input_type=str | list[str])]
Duration = Annotated[str, Field(pattern=r"^[1-9][0-9]{0,4}[mhdwy]$", examples=["24h", "14d"])]
DurationS = Annotated[int, BeforeValidator(duration_s, json_schema_input_type=Duration)]


class Part(BaseModel):
    """A mapping in which every key is known."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False, populate_by_name=True)


def some(value: object) -> object:
    """An empty list for a key without a value, such as one whose items are all comments."""
    return () if value is None else value


def parse_as(source: Source, model: type[BaseModel], first_key: str, hints: Mapping[str, str]) -> Any:
    """(the validated document or None, every problem with its place). `hints` explain keys that people expect."""
    if not isinstance(source.value, dict):
        return None, [source.problem((), f"expected a mapping with the key `{first_key}`")]
    try:
        return model.model_validate(source.value), []
    except ValidationError as error:
        return None, [_problem(source, model, e, hints) for e in error.errors(include_url=False)]


def _problem(source: Source, model: type[BaseModel], error: Any, hints: Mapping[str, str]) -> Problem:
    path = _path(source, tuple(error["loc"]))
    if error["type"] == "extra_forbidden":
        return source.problem(path, _unknown_key(model, path, hints), of_key=True)
    if error["type"] == "missing":
        return source.problem(path[:-1], f"key `{path[-1]}` is missing; add it")
    message = _message(error)
    got = error.get("input")
    shown = f"; found {got!r}" if isinstance(got, str | int | float | bool) or got is None else ""
    return source.problem(path, f"`{'.'.join(map(str, path))}`: {message}{shown}")


_PLAIN = {
    "bool_type": "expected a boolean; write true or false",
    "tuple_type": "expected a list (a tuple of values); write [one, two]",
    "model_type": "expected a mapping; write {key: value}",
    "string_type": "expected a text; put it in quotes",
}


def _message(error: Any) -> str:
    return _PLAIN.get(error["type"]) or str(error["msg"]).removeprefix("Value error, ")


def _path(source: Source, loc: Path) -> Path:
    """`loc` without the steps that widening added (a lone mapping or word has no index in the file)."""
    path: Path = ()
    for step in loc:
        if (*path, step) in source.values or isinstance(step, str):
            path = (*path, step)
    while len(path) > 1 and path not in source.values and path[:-1] not in source.values:
        path = path[:-1]
    return path


def _unknown_key(model: type[BaseModel], path: Path, hints: Mapping[str, str]) -> str:
    key = str(path[-1])
    if len(path) == 1 and key in hints:
        return hints[key]
    known = sorted(f.alias or n for n, f in _model_at(model, path[:-1]).model_fields.items())
    near = difflib.get_close_matches(key, known, 1, 0.6)
    hint = f"did you mean `{near[0]}`?" if near else f"known keys: {', '.join(known)}"
    return f"unknown key `{key}`; {hint}"


def _model_at(model: type[BaseModel], path: Path) -> type[BaseModel]:
    for step in path:
        for name, field in model.model_fields.items():
            if step in (name, field.alias):
                model = _model_in(field.annotation) or model
    return model


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (_model_in(arg) for arg in get_args(annotation))
    return next((m for m in found if m), None)
