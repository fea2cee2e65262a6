"""What is wrong with a rule, lexicon or configuration file: where, what, and how to mend it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from rules.bounded import read_bounded


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing to mend. `line` and `column` count from 1."""

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


MAX_BYTES = 32_000_000
"""Many times what thousands of rules or feeds take."""


def text_of(path: Path) -> str | Problem:
    """The UTF-8 text of a regular file of at most MAX_BYTES, with line ends as "\n"; or why it cannot be read."""
    try:
        return read_bounded(path, MAX_BYTES).decode("utf8").replace("\r\n", "\n").replace("\r", "\n")
    except OSError as error:
        why = f"{error.strerror or error}; correct the path, or who may read it"
    except UnicodeDecodeError as error:
        why = f"byte {error.start} is no UTF-8; save it as UTF-8 text"
    except ValueError as error:
        why = f"{error}; put the file that is meant in its place, or split it"
    return Problem(str(path), 1, 1, f"cannot be read: {why}")


class RuleErrors(ValueError):  # noqa: N818 - it carries many
    """Rules that cannot be loaded. `problems` holds all of them, sorted by place, not only the first."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(sorted(set(problems)))
        super().__init__("\n".join(map(str, self.problems)))
