"""`tocsin alerts`: the newest alerts, one in full, and snoozing one."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table
from sqlalchemy import select

from store import tables
from store.words import second
from tocsin.commands.common import FOUND_PROBLEMS, database, fail, print_json, print_table, settings_or_exit
from tocsin.commands.silences import snooze

app = typer.Typer(help="List, show and snooze alerts.", no_args_is_help=True, rich_markup_mode=None)

Json = Annotated[bool, typer.Option("--json", help="For a program to read.")]
Rule = Annotated[str | None, typer.Option(help="Only this rule.")]
Limit = Annotated[int, typer.Option(min=1, max=10_000, help="How many, newest first.")]


@app.command("list")
def list_some(rule: Rule = None, limit: Limit = 30, as_json: Json = False) -> None:
    """The newest alerts with their evidence."""
    chosen = select(tables.alert).order_by(tables.alert.c.opened_at.desc(), tables.alert.c.id).limit(limit)
    if rule is not None:
        chosen = chosen.where(tables.alert.c.rule_id == rule)
    with database(settings_or_exit()) as db, db.read() as connection:
        rows = [dict(row) for row in connection.execute(chosen).mappings()]
    if as_json:
        print_json(rows)
        return
    table = Table("opened", "level", "rule", "status", "evidence", "id", box=None)
    for row in rows:
        opened = second(row["opened_at"])
        quote = row["evidence"][0]["text"] if row["evidence"] else ""
        table.add_row(opened, row["level"], row["rule_id"], row["status"], quote, row["id"])
    print_table(table)


@app.command()
def show(id: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """One alert with its matches, as JSON."""
    with database(settings_or_exit()) as db, db.read() as connection:
        row = connection.execute(select(tables.alert).where(tables.alert.c.id == id)).mappings().one_or_none()
        sightings = select(tables.match).where(tables.match.c.alert_id == id).order_by(tables.match.c.at)
        matches = [dict(each) for each in connection.execute(sightings).mappings()]
    if row is None:
        fail(f"there is no alert {id}; `tocsin alerts list` shows the newest", FOUND_PROBLEMS)
    print_json({**row, "matches": matches})


app.command()(snooze)
