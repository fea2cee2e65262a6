"""Feeds declared and looked at: with a real client, a real pool of parsing children and a real ledger."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from sqlalchemy import select, update

from net.client import GuardedClient
from store.database import Database
from store.feeds import Feed, FeedState, find_feed
from store.tables import article, feed
from watcher.manners import Manners
from watcher.poll import Ring, Watcher
from watcher.pool import ParsePool
from watcher.proxy import Secrets, no_secrets

AGENT = "Tocsin/test (+mailto:desk@example.org)"
QUICK = Manners(spacing_s=0.0, total_s=2.0)

Look = Callable[..., list[Any]]
"""The fixture `look`: documents in, articles out."""


def declared(url: str, **settings: Any) -> Feed:
    return Feed(url=url, name="Example", outlet="example.org", **settings)


def due_again(db: Database) -> None:
    with db.write() as connection:
        connection.execute(update(feed).values(next_check_at=0))


def poll(
    db: Database,
    rung: list[str] | None = None,
    manners: Manners = QUICK,
    times: int = 1,
    ring: Ring | None = None,
    secrets: Secrets = no_secrets,
) -> int:
    """Poll what is due, so many times, with a real client and a real pool."""
    bell = ring or (rung if rung is not None else []).extend

    async def run() -> int:
        looked = 0
        async with GuardedClient(allow=["127.0.0.0/8"], user_agent=AGENT) as client, ParsePool(1) as pool:
            watcher = Watcher(db=db, client=client, pool=pool, ring=bell, manners=manners, secrets=secrets)
            for _ in range(times):
                due_again(db)
                looked += await watcher.poll_due()
        return looked

    return asyncio.run(run())


def articles(db: Database) -> list[Any]:
    with db.read() as connection:
        return list(connection.execute(select(article).order_by(article.c.title)).all())


def state_of(db: Database, url: str) -> FeedState:
    found = find_feed(db, url)
    assert found is not None
    return found
