"""`tocsin prune`: drop the weight of what is old."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Annotated

import typer

from rules.shape import duration_s
from store import retention
from store.retention import Keep, Pruned
from tocsin.commands.common import database, fail, print_json, settings_or_exit

Kinds = Annotated[list[str] | None, typer.Option("--kind", help="texts, bodies, evidence or fetches; repeatable.")]
Older = Annotated[str | None, typer.Option("--older-than", help="Instead of the settings TOCSIN_KEEP_…: 90d, 2y.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would be dropped.")]
Json = Annotated[bool, typer.Option("--json", help="For a program to read.")]

KINDS = tuple(each.name.removesuffix("_s") for each in fields(Keep))


def prune(kind: Kinds = None, older_than: Older = None, dry_run: DryRun = False, as_json: Json = False) -> None:
    """Drop texts, bodies, quotations and single fetches that are old. Ids and keys stay: nothing is told again."""
    settings = settings_or_exit()
    keep = _chosen(settings.keep, kind, older_than)
    with database(settings) as db:
        done = retention.prune(db, keep, dry_run=dry_run)
    if as_json:
        print_json({"dry_run": dry_run, "pruned": [asdict(each) for each in done]})
        return
    for each in done:
        typer.echo(_worded(each, dry_run))
    if not done:
        typer.echo("Everything is kept for ever; set TOCSIN_KEEP_TEXTS, _BODIES, _EVIDENCE or _FETCHES.")


def _worded(one: Pruned, dry_run: bool) -> str:
    size = f" ({one.bytes / 1e6:.1f} MB)" if one.bytes else ""
    return f"{one.rows} {one.what}{size} {'would be ' if dry_run else ''}dropped"


def _chosen(keep: Keep, kinds: list[str] | None, older_than: str | None) -> Keep:
    if unknown := [each for each in kinds or () if each not in KINDS]:
        fail(f"{unknown[0]!r} is no kind; write one of {', '.join(KINDS)}")
    try:
        given = {name: duration_s(older_than) for name in asdict(keep)} if older_than else asdict(keep)
    except ValueError as error:
        fail(f"--older-than: {error}")
    return Keep(**{name: s for name, s in given.items() if not kinds or name.removesuffix("_s") in kinds})
