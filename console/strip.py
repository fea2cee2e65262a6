"""The line that every page shows: do the services live, and is the configuration in force the newest there is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import Request

from console.settings import Console
from console.words import span
from store.activity import Row, configurations
from store.services import ALIVE_S, ServiceSeen, seen

KINDS = {"watch": "watching feeds", "work": "matching and delivering", "serve": "serving this console"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """A kind of service: whether one lives, and in words."""

    kind: str
    alive: bool
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """`refused` are the kinds of configuration (rows of table configuration) of which a newer version was refused."""

    signs: tuple[Sign, ...]
    refused: tuple[Row, ...]


def strip_of(services: Sequence[ServiceSeen], configuration: Sequence[Row]) -> Strip:
    """The line for what the ledger knows."""
    return Strip(
        signs=tuple(_sign(kind, [one.ago_s for one in services if one.kind == kind]) for kind in KINDS),
        refused=tuple(row for row in configuration if row["problems"]),
    )


def _sign(kind: str, ago_s: list[float]) -> Sign:
    latest = min(ago_s, default=None)
    if latest is None:
        return Sign(kind=kind, alive=False, words="not running")
    if latest > ALIVE_S:
        return Sign(kind=kind, alive=False, words=f"silent for {span(latest)}")
    return Sign(kind=kind, alive=True, words=f"seen {span(latest)} ago")


def look_around(request: Request, console: Console) -> None:
    """Let the page of *request* show the line."""
    request.state.strip = strip_of(seen(console.db), configurations(console.db))


__all__ = ["Sign", "Strip", "look_around", "strip_of"]
