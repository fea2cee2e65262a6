"""The YAML schema of a rule: what may be written, under which key, and what a mistake is called.

Shorthands (a word for a list, a list for a mapping) are widened before validation, so that every key has one shape
and an error always has one place.
"""

from __future__ import annotations

import difflib
import re
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, ValidationError, field_validator

from rules.model import Level, Role, Status, Zone
from rules.problems import Problem
from rules.source import Path, Source

PartyType = Literal["state", "igo", "body", "org", "company", "person", "country", "any"]
Maturity = Literal["experimental", "test", "stable", "deprecated"]
_DURATION = re.compile(r"([1-9][0-9]{0,4})(m|h|d|w|y)\Z")
_SECONDS = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800, "y": 31_557_600}


def _listed(value: object) -> object:
    return [value] if isinstance(value, str | int | float | bool) else value


def _headed(value: object) -> object:
    return {"head": _listed(value)} if isinstance(value, str | list) else value


def _typed(value: object) -> object:
    return {"is": _listed(value)} if isinstance(value, str | list) else value


def _spoken(value: object) -> object:
    return {"is": value} if isinstance(value, str) else value


def _worded(value: object) -> object:
    return {"any": _listed(value)} if isinstance(value, str | list) else value


def _keyed(value: object) -> object:
    return {"key": _listed(value)} if isinstance(value, str | list) else value


def duration_s(text: object) -> int:
    """Seconds of `14d`, `24h`, `30m`, `2w`, `1y`. ValueError otherwise."""
    found = _DURATION.match(text) if isinstance(text, str) else None
    if not found:
        raise ValueError("write a duration such as 30m, 24h, 14d, 2w or 1y")
    return int(found[1]) * _SECONDS[found[2]]


Words = Annotated[tuple[str, ...], BeforeValidator(_listed), Field(min_length=1)]
DurationS = Annotated[int, BeforeValidator(duration_s)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=False, populate_by_name=True)


class ObjectPart(_Part):
    """What the act is done to: a head noun, with what it must be about and what rules it out."""

    head: Words
    about: Words | None = None
    unless: Words | None = Field(default=None, description="words that rule the object out (a class of objects)")


class PartyPart(_Part):
    """Who acts, or whom it is done to. `optional` (the default) takes a claim that does not say it."""

    kinds: Annotated[tuple[PartyType, ...], BeforeValidator(_listed)] = Field(default=("any",), alias="is")
    name: Words | None = None
    as_: str | None = Field(default=None, alias="as")
    optional: StrictBool = True


class PartiesPart(_Part):
    """Who does it with whom: at least `min` distinct parties."""

    kinds: Annotated[tuple[PartyType, ...], BeforeValidator(_listed)] = Field(default=("any",), alias="is")
    min: int = Field(default=2, ge=0, le=9)
    as_: Annotated[tuple[str, ...], BeforeValidator(_listed)] = Field(default=(), alias="as")


class ClaimPart(_Part):
    """Constraints on one clause."""

    act: Words
    object: Annotated[ObjectPart, BeforeValidator(_headed)] | None = None
    by: Annotated[PartyPart, BeforeValidator(_typed)] | None = None
    on: Annotated[PartyPart, BeforeValidator(_typed)] | None = None
    parties: Annotated[PartiesPart, BeforeValidator(_typed)] | None = None
    status: Annotated[tuple[Status, ...], BeforeValidator(_listed), Field(min_length=1)] = (
        Status.DONE,
        Status.AGREED,
        Status.ANNOUNCED,
    )
    novelty: Literal["new", "any"] = "any"


class SpeakerPart(_Part):
    """Who must assert the claim: anybody, the outlet itself, or a speaker with this role, name or state."""

    is_: Literal["any", "outlet", "somebody"] = Field(default="somebody", alias="is")
    role: Annotated[tuple[Role, ...], BeforeValidator(_listed)] = ()
    named: StrictBool | None = None
    name: Words | None = None
    title: Words | None = None
    as_: str | None = Field(default=None, alias="as")


class ScopePart(_Part):
    """Where in the article, and how old the event may be."""

    zone: Annotated[tuple[Zone, ...], BeforeValidator(_listed), Field(min_length=1)] = (
        Zone.HEADLINE,
        Zone.LEAD,
        Zone.BODY,
    )
    event_age: DurationS | None = None


class NearPart(_Part):
    """Two groups of words at most `within` words apart."""

    a: Words
    b: Words
    within: int = Field(default=10, ge=1, le=500)
    ordered: StrictBool = False


