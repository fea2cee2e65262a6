"""Google News sitemaps: `urlset` with `news:news` (https://www.google.com/schemas/sitemap-news/0.9)."""

from __future__ import annotations

import contextlib
import re
from html import escape
from io import BytesIO

from lxml import etree

from watcher.entry import RawDocument, RawEntry
from watcher.formats.ampersand import escaped
from watcher.formats.source import Source

_IS_ONE = re.compile(rb"<(?:[\w-]{1,20}:)?urlset[\s>]", re.IGNORECASE)
_ENDS = re.compile(rb"</\s*(?:[\w-]{1,20}:)?urlset\s*>", re.IGNORECASE)


def read(body: bytes, source: Source) -> RawDocument | None:
    """Read *body*; None where it is no sitemap. Sitemaps without news have links only, and give no entries."""
    if not _IS_ONE.search(body[:4_096]):
        return None
    entries: list[RawEntry] = []
    events = etree.iterparse(
        BytesIO(escaped(body)),
        tag="{*}url",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        recover=True,
    )
    with contextlib.suppress(etree.XMLSyntaxError):  # what came before is read
        for _event, element in events:
            if (entry := _entry(element)) is not None:
                entries.append(entry)
            element.clear()
    complete = bool(_ENDS.search(body[-1_024:]))
    kept = tuple(entries[: source.max_entries])
    return RawDocument(format="news-sitemap", entries=kept, complete=complete, beyond=len(entries) - len(kept))


def _entry(element: etree._Element) -> RawEntry | None:
    news = element.find("{*}news")
    title = _of(element if news is None else news, "title")  # not that of a picture
    if not title:
        return None
    link = (element.findtext("{*}loc") or "").strip() or None
    return RawEntry(
        guid=link,
        link=link,
        title=escape(title, quote=False),
        dates=tuple(date for date in (_of(element, "publication_date"), _of(element, "lastmod")) if date),
        lang=_of(element, "language") or None,
    )


def _of(element: etree._Element, name: str) -> str:
    return (element.findtext(f".//{{*}}{name}") or "").strip()
