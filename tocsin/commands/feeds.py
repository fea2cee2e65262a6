"""`tocsin feeds`: what is watched, how each feed fares, and looking again at once."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from rich.table import Table
from sqlalchemy import update

from store import tables
from store.activity import items_per_day
from store.feeds import Feed, FeedState, add_feed, find_feed, list_feeds, recent_fetches, remove_feed
from store.words import second
from tocsin.commands.common import FOUND_PROBLEMS, database, fail, print_json, print_table, settings_or_exit
from tocsin.commands.feed_check import check, look_at
from tocsin.commands.opml import export_list, import_list
from tocsin.feed_report import lines, report
from tocsin.settings import Settings
from watcher.feed import FeedPart, outlet_of
from watcher.mending import how_to_mend, in_words
from watcher.schedule import words

app = typer.Typer(help="List, add, remove and refresh feeds.", no_args_is_help=True, rich_markup_mode=None)

app.command()(check)
app.command("import")(import_list)
app.command("export")(export_list)

DAYS = 14
"""Of which new items are counted."""
_COLUMNS = ("feed", "tier", "status", "problem", "last success", "next check", "why", "items/day", "silent", "message")

Url = Annotated[str, typer.Argument(metavar="URL", help="The feed's address.")]
Json = Annotated[bool, typer.Option("--json", help="For a program to read.")]


@app.command("list")
def list_all(as_json: Json = False) -> None:
    """All watched feeds: status, problem, last success, next check and why, items a day, silence in usual gaps."""
    with database(settings_or_exit()) as db:
        feeds, items = list_feeds(db), items_per_day(db, DAYS)
    now = time.time_ns() // 1_000
    if as_json:
        print_json([_health(each, items.get(each.id, ()), now) for each in feeds])
        return
    columns = (
        "feed",
        "tier",
        "status",
        "problem",
        "last success",
        "next check",
        "why",
        "items/day",
        "silent",
        "message",
    )
    table = Table(*columns, box=None)
    for each in feeds:
        table.add_row(*_row(each, sum(items.get(each.id, ())) / DAYS, now))
    print_table(table)


def _row(each: FeedState, per_day: float, now: int) -> tuple[str, ...]:
    times = each.silent_gaps(now)
    silent = f"{times:.0f}x" if times is not None and times >= 2 else ""
    when = (_when(each.last_success_at), _when(each.check_at), each.check_why)
    what = (each.feed.name, each.feed.tier, each.status, in_words(each.error_class))
    return (*what, *when, f"{per_day:.1f}", silent, each.error or "")


def _health(each: FeedState, items: Sequence[int], now: int) -> dict[str, Any]:
    """A feed for programs: its row in the ledger, and what follows from it."""
    more = {"check_at": each.check_at, "check_why": each.check_why, "silent_gaps": each.silent_gaps(now)}
    return {**asdict(each), **more, "items_per_day": list(items or (0,) * DAYS), "problem": in_words(each.error_class)}


@app.command()
def show(url: Url, as_json: Json = False) -> None:
    """One feed and its last looks."""
    with database(settings_or_exit()) as db:
        state = find_feed(db, url)
        if state is None:
            fail(f"{url} is not watched; `tocsin feeds list` shows what is", FOUND_PROBLEMS)
        fetches, items = recent_fetches(db, state.id), items_per_day(db, DAYS).get(state.id, (0,) * DAYS)
    now = time.time_ns() // 1_000
    if as_json:
        print_json({**_health(state, items, now), "fetches": fetches})
        return
    typer.echo("\n".join(_lines(state, items, now)))
    for each in fetches:
        counts = f"{each['entries']} entries: {each['new']} new, {each['changed']} changed, {each['known']} known"
        typer.echo(f"{_when(each['at'])} {each['outcome']}: {each['error'] or counts}")


def _lines(state: FeedState, items: Sequence[int], now: int) -> Iterator[str]:
    yield f"{state.feed.name}: {state.status}"
    yield f"  {state.feed.url}"
    if state.fetch_from:
        yield f"  has moved for good, and is fetched from {state.fetch_from}"
    if state.error_class:
        yield f"  problem: {in_words(state.error_class)}, {state.failures} in a row: {state.error}"
        yield f"  to mend it: {how_to_mend(state.error_class)}"
    yield f"  last success {_when(state.last_success_at)}, last new entry {_when(state.last_new_at)}"
    yield f"  next check {_when(state.check_at)}: {state.check_why}"
    yield f"  {sum(items) / DAYS:.1f} items a day; last {DAYS} days: {' '.join(map(str, items))}"
    if (times := state.silent_gaps(now)) is not None:
        yield f"  usually something new every {words(state.usual_gap_s or 0)}; silent for {times:.1f} times that"


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
    return second(microseconds) if microseconds else "never"
