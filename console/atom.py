"""Alerts as an Atom feed (RFC 4287), for feed readers."""

from __future__ import annotations

import hashlib
import re
import uuid
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request, Response

from console.pages.inbox import query_of
from console.parameters import WantedAlerts
from console.settings import Console, ConsoleSettings
from console.visitors import Visitor, feed_visitor
from console.words import iso, speaker
from store.inbox import AlertLine, Wanted, list_alerts
from store.words import safe_url

router = APIRouter()

ENTRIES = 50
ATOM = "http://www.w3.org/2005/Atom"
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot say, not even escaped."""

ET.register_namespace("", ATOM)


@router.get("/alerts.atom", include_in_schema=False)
def feed(
    request: Request, console: Console, wanted: WantedAlerts, who: Annotated[Visitor, Depends(feed_visitor)]
) -> Response:
    """The newest alerts that were told; `?token=` for readers that cannot send headers, filters as in the inbox."""
    told = Wanted(rule=wanted.rule, level=wanted.level, words=wanted.words, verdict=wanted.verdict, quiet=False)
    found = list_alerts(console.db, told, limit=ENTRIES)
    document = document_of(console, told, found.alerts)
    etag = f'"{hashlib.sha256(document).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": "private, max-age=60"}
    if etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(document, media_type="application/atom+xml", headers=headers)


def document_of(console: ConsoleSettings, wanted: Wanted, alerts: Sequence[AlertLine]) -> bytes:
    """The feed. Its id says where and of what it is, never who reads it."""
    query = urlencode({name: value for name, value in query_of(wanted).items() if name != "quiet"})
    address = f"{console.base_url}/alerts.atom" + (f"?{query}" if query else "")
    root = ET.Element(f"{{{ATOM}}}feed")
    _add(root, "id", f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, address)}")
    _add(root, "title", "Tocsin: alerts" + (f" ({', '.join(query_of(wanted).values())})" if query else ""))
    _add(root, "updated", iso(max((one.opened_at for one in alerts), default=0)))
    _add(root, "generator", "Tocsin", version=console.version)
    _add(root, "link", rel="self", type="application/atom+xml", href=address)
    _add(root, "link", rel="alternate", type="text/html", href=f"{console.base_url}/" + (f"?{query}" if query else ""))
    for one in alerts:
        root.append(_entry(console.base_url, one))
    document: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return document


def _entry(base_url: str, one: AlertLine) -> ET.Element:
    entry = ET.Element(f"{{{ATOM}}}entry")
    _add(entry, "id", f"urn:uuid:{_uuid(one.id)}")
    _add(entry, "title", f"[{one.level}] {one.rule_title or one.rule_id}: {one.title}")
    _add(entry, "published", iso(one.opened_at))
    _add(entry, "updated", iso(one.opened_at))
    _add(_add(entry, "author"), "name", one.outlet)
    _add(entry, "link", rel="alternate", type="text/html", href=f"{base_url}/alerts/{one.id}")
    if link := safe_url(one.url):
        _add(entry, "link", rel="related", href=link)
    for term in (one.rule_id, one.level, one.status):
        _add(entry, "category", term=term)
    said = [f"“{quote['text']}”" for quote in one.evidence]
    _add(entry, "content", "\n".join([*said, *([f"— {speaker(one.speaker)}"] if one.speaker else [])]), type="text")
    return entry


def _uuid(id: str) -> uuid.UUID:
    """Ids of alerts are UUIDs already; should one not be, it gets one that is always the same."""
    try:
        return uuid.UUID(id)
    except ValueError:
        return uuid.uuid5(uuid.NAMESPACE_URL, f"urn:tocsin:{id}")


def _add(parent: ET.Element, name: str, text: str | None = None, **attributes: str) -> ET.Element:
    clean = {key: _clean(value) for key, value in attributes.items()}
    child = ET.SubElement(parent, f"{{{ATOM}}}{name}", clean)
    child.text = None if text is None else _clean(text)
    return child


def _clean(text: str) -> str:
    return _NO_XML.sub("\ufffd", text)
