"""A family of rules as one document: `params` gives values, `{C}` and `{C.name}` in any text take them.

The members share the places of the document that they come from, so that an error in one points at the family.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from itertools import product

from rules.language.vocabulary import state_names
from rules.problems import Problem
from rules.source import Source, Value

MAX_MEMBERS = 50_000
STATES = "states"
_SLOT = re.compile(r"\{([A-Za-z][A-Za-z0-9_]*)(\.name)?\}")
_NOT_ID = re.compile(r"[^a-z0-9_]+")
_EXPECTED = "expected a list of values, a mapping of value to name, or `states`"

Named = dict[str, str]
"""Value to name."""


def members(source: Source) -> tuple[list[Source], list[Problem]]:
    """The documents that a document stands for: itself, or one for each combination of its `params`."""
    value = source.value
    if not isinstance(value, dict) or "params" not in value:
        return [source], []
    params, problems = _params(source, value["params"])
    problems += _misuse(source, value, params)
    if problems:
        return [], problems
    body = {k: v for k, v in value.items() if k != "params"}
    return [_member(source, body, chosen) for chosen in _combinations(params)], []


def _params(source: Source, given: Value) -> tuple[dict[str, Named], list[Problem]]:
    if not isinstance(given, dict) or not given:
        return {}, [source.problem(("params",), "expected a mapping such as {C: [IR, KP]}")]
    found: dict[str, Named] = {}
    problems: list[Problem] = []
    for name, values in given.items():
        named = _named(values)
        if not named:
            problems.append(source.problem(("params", name), f"`params.{name}`: {_EXPECTED}"))
        found[name] = named
    size = math.prod(map(len, found.values()))
    if size > MAX_MEMBERS:
        problems.append(source.problem(("params",), f"{size:,} rules; at most {MAX_MEMBERS:,}, split the family"))
    return found, problems


def _named(values: Value) -> Named:
    """Value to name: as written, or the name of the state that the value is the code of."""
    states = state_names()
    if values == STATES:
        return dict(states)
    if isinstance(values, dict):
        return {str(k): str(v) for k, v in values.items() if isinstance(v, str | int)}
    if isinstance(values, list) and all(isinstance(v, str | int) for v in values):
        return {str(v): states.get(str(v), str(v)) for v in values}
    return {}


def _misuse(source: Source, value: dict[str, Value], params: Mapping[str, Named]) -> Iterator[Problem]:
    for path, text in _texts(value, ()):
        for slot in _SLOT.finditer(text):
            if slot[1] not in params and path[0] != "params":
                known = ", ".join(f"{{{name}}}" for name in params)
                yield source.problem(path, f"`{slot[0]}` is not among `params`; use {known} or add it")
    used = {m[1] for m in _SLOT.finditer(str(value.get("rule", "")))}
    for name in params:
        if name not in used:
            yield source.problem(("rule",), f"the id must tell the members apart; add `.{{{name}}}`")


def _texts(value: Value, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict | list):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _texts(part, (*path, key))


def _combinations(params: Mapping[str, Named]) -> Iterator[dict[str, tuple[str, str]]]:
    for chosen in product(*(named.items() for named in params.values())):
        yield dict(zip(params, chosen, strict=True))


def _member(source: Source, body: dict[str, Value], chosen: Mapping[str, tuple[str, str]]) -> Source:
    value = {k: _filled(v, chosen) for k, v in body.items()}
    ids = {name: (_NOT_ID.sub("_", code.lower()),) * 2 for name, (code, _) in chosen.items()}
    value["rule"] = _filled(body.get("rule"), ids)
    return Source(source.file, value, source.keys, source.values)


def _filled(value: Value, chosen: Mapping[str, tuple[str, str]]) -> Value:
    if isinstance(value, str):
        return _SLOT.sub(lambda m: chosen[m[1]][bool(m[2])], value) if "{" in value else value
    if isinstance(value, dict):
        return {k: _filled(v, chosen) for k, v in value.items()}
    if isinstance(value, list):
        return [_filled(v, chosen) for v in value]
    return value
