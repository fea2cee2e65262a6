"""`tocsin feeds check`: what a look at a feed would bring, and why; nothing is changed by it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from sqlalchemy.exc import SQLAlchemyError

from net.client import GuardedClient
from net.guard import check_url
from store.database import Database
from store.feeds import Feed, FeedState, find_feed, host_of, unseen
from store.hosts import Rest, rest_of
from store.words import second
from tocsin.commands.common import FOUND_PROBLEMS, fail, print_json, settings_or_exit
from tocsin.configuration import ConfigurationError, Folder, load_feeds
from tocsin.feed_report import lines, report
from tocsin.secret import resolver
from tocsin.settings import Settings
from watcher.checking import Checked, Checking, Found
from watcher.feed import outlet_of
from watcher.pool import ParsePool

Look = tuple[Checked, tuple[Found, ...], str]
"""What was found, the feeds of a page, and the origin of the declaration ("" where it is not watched)."""


def check(
    url: Annotated[str, typer.Argument(metavar="URL", help="A feed, or a page that may name one.")],
    as_json: Annotated[bool, typer.Option("--json", help="For a program to read.")] = False,
) -> None:
    """Look at a feed now, change nothing, and explain: what it is, what would be new, when it would be looked at next.

    Exit code 0: it can be watched; 1: it cannot, with the reason, how to mend it, and the feeds of a page.
    """
    if problem := check_url(url):
        fail(f"{url}: {problem}")
    checked, found, watched = look_at(settings_or_exit(), url)
    whole = report(checked, found, watched)
    if as_json:
        print_json(whole)
    else:
        typer.echo("\n".join(lines(whole)))
    if checked.problem:
        raise typer.Exit(FOUND_PROBLEMS)


def look_at(settings: Settings, url: str) -> Look:
    """Look at *url*, with the settings of its feed where it is watched. A host that asked for rest is not asked."""
    with _ledger(settings) as db:
        state, rest = _known(db, url)
        if rest is not None:
            until = second(rest.until_at)
            fail(f"{rest.host} {rest.why}: it is not asked before {until}; check again then", FOUND_PROBLEMS)
        return asyncio.run(_look(settings, db, state or unseen(_declared(settings, url))))


async def _look(settings: Settings, db: Database | None, state: FeedState) -> Look:
    allow = tuple(map(str, settings.allow_networks))
    async with GuardedClient(allow=allow, user_agent=settings.user_agent) as client, ParsePool(1) as pool:
        checking = Checking(client=client, pool=pool, db=db, secrets=resolver(settings.config))
        checked = await checking.check(state)
        return checked, await checking.discover(checked), state.origin


@contextmanager
def _ledger(settings: Settings) -> Iterator[Database | None]:
    """The ledger, if there is one: a feed can be checked before anything is installed."""
    file = settings.ledger_file
    if file is not None and not file.exists():
        yield None
        return
    db = Database(settings.database)
    try:
        yield db
    finally:
        db.close()


def _known(db: Database | None, url: str) -> tuple[FeedState | None, Rest | None]:
    if db is None:
        return None, None
    try:
        state = find_feed(db, url)
        return (state if state and not state.removed_at else None), rest_of(db, state.host if state else host_of(url))
    except SQLAlchemyError:
        return None, None  # a ledger of another time, or none at all


def _declared(settings: Settings, url: str) -> Feed:
    """The feed as feeds.yml declares it, or with the defaults."""
    try:
        declared = load_feeds(Folder(settings.config))
    except ConfigurationError as error:
        fail("\n".join(error.problems))
    plain = Feed(url=url, name=outlet_of(url), outlet=outlet_of(url))
    return next((feed for feed in declared if feed.url == url), plain)
