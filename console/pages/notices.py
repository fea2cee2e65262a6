"""Notices: what Tocsin has to say about itself, and who was told."""

from __future__ import annotations

from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request, Response

from console.parameters import NoticeKind, Place, cursor
from console.rendering import page
from console.settings import Console
from console.strip import look_around
from store.inbox import Cursor
from store.notices import KINDS
from store.outbox import list_notices

router = APIRouter(include_in_schema=False, dependencies=[Depends(look_around)])


@router.get("/notices")
def show(request: Request, console: Console, kind: NoticeKind = "", before: Place = "") -> Response:
    """The newest notices."""
    found = list_notices(console.db, kind=kind, before=cursor("before", before))
    last = found.notices[-1] if found.more else None
    query = {"kind": kind} if kind else {}
    older = urlencode({**query, "before": str(Cursor(last["at"], last["id"]))}) if last else ""
    return page(request, "notices.html", {"notices": found.notices, "headings": KINDS, "kind": kind, "older": older})
