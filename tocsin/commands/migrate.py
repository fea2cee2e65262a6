"""`tocsin migrate`: the tables."""

from __future__ import annotations

import typer

from tocsin.commands.common import settings_or_exit
from tocsin.commands.starting import migrated


def migrate() -> None:
    """Bring the database to the newest shape. Safe to run at any time, from several hosts at once."""
    settings = settings_or_exit()
    typer.echo(f"The database is at revision {migrated(settings)}.")
