"""JSON Feed 1.0 and 1.1 (https://www.jsonfeed.org/version/1.1/)."""

from __future__ import annotations

import json
from html import escape
from typing import Any

from watcher.entry import RawDocument, RawEntry
from watcher.formats.source import Source


def read(body: bytes, source: Source) -> RawDocument | None:
    """Read *body*; None where it is no JSON Feed."""
    if body[:512].lstrip(b"\xef\xbb\xbf \t\r\n")[:1] != b"{":
        return None
    try:
        feed = json.loads(body.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError):
        return None
    items = feed.get("items")
    if "jsonfeed.org/version" not in _text(feed.get("version")) or not isinstance(items, list):
        return None
    return RawDocument(
        format="json",
        entries=tuple(_entry(item) for item in items[: source.max_entries] if isinstance(item, dict)),
        title=_text(feed.get("title")),
        lang=_text(feed.get("language")) or None,
        base=_text(feed.get("home_page_url")) or None,
        beyond=max(0, len(items) - source.max_entries),
    )


def _entry(item: dict[str, Any]) -> RawEntry:
    plain = _text(item.get("content_text"))
    bodies = (_text(item.get("content_html")), _paragraphs(plain), escape(_text(item.get("summary"))))
    dates = (_text(item.get("date_published")), _text(item.get("date_modified")))
    return RawEntry(
        guid=_text(item.get("id")) or None,
        link=_text(item.get("url")) or _text(item.get("external_url")) or None,
        title=escape(_text(item.get("title")), quote=False),
        bodies=tuple(body for body in bodies if body),
        dates=tuple(date for date in dates if date),
        author=_author(item),
        lang=_text(item.get("language")) or None,
    )


def _paragraphs(plain: str) -> str:
    """Plain text as the HTML that means the same."""
    return "<br>".join(escape(line) for line in plain.splitlines())


def _author(item: dict[str, Any]) -> str | None:
    authors = item.get("authors")
    given = authors if isinstance(authors, list) else [item.get("author")]
    names = [_text(author.get("name")) for author in given if isinstance(author, dict)]
    return ", ".join(name for name in names if name) or None


def _text(value: object) -> str:
    """Ids are often numbers, though the format wants strings."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value)
