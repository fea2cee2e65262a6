"""What the commands share: settings or a clear end, a ledger for the length of a command, output for programs."""

from __future__ import annotations

import getpass
import io
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy.exc import SQLAlchemyError

from store.database import Database
from tocsin.logs import set_up
from tocsin.settings import Settings, SettingsError, read_settings

FOUND_PROBLEMS, WRONG_USE = 1, 2
"""Exit codes; 0 is fine."""

_WIDE = 10_000


def fail(message: str, code: int = WRONG_USE) -> NoReturn:
    """End the command with *message* on standard error."""
    typer.echo(message, err=True)
    raise typer.Exit(code)


def settings_or_exit(config: Path | None = None, data: Path | None = None) -> Settings:
    """The settings of this process, with what the command line says in their place; log lines are set up."""
    try:
        settings = read_settings()
    except SettingsError as error:
        fail("\n".join(error.problems))
    named = {name: value for name, value in (("config", config), ("data", data)) if value is not None}
    settings = settings.model_copy(update=named)
    set_up(settings.log)
    return settings


@contextmanager
def writing(place: Path, remedy: str) -> Iterator[None]:
    """What is written below *place*. Where that is refused, the command ends with the reason and *remedy*."""
    try:
        yield
    except OSError as error:
        fail(f"cannot write to {place}: {error.strerror or error}. {remedy}")


def unusable(error: SQLAlchemyError) -> str:
    """Why the ledger cannot be used, and what to see to."""
    reason = str(getattr(error, "orig", None) or error).splitlines()[0].rstrip(".")
    remedy = "See that it runs and that TOCSIN_DATABASE_URL leads there; `tocsin migrate` prepares a new one."
    return f"the database cannot be used: {reason}. {remedy}"


@contextmanager
def database(settings: Settings) -> Iterator[Database]:
    """The ledger. One that cannot be reached ends the command with the reason."""
    db = Database(settings.database)
    try:
        yield db
    except SQLAlchemyError as error:
        fail(unusable(error), FOUND_PROBLEMS)
    finally:
        db.close()


def print_table(table: Table) -> None:
    """A table, cut to the screen; where a program reads, each row is one line that is cut nowhere."""
    if sys.stdout.isatty():
        Console(markup=False, highlight=False, emoji=False).print(table)
        return
    wide = Console(markup=False, highlight=False, emoji=False, width=_WIDE, file=io.StringIO())
    with wide.capture() as whole:
        wide.print(table)
    typer.echo("\n".join(line.rstrip() for line in whole.get().splitlines()))


def by_whom(author: str | None) -> str:
    """By whose word a command acts: *author*, else whoever runs it."""
    try:
        return author or getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        fail("say by whose word: --author NAME")


def print_json(value: Any) -> None:
    """One JSON document, for a program to read."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))
