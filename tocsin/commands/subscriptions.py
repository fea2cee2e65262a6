"""`tocsin subscriptions`: who gets what, tests of receivers, new secrets, using an address again."""

from __future__ import annotations

import itertools
from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table

from store.database import instant
from store.endpoints import troubles
from store.subscriptions import enable_endpoint, find_subscription, list_disabled, list_subscriptions
from store.unsubscribing import list_unsubscribed
from store.unsubscribing import resubscribe as send_again
from tocsin.commands import rehearse
from tocsin.commands.common import FOUND_PROBLEMS, database, fail, print_json, print_table, settings_or_exit
from workers.channels.webhook import new_secret

app = typer.Typer(
    help="List subscriptions, test receivers, make secrets, use an address again.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

app.command("test")(rehearse.rehearsed)

Id = Annotated[str, typer.Argument(metavar="ID", help="The subscription's id.")]
Json = Annotated[bool, typer.Option("--json", help="For a program to read.")]

_ROTATION = """\
A new secret for {id}. It is shown this once and kept nowhere:

    {secret}

1. Keep it as {new} (or where you like) and sign with both; in subscriptions.yml:
       secret: [{both}]
   A file is read at each try; a variable reaches Tocsin when it is started again.
2. Give the receiver the new secret. A receiver that knows either of them verifies.
3. When it has only the new one, sign with that alone:
       secret: {new}"""


@app.command("list")
def list_all(as_json: Json = False) -> None:
    """All subscriptions in force, and the state of their addresses."""
    with database(settings_or_exit()) as db:
        found = list_subscriptions(db)
        disabled = list_disabled(db)
        troubled = {each.endpoint_id: each.words for each in troubles(db)}
        ended = list_unsubscribed(db)
    if as_json:
        print_json(
            [
                {
                    **asdict(each),
                    "disabled": disabled.get(each.endpoint_id),
                    "unsubscribed_at": ended.get((each.id, each.endpoint_id)),
                }
                for each in found
            ]
        )
        return
    table = Table("id", "owner", "rules", "level", "notices", "channel", "to", "state", box=None)
    for each in found:
        state = _state(troubled.get(each.endpoint_id), ended.get((each.id, each.endpoint_id)))
        rules, level, notices = ", ".join(each.filter.rules), each.filter.level, ", ".join(each.filter.notices)
        table.add_row(each.id, each.owner, rules, level, notices, each.channel, each.address, state)
    print_table(table)


def _state(trouble: str | None, unsubscribed_at: int | None) -> str:
    if unsubscribed_at is not None:
        return f"unsubscribed by its receiver on {instant(unsubscribed_at):%Y-%m-%d}"
    return trouble or "in force"


@app.command()
def secret() -> None:
    """Print a new secret for a webhook. It is kept nowhere."""
    typer.echo(new_secret())


@app.command()
def rotate(id: Id) -> None:
    """Make a new secret for a subscription, and say how to change to it without a gap."""
    with database(settings_or_exit()) as db:
        found = find_subscription(db, id)
    if found is None or not found.secret:
        fail(f"there is no subscription {id} that is signed; see `tocsin subscriptions list`", FOUND_PROBLEMS)
    old = found.secret.split()
    new = _another(old)
    typer.echo(_ROTATION.format(id=id, secret=new_secret(), new=new, both=", ".join([new, *old])))


def _another(references: list[str]) -> str:
    """A reference beside *references*, of the kind of the first."""
    kind, _, name = references[0].partition(":")
    numbered = (f"{kind}:{name}{'_' if kind == 'env' else '.'}{number}" for number in itertools.count(2))
    return next(one for one in numbered if one not in references)


@app.command()
def enable(id: Id) -> None:
    """Send to the address of a subscription again after it was disabled."""
    with database(settings_or_exit()) as db:
        found = find_subscription(db, id)
        if found is None or not enable_endpoint(db, found.channel, found.address):
            fail(f"there is no subscription {id} with a known address; see `tocsin subscriptions list`", FOUND_PROBLEMS)
    again = f"tocsin deliveries replay --subscription {id} --failed --since 5d"
    typer.echo(f"{found.address} is used again. To send what died meanwhile: {again}")


@app.command()
def resubscribe(id: Id) -> None:
    """Send a subscription to its address again after its receiver has unsubscribed, and has asked for it."""
    with database(settings_or_exit()) as db:
        found = find_subscription(db, id)
        if found is None or not send_again(db, found.id, found.endpoint_id):
            fail(f"nobody has unsubscribed from {id}; see `tocsin subscriptions list`", FOUND_PROBLEMS)
    typer.echo(f"{found.address} is told again. What was kept back meanwhile stays in the inbox.")
