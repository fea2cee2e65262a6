"""What the commands that start services share: configuration that is right, and a supervisor."""

from __future__ import annotations

import errno
import gc
import os
import socket
from collections.abc import Sequence

import typer

from net.client import preload
from tocsin.commands.common import FOUND_PROBLEMS, database, fail
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
    """Bring the ledger to the newest shape, in a process of its own: the migration tool takes 11 MB, which the services
    would carry along for nothing. A failure ends the command; the child has said why.
    """
    pid = os.fork()
    if not pid:
        os._exit(_migrate(settings))
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if code:
        raise typer.Exit(code)


def _migrate(settings: Settings) -> int:
    from store.migrate import SchemaTooNew, migrate  # only here, so that only the child pays for it

    try:
        with database(settings) as db:
            migrate(db)
    except SchemaTooNew as error:
        typer.echo(str(error), err=True)
        return FOUND_PROBLEMS
    except typer.Exit as end:
        return end.exit_code
    return 0
