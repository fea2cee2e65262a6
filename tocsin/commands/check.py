"""`tocsin check`, `init` and `schema`: configuration before it is in force."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from pydantic import BaseModel

from rules.schema import DIALECT, rule_schema
from tocsin.commands.common import FOUND_PROBLEMS, fail, print_json, settings_or_exit, writing
from tocsin.config_schema import config_schema
from tocsin.configuration import Folder, make_starter, survey
from tocsin.webhook_body import WebhookBody

Json = Annotated[bool, typer.Option("--json", help="For a program to read.")]


class Kind(StrEnum):
    """What has a JSON Schema."""

    RULE = "rule"
    WEBHOOK = "webhook"
    CONFIG = "config"


def check(
    config: Annotated[Path | None, typer.Option("--config", help="Configuration folder (TOCSIN_CONFIG).")] = None,
    as_json: Json = False,
) -> None:
    """Check all configuration and rules; every problem as file:line:column: what and how to mend it."""
    folder = settings_or_exit(config).config
    if not folder.is_dir():
        fail(f"{folder} is not a folder. `tocsin init {folder}` writes a starter configuration.")
    found = survey(Folder(folder))
    if as_json:
        print_json(asdict(found))
    elif found.problems:
        typer.echo("\n".join(found.problems))
    else:
        held = f"{found.feeds} feeds, {found.subscriptions} subscriptions, {found.rules} rules with the shipped ones"
        typer.echo(f"{folder}: no problems. {held}.")
    if found.problems:
        raise typer.Exit(FOUND_PROBLEMS)


def init(folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new or empty folder.")]) -> None:
    """Write a starter configuration: about thirty feeds, and examples of subscriptions and rules."""
    with writing(folder, "Name another folder."):
        try:
            make_starter(folder)
        except FileExistsError as error:
            fail(str(error))
    typer.echo(f"Wrote {folder}/feeds.yml, subscriptions.yml and rules/. Next: tocsin run --config {folder}")


def schema(kind: Annotated[Kind, typer.Argument(help="rule, webhook or config.")]) -> None:
    """Print a JSON Schema, for completion in editors and for checks by receivers."""
    if kind is Kind.CONFIG:
        print_json(config_schema())
    else:
        print_json(rule_schema() if kind is Kind.RULE else schema_of(WebhookBody))


def schema_of(model: type[BaseModel]) -> dict[str, object]:
    """The JSON Schema of a document."""
    return {"$schema": DIALECT, **model.model_json_schema()}
