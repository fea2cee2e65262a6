"""`tocsin feeds import` and `export`: lists of feeds as OPML, as feed readers exchange them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from rules.bounded import read_bounded
from store.feeds import FeedState, add_feeds, list_feeds
from store.words import counted
from tocsin.commands.common import FOUND_PROBLEMS, database, fail, settings_or_exit
from watcher.opml import MAX_BYTES, OpmlError, read_opml, write_opml


def import_list(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An OPML file that a feed reader exported.")],
) -> None:
    """Watch the feeds of an OPML list. Folders become tags; what is left out is named with its reason."""
    try:
        found = read_opml(read_bounded(file, MAX_BYTES))
    except OSError as error:
        fail(f"{file}: {error.strerror}")
    except OpmlError as error:
        fail(f"{file}: {error}", FOUND_PROBLEMS)
    except ValueError as error:
        fail(f"{file}: {error}; name a list that a feed reader exported, or split it", FOUND_PROBLEMS)
    with database(settings_or_exit()) as db:
        watched = {each.feed.url: each for each in list_feeds(db)}
        fresh = [one for one in found.feeds if one.url not in watched]
        add_feeds(db, fresh)
    known = [_known(watched[one.url]) for one in found.feeds if one.url in watched]
    for line in (*found.skipped, *known):
        typer.echo(f"{file}: {line}", err=True)
    skipped = len(found.skipped) + len(known)
    watching = counted(len(fresh), "feed is", "feeds are")
    typer.echo(f"{watching} watched from now on, {skipped} left out; present entries stay silent.")


def export_list(
    file: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="Standard output without it.")] = None,
) -> None:
    """All watched feeds as an OPML list."""
    with database(settings_or_exit()) as db:
        document = write_opml(each.feed for each in list_feeds(db))
    if file is None:
        sys.stdout.buffer.write(document)
    else:
        file.write_bytes(document)


def _known(state: FeedState) -> str:
    where = "declared in feeds.yml" if state.origin == "file" else "watched already"
    return f"{state.feed.url}: {where}"
