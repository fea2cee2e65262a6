"""Pages out of templates: everything escaped, nothing from another host."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from console import words

HERE = Path(__file__).parent
STATIC = HERE / "static"


def _stamp() -> str:
    """Names the present assets, so that browsers may keep them for ever and still get new ones at once."""
    whole = hashlib.sha256()
    for file in sorted(STATIC.iterdir()):
        whole.update(file.read_bytes())
    return whole.hexdigest()[:12]


_templates = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.filters |= words.FILTERS
_templates.globals |= {"stamp": _stamp(), "VERDICTS": words.VERDICTS, "LASTS": words.LASTS}


def page(
    request: Request,
    template: str,
    shown: Mapping[str, Any],
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> HTMLResponse:
    """A template filled in. Besides *shown* it sees `who` (who is signed in, or None), `csrf` (what forms carry),
    `strip` (the services' state, or None), `now` (microseconds UTC), `path` and `version`.
    """
    visitor = getattr(request.state, "visitor", None)
    frame = {
        "path": request.url.path,
        "version": request.app.state.console.version,
        "who": visitor.access if visitor else None,
        "csrf": visitor.csrf if visitor else "",
        "strip": getattr(request.state, "strip", None),
        "now": time.time_ns() // 1_000,
    }
    html = _templates.get_template(template).render({**frame, **shown})
    # what a page shows is for who is signed in: no cache keeps it, and going back after signing out shows nothing
    fresh = {"Cache-Control": "no-store", **(headers or {})}
    return HTMLResponse(html.encode("utf-8", "replace"), status, headers=fresh)
