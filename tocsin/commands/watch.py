"""`tocsin watch`: fetch feeds."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from tocsin.commands.common import settings_or_exit
from tocsin.commands.starting import supervise, wired
from tocsin.watching import watch_once, watch_service

Once = Annotated[bool, typer.Option("--once", help="Look at the feeds that are due, once, and end.")]


def watch(once: Once = False) -> None:
    """Fetch feeds and store new articles."""
    wiring = wired(settings_or_exit())
    if once:
        asyncio.run(watch_once(wiring))
    else:
        supervise([watch_service(wiring)])
