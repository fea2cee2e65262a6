"""`tocsin deliveries`: what was sent where, each try, and sending again."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.table import Table
from sqlalchemy import select

from store import tables
from store.database import instant
from store.outbox import LAST_TRY
from store.words import second
from tocsin.commands import replay
from tocsin.commands.common import FOUND_PROBLEMS, database, fail, print_json, print_table, settings_or_exit

app = typer.Typer(help="List, show and replay deliveries.", no_args_is_help=True, rich_markup_mode=None)

app.command("replay")(replay.replay)

Id = Annotated[str, typer.Argument(metavar="ID", help="The delivery's id (webhook-id, Message-ID).")]
Json = Annotated[bool, typer.Option("--json", help="For a program to read.")]
Status = Annotated[str | None, typer.Option(help="pending, delivered, dead or suppressed.")]
Subscription = Annotated[str | None, typer.Option(help="Only this subscription.")]
Digest = Annotated[str | None, typer.Option(metavar="ID", help="Only what went into this digest.")]
Limit = Annotated[int, typer.Option(min=1, max=10_000, help="How many, newest first.")]

_COLUMNS = [column for column in tables.delivery.c if column.name != "body"]

_GONE = "its body is gone since {:%Y-%m-%d}: it was older than TOCSIN_KEEP_BODIES. What it told is in the alert."


@app.command("list")
def list_some(
    status: Status = None,
    subscription: Subscription = None,
    digest: Digest = None,
    limit: Limit = 50,
    as_json: Json = False,
) -> None:
    """The newest deliveries."""
    chosen = select(*_COLUMNS, LAST_TRY.label("last_try"))
    chosen = chosen.order_by(tables.delivery.c.created_at.desc(), tables.delivery.c.id.desc()).limit(limit)
    if status is not None:
        chosen = chosen.where(tables.delivery.c.status == status)
    if status not in (None, "delivered"):
        chosen = chosen.where(tables.UNDELIVERED)
    if subscription is not None:
        chosen = chosen.where(tables.delivery.c.subscription_id == subscription)
    if digest is not None:
        chosen = chosen.where(tables.delivery.c.digest_id == digest)
    with database(settings_or_exit()) as db, db.read() as connection:
        rows = [dict(row) for row in connection.execute(chosen).mappings()]
    if as_json:
        print_json(rows)
        return
    table = Table("id", "subscription", "seq", "status", "tries", "made", "why", box=None)
    for row in rows:
        made = second(row["created_at"])
        status_, number = row["status"], str(row["seq"] or "digest")
        why = row["why"] or (row["last_try"] if status_ == "pending" else None) or ""
        table.add_row(row["id"], row["subscription_id"], number, status_, str(row["attempts"]), made, why)
    print_table(table)


@app.command()
def show(id: Id, as_json: Json = False) -> None:
    """One delivery: its body as it is sent, and each try."""
    with database(settings_or_exit()) as db, db.read() as connection:
        row = connection.execute(select(tables.delivery).where(tables.delivery.c.id == id)).mappings().one_or_none()
        tries = select(tables.attempt).where(tables.attempt.c.delivery_id == id).order_by(tables.attempt.c.id)
        attempts = [dict(each) for each in connection.execute(tries).mappings()]
    if row is None:
        fail(f"there is no delivery {id}; `tocsin deliveries list` shows the newest", FOUND_PROBLEMS)
    shown: dict[str, Any] = {**row, "body": row["body"].decode("utf-8", "replace")}
    if as_json:
        print_json({**shown, "attempts": attempts})
        return
    why = f" ({row['why']})" if row["why"] else ""
    number = f"seq {row['seq']}" if row["seq"] else f"for a digest (delivery {row['digest_id'] or 'not made yet'})"
    typer.echo(f"{row['subscription_id']} {number} by {row['channel']}: {row['status']}{why}")
    for each in attempts:
        typer.echo(f"try {each['number']} {second(each['started_at'])}: {each['detail']}")
    typer.echo(_GONE.format(instant(row["pruned_at"])) if row["pruned_at"] else shown["body"])
