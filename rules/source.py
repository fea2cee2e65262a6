"""YAML text in, plain values with the place of every key out; refuses what surprises or explodes.

PyYAML's event parser is used and not its composer: the composer recurses (5,000 brackets end in RecursionError),
follows aliases (a bomb) and reads `NO` and `on` as booleans. Here only `true` and `false` are booleans.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml

from rules.problems import Problem

MAX_DEPTH = 24
MAX_CHARACTERS = 32_000_000
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INT = re.compile(r"[-+]?(0|[1-9][0-9]{0,15})\Z")
_FLOAT = re.compile(r"[-+]?[0-9]{1,15}\.[0-9]{1,15}\Z")
_WORDS: dict[str, object] = {"true": True, "false": False, "null": None, "~": None, "": None}

Value = object
Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Line and column, from 1."""

    line: int
    column: int


@dataclass(slots=True)
class Source:
    """One YAML document: its value, and where each key (or list item) and each value starts."""

    file: str
    value: Value = None
    keys: dict[Path, Place] = field(default_factory=dict)
    values: dict[Path, Place] = field(default_factory=dict)

    def place(self, path: Path, *, of_key: bool = False) -> Place:
        """The place of `path`, or of its nearest ancestor that the file holds."""
        table = self.keys if of_key else self.values
        for length in range(len(path), -1, -1):
            if path[:length] in table:
                return table[path[:length]]
        return self.values.get((), Place(1, 1))

    def problem(self, path: Path, message: str, *, of_key: bool = False) -> Problem:
        """A problem at `path` of this document."""
        place = self.place(path, of_key=of_key)
        return Problem(self.file, place.line, place.column, message)


class _RefusedError(Exception):
    def __init__(self, mark: object, message: str) -> None:
        self.place = _place(mark)
        super().__init__(message)


def read(text: str, file: str) -> tuple[list[Source], list[Problem]]:
    """All documents of `text`, as far as they can be read, and what stopped the reading."""
    if len(text) > MAX_CHARACTERS:
        return [], [Problem(file, 1, 1, f"larger than {MAX_CHARACTERS:,} characters; split it into several files")]
    found: list[Source] = []
    try:
        for source in _documents(text.removeprefix("\ufeff"), file):
            found.append(source)
    except _RefusedError as error:
        return found, [Problem(file, error.place.line, error.place.column, str(error))]
    except yaml.YAMLError as error:
        return found, [_yaml_problem(error, file)]
    except RecursionError:
        return found, [Problem(file, 1, 1, f"nested too deeply; at most {MAX_DEPTH} levels")]
    return found, []


def _yaml_problem(error: yaml.YAMLError, file: str) -> Problem:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    place = _place(mark)
    what = getattr(error, "problem", None) or getattr(error, "reason", None) or "not YAML"
    return Problem(file, place.line, place.column, f"not valid YAML: {what}; check indentation, quotes and brackets")


def _place(mark: object) -> Place:
    return Place(getattr(mark, "line", 0) + 1, getattr(mark, "column", 0) + 1)


def _documents(text: str, file: str) -> Iterator[Source]:
    events = iter(yaml.parse(text, Loader=_LOADER))
    for event in events:
        if isinstance(event, yaml.DocumentStartEvent):
            source = Source(file)
            source.value = _node(events, next(events), source, ())
            if source.value is not None:
                yield source


def _node(events: Iterator[yaml.Event], event: yaml.Event, source: Source, path: Path) -> Value:
    _refuse_surprises(event, path)
    source.values[path] = _place(event.start_mark)
    source.keys.setdefault(path, source.values[path])
    if isinstance(event, yaml.ScalarEvent):
        return _scalar(event)
    if isinstance(event, yaml.SequenceStartEvent):
        return _sequence(events, source, path)
    return _mapping(events, source, path)


def _refuse_surprises(event: yaml.Event, path: Path) -> None:
    anchor, tag = getattr(event, "anchor", None), getattr(event, "tag", None)
    if isinstance(event, yaml.AliasEvent):
        raise _RefusedError(event.start_mark, f"alias *{anchor} is not allowed; write the value out")
    if anchor:
        raise _RefusedError(event.start_mark, f"anchor &{anchor} is not allowed; write the value where it is needed")
    if tag and tag != "!":
        raise _RefusedError(event.start_mark, f"tag {tag} is not allowed; remove it")
    if len(path) >= MAX_DEPTH:
        raise _RefusedError(event.start_mark, f"nested too deeply; at most {MAX_DEPTH} levels")


def _sequence(events: Iterator[yaml.Event], source: Source, path: Path) -> list[Value]:
    items: list[Value] = []
    for event in events:
        if isinstance(event, yaml.SequenceEndEvent):
            break
        items.append(_node(events, event, source, (*path, len(items))))
    return items


def _mapping(events: Iterator[yaml.Event], source: Source, path: Path) -> dict[str, Value]:
    entries: dict[str, Value] = {}
    for event in events:
        if isinstance(event, yaml.MappingEndEvent):
            break
        if not isinstance(event, yaml.ScalarEvent):
            _refuse_surprises(event, path)
            raise _RefusedError(
                event.start_mark, "a key must be a word; did you forget quotes around a text with braces?"
            )
        key = str(event.value)
        if key in entries:
            first = source.keys[(*path, key)]
            raise _RefusedError(event.start_mark, f"key {key!r} is here twice (first in line {first.line}); keep one")
        source.keys[(*path, key)] = _place(event.start_mark)
        entries[key] = _node(events, next(events), source, (*path, key))
    return entries


def _scalar(event: yaml.ScalarEvent) -> Value:
    text = str(event.value)
    if event.style:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INT.match(text):
        return int(text)
    return float(text) if _FLOAT.match(text) else text
