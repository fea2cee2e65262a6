"""`tocsin rules held`, `release` and `discard`: what the rate guard holds back, and what becomes of it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from store import holding
from store.database import instant
from tocsin.commands.common import FOUND_PROBLEMS, by_whom, database, fail, print_json, settings_or_exit

Rule = Annotated[str, typer.Argument(metavar="RULE", help="The rule's id.")]
By = Annotated[str | None, typer.Option("--author", help="By whose word; default: who runs the command.")]
Reason = Annotated[str, typer.Option(help="Why, for whoever asks.")]
Json = Annotated[bool, typer.Option("--json", help="For a program to read.")]


def held(as_json: Json = False) -> None:
    """The rules whose alerts are held back: they are opened and shown, and wait to be told."""
    with database(settings_or_exit()) as db:
        found = holding.held_rules(db)
    if as_json:
        print_json([asdict(each) for each in found])
        return
    for each in found:
        since = f"{instant(each.since_at):%Y-%m-%d %H:%M} UTC"
        going = f", {each.released} of them let go" if each.released else ""
        typer.echo(f"{each.rule_id}  {each.waiting} waiting since {since}{going}: {each.why}")
    if not found:
        typer.echo("nothing is held back")


def release(rule: Rule, author: By = None) -> None:
    """Tell all that a rule has waiting, whatever its limit, each alert as it now stands."""
    with database(settings_or_exit()) as db:
        count = holding.release(db, rule, by_whom(author))
    if not count:
        _nothing(rule)
    typer.echo(f"{count} of {rule} are told within seconds, by the worker whose clock leads.")


def discard(rule: Rule, reason: Reason, author: By = None) -> None:
    """Tell nobody what a rule has waiting, for good. It stays shown, with the reason."""
    with database(settings_or_exit()) as db:
        try:
            count = holding.discard(db, rule, by_whom(author), reason)
        except ValueError as error:
            fail(f"--reason: {error}")
    if not count:
        _nothing(rule)
    typer.echo(f"{count} of {rule} are told to nobody; `tocsin ledger` counts them with the reason.")


def _nothing(rule: str) -> None:
    fail(f"nothing of {rule} waits; `tocsin rules held` lists what does", FOUND_PROBLEMS)
