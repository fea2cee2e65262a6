"""The feeds that a page names, and where sites usually keep theirs (blog.whatwg.org/feed-autodiscovery). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from urllib.parse import urljoin, urlsplit

from lxml import etree

from net.guard import check_url

MOST = 6
"""Addresses taken of a page, and usual places taken."""
_READ = 500_000
_TYPES = frozenset(
    ("application/rss+xml", "application/atom+xml", "application/rdf+xml", "application/feed+json", "application/json")
)
_USUAL = ("feed", "rss", "rss.xml", "feed.xml", "atom.xml", "index.xml", "feed.json")
_LIKE_A_FEED = re.compile(r"(?:^|[/._?=&-])(?:rss|atom|feeds?|rdf)(?:$|[/._?=&-]|\d)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An address where a feed may be; `how` says why we think so."""

    url: str
    how: str
    title: str = ""


def named_in(page: bytes, url: str) -> tuple[Candidate, ...]:
    """The feeds that the HTML *page* at *url* names: in its head (link rel=alternate) first, then in its links."""
    root = etree.fromstring(page[:_READ] or b"<html/>", etree.HTMLParser(no_network=True))
    if root is None:
        return ()
    base = _joined(url, next((element.get("href", "") for element in root.iter("base")), ""))
    declared = (
        Candidate(url=_joined(base, link.get("href")), how="the page names it", title=link.get("title", "")[:200])
        for link in root.iter("link")
        if link.get("href") and _is_feed(link.get("rel", ""), link.get("type", ""))
    )
    linked = (
        Candidate(url=_joined(base, link.get("href")), how="the page links to it")
        for link in root.iter("a")
        if _LIKE_A_FEED.search(link.get("href", ""))
    )
    return _first(chain(declared, linked))


def usual_places(url: str) -> tuple[Candidate, ...]:
    """Where a feed usually is: below the page, then at the root of its site."""
    path = urlsplit(url).path
    below = url.partition("?")[0].partition("#")[0].rstrip("/") + "/" if path.strip("/") else None
    bases = [base for base in (below, urljoin(url, "/")) if base]
    few = _USUAL[: MOST // len(bases)]
    return _first(Candidate(url=base + name, how="a usual place") for base in bases for name in few)


def _first(found: Iterable[Candidate]) -> tuple[Candidate, ...]:
    """Each address once, those that may be asked."""
    unique: dict[str, Candidate] = {}
    for candidate in found:
        if check_url(candidate.url) is None:
            unique.setdefault(candidate.url, candidate)
    return tuple(unique.values())[:MOST]


def _is_feed(relation: str, kind: str) -> bool:
    relations = relation.lower().split()
    return ("alternate" in relations and kind.lower().partition(";")[0].strip() in _TYPES) or "feed" in relations


def _joined(base: str, href: str | None) -> str:
    try:
        return urljoin(base, (href or "").strip()).partition("#")[0]
    except ValueError:
        return base
