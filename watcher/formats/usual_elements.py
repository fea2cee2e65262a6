"""Which elements the quick reader knows: those that it reads, and those that mean nothing to a reader of articles.

Whatever is not here makes a document unusual, and feedparser's. What is harmless are elements that feedparser, too,
keeps apart from title, link, texts, dates and author of an entry.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from feedparser.mixin import _FeedParserMixin
from lxml import etree

ATOM = "{http://www.w3.org/2005/Atom}"
CONTENT = "{http://purl.org/rss/1.0/modules/content/}"
DC = "{http://purl.org/dc/elements/1.1/}"
ITUNES = "{http://www.itunes.com/dtds/podcast-1.0.dtd}"
MEDIA = "{http://search.yahoo.com/mrss/}"
SY = "{http://purl.org/rss/1.0/modules/syndication/}"

_CANONICAL: Mapping[str, str] = {uri.lower(): prefix.lower() for uri, prefix in _FeedParserMixin.namespaces.items()}
_HANDLED = frozenset(name.split("_")[2] for name in dir(_FeedParserMixin) if name.startswith(("_start_", "_end_")))
_PREFIXES = _HANDLED & frozenset(_CANONICAL.values())
"""Those that mean something to feedparser, whatever they stand for."""
_DECLARED = re.compile(rb"""xmlns(?::([^\s=]{1,100}))?\s*=\s*["']([^"'<>]{0,1000})["']""")
_ATOM_PREFIXES = frozenset(("", "atom", "a10", "atom10"))

_RSS = "category comments enclosure source"
_HARMLESS: Mapping[str, str] = {
    "": _RSS,
    ATOM: "category contributor generator icon logo rights",
    DC: "subject language publisher rights identifier type format",
    ITUNES: "duration explicit image episode season episodeType order keywords category block title subtitle "
    "new-feed-url",
    MEDIA: (
        "content thumbnail credit group keywords rating category text copyright hash player statistics community "
        "starRating title"
    ),
    "{http://purl.org/rss/1.0/modules/slash/}": "comments section department hit_parade",
    "{http://wellformedweb.org/CommentAPI/}": "comment commentRss",
    "{http://purl.org/syndication/thread/1.0}": "total in-reply-to",
    "{http://purl.org/rss/1.0/modules/threading/}": "total in-reply-to",
    "{http://rssnamespace.org/feedburner/ext/1.0}": "origLink origEnclosureLink info feedFlare emailServiceId",
    "{http://www.georss.org/georss}": "point box line polygon featurename",
    "{http://www.w3.org/2003/01/geo/wgs84_pos#}": "lat long",
    SY: "updateBase",
    "{com-wordpress:feed-additions:1}": "post-id site",
}
_OF_CHANNELS = (
    "description pubDate lastBuildDate generator copyright docs managingEditor webMaster cloud rating skipHours hour "
    "skipDays day author"
)
_OF_PODCASTS = "author owner name email summary type"
CHANNEL = frozenset((*_OF_CHANNELS.split(), DC + "creator", *(ITUNES + name for name in _OF_PODCASTS.split())))
"""More elements of an RSS channel that mean nothing here, or are read elsewhere."""
FEED = frozenset((ATOM + "subtitle", ATOM + "updated", ATOM + "published"))
"""The same of an Atom feed."""
IMAGE = frozenset(("url", "title", "link", "width", "height", "description"))
PERSON = frozenset((ATOM + "name", ATOM + "uri", ATOM + "email"))


def usual_namespaces(root: etree._Element, body: bytes) -> bool:
    """Whether all prefixes and namespaces are what they usually are; feedparser takes a known prefix for its namespace,
    whatever it stands for. What looks like a declaration in *body* may also stand in a text.
    """
    declared = {(prefix or "", uri) for prefix, uri in root.nsmap.items()}
    looks_so = {(prefix.decode("latin-1"), uri.decode("latin-1")) for prefix, uri in _DECLARED.findall(body)}
    if looks_so - declared:
        declared |= {(prefix or "", uri) for element in root.iter() for prefix, uri in element.nsmap.items()}
    return all(_usual(prefix, uri) for prefix, uri in declared)


@lru_cache(4_096)
def _usual(prefix: str, uri: str) -> bool:
    known = _CANONICAL.get(uri.lower())
    if known is None:
        return prefix.lower() not in _PREFIXES if prefix else uri == "com-wordpress:feed-additions:1"
    if f"{{{uri}}}" == ATOM:
        return prefix in _ATOM_PREFIXES
    return known not in ("", "xhtml", "xlink") and prefix == known


@lru_cache(4_096)
def harmless(tag: str) -> bool:
    """Whether an element means nothing here: *tag* with its namespace as lxml writes it."""
    namespace, closed, name = tag.rpartition("}")
    known = _HARMLESS.get(namespace + closed)
    if known is None:
        return bool(namespace) and namespace[1:].lower() not in _CANONICAL
    return name in known.split()
