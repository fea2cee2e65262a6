"""RSS 0.9x to 2.0, RDF and Atom, by feedparser: the most tolerant reader there is.

Always through `BytesIO` (given bytes, feedparser opens a *file* of that name), without its sanitising and resolving,
which cost two thirds of its time and which we do ourselves.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import Any
from urllib.parse import urljoin

import feedparser
import feedparser.api

from watcher.entry import RawDocument, RawEntry
from watcher.formats.ampersand import escaped, possible
from watcher.formats.rests import rests
from watcher.formats.source import Source
from watcher.formats.ttl import ttl_s

feedparser.api.PREFERRED_XML_PARSERS = ["watcher.formats.expat"]

_ENDS = re.compile(
    rb"</\s*(?:[\w.-]+:)?(?:rss|feed|rdf|entry|channel)\s*>\s*(?:<!--.*?-->\s*)*\Z", re.IGNORECASE | re.DOTALL
)
_OF_MODULES = re.compile(rb"<(?!/?(?:content|dc|dcterms|atom\w*|a10|rdf|rss\w*|sy):)/?[\w-]{1,40}:[^<>]{0,5000}>")
"""Tags of elements that nobody reads here: maps, films, podcasts."""
_MOST_CATEGORIES = 3_000
_CATEGORY = re.compile(rb"<category\b[^<>]{0,2000}>(?:(?:<!\[CDATA\[)?[^<>]{0,2000}(?:\]\]>)?</category\s*>)?")
_TTL = ("ttl", "sy_updateperiod", "sy_updatefrequency")
_DATES = ("published", "created", "updated")


def read(body: bytes, source: Source) -> RawDocument | None:
    """Read *body*; None where it is no XML feed."""
    # Without a Content-Location: feedparser would make absolute URLs of guids, other ones when the feed moves.
    headers = {"content-type": source.content_type} if source.content_type else {}
    parsed = _parse(body, headers)
    if parsed.get("bozo", True) and (mended := escaped(possible(body))) != body:
        parsed = _parse(mended, headers)
    entries = parsed.get("entries") or []
    version = parsed.get("version") or ""
    if not version and not entries:
        return None
    return _document(body, source, parsed, version)


def _parse(body: bytes, headers: Mapping[str, str]) -> Any:
    """By feedparser; where it fails, as it does on elements of modules that are not closed, once more without those. It
    compares each category with all before it: thousands, which nobody reads here, are left out.
    """
    body = body if body.count(b"<category") <= _MOST_CATEGORIES else _CATEGORY.sub(b"", body)
    for readable in (body, _OF_MODULES.sub(b"", body)):
        try:
            return feedparser.parse(
                BytesIO(readable), response_headers=headers, sanitize_html=False, resolve_relative_uris=False
            )
        except (MemoryError, RecursionError):
            raise
        except Exception:  # noqa: BLE001, S112 - KeyError, TypeError …: it says nothing of which it raises
            continue
    return {}


def _document(body: bytes, source: Source, parsed: Mapping[str, Any], version: str) -> RawDocument:
    feed, entries = parsed.get("feed") or {}, parsed["entries"]
    return RawDocument(
        format=version or "xml",
        entries=tuple(_entry(entry) for entry in entries[: source.max_entries]),
        complete=not parsed.get("bozo") or bool(_ENDS.search(body[-4_096:])),
        title=_text(dict.get(feed, "title")),
        lang=_text(dict.get(feed, "language")) or None,
        ttl_s=ttl_s(*(_text(dict.get(feed, name)) for name in _TTL)),
        rests=rests(body),
        base=_text(dict.get(feed, "link")) or None,
        beyond=max(0, len(entries) - source.max_entries),
    )


def _entry(entry: Any) -> RawEntry:
    get = dict.get  # feedparser's own warns of keys that it answers with others
    return RawEntry(
        guid=_text(get(entry, "id")) or None,
        link=_link(entry),
        title=_text(get(entry, "title")),
        bodies=tuple(_bodies(entry)),
        dates=tuple(text for name in _DATES if (text := _text(get(entry, name)))),
        fallback_at=next(_stamps(entry), None),
        author=_text(get(entry, "author")) or None,
    )


def _link(entry: Any) -> str | None:
    """The entry's link; not a guid that feedparser takes for one because nobody said isPermaLink="false"."""
    link, guid = _text(dict.get(entry, "link")), _text(dict.get(entry, "id"))
    if not link or (link == guid and not link.lower().startswith(("http://", "https://", "/"))):
        link = _first_link(dict.get(entry, "links")) or ""
    return urljoin(_base(entry), link) if link else None


def _base(entry: Any) -> str:
    """The `xml:base` that is in force for the entry; '' without one."""
    details = (dict.get(entry, name) for name in ("title_detail", "summary_detail"))
    return next((base for detail in details if detail and (base := _text(dict.get(detail, "base")))), "")


def _first_link(links: Any) -> str | None:
    found = (link for link in links or () if dict.get(link, "rel", "alternate") == "alternate")
    return next((_text(dict.get(link, "href")) for link in found if dict.get(link, "href")), None)


def _bodies(entry: Any) -> list[str]:
    """Content and summary, longest first: the longer one is seldom the teaser."""
    content = [_text(dict.get(part, "value")) for part in dict.get(entry, "content") or ()]
    texts = dict.fromkeys(text for text in [*content, _text(dict.get(entry, "summary"))] if text)
    return sorted(texts, key=len, reverse=True)


def _stamps(entry: Any) -> Iterator[int]:
    for name in _DATES:
        parsed = dict.get(entry, f"{name}_parsed")
        if parsed is not None:
            try:
                yield calendar.timegm(parsed) * 1_000_000
            except (ValueError, OverflowError):
                continue


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
