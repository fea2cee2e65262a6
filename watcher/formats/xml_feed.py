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

import feedparser
import feedparser.api

from watcher.entry import RawDocument, RawEntry
from watcher.formats.rests import rests
from watcher.formats.source import Source

feedparser.api.PREFERRED_XML_PARSERS = ["watcher.formats.expat"]

_PERIODS_S = {"hourly": 3_600, "daily": 86_400, "weekly": 604_800, "monthly": 2_592_000, "yearly": 31_536_000}
_ENDS = re.compile(
    rb"</\s*(?:[\w.-]+:)?(?:rss|feed|rdf|entry|channel)\s*>\s*(?:<!--.*?-->\s*)*\Z", re.IGNORECASE | re.DOTALL
)
_BARE_AMPERSAND = re.compile(
    rb"(<!\[CDATA\[.*?\]\]>|<!--.*?-->)|&(?!#[0-9]{1,7};|#[xX][0-9a-fA-F]{1,6};|[a-zA-Z][a-zA-Z0-9]{1,31};)", re.DOTALL
)
_SAYS_UTF16 = re.compile(rb"""(<\?xml[^>]{0,100}encoding\s*=\s*["'])utf-?16(?:le|be)?(["'])""", re.IGNORECASE)
_DATES = ("published", "created", "updated")


def read(body: bytes, source: Source) -> RawDocument | None:
    """Read *body*; None where it is no XML feed."""
    # Without a Content-Location: feedparser would make absolute URLs of guids, other ones when the feed moves.
    headers = {"content-type": source.content_type} if source.content_type else {}
    readable = _believable_encoding(body)
    parsed = _parse(readable, headers)
    if parsed.get("bozo") and (mended := _escaped(readable)) != readable:
        parsed = _parse(mended, headers)
    entries = parsed.get("entries") or []
    version = parsed.get("version") or ""
    if not version and not entries:
        return None
    return _document(body, source, parsed, version)


def _parse(body: bytes, headers: Mapping[str, str]) -> Any:
    return feedparser.parse(BytesIO(body), response_headers=headers, sanitize_html=False, resolve_relative_uris=False)


def _escaped(body: bytes) -> bytes:
    """*body* with each bare ampersand written out, which feedparser would read as "Q&A;"."""
    return _BARE_AMPERSAND.sub(lambda found: found[0] if found[1] else b"&amp;", body)


def _document(body: bytes, source: Source, parsed: Mapping[str, Any], version: str) -> RawDocument:
    feed, entries = parsed.get("feed") or {}, parsed["entries"]
    return RawDocument(
        format=version or "xml",
        entries=tuple(_entry(entry) for entry in entries[: source.max_entries]),
        complete=not parsed.get("bozo") or bool(_ENDS.search(body[-4_096:])),
        title=_text(dict.get(feed, "title")),
        lang=_text(dict.get(feed, "language")) or None,
        ttl_s=_ttl_s(feed),
        rests=rests(body),
        base=_text(dict.get(feed, "link")) or None,
        beyond=max(0, len(entries) - source.max_entries),
    )


def _believable_encoding(body: bytes) -> bytes:
    """A document whose declaration can be read as ASCII is not UTF-16, whatever the declaration says."""
    return _SAYS_UTF16.sub(rb"\1utf-8\2", body[:200], count=1) + body[200:] if b"<?xml" in body[:64] else body


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
    if link and (link != guid or link.lower().startswith(("http://", "https://", "/"))):
        return link
    return _first_link(dict.get(entry, "links"))


def _first_link(links: Any) -> str | None:
    found = (link for link in links or () if dict.get(link, "rel", "alternate") == "alternate")
    return next((_text(dict.get(link, "href")) for link in found if dict.get(link, "href")), None)


def _bodies(entry: Any) -> list[str]:
    """Content and summary, longest first: the longer one is seldom the teaser."""
    content = [_text(dict.get(part, "value")) for part in dict.get(entry, "content") or ()]
    return sorted((text for text in [*content, _text(dict.get(entry, "summary"))] if text), key=len, reverse=True)


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


def _ttl_s(feed: Any) -> int | None:
    """The rest that the feed asks for: RSS `ttl` in minutes, or `sy:updatePeriod` divided by `sy:updateFrequency`."""
    ttl = _text(dict.get(feed, "ttl")).strip()
    if ttl.isascii() and ttl.isdigit() and len(ttl) < 7:
        return int(ttl) * 60
    period_s = _PERIODS_S.get(_text(dict.get(feed, "sy_updateperiod")).strip().lower())
    often = _text(dict.get(feed, "sy_updatefrequency")).strip()
    times = int(often) if often.isascii() and often.isdigit() and len(often) < 5 else 1
    return period_s // max(1, times) if period_s else None
