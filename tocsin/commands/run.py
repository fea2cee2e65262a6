"""`tocsin run`: everything in one go."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from store.access import create_signin
from store.feeds import Feed, sync_feeds
from store.subscriptions import Filter, Subscription, sync
from tocsin import demo as demonstration
from tocsin.commands.access import SIGNIN_S
from tocsin.commands.common import database, fail, settings_or_exit, writing
from tocsin.commands.starting import checked, listen, migrate_apart, supervise
from tocsin.configuration import make_starter
from tocsin.serving import serve_service
from tocsin.settings import Settings
from tocsin.supervise import Service
from tocsin.valkey import EmbeddedValkey, ValkeyError
from tocsin.watching import watch_service
from tocsin.wiring import Wiring
from tocsin.working import worker_service

Config = Annotated[Path | None, typer.Option("--config", help="Configuration folder (TOCSIN_CONFIG).")]
Data = Annotated[Path | None, typer.Option("--data", help="Data folder (TOCSIN_DATA).")]
Demo = Annotated[bool, typer.Option("--demo", help="Add a feed of invented news that Tocsin serves itself.")]


def run(config: Config = None, data: Data = None, demo: Demo = False) -> None:
    """Run everything in one go: embedded Valkey and SQLite unless URLs are set, watcher, workers and console."""
    settings = settings_or_exit(config, data)
    with _locked(settings.data):
        _begin_configuration(settings.config)
        wiring, valkey = _prepare(settings, demo)
        listener = listen(settings)
        migrate_apart(settings)
        _set_up_demo(settings, demo)
        _welcome(settings)
        children = [
            serve_service(wiring, listener),
            watch_service(wiring),
            *(worker_service(wiring, number) for number in range(1, settings.workers + 1)),
        ]
        supervise([*_embedded(valkey), *children])


def _begin_configuration(folder: Path) -> None:
    if folder.exists():
        return
    with writing(folder, "Name another folder with --config."):
        make_starter(folder)
    typer.echo(f"Wrote a starter configuration to {folder}/")


def _prepare(settings: Settings, demo: bool) -> tuple[Wiring, EmbeddedValkey | None]:
    valkey = EmbeddedValkey(settings.data) if settings.redis_url is None else None
    try:
        if valkey is not None:
            valkey.prepare()
    except ValkeyError as error:
        fail(str(error))
    return checked(settings, valkey.url if valkey else str(settings.redis_url), demo=demo), valkey


def _embedded(valkey: EmbeddedValkey | None) -> list[Service]:
    return [Service("valkey", valkey.serve, last=True)] if valkey else []


def _set_up_demo(settings: Settings, demo: bool) -> None:
    feed = Feed(
        url=settings.link_base + demonstration.FEED_PATH,
        name=demonstration.FEED_NAME,
        outlet="demo.tocsin",
        tier="agency",
        tags=("demo",),
        lang="en",
        every="60",
        backfill_s=3 * 86_400,
    )
    hook = Subscription(
        id="demo-hook",
        owner="demo@tocsin.invalid",
        filter=Filter(rules=("*",)),
        channel="webhook",
        address=settings.link_base + demonstration.RECEIVER_PATH,
        secret=f"file:{demonstration.secret_file(settings.data).resolve()}" if demo else None,
    )
    with database(settings) as db:
        sync_feeds(db, [feed] if demo else [], origin="demo")
        sync(db, [hook] if demo else [], origin="demo")


def _welcome(settings: Settings) -> None:
    with database(settings) as db:
        secret = create_signin(db, "operator", "admin", SIGNIN_S)
    typer.echo(f"Tocsin is at {settings.link_base}")
    typer.echo(f"Sign in (once, within 15 minutes): {settings.link_base}/signin?token={secret}")


@contextmanager
def _locked(data: Path) -> Iterator[None]:
    """Hold the data folder: two instances would take each other's embedded server for an orphan."""
    with writing(data, "Name a folder of this user's with --data."):
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = (data / "lock").open("w")
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            fail(f"another tocsin runs with the data folder {data}. Stop it, or name another folder with --data.")
        file.write(str(os.getpid()))
        file.flush()
        yield
