"""Forks watchers on demand, so that a test can kill many of them and need not wait for as many starts of Python.

python -m tests.watcher.watchers DATABASE SPACING_S: each line on standard input starts one; its process id is printed.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys

from net.client import GuardedClient, preload
from store.database import Database
from tocsin.supervise import die_with_parent
from watcher.manners import Manners
from watcher.poll import Watcher
from watcher.pool import ParsePool


async def watch(database_url: str, spacing_s: float) -> None:
    db = Database(database_url)
    manners = Manners(spacing_s=spacing_s, total_s=5.0)
    async with GuardedClient(allow=["127.0.0.0/8"]) as client, ParsePool(1) as pool:
        watcher = Watcher(db=db, client=client, pool=pool, ring=lambda ids: None, manners=manners)
        await watcher.watch(asyncio.Event())


def main(database_url: str, spacing_s: str) -> None:
    preload()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those that are killed
    parent = os.getpid()
    for _ in sys.stdin:
        pid = os.fork()
        if not pid:
            die_with_parent(parent)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.dup2(2, 1)  # log lines are no process ids
            asyncio.run(watch(database_url, float(spacing_s)))
        print(pid, flush=True)  # noqa: T201


if __name__ == "__main__":
    main(*sys.argv[1:])