class TextPart(_Part):
    """The Boolean escape hatch. Every key that is given must hold."""

    any: Words | None = None
    all: Words | None = None
    not_: Words | None = Field(default=None, alias="not")
    near: NearPart | None = None
    same: Literal["sentence", "paragraph"] | None = Field(default=None, description="where `all` must stand together")
    atleast: int | None = Field(default=None, ge=1, le=1000, description="how often words of `any` must occur")
    first: int | None = Field(default=None, ge=1, description="look only at the first words of the article")
    regex: str | None = Field(default=None, max_length=2000)


class UnlessPart(_Part):
    """What rules a match out."""

    text: Annotated[TextPart, BeforeValidator(_worded)]
    where: Literal["sentence", "article"] = "article"


class EmitPart(_Part):
    """Which event a match belongs to."""

    key: Words | None = None
    symmetric: Annotated[tuple[str, ...], BeforeValidator(_listed)] = ()
    once_per: str | None = None
    state: str | None = None
    becomes: Literal["in_force", "ended"] | None = None

    @field_validator("once_per")
    @classmethod
    def _duration_or_state(cls, value: str | None) -> str | None:
        if value not in (None, "state_change"):
            duration_s(value)
        return value


class TestPart(_Part):
    """An example inside a rule: a text that must match, or must not and why."""

    hit: str | None = None
    miss: str | None = None
    todo_hit: str | None = None
    todo_miss: str | None = None
    title: str | None = None
    bind: dict[str, str | None] = Field(default_factory=dict)
    status: Status | None = None
    speaker: str | None = None
    because: str | None = None
    published: str | None = Field(default=None, description="the article's date, 2024-06-03 unless given")


class RuleDocument(_Part):
    """One rule as written."""

    rule: str = Field(pattern=r"^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*$", max_length=120)
    title: str = Field(min_length=3, max_length=200)
    version: str = Field(default="1", max_length=20)
    maturity: Maturity = "experimental"
    level: Level = Level.MEDIUM
    tags: Annotated[tuple[str, ...], BeforeValidator(_listed)] = ()
    description: str = ""
    false_positives: Annotated[tuple[str, ...], BeforeValidator(_listed)] = ()
    references: Annotated[tuple[str, ...], BeforeValidator(_listed)] = ()
    claim: Annotated[tuple[ClaimPart, ...], BeforeValidator(lambda v: [v] if isinstance(v, dict) else v)] = ()
    text: Annotated[TextPart, BeforeValidator(_worded)] | None = None
    speaker: Annotated[SpeakerPart, BeforeValidator(_spoken)] = SpeakerPart.model_validate({"is": "any"})
    scope: ScopePart = ScopePart()
    unless: tuple[UnlessPart, ...] = ()
    emit: Annotated[EmitPart, BeforeValidator(_keyed)] = EmitPart()
    tests: tuple[TestPart, ...] = ()

    @field_validator("version", mode="before")
    @classmethod
    def _as_text(cls, value: object) -> object:
        return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


LATER = {
    "confirm": "`confirm` is not supported by this version; remove it",
    "params": "`params` is not supported by this version; write one rule per value",
    "filters": "`filters` is not supported by this version; use `unless` in the rule",
    "status": "a rule has no `status`; its own readiness is `maturity`, that of a claim stands under `claim`",
}


def parse(source: Source, model: type[BaseModel] = RuleDocument) -> tuple[Any, list[Problem]]:
    """The validated document, or None and every problem with its place."""
    if not isinstance(source.value, dict):
        return None, [source.problem((), "expected a mapping with the key `rule`")]
    try:
        return model.model_validate(source.value), []
    except ValidationError as error:
        return None, [_problem(source, model, e) for e in error.errors(include_url=False)]


def _problem(source: Source, model: type[BaseModel], error: Any) -> Problem:
    path = _path(source, tuple(error["loc"]))
    if error["type"] == "extra_forbidden":
        return source.problem(path, _unknown_key(model, path), of_key=True)
    if error["type"] == "missing":
        return source.problem(path[:-1], f"key `{path[-1]}` is missing; add it")
    message = str(error["msg"]).removeprefix("Value error, ")
    if error["type"] == "bool_type":
        message = "expected a boolean; write true or false"
    got = error.get("input")
    shown = f"; found {got!r}" if isinstance(got, str | int | float | bool) or got is None else ""
    return source.problem(path, f"`{'.'.join(map(str, path))}`: {message}{shown}")


def _path(source: Source, loc: Path) -> Path:
    """`loc` without the steps that widening added (a lone mapping or word has no index in the file)."""
    path: Path = ()
    for step in loc:
        if (*path, step) in source.values or isinstance(step, str):
            path = (*path, step)
    while len(path) > 1 and path not in source.values and path[:-1] not in source.values:
        path = path[:-1]
    return path


def _unknown_key(model: type[BaseModel], path: Path) -> str:
    key = str(path[-1])
    if len(path) == 1 and key in LATER and model is RuleDocument:
        return LATER[key]
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
