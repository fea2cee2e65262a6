"""A snapshot of configuration files that is replaced when they change, and only by one that is right."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import structlog

T = TypeVar("T")

_LOOK_S = 1.0  # at most one look at the files in this time

Stamp = tuple[tuple[str, int, int], ...]

log = structlog.get_logger()


def stamp(paths: Iterable[Path]) -> Stamp:
    """Name, size and time of change of every file at or below *paths*: what tells a change without reading."""
    return tuple(sorted(_file_stamp(file) for path in paths for file in _files(path)))


def _files(path: Path) -> list[Path]:
    return sorted(file for file in path.rglob("*.y*ml") if file.is_file()) if path.is_dir() else [path]


def _file_stamp(file: Path) -> tuple[str, int, int]:
    try:
        found = file.stat()
    except OSError:
        return str(file), -1, 0
    return str(file), found.st_size, found.st_mtime_ns


@dataclass(frozen=True, slots=True)
class Loaded(Generic[T]):
    """A value, what its files looked like before they were read for it, and when that was, in microseconds UTC."""

    value: T
    seen: Stamp
    at: int


def loaded(paths: Iterable[Path], load: Callable[[], T]) -> Loaded[T]:
    """What `load()` gives now. The stamp is taken first: a change while reading is seen as one later.

    Raises:
        ValueError: what *load* raises where the files are wrong.
    """
    at, seen = time.time_ns() // 1_000, stamp(paths)
    return Loaded(load(), seen, at)


class Reloading(Generic[T]):
    """Holds the last good value of `load()`; calling it never raises.

    Args:
        first: what is in force at the beginning. A process that is started again long after it was loaded sees by its
            stamp that the files have changed since.
        load: reads the files; raises `ValueError` where they are wrong.
        accepted: called with each value that comes into force, the first one included; repeated at later looks until
            it succeeds.
        refused: called with the error of a version that is not taken; the last good one stays in force.
        superseded: whether a version has been recorded since the instant *first* was loaded. It is asked where the
            files are wrong at the first look: then *first* may never have been recorded, or be older than what was.
    """

    def __init__(
        self,
        paths: Iterable[Path],
        load: Callable[[], T],
        *,
        first: Loaded[T],
        accepted: Callable[[T], None] = lambda _: None,
        refused: Callable[[ValueError], None] = lambda _: None,
        superseded: Callable[[int], bool] = lambda _: True,
    ) -> None:
        self._paths = tuple(paths)
        self._load, self._accepted, self._refused = load, accepted, refused
        self._value, self._seen = first.value, first.seen
        self._acceptance: Callable[[], None] | None = lambda: self._accept_first(first, superseded)
        self._refusal: Callable[[], None] | None = None
        self._looked_at = float("-inf")
        self._lock = threading.Lock()

    def __call__(self) -> T:
        """The value in force; looks for changed files once a second at most."""
        if time.monotonic() - self._looked_at >= _LOOK_S and self._lock.acquire(blocking=False):
            try:
                self._looked_at = time.monotonic()
                self._look()
                self._say()
            finally:
                self._lock.release()
        return self._value

    @property
    def is_taken(self) -> bool:
        """Whether `accepted` has taken what is in force, and `refused` what was found wrong since."""
        return self._acceptance is None and self._refusal is None

    def _accept_first(self, first: Loaded[T], superseded: Callable[[int], bool]) -> None:
        if self._refusal is None or not superseded(first.at):
            self._accepted(first.value)

    def _look(self) -> None:
        seen = stamp(self._paths)
        if seen == self._seen:
            return
        self._seen = seen
        try:
            value = self._load()
        except ValueError as error:
            problem = error
            self._refusal = lambda: self._refused(problem)
        else:
            self._value = value
            self._acceptance, self._refusal = lambda: self._accepted(value), None

    def _say(self) -> None:
        """What is in force comes first: a version that is refused does not undo what is still to be recorded."""
        if self._has_said(self._acceptance):
            self._acceptance = None
            if self._has_said(self._refusal):
                self._refusal = None

    def _has_said(self, what: Callable[[], None] | None) -> bool:
        try:
            if what is not None:
                what()
        except Exception as error:  # noqa: BLE001 - the ledger may be away; who needs the value must not suffer
            log.warning("configuration.unrecorded", error=str(error).splitlines()[0], effect="tried again")
            return False
        return True
