"""`tocsin ledger`, `doctor` and `health`: is everything that came in accounted for, and is everything well."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import asdict
from itertools import groupby
from typing import Annotated

import httpx
import redis
import typer
from sqlalchemy import Connection, func, select
from sqlalchemy.exc import SQLAlchemyError

from store import holding, services, tables
from store import ledger as audit
from store.database import Database
from store.endpoints import troubles
from store.ledger import Equation
from store.outbox import LAST_TRY
from store.revision import outdated, revision
from store.words import counted
from tocsin.commands.common import FOUND_PROBLEMS, database, print_json, settings_or_exit, unusable
from tocsin.configuration import Folder, survey
from tocsin.settings import Settings
from watcher.mending import in_words
from workers.channels.channel import UNSENT
from workers.doorbell import connect

MOST_ALIKE = 5
"""Feeds with the same trouble that are named one by one."""
_HOW = "`tocsin feeds check URL` says how to mend it"

Json = Annotated[bool, typer.Option("--json", help="For a program to read.")]
ByDay = Annotated[bool, typer.Option("--by-day", help="One line per rule and day, too.")]


def ledger(by_day: ByDay = False, as_json: Json = False) -> None:
    """Audit what came in against what went out, by joins from independent sides; exit 1 where a difference is not 0."""
    with database(settings_or_exit()) as db:
        found = audit.ledger(db)
    if as_json:
        equations = [{**asdict(each), "difference": each.difference} for each in found.equations]
        print_json({"balanced": found.balanced, "equations": equations, "odd": [asdict(each) for each in found.odd]})
    else:
        for equation in found.equations:
            typer.echo(_worded(equation))
        for line in found.lines if by_day else ():
            typer.echo(f"{line.day} {line.rule}\n  {_worded(line.matches)}\n  {_worded(line.deliveries)}")
        for odd in found.odd:
            typer.echo(f"ODD  {odd.what}: {odd.id}")
    if not found.balanced:
        raise typer.Exit(FOUND_PROBLEMS)


def _worded(equation: Equation) -> str:
    parts = " + ".join(f"{name} {count}" for name, count in equation.parts.items()) or "0"
    return f"{equation.name} {equation.left} = {parts}   (difference {equation.difference})"


def doctor(as_json: Json = False) -> None:
    """Say what is wrong with this installation, and how to mend it; exit 1 where something is."""
    settings = settings_or_exit()
    found = [{"what": what, "problem": problem} for what, problem in _examine(settings)]
    if as_json:
        print_json(found)
    else:
        for each in found:
            typer.echo(f"{'ok  ' if each['problem'] is None else 'BAD '} {each['what']}: {each['problem'] or 'fine'}")
    if any(each["problem"] is not None for each in found):
        raise typer.Exit(FOUND_PROBLEMS)


def _examine(settings: Settings) -> Iterator[tuple[str, str | None]]:
    folder = settings.config
    problems = survey(Folder(folder)).problems if folder.is_dir() else [f"{folder} is absent"]
    yield "configuration", "\n     ".join(problems) or None
    if settings.redis_url is not None:
        yield "redis", _redis_problem(settings.redis_url)
    db = Database(settings.database)
    try:
        problem = outdated(revision(db))
        yield "database", problem
        if problem is None:
            yield from _examine_ledger(db)
    except SQLAlchemyError as error:
        yield "database", unusable(error)
    finally:
        db.close()


def _examine_ledger(db: Database) -> Iterator[tuple[str, str | None]]:
    alive = {each.kind for each in services.seen(db) if each.ago_s < services.ALIVE_S}
    for kind in ("watch", "work", "serve"):
        yield f"service {kind}", None if kind in alive else f"no sign of life: start `tocsin {kind}` or `tocsin run`"
    with db.read() as connection:
        yield from _examine_feeds(connection)
        yield from _examine_unsent(connection)
        parked = select(tables.article.c.id, tables.article.c.parked_why).where(tables.article.c.parked_at.is_not(None))
        for id, why in connection.execute(parked.limit(20)):
            yield f"article {id}", f"parked: {why}"
    for each in troubles(db):
        yield f"endpoint {each.address}", each.words
    for rule in holding.held_rules(db):
        yield f"rule {rule.rule_id}", f"{rule.waiting} alerts wait, {rule.why}: `tocsin rules held`"
    yield "ledger", None if audit.ledger(db).balanced else "a difference is not 0: `tocsin ledger` names it"


def _examine_feeds(connection: Connection) -> Iterator[tuple[str, str]]:
    """Those in trouble; where many have the same, as without a network, one line for all of them."""
    feed = tables.feed.c
    ill = select(feed.error_class, feed.url, feed.error).where(
        feed.removed_at.is_(None), feed.status.in_(("failing", "gone"))
    )
    rows = connection.execute(ill.order_by(feed.error_class, feed.url)).all()
    for error_class, alike in groupby(rows, key=lambda row: row.error_class):
        some = list(alike)
        if len(some) > MOST_ALIKE:
            what = f"{in_words(error_class)}, such as {some[0].url}: {some[0].error}; `tocsin feeds list` has them all"
            yield f"{len(some)} feeds", f"{what}, {_HOW}"
        else:
            yield from ((f"feed {row.url}", f"{row.error}; {_HOW}") for row in some)


def _examine_unsent(connection: Connection) -> Iterator[tuple[str, str]]:
    """What waits for reasons of our own, such as a secret that the workers' environment does not have."""
    delivery = tables.delivery.c
    tried = select(delivery.subscription_id, LAST_TRY.label("why")).where(
        tables.UNDELIVERED, delivery.status == "pending", delivery.attempts > 0
    )
    last = tried.subquery().c
    unsent = select(last.subscription_id, last.why, func.count()).where(last.why.startswith(UNSENT))
    for id, why, count in connection.execute(unsent.group_by(last.subscription_id, last.why)):
        yield f"subscription {id}", f"{counted(count, 'delivery waits', 'deliveries wait')}: {why}"


def _redis_problem(url: str) -> str | None:
    client = connect(url, socket_timeout_s=2, patient=False)
    try:
        client.ping()
    except redis.RedisError as error:
        return f"{error}. Work waits in the ledger until it is back; check TOCSIN_REDIS_URL"
    finally:
        client.close()
    return None


def health() -> None:
    """Exit 0 if the service that runs on this host (this container) is alive. For a container's health check."""
    settings = settings_or_exit()
    with database(settings) as db:
        ours = [each for each in services.seen(db) if each.host == socket.gethostname()]
    alive = {each.kind for each in ours if each.ago_s < services.ALIVE_S}
    if not alive:
        typer.echo(f"no service on {socket.gethostname()} gave a sign of life in {services.ALIVE_S:.0f} s", err=True)
        raise typer.Exit(FOUND_PROBLEMS)
    if "serve" in alive:
        _must_answer(f"http://127.0.0.1:{settings.port}/healthz")
    typer.echo(", ".join(sorted(alive)))


def _must_answer(url: str) -> None:
    try:
        httpx.get(url, timeout=5, trust_env=False).raise_for_status()
    except httpx.HTTPError as error:
        typer.echo(f"{url}: {error}", err=True)
        raise typer.Exit(FOUND_PROBLEMS) from error
