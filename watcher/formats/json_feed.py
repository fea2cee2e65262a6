"""JSON Feed 1.0 and 1.1 (https://www.jsonfeed.org/version/1.1/)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from html import escape
from typing import Any

from watcher.entry import RawDocument, RawEntry
from watcher.formats.source import Source

_BEGINS = re.compile(rb"[\s\xef\xbb\xbf]*\{")
_ITEMS = re.compile(r'"items"\s*:\s*\[')
_BETWEEN = re.compile(r"[\s,]*")
_DECODER = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str)
"""Numbers as they are written: an id may have more digits than Python reads."""


def read(body: bytes, source: Source) -> RawDocument | None:
    """Read *body*; None where it is no JSON Feed."""
    if not _BEGINS.match(body):
        return None
    text = body.decode("utf-8", "replace").lstrip("\ufeff \t\r\n")
    try:
        feed, _end = _DECODER.raw_decode(text)  # what follows says nothing
    except (ValueError, RecursionError):
        return _broken_off(text, source)
    return _document(feed, source) if isinstance(feed, dict) else None


def _broken_off(text: str, source: Source) -> RawDocument | None:
    """What came of a document that is no whole JSON: all before its items, and those that are whole."""
    begun = _ITEMS.search(text)
    if begun is None:
        return None
    try:
        head = _DECODER.decode(text[: begun.start()].rstrip().rstrip(",") + "}")
    except (ValueError, RecursionError):
        return None
    read = _document(head | {"items": list(_whole_items(text, begun.end()))}, source)
    return replace(read, complete=False) if read else None


def _whole_items(text: str, at: int) -> Iterator[Any]:
    while True:
        at = _BETWEEN.match(text, at).end()  # type: ignore[union-attr]
        try:
            item, at = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            return
        yield item


def _document(feed: dict[str, Any], source: Source) -> RawDocument | None:
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
    """A string, or a number as it is written: ids are often numbers, though the format wants strings."""
    return value if isinstance(value, str) else ""
