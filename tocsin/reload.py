"""A snapshot of configuration files that is replaced when they change, and only by one that is right."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Generic, TypeVar

T = TypeVar("T")

_LOOK_S = 1.0  # at most one look at the files in this time

Stamp = tuple[tuple[str, int, int], ...]


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


class Reloading(Generic[T]):
    """Holds the last good value of `load()`.

    Args:
        load: reads the files; raises `ValueError` where they are wrong.
        accepted: called with each new value, when it is in force.
        refused: called with the error of a version that is not taken; the last good one stays in force.
    """

    def __init__(
        self,
        paths: Iterable[Path],
        load: Callable[[], T],
        *,
        first: T | None = None,
        accepted: Callable[[T], None] = lambda _: None,
        refused: Callable[[ValueError], None] = lambda _: None,
    ) -> None:
        self._paths = tuple(paths)
        self._load, self._accepted, self._refused = load, accepted, refused
        self._seen = stamp(self._paths)
        self._looked_at = time.monotonic()
        self._lock = threading.Lock()
        self._value = load() if first is None else first

    def __call__(self) -> T:
        """The value in force; looks for changed files once a second at most."""
        if time.monotonic() - self._looked_at >= _LOOK_S and self._lock.acquire(blocking=False):
            try:
                self._look()
            finally:
                self._lock.release()
        return self._value

    def _look(self) -> None:
        self._looked_at = time.monotonic()
        seen = stamp(self._paths)
        if seen == self._seen:
            return
        self._seen = seen
        try:
            value = self._load()
        except ValueError as error:
            self._refused(error)
        else:
            self._value = value
            self._accepted(value)
