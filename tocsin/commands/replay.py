"""`tocsin deliveries replay`: sends one again, a range of a subscription's sequence, or all that died since a time."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from rules.shape import duration_s
from store.database import Database, microseconds
from store.replaying import Choice, count
from store.replaying import replay as send_again
from tocsin.commands.common import FOUND_PROBLEMS, database, fail, settings_or_exit

_USE = "name a delivery by its ID, a range by --subscription with --from and --to, or what died by --failed --since 2h"


def replay(
    id: Annotated[str | None, typer.Argument(metavar="[ID]", help="One delivery (webhook-id, Message-ID).")] = None,
    subscription: Annotated[str | None, typer.Option(help="Only this subscription.")] = None,
    first: Annotated[int | None, typer.Option("--from", min=1, help="The first `seq` of a range.")] = None,
    last: Annotated[int | None, typer.Option("--to", min=1, help="Its last `seq`; default: the newest.")] = None,
    failed: Annotated[bool, typer.Option("--failed", help="All that died.")] = False,
    since: Annotated[str | None, typer.Option(help="With --failed: 90m, 2h, 5d, or 2026-11-23T09:30.")] = None,
) -> None:
    """Send again now, with the same ids and the same bytes, as often as ten tries need."""
    choice = _choice(id, subscription, (first, last), since if failed else None, failed=failed)
    with database(settings_or_exit()) as db:
        leave, stay = _replayed(db, choice)
    for why, number in sorted(stay.items()):
        typer.echo(f"{number} not: {why}", err=True)
    if not leave:
        nothing = "" if stay else "; `tocsin deliveries list` shows the newest"
        fail(f"nothing leaves again{nothing}", FOUND_PROBLEMS)
    typer.echo(f"{leave} will leave again, from within a second on.")


def _choice(
    id: str | None, subscription: str | None, seqs: tuple[int | None, int | None], since: str | None, *, failed: bool
) -> Choice:
    ranged = seqs != (None, None)
    if [id is not None, ranged, failed].count(True) != 1:
        fail(_USE)
    if ranged and subscription is None:
        fail("a range is one of a subscription's sequence: add --subscription ID")
    if failed and since is None:
        fail("say since when: --failed --since 2h")
    died_since_at = None if since is None else _instant(since)
    first, last = seqs
    return Choice(id=id, subscription_id=subscription, first=first, last=last, died_since_at=died_since_at)


def _instant(since: str) -> int:
    """Microseconds UTC of a time ago, or of a time; without a zone it is UTC."""
    try:
        return microseconds(datetime.now(UTC) - timedelta(seconds=duration_s(since)))
    except ValueError as error:
        try:
            at = datetime.fromisoformat(since)
        except ValueError:
            fail(f"--since: {error}; or a time such as 2026-11-23T09:30")
    return microseconds(at if at.tzinfo else at.replace(tzinfo=UTC))


def _replayed(db: Database, choice: Choice) -> tuple[int, Counter[str]]:
    leave, stay = 0, Counter[str]()
    columns = (TextColumn("deliveries"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=count(db, choice))
        for done in send_again(db, choice):
            leave += done.leave
            stay.update(done.stay)
            progress.advance(task, done.leave + sum(done.stay.values()))
    return leave, stay
