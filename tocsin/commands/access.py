"""`tocsin tokens` and `tocsin signin`: who may use the API and the console."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from store.access import ROLES, create_signin, create_token, list_tokens, revoke_token
from store.database import instant
from tocsin.commands.common import FOUND_PROBLEMS, database, fail, print_json, settings_or_exit

app = typer.Typer(help="Create, list and revoke API tokens.", no_args_is_help=True, rich_markup_mode=None)

SIGNIN_S = 15 * 60

Role = Annotated[str, typer.Option(help=f"{', '.join(ROLES)}.")]
Json = Annotated[bool, typer.Option("--json", help="For a program to read.")]


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Whose it is, or what for.")], role: Role = "reader", as_json: Json = False
) -> None:
    """Make a token. It is shown this once."""
    _known(role)
    with database(settings_or_exit()) as db:
        id, secret = create_token(db, name, role)
    if as_json:
        print_json({"id": id, "token": secret})
    else:
        typer.echo(secret)


@app.command("list")
def list_all(as_json: Json = False) -> None:
    """All tokens, the revoked ones too; never the tokens themselves."""
    with database(settings_or_exit()) as db:
        tokens = list_tokens(db)
    if as_json:
        print_json([asdict(each) for each in tokens])
        return
    for each in tokens:
        used = f"used {instant(each.used_at):%Y-%m-%d}" if each.used_at else "never used"
        typer.echo(f"{each.id}  {each.role:8} {each.name}  {'REVOKED' if each.revoked_at else used}")


@app.command()
def revoke(id: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """Make a token useless at once."""
    with database(settings_or_exit()) as db:
        if not revoke_token(db, id):
            fail(f"there is no token {id} in use; `tocsin tokens list` shows all", FOUND_PROBLEMS)
    typer.echo(f"{id} is revoked.")


def signin(
    name: Annotated[str, typer.Argument(help="Who signs in.")] = "operator", role: Role = "admin", as_json: Json = False
) -> None:
    """Print a link that signs in once, within 15 minutes."""
    _known(role)
    settings = settings_or_exit()
    with database(settings) as db:
        link = f"{settings.link_base}/signin?token={create_signin(db, name, role, SIGNIN_S)}"
    if as_json:
        print_json({"link": link})
    else:
        typer.echo(link)


def _known(role: str) -> None:
    if role not in ROLES:
        fail(f"{role!r} is no role; write one of {', '.join(ROLES)}")
