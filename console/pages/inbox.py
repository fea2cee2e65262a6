"""The inbox: alerts, newest first."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from console.rendering import page

router = APIRouter(include_in_schema=False)


@router.get("/")
def show(request: Request) -> Response:
    """The newest alerts."""
    return page(request, "inbox.html", {})
