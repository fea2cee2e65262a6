"""`tocsin silences`: what is not told for a while, and `tocsin alerts snooze`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, NoReturn

import typer

from rules.shape import duration_s
from store.database import instant, microseconds
from store.silences import BadSilence, Scope, Silence, list_silences
from store.silences import add as add_silence
from store.silences import remove as remove_silence
from tocsin.commands.common import FOUND_PROBLEMS, by_whom, database, fail, print_json, settings_or_exit

app = typer.Typer(help="Keep messages back for a while.", no_args_is_help=True, rich_markup_mode=None)

Rule = Annotated[str | None, typer.Option(help="A rule's id, or a glob such as embargo.*")]
Bindings = Annotated[list[str] | None, typer.Option("--binding", metavar="NAME=VALUE", help="What an alert binds.")]
Outlet = Annotated[str | None, typer.Option(help="Whose articles.")]
Alert = Annotated[str | None, typer.Option(help="One alert's id.")]
For = Annotated[str | None, typer.Option("--for", metavar="DURATION", help="For how long: 30m, 8h, 2d.")]
Until = Annotated[str | None, typer.Option(metavar="TIME", help="Until when: 2026-12-01T08:00, UTC unless it says.")]
Reason = Annotated[str, typer.Option(help="Why, for whoever asks.")]
Author = Annotated[str | None, typer.Option(help="By whose word; default: who runs the command.")]
Ended = Annotated[bool, typer.Option("--ended", help="Those that have ended instead.")]
Json = Annotated[bool, typer.Option("--json", help="For a program to read.")]


@app.command()
def add(
    reason: Reason,
    rule: Rule = None,
    binding: Bindings = None,
    outlet: Outlet = None,
    alert: Alert = None,
    for_: For = None,
    until: Until = None,
    author: Author = None,
    as_json: Json = False,
) -> None:
    """Keep back what fits all that is given: it is opened and shown, and not told. Corrections are always told."""
    scope = Scope(rule=rule, bindings=_bindings(binding or ()), outlet=outlet, alert_id=alert)
    _say(silence(scope, reason, for_, until, author), as_json)


@app.command("list")
def list_all(ended: Ended = False, as_json: Json = False) -> None:
    """The silences in force: by whom, why, until when, and how much each has kept back."""
    with database(settings_or_exit()) as db:
        found = list_silences(db, ended=ended)
    if as_json:
        print_json([asdict(one) for one in found])
        return
    for one in found:
        typer.echo(_worded(one))
    if not found:
        typer.echo("no silence has ended" if ended else "nothing is silenced")


@app.command()
def remove(id: Annotated[str, typer.Argument(metavar="ID")], author: Author = None) -> None:
    """End a silence now. What it has kept back stays untold."""
    with database(settings_or_exit()) as db:
        if not remove_silence(db, id, by_whom(author)):
            fail(f"no silence {id} is in force; `tocsin silences list` shows those that are", FOUND_PROBLEMS)
    typer.echo(f"{id} is over. What it kept back is in `tocsin deliveries list --status suppressed`.")


def snooze(
    alert: Annotated[str, typer.Argument(metavar="ALERT", help="The alert's id.")],
    reason: Reason,
    for_: For = None,
    until: Until = None,
    author: Author = None,
    as_json: Json = False,
) -> None:
    """Tell nothing more of one alert for a while; corrections and retractions are told all the same."""
    _say(silence(Scope(alert_id=alert), reason, for_, until, author), as_json)


def silence(scope: Scope, reason: str, for_: str | None, until: str | None, author: str | None) -> Silence:
    """The silence made, or the end of the command with what is wrong."""
    if (for_ is None) == (until is None):
        fail("say how long: either --for 8h or --until 2026-12-01T08:00")
    try:
        times = {"for_s": duration_s(for_)} if for_ is not None else {"until_at": _instant(until or "")}
        with database(settings_or_exit()) as db:
            return add_silence(db, scope, author=by_whom(author), reason=reason, **times)
    except ValueError as error:
        _refuse(error)


def _refuse(error: ValueError) -> NoReturn:
    fail(str(error), FOUND_PROBLEMS if isinstance(error, BadSilence) else 2)


def _bindings(given: Sequence[str]) -> dict[str, str]:
    for one in given:
        if not all(part.strip() for part in one.partition("=")):
            fail(f"--binding {one!r}: write NAME=VALUE, such as TARGET=IR")
    return {name.strip(): value.strip() for name, _, value in (one.partition("=") for one in given)}


def _instant(text: str) -> int:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"--until {text!r}: write a time such as 2026-12-01T08:00 or 2026-12-01T08:00+01:00") from None
    return microseconds(found if found.tzinfo else found.replace(tzinfo=UTC))


def _say(made: Silence, as_json: bool) -> None:
    if as_json:
        print_json(asdict(made))
    else:
        typer.echo(_worded(made))


def _worded(one: Silence) -> str:
    over = f", ended by {one.removed_by}" if one.removed_by else ""
    until = f"{instant(one.until_at):%Y-%m-%d %H:%M} UTC"
    return (
        f"{one.id}  {_scope(one.scope)}: until {until}{over}, by {one.author}: {one.reason}; kept back {one.suppressed}"
    )


def _scope(scope: Scope) -> str:
    said = {"rule": scope.rule, **scope.bindings, "outlet": scope.outlet, "alert": scope.alert_id}
    return ", ".join(f"{name} {value}" for name, value in said.items() if value)
