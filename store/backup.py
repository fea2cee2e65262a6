"""A copy of a running ledger, whole and checked. SQLite only: PostgreSQL has pg_dump."""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from pathlib import Path


class BackupError(RuntimeError):
    """The copy could not be made; nothing stands under its name."""


def backup(source: Path, target: Path) -> int:
    """Copy the SQLite database *source*, which others may be using, to *target*; returns the bytes written.

    The copy is made under another name, checked (`PRAGMA integrity_check`), flushed to the disk and renamed: what
    stands under *target* is whole. An existing *target* is refused.

    Raises:
        BackupError: there is no such database, *target* exists, the disk is full, or the copy is damaged.
    """
    if target.exists():
        raise BackupError(f"{target} exists; choose another name, or remove it")
    if not source.is_file():
        raise BackupError(f"there is no database at {source}")
    unfinished = target.with_name(f".{target.name}.unfinished")
    try:
        _copy(source, unfinished)
        _flush(unfinished)
        unfinished.rename(target)
    except (sqlite3.Error, OSError) as error:
        raise BackupError(f"{target} could not be written: {error}") from error
    finally:
        with suppress(OSError):  # where nothing can be written there is nothing to remove
            unfinished.unlink(missing_ok=True)
    return target.stat().st_size


def _copy(source: Path, target: Path) -> None:
    """All pages in one step: in smaller ones a copy begins anew whenever somebody writes (sqlite.org/backup.html) and
    would never end on a busy ledger. Writers go on meanwhile; only the log beside the database grows.
    """
    target.unlink(missing_ok=True)
    live = sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True)
    copy = sqlite3.connect(target)
    try:
        live.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")  # one file, without a log beside it
        found = copy.execute("PRAGMA integrity_check").fetchone()[0]
        if found != "ok":
            raise BackupError(f"the copy is damaged: {found}; look at the disk, then `tocsin doctor`")
    finally:
        copy.close()
        live.close()


def _flush(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())
