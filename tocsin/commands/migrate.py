"""`tocsin migrate`: the tables."""

from __future__ import annotations

import typer

from store.migrate import SchemaTooNew
from store.migrate import migrate as bring_up
from tocsin.commands.common import FOUND_PROBLEMS, database, fail, settings_or_exit


def migrate() -> None:
    """Bring the database to the newest shape. Safe to run at any time, from several hosts at once."""
    try:
        with database(settings_or_exit()) as db:
            revision = bring_up(db)
    except SchemaTooNew as error:
        fail(str(error), FOUND_PROBLEMS)
    typer.echo(f"The database is at revision {revision}.")
