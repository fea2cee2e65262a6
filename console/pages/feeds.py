"""Feeds: does each work, and if not, why."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Depends, Request, Response

from console.rendering import page
from console.settings import Console
from console.sparkline import Sparkline, sparkline
from console.strip import look_around
from store.activity import items_per_day
from store.feeds import FeedState, list_feeds

router = APIRouter(include_in_schema=False, dependencies=[Depends(look_around)])

DAYS = 14
_WORST_FIRST = {"failing": 0, "gone": 1, "new": 2, "ok": 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A feed and how many new items it gave."""

    state: FeedState
    items: Sparkline


@router.get("/feeds")
def show(request: Request, console: Console) -> Response:
    """All feeds, those in trouble first."""
    items = items_per_day(console.db, DAYS)
    states = sorted(list_feeds(console.db), key=lambda one: _WORST_FIRST.get(one.status, 0))
    feeds = [Shown(state=one, items=sparkline(items.get(one.id, (0,) * DAYS), "item")) for one in states]
    counts = {status: sum(1 for one in states if one.status == status) for status in ("ok", "failing", "gone", "new")}
    return page(request, "feeds.html", {"feeds": feeds, "counts": counts})
