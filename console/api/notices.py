"""Notices for programs."""

from __future__ import annotations

from fastapi import APIRouter

from console.api import models, shapes
from console.parameters import Limit, NoticeKind, Place, cursor
from console.settings import Console
from store.inbox import Cursor
from store.outbox import list_notices

router = APIRouter(prefix="/api/v1", tags=["notices"])


@router.get("/notices")
def notices(console: Console, kind: NoticeKind = "", before: Place = "", limit: Limit = 50) -> models.Notices:
    """What Tocsin has to say about itself, newest first, and who was told."""
    found = list_notices(console.db, kind=kind, before=cursor("before", before), limit=limit)
    last = found.notices[-1] if found.more else None
    return models.Notices(
        notices=[shapes.notice(row) for row in found.notices],
        next_before=str(Cursor(last["at"], last["id"])) if last else None,
    )
