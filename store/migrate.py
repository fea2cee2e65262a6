"""Bring a database to the newest shape, once, under a lock; a step that was cut off is repeated whole."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from store.database import Database
from store.revision import newest, revision

__all__ = ["SchemaTooNew", "migrate", "newest", "revision"]

_LOCK = 8_765_001  # any constant: the number of the advisory lock that migrations of all hosts take
_FOLDER = Path(__file__).parent / "migrations"


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    config.attributes["connection"] = connection
    return config


def migrate(db: Database) -> str:
    """Apply what is missing and return the revision reached. Both databases have transactional DDL: all or nothing.

    Raises:
        SchemaTooNew: the database was written by a newer version of the program.
    """
    with db.write() as connection:
        if db.dialect == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        _refuse_newer(MigrationContext.configure(connection).get_current_revision())
        command.upgrade(_config(connection), "head")
    return newest()


class SchemaTooNew(RuntimeError):  # noqa: N818
    """The database was written by a newer version of Tocsin; install that version, or restore an older backup."""


def _refuse_newer(current: str | None) -> None:
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if current is not None and current not in known:
        raise SchemaTooNew(f"the database is at revision {current}, this version knows up to {newest()}")
