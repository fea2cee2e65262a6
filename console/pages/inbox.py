"""The inbox: alerts, newest first, and new ones without a reload."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response

from console.parameters import Place, WantedAlerts, cursor
from console.rendering import page
from console.settings import Console
from console.strip import look_around
from store.activity import active_rules, gauges
from store.inbox import COMMIT_US, Wanted, list_alerts, list_changed

router = APIRouter(include_in_schema=False, dependencies=[Depends(look_around)])

AT_ONCE = 50


@router.get("/")
def show(request: Request, console: Console, wanted: WantedAlerts, before: Place = "") -> Response:
    """The newest alerts, or those before a cursor."""
    found = list_alerts(console.db, wanted, before=cursor("before", before), limit=AT_ONCE)
    query = query_of(wanted)
    older = found.alerts[-1].cursor if found.more and found.alerts else None
    shown = {
        "alerts": found.alerts,
        "wanted": wanted,
        "filtered": bool(query),
        "rules": active_rules(console.db),
        "older": urlencode({**query, "before": str(older)}) if older else "",
        "newest": urlencode(query),
        "live": not before,
        "rows": "/rows?" + urlencode(query),
        "since": found.now - COMMIT_US,
        "every_ms": int(console.live_every_s * 1_000),
        "progress": gauges(console.db) if not found.alerts and not query else None,
    }
    return page(request, "inbox.html", shown)


@router.get("/rows")
def rows(
    request: Request, console: Console, wanted: WantedAlerts, since: Annotated[int, Query(ge=0, lt=2**62)]
) -> Response:
    """What is new or changed since an instant (microseconds UTC), as rows for a page that is open."""
    found = list_changed(console.db, wanted, since, AT_ONCE)
    return page(request, "rows.html", {"alerts": found.alerts, "since": found.now - COMMIT_US})


def query_of(wanted: Wanted) -> Mapping[str, str]:
    """The parameters that ask for *wanted*; empty where everything is."""
    asked = {"rule": wanted.rule, "level": wanted.level, "q": wanted.words, "verdict": wanted.verdict}
    return {name: value for name, value in asked.items() if value} | ({} if wanted.quiet else {"quiet": "false"})
