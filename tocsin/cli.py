"""The command line: a table of commands, each imported only when it is called, so that each starts fast."""

from __future__ import annotations

import importlib
from typing import Any

import typer
from typer.core import TyperGroup

COMMANDS: dict[str, str] = {
    "run": "tocsin.commands.run:run",
    "watch": "tocsin.commands.watch:watch",
    "work": "tocsin.commands.work:work",
    "serve": "tocsin.commands.serve:serve",
    "migrate": "tocsin.commands.migrate:migrate",
    "check": "tocsin.commands.check:check",
    "rules": "tocsin.commands.rules:app",
    "feeds": "tocsin.commands.feeds:app",
    "subscriptions": "tocsin.commands.subscriptions:app",
    "deliveries": "tocsin.commands.deliveries:app",
    "alerts": "tocsin.commands.alerts:app",
    "silences": "tocsin.commands.silences:app",
    "tokens": "tocsin.commands.access:app",
    "signin": "tocsin.commands.access:signin",
    "trace": "tocsin.commands.trace:trace",
    "ledger": "tocsin.commands.audit:ledger",
    "backup": "tocsin.commands.backup:backup",
    "doctor": "tocsin.commands.audit:doctor",
    "prune": "tocsin.commands.prune:prune",
    "schema": "tocsin.commands.check:schema",
    "init": "tocsin.commands.check:init",
    "health": "tocsin.commands.audit:health",
}
"""Command to `module:attribute`: a function is a command, a Typer app a group of them."""


class LazyGroup(TyperGroup):
    """A group that imports a command's module when the command is asked for."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            return None
        module, attribute = COMMANDS[cmd_name].split(":")
        target = getattr(importlib.import_module(module), attribute)
        if isinstance(target, typer.Typer):
            command: Any = typer.main.get_command(target)
        else:
            single = typer.Typer(add_completion=False, rich_markup_mode=None)
            single.command(cmd_name)(target)
            command = typer.main.get_command(single)
        command.name = cmd_name
        return command


app = typer.Typer(cls=LazyGroup, no_args_is_help=True, add_completion=False, rich_markup_mode=None)


@app.callback()
def tocsin() -> None:
    """Alerts on policy change: rules about claims over news feeds, delivered by webhook and email."""


def main() -> None:
    """Entry point of the program `tocsin`."""
    app(prog_name="tocsin")
