"""`tocsin work`: match articles and deliver alerts."""

from __future__ import annotations

from typing import Annotated

import typer

from tocsin.commands.common import settings_or_exit
from tocsin.commands.starting import supervise, wired
from tocsin.working import worker_service

Workers = Annotated[int | None, typer.Option("--workers", min=1, max=64, help="Worker processes (TOCSIN_WORKERS).")]


def work(workers: Workers = None) -> None:
    """Match articles and deliver alerts, and keep the clock that finds lost work."""
    settings = settings_or_exit()
    wiring = wired(settings)
    count = workers or settings.workers
    pool = [worker_service(wiring, number) for number in range(1, count + 1)]
    supervise(pool)
