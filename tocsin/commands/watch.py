"""`tocsin watch`: fetch feeds."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from store.revision import outdated, revision
from tocsin.commands.common import FOUND_PROBLEMS, database, fail, settings_or_exit
from tocsin.commands.starting import supervise, wired
from tocsin.settings import Settings
from tocsin.watching import watch_once, watch_service

Once = Annotated[bool, typer.Option("--once", help="Look at the feeds that are due, once, and end.")]


def watch(once: Once = False) -> None:
    """Fetch feeds and store new articles."""
    settings = settings_or_exit()
    wiring = wired(settings)
    if once:
        _must_be_migrated(settings)  # a service waits for that; this would end with nothing done
        asyncio.run(watch_once(wiring))
    else:
        supervise([watch_service(wiring)])


def _must_be_migrated(settings: Settings) -> None:
    with database(settings) as db:
        problem = outdated(revision(db))
    if problem:
        fail(problem, FOUND_PROBLEMS)
