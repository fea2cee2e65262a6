"""What the commands that start services share: configuration that is right, and a supervisor."""

from __future__ import annotations

import errno
import gc
import os
import socket
import subprocess
import sys
from collections.abc import Sequence

import typer

from net.client import preload
from store.revision import outdated, revision
from tocsin.commands.common import database, fail
from tocsin.configuration import ConfigurationError
from tocsin.settings import Settings
from tocsin.supervise import Service, Supervisor
from tocsin.wiring import Wiring, wire


def supervise(children: Sequence[Service]) -> None:
    """Run the services until this process is told to stop."""
    preload()
    gc.collect()
    gc.freeze()  # what is loaded now stays shared between the children
    Supervisor(children).run()


def wired(settings: Settings) -> Wiring:
    """The wiring of a single service, which shares Redis and the ledger with others."""
    if settings.redis_url is None:
        fail(
            "TOCSIN_REDIS_URL is not set: single services need a Redis or Valkey that they share. Or use `tocsin run`."
        )
    return checked(settings, settings.redis_url, demo=False)


def checked(settings: Settings, redis_url: str, *, demo: bool) -> Wiring:
    """The wiring with all configuration read; a wrong one ends the command with every problem."""
    try:
        return wire(settings, redis_url, demo=demo)
    except ConfigurationError as error:
        fail("\n".join(error.problems))


def listen(settings: Settings) -> socket.socket:
    """The console's listening socket."""
    try:
        family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
        return socket.create_server((settings.host, settings.port), family=family, backlog=128)
    except OSError as error:
        reason = str(error.strerror).partition(" (while")[0]  # the rest repeats the address
        fail(f"cannot listen on {settings.host}:{settings.port}: {reason}. {_elsewhere(error)}")


def _elsewhere(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return "Stop what listens there, or set TOCSIN_PORT to a free port."
    if error.errno == errno.EACCES:
        return "Set TOCSIN_PORT to 1024 or more."
    return "Set TOCSIN_HOST to an address of this machine, or to 0.0.0.0 for all of them."


def migrate_apart(settings: Settings) -> None:
    """Bring the ledger to the newest shape, where it is not, in a process of its own: the migration tool takes 11 MB,
    which the services would carry along for nothing. A failure ends the command; the other one has said why.
    """
    with database(settings) as db:
        if outdated(revision(db)) is None:
            return
    program = (sys.executable, "-P", "-m", "tocsin", "migrate")
    ended = subprocess.run(program, env=_environment(settings), stdout=subprocess.DEVNULL, check=False)  # noqa: S603
    if ended.returncode:
        raise typer.Exit(ended.returncode)


def _environment(settings: Settings) -> dict[str, str]:
    """Ours, for a command that is to use the same ledger."""
    name = "TOCSIN_DATABASE_URL"
    ours = {key: value for key, value in os.environ.items() if key != f"{name}_FILE"}
    return {**ours, name: settings.database}
