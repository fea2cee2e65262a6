"""Which shape the tables have, and which one this program works with; without loading the migration tool."""

from __future__ import annotations

import re
from pathlib import Path

from sqlalchemy import inspect, text

from store.database import Database

VERSIONS = Path(__file__).parent / "migrations" / "versions"
"""Steps in files named m0001_what.py, m0002_…: the number is the revision."""


def newest() -> str:
    """The revision that this version of the program works with."""
    return max(found[1] for file in VERSIONS.glob("m*.py") if (found := re.match(r"m(\d{4})_", file.name)))


def revision(db: Database) -> str | None:
    """The revision that the database has; None where it is empty."""
    with db.read() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        found = connection.scalar(text("SELECT version_num FROM alembic_version"))
        return None if found is None else str(found)


def outdated(at: str | None) -> str | None:
    """What to do about a database at the revision *at*; None where it is the newest."""
    if at == newest():
        return None
    there = "empty" if at is None else f"at revision {at}"
    return f"the database is {there}, this version needs revision {newest()}: run `tocsin migrate`"
