"""`tocsin backup FILE`: a copy of the ledger while everything runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.engine import make_url

from store.backup import BackupError
from store.backup import backup as copy
from tocsin.commands.common import FOUND_PROBLEMS, fail, settings_or_exit


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where the copy goes; must not exist.")],
) -> None:
    """Copy the ledger to FILE while everything runs; the copy is checked before it gets its name."""
    source = _sqlite_file(settings_or_exit().database)
    try:
        size = copy(source, file)
    except BackupError as error:
        fail(str(error), FOUND_PROBLEMS)
    typer.echo(f"{file}: {size} bytes, checked. To restore it, stop Tocsin and put it in place of {source}.")


def _sqlite_file(database: str) -> Path:
    """The file of a SQLite ledger; a PostgreSQL one ends the command with what to use instead."""
    if "://" not in database:
        return Path(database)
    url = make_url(database)
    if url.get_backend_name() != "sqlite" or not url.database:
        shown = url.render_as_string(hide_password=True)
        fail(f"{shown} is PostgreSQL: use `pg_dump --format=custom --file=FILE {shown}`, which copies it while it runs")
    return Path(url.database)
