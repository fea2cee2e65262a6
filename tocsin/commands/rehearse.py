"""`tocsin subscriptions test`: sends a receiver what may come to it, right and wrong, and grades its answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.table import Table

from net.client import GuardedClient, check_url
from store.rate import spacing_of
from store.subscriptions import Subscription, find_subscription
from tocsin.commands.common import FOUND_PROBLEMS, database, fail, print_json, print_table, settings_or_exit
from tocsin.secret import resolver
from tocsin.settings import Settings
from workers.channels.headers import BadHeader, resolved
from workers.channels.webhook import BadSecret, key_of
from workers.context import NoSecret
from workers.rehearsal import Grade, Receiver, rehearse

_USE = "name a subscription, or a receiver with --url URL --secret env:NAME"


def rehearsed(
    id: Annotated[str, typer.Argument(metavar="[ID]", help="The subscription's id.")] = "",
    url: Annotated[str, typer.Option(help="A receiver without a subscription.")] = "",
    secret: Annotated[str, typer.Option(help="Where its secret is kept: env:NAME or file:PATH.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="For a program to read.")] = False,
) -> None:
    """Send test events to a receiver (right, repeated, reordered, forged, stale, …) and grade its answers."""
    settings = settings_or_exit()
    resolve = resolver(settings.config)
    receiver = _of_subscription(settings, id, resolve) if id else _of_options(url, secret, resolve)
    allow = tuple(map(str, settings.allow_networks))
    grades = asyncio.run(_rehearse(receiver, allow, f"Tocsin (+{settings.contact or settings.link_base})"))
    passed = all(one.good for one in grades)
    if as_json:
        print_json({"to": receiver.url, "passed": passed, "cases": [asdict(one) for one in grades]})
    else:
        _show(receiver.url, grades)
    if not passed:
        raise typer.Exit(FOUND_PROBLEMS)


async def _rehearse(receiver: Receiver, allow: tuple[str, ...], user_agent: str) -> tuple[Grade, ...]:
    async with GuardedClient(allow=allow, user_agent=user_agent) as client:
        return await rehearse(client, receiver)


def _of_subscription(settings: Settings, id: str, resolve: Callable[[str], str]) -> Receiver:
    with database(settings) as db:
        found = find_subscription(db, id)
    if found is None:
        fail(f"there is no subscription {id}; see `tocsin subscriptions list`, or {_USE}", FOUND_PROBLEMS)
    if found.channel != "webhook":
        fail(f"{id} is told by {found.channel}; only a webhook can be tested")
    return _receiver(found, resolve)


def _of_options(url: str, secret: str, resolve: Callable[[str], str]) -> Receiver:
    if not (url and secret):
        fail(_USE)
    if problem := check_url(url):
        fail(f"--url: this address cannot be a webhook's: {problem}")
    return Receiver(url=url, keys=_keys([secret], resolve))


def _receiver(one: Subscription, resolve: Callable[[str], str]) -> Receiver:
    try:
        headers = resolved(one.options.get("headers", {}), resolve)
    except (NoSecret, BadHeader) as error:
        fail(f"its headers cannot be made: {error}", FOUND_PROBLEMS)
    spacing = spacing_of(one.options["rate"]) if "rate" in one.options else 0
    keys = _keys((one.secret or "").split(), resolve)
    return Receiver(url=one.address, keys=keys, headers=headers, spacing_s=spacing / 1_000_000)


def _keys(references: Sequence[str], resolve: Callable[[str], str]) -> list[bytes]:
    try:
        return [key_of(resolve(reference)) for reference in references]
    except (NoSecret, BadSecret) as error:
        fail(f"nothing can be signed: {error}", FOUND_PROBLEMS)


def _show(url: str, grades: Sequence[Grade]) -> None:
    table = Table("", "case", "what comes", "wanted", "answered", "ms", box=None)
    for one in grades:
        row: tuple[Any, ...] = (one.case, one.what, one.expects, one.answer, str(one.elapsed_ms))
        table.add_row("good" if one.good else "BAD", *row)
    print_table(table)
    bad = [one for one in grades if not one.good]
    for one in bad:
        typer.echo(f"{one.case}: {one.mend}.")
    typer.echo(f"{url}: {len(grades) - len(bad)} of {len(grades)} good.")
