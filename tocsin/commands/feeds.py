"""`tocsin feeds`: what is watched, how each feed fares, and looking again at once."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table
from sqlalchemy import update

from store import tables
from store.database import instant
from store.feeds import Feed, FeedState, add_feed, find_feed, list_feeds, recent_fetches, remove_feed
from tocsin.commands.common import FOUND_PROBLEMS, database, fail, print_json, settings_or_exit
from tocsin.commands.feed_check import check, look_at
from tocsin.commands.opml import export_list, import_list
from tocsin.feed_report import lines, report
from tocsin.settings import Settings
from watcher.feed import FeedPart, outlet_of

app = typer.Typer(help="List, add, remove and refresh feeds.", no_args_is_help=True, rich_markup_mode=None)

app.command()(check)
app.command("import")(import_list)
app.command("export")(export_list)

Url = Annotated[str, typer.Argument(metavar="URL", help="The feed's address.")]
Json = Annotated[bool, typer.Option("--json", help="For a program to read.")]


@app.command("list")
def list_all(as_json: Json = False) -> None:
    """All watched feeds: status, last success, next check and why."""
    with database(settings_or_exit()) as db:
        feeds = list_feeds(db)
    if as_json:
        print_json([asdict(each) for each in feeds])
        return
    table = Table("feed", "tier", "status", "last success", "next check", "why", "problem", box=None)
    for each in feeds:
        table.add_row(
            each.feed.name,
            each.feed.tier,
            each.status,
            _when(each.last_success_at),
            _when(each.next_check_at),
            each.next_check_why or "",
            each.error or "",
        )
    Console().print(table)


@app.command()
def show(url: Url, as_json: Json = False) -> None:
    """One feed and its last looks."""
    with database(settings_or_exit()) as db:
        state = find_feed(db, url)
        if state is None:
            fail(f"{url} is not watched; `tocsin feeds list` shows what is", FOUND_PROBLEMS)
        fetches = recent_fetches(db, state.id)
    if as_json:
        print_json({**asdict(state), "fetches": fetches})
        return
    typer.echo(f"{state.feed.name}: {state.status}. {state.error or ''}")
    typer.echo(f"next check {_when(state.next_check_at)}: {state.next_check_why or ''}")
    for each in fetches:
        counts = f"{each['entries']} entries: {each['new']} new, {each['changed']} changed, {each['known']} known"
        typer.echo(f"{_when(each['at'])} {each['outcome']}: {each['error'] or counts}")


@app.command()
def add(
    url: Url,
    name: Annotated[str | None, typer.Option(help="What people call it.")] = None,
    tier: Annotated[str, typer.Option(help="official, agency, press or blog.")] = "press",
    unchecked: Annotated[bool, typer.Option("--unchecked", help="Do not look at it first.")] = False,
) -> None:
    """Watch one more feed, once a look has shown that it is one. What feeds.yml declares is changed there."""
    try:
        part = FeedPart.model_validate({"url": url, "name": name, "tier": tier})
    except ValidationError as error:
        fail("\n".join(f"{each['loc'][0]}: {each['msg']}" for each in error.errors()))
    settings = settings_or_exit()
    with database(settings) as db:
        _refuse_declared(find_feed(db, url), url)
    title = "" if unchecked else _title_of(settings, url)
    called = part.name or title or outlet_of(url)
    with database(settings) as db:
        add_feed(db, Feed(url=part.url, name=called, outlet=outlet_of(url), tier=part.tier or "press", tags=part.tags))
    typer.echo(f"{called} is watched from now on; its present entries are the baseline and stay silent.")


def _title_of(settings: Settings, url: str) -> str:
    """The title of the feed at *url*. A page ends the command with the feeds that it names; a host that is away does
    not: it will be tried again.
    """
    checked, found, watched = look_at(settings, url)
    document = checked.reading.document
    if checked.is_page:
        fail(
            "\n".join((*lines(report(checked, found, watched)), "Nothing was added (--unchecked does).")),
            FOUND_PROBLEMS,
        )
    if document is None:
        typer.echo(f"It cannot be read now ({checked.reading.outcome.log.error}); it is tried again.", err=True)
    return document.title[:200] if document else ""


@app.command()
def remove(url: Url) -> None:
    """No longer watch a feed; its articles stay."""
    with database(settings_or_exit()) as db:
        _refuse_declared(find_feed(db, url), url)
        if not remove_feed(db, url):
            fail(f"{url} is not watched; `tocsin feeds list` shows what is", FOUND_PROBLEMS)
    typer.echo(f"{url} is no longer watched.")


@app.command()
def refresh(
    url: Annotated[str | None, typer.Argument(metavar="[URL]", help="One feed; all without it.")] = None,
) -> None:
    """Look again at once, as if the interval were over."""
    chosen = update(tables.feed).where(tables.feed.c.removed_at.is_(None))
    with database(settings_or_exit()) as db, db.write() as connection:
        if url is not None:
            chosen = chosen.where(tables.feed.c.url == url)
        count = connection.execute(chosen.values(next_check_at=db.now(connection), next_check_why="asked for")).rowcount
    if not count:
        fail("no such feed is watched; `tocsin feeds list` shows what is", FOUND_PROBLEMS)
    typer.echo(f"{count} feed{'s' if count > 1 else ''} will be looked at now.")


def _refuse_declared(state: FeedState | None, url: str) -> None:
    """What a file declares only the file changes."""
    if state is not None and state.origin == "file" and state.removed_at is None:
        fail(f"{url} is declared in feeds.yml: change it there")


def _when(microseconds: int | None) -> str:
    return instant(microseconds).strftime("%Y-%m-%d %H:%M:%S") if microseconds else "never"
