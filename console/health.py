"""/healthz says that the process answers; /readyz says of every part whether it does, and why not."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from sqlalchemy.exc import SQLAlchemyError

from console.settings import Console, ConsoleSettings
from store.activity import configurations
from store.revision import outdated, revision
from store.services import ALIVE_S, seen
from store.words import counted

router = APIRouter()

NEEDED = ("watch", "work")
"""Services without which no news comes in and nobody is told."""


@router.api_route("/healthz", methods=["GET", "HEAD"], include_in_schema=False)
async def healthz() -> JSONResponse:
    """This process answers. Depends on nothing else, so that an ill database does not get healthy processes killed."""
    return JSONResponse({"status": "ok"})


@router.api_route("/readyz", methods=["GET", "HEAD"], include_in_schema=False)
def readyz(console: Console) -> JSONResponse:
    """Every part with a reason. Only the database makes the console unready: without Redis nothing is lost, and a
    service that is away is no reason to take the pages that say so out of service.
    """
    parts = {"database": _database(console)}
    ready = parts["database"]["ok"]
    parts["redis"] = _redis(console)
    if ready:
        parts |= _services(console)
        parts["configuration"] = _configuration(console)
    well = all(part["ok"] for part in parts.values())
    status = "ok" if well else "degraded" if ready else "unready"
    code = HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE
    return JSONResponse({"status": status, "version": console.version, "parts": parts}, code)


Part = dict[str, Any]


def _database(console: ConsoleSettings) -> Part:
    try:
        there = revision(console.db)
    except SQLAlchemyError as error:
        return {"ok": False, "why": f"the database does not answer: {str(error).splitlines()[0]}"}
    if problem := outdated(there):
        return {"ok": False, "why": problem}
    return {"ok": True, "why": f"at revision {there}"}


def _redis(console: ConsoleSettings) -> Part:
    if console.redis_ok():
        return {"ok": True, "why": "answers"}
    return {"ok": False, "why": "does not answer; work waits in the database and goes on when it is back"}


def _services(console: ConsoleSettings) -> dict[str, Part]:
    alive = seen(console.db)
    return {kind: _service(kind, [one.ago_s for one in alive if one.kind == kind]) for kind in NEEDED}


def _configuration(console: ConsoleSettings) -> Part:
    """How much was refused, and no more: anybody may read this, and the problems have paths."""
    rows = [row for row in configurations(console.db) if row["problems"]]
    if not rows:
        return {"ok": True, "why": "the newest is in force"}
    refused = ", ".join(f"{row['kind']} ({counted(len(row['problems']), 'problem')})" for row in rows)
    why = (
        f"a newer version was refused and the last good one stays in force: {refused}; `tocsin check` says what to mend"
    )
    return {"ok": False, "why": why}


def _service(kind: str, ago_s: list[float]) -> Part:
    living = sum(1 for ago in ago_s if ago <= ALIVE_S)
    if living:
        return {"ok": True, "why": f"{living} running"}
    last = f"the last sign of life was {min(ago_s):.0f} s ago" if ago_s else "never seen"
    return {"ok": False, "why": f"{last}; start it with `tocsin {kind}` (or all of them with `tocsin run`)"}
