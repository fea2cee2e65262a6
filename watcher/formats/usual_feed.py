"""RSS 2.0 and Atom as most sites write them, by lxml in a fifth of feedparser's time, with the very same outcome.

What is not well-formed, or has one element, attribute or namespace that is not in `usual_elements`, is left to
feedparser: nothing is guessed here. Tests hold both against each other.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable
from urllib.parse import urljoin, urlsplit

from lxml import etree

from watcher.entry import RawDocument, RawEntry
from watcher.formats.encoding import UTF_8
from watcher.formats.rests import rests
from watcher.formats.source import Source
from watcher.formats.ttl import ttl_s
from watcher.formats.usual_elements import (
    ATOM,
    CHANNEL,
    CONTENT,
    DC,
    FEED,
    IMAGE,
    ITUNES,
    MEDIA,
    PERSON,
    SY,
    harmless,
    usual_namespaces,
)

_XML = "{http://www.w3.org/XML/1998/namespace}"
_XML_LANG = f"{_XML}lang"
_BASES = frozenset(("base", f"{_XML}base"))
_OF_MEDIA = frozenset((MEDIA + "description",))
_TYPES = frozenset((None, "text", "html", "text/plain", "text/html"))
_TYPED = frozenset(("type", _XML_LANG, f"{_XML}space", f"{_XML}base"))
_SLASHES = re.compile(r"^([A-Za-z][A-Za-z0-9+-.]*://)/+")
_CHARACTER = re.compile(r"&([A-Za-z0-9_]+);")
_C1 = re.compile("[\x80-\x9f]")
_WINDOWS = {code: bytes([code]).decode("cp1252") for code in range(0x80, 0xA0) if code not in (129, 141, 143, 144, 157)}
_OF_A_LINK = frozenset(("rel", "type", "href", "title", "hreflang", "length"))
_HTML_TYPES = frozenset(("html", "text/html", "xhtml", "application/xhtml+xml"))

Element = etree._Element


class _Unusual(Exception):  # noqa: N818
    """Something is there that feedparser is to judge."""


def read(body: bytes, source: Source) -> RawDocument | None:
    """Read *body*; None where it is unusual."""
    if source.content_type != UTF_8:
        return None
    try:
        root = etree.fromstring(body, _parser())
        info = etree.ElementTree(root).docinfo
        _expect(info.internalDTD is None and info.xml_version == "1.0" and usual_namespaces(root, body))
        document = _rss(root, body, source) if root.tag == "rss" else _atom(root, body, source)
        _expect(b"xml:base" not in body or _stands_alone(document))
        return document
    except (etree.XMLSyntaxError, ValueError, _Unusual):
        return None


def _parser() -> etree.XMLParser:
    return etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
        strip_cdata=True,
        collect_ids=False,
        huge_tree=False,
    )


def _stands_alone(document: RawDocument) -> bool:
    """Whether no link and no guid depends on what it is read against: feedparser keeps the last `xml:base`."""
    urls = (document.base, *(url for entry in document.entries for url in (entry.link, entry.guid)))
    return all(url is None or _is_absolute(url) for url in urls)


def _is_absolute(url: str) -> bool:
    scheme = urlsplit(url).scheme
    return bool(scheme) and urljoin(f"{scheme}://a/", url) == url


# -- RSS --------------------------------------------------------------------------------------------------------------
def _rss(root: Element, body: bytes, source: Source) -> RawDocument:
    _expect(root.get("version", "").startswith("2.") and [child.tag for child in root] == ["channel"])
    _expect(not root[0].attrib and not _BASES & set(root.attrib))
    items, own = _parted(root[0], "item")
    found = _Children(own, frozenset(("title", "link", "language", "ttl", SY + "updatePeriod", SY + "updateFrequency")))
    for other in found.others:
        _expect(_is_plain_link(other) or _is_image(other) or _means_nothing(other, CHANNEL))
        _expect(not _has_media_title(other))
    return RawDocument(
        format="rss20",
        entries=tuple(_item(item) for item in items[: source.max_entries]),
        title=_marked_up(found.one("title")),
        lang=_value(found.one("language")) or (root.get(_XML_LANG, root.get("lang")) or "").replace("_", "-") or None,
        ttl_s=ttl_s(*(_bare(found.one(name)) for name in ("ttl", SY + "updatePeriod", SY + "updateFrequency"))),
        rests=rests(body),
        base=_without_semicolons(_fewer_slashes(_bare(found.one("link")))) or None,
        beyond=max(0, len(items) - source.max_entries),
    )


_ITEM = frozenset(("title", "link", "description", "guid", "pubDate", CONTENT + "encoded", DC + "date"))
_AUTHORS = frozenset(("author", DC + "creator", ITUNES + "author"))


def _item(item: Element) -> RawEntry:
    _expect(not item.attrib)
    found = _Children(item, _ITEM)
    authors = [other for other in found.others if other.tag in _AUTHORS]
    for other in found.others:
        _expect(other.tag in _AUTHORS or _is_plain_link(other) or _means_nothing(other, _OF_MEDIA))
    title = _marked_up(found.one("title"))
    _expect(bool(title) or not _has_media_title(item))
    _expect(item.find("source") is None or not _has_media_title(item))
    guid, link = found.one("guid"), found.one("link")
    is_link = guid is not None and guid.get("isPermaLink", "true") == "true"
    id = _value(guid)
    id = _fewer_slashes(id) if is_link else id
    return RawEntry(
        guid=id or None,
        link=_linked(_bare(link)) or None if link is not None else _as_link(id) if is_link else None,
        title=title,
        bodies=_bodies(item, found.one(CONTENT + "encoded"), found.one("description")),
        dates=_dates(found.one("pubDate"), found.one(DC + "date")),
        author=_value(authors[-1]) or None if authors else None,
    )


def _has_media_title(item: Element) -> bool:
    return next(item.iter(MEDIA + "title"), None) is not None


def _linked(link: str) -> str:
    """What feedparser makes of the text of an item's link."""
    return _without_semicolons(_fewer_slashes(link).replace("&amp;", "&"))


def _without_semicolons(link: str) -> str:
    """Parameters that somebody took for characters: `?a=1&b;=2`."""
    return _CHARACTER.sub(r"&\1", link)


def _as_link(guid: str) -> str | None:
    return guid if guid.lower().startswith(("http://", "https://", "/")) else None


def _is_plain_link(element: Element) -> bool:
    """Whether it is a link of Atom that is not to the article."""
    if element.tag != ATOM + "link" or len(element):
        return False
    rel = element.get("rel", "alternate").lower()
    return rel != "alternate" and "href" in element.attrib and set(element.attrib) <= _OF_A_LINK


def _is_image(element: Element) -> bool:
    parts = list(element.iter())
    plain = element.tag == "image" and not any(part.attrib for part in parts)
    return plain and all(part.tag in IMAGE and not len(part) for part in parts[1:])


# -- Atom -------------------------------------------------------------------------------------------------------------
def _atom(root: Element, body: bytes, source: Source) -> RawDocument:
    _expect(root.tag == ATOM + "feed" and set(root.attrib) <= {_XML_LANG, "lang"})
    entries, own = _parted(root, ATOM + "entry")
    wanted = frozenset((ATOM + "title", ATOM + "id", SY + "updatePeriod", SY + "updateFrequency"))
    found = _Children(own, wanted)
    links = [other for other in found.others if other.tag == ATOM + "link"]
    for other in found.others:
        _expect(other.tag == ATOM + "link" or _is_person(other) or _means_nothing(other, FEED))
        _expect(not _has_media_title(other))
    id = found.one(ATOM + "id")
    return RawDocument(
        format="atom10",
        entries=tuple(_entry(entry) for entry in entries[: source.max_entries]),
        title=_marked_up(found.one(ATOM + "title")),
        lang=(root.get(_XML_LANG, root.get("lang")) or "").replace("_", "-") or None,
        ttl_s=ttl_s("", *(_bare(found.one(name)) for name in (SY + "updatePeriod", SY + "updateFrequency"))),
        rests=rests(body),
        base=_page(links) or _fewer_slashes(_bare(id)) or None,
        beyond=max(0, len(entries) - source.max_entries),
    )


_ENTRY = frozenset(ATOM + name for name in ("title", "id", "summary", "content", "published", "updated"))


def _entry(entry: Element) -> RawEntry:
    _expect(not entry.attrib)
    found = _Children(entry, _ENTRY)
    links = [other for other in found.others if other.tag == ATOM + "link"]
    authors = [other for other in found.others if other.tag == ATOM + "author"]
    for other in found.others:
        _expect(other.tag == ATOM + "link" or _is_person(other) or _means_nothing(other, _OF_MEDIA))
    title = _marked_up(found.one(ATOM + "title"))
    _expect(bool(title) or not _has_media_title(entry))
    id = _fewer_slashes(_bare(found.one(ATOM + "id")))
    link = _page(links) or id
    if link == id and not _as_link(id):
        link = next((href for rel, _, href in map(_target, links) if rel == "alternate" and href), "")
    return RawEntry(
        guid=id or None,
        link=link or None,
        title=title,
        bodies=_bodies(entry, found.one(ATOM + "content"), found.one(ATOM + "summary")),
        dates=_dates(found.one(ATOM + "published"), found.one(ATOM + "updated")),
        author=_author(authors[-1]) or None if authors else None,
    )


def _page(links: Iterable[Element]) -> str:
    """The last link to a page for people."""
    pages = [href for rel, type, href in map(_target, links) if rel == "alternate" and type in _HTML_TYPES]
    return pages[-1] if pages else ""


def _target(link: Element) -> tuple[str, str, str]:
    _expect(not len(link) and "href" in link.attrib and link.get("href") != "")
    _expect({name for name in link.attrib if "}" not in name} <= _OF_A_LINK)
    rel, type = link.get("rel", "alternate").lower(), link.get("type", "text/html").lower()
    return rel, type, _fewer_slashes(link.get("href", ""))


def _is_person(element: Element) -> bool:
    if element.tag not in (ATOM + "author", ATOM + "contributor") or element.attrib or _is_mixed(element):
        return False
    return all(child.tag in PERSON or harmless(child.tag) for child in element) and not any(map(len, element))


def _is_mixed(element: Element) -> bool:
    """Whether there are words between its parts."""
    return len(element) > 0 and any((text or "").strip() for text in (element.text, *(part.tail for part in element)))


def _author(person: Element) -> str:
    """Name and address as feedparser puts them together."""
    name, email = (_last(person, ATOM + part) for part in ("name", "email"))
    if len(person) == 0:
        return _value(person)
    return f"{name} ({email})" if name and email else name or email


def _last(person: Element, tag: str) -> str:
    found = [child.text or "" for child in person if child.tag == tag]
    return found[-1].strip() if found else ""


class _Children:
    """The children of an element: those that are wanted, of which there is one each at most, and the others."""

    def __init__(self, children: Iterable[Element], wanted: frozenset[str]) -> None:
        self._wanted: dict[str, Element] = {}
        self.others: list[Element] = []
        for child in children:
            if child.tag not in wanted:
                self.others.append(child)
            elif child.tag in self._wanted:
                raise _Unusual
            else:
                self._wanted[child.tag] = child

    def one(self, tag: str) -> Element | None:
        return self._wanted.get(tag)


def _expect(usual: bool) -> None:
    if not usual:
        raise _Unusual


def _parted(parent: Element, tag: str) -> tuple[list[Element], list[Element]]:
    """The children with this *tag*, and the others."""
    return [child for child in parent if child.tag == tag], [child for child in parent if child.tag != tag]


def _means_nothing(element: Element, more: frozenset[str] = frozenset()) -> bool:
    """Whether it and all within it are harmless; *more* are harmless here."""
    if not len(element):
        return _is_harmless(element, more)
    return all(_is_harmless(part, more) for part in element.iter())


def _is_harmless(element: Element, more: frozenset[str]) -> bool:
    """Not where it says against what links are to be read."""
    if element.tag not in more and not harmless(element.tag):
        return False
    return not element.attrib or not _BASES & set(element.attrib)


def _bare(element: Element | None) -> str:
    """The text of an element that has no attributes."""
    _expect(element is None or not element.attrib)
    return _value(element)


def _marked_up(element: Element | None) -> str:
    """The text of an element that may say what its text is."""
    if element is not None and element.attrib:
        _expect(set(element.attrib) <= _TYPED and element.get("type") in _TYPES)
    return _value(element)


def _value(element: Element | None) -> str:
    if element is None:
        return ""
    _expect(not len(element))
    return _mended((element.text or "").strip())


def _mended(text: str) -> str:
    """As feedparser does: UTF-8 that was read as Latin-1 and written again, and Windows' characters under their codes
    there.
    """
    if text.isascii():
        return text
    with contextlib.suppress(UnicodeError):
        text = text.encode("iso-8859-1").decode("utf-8")
    return text.translate(_WINDOWS) if _C1.search(text) else text


def _fewer_slashes(url: str) -> str:
    return _SLASHES.sub(r"\1", url)


def _bodies(entry: Element, content: Element | None, summary: Element | None) -> tuple[str, ...]:
    """Longest first: the longer one is seldom the teaser. The description of a film where there is nothing else."""
    films = [*entry.iter(MEDIA + "description")]
    _expect(not films or (len(films) == 1 and content is None and summary is None))
    texts = (_marked_up(one) for one in (content, summary, *films))
    return tuple(sorted({text: None for text in texts if text}, key=len, reverse=True))


def _dates(published: Element | None, updated: Element | None) -> tuple[str, ...]:
    dates = tuple(text for date in (published, updated) if (text := _value(date)))
    _expect(all(map(str.isascii, dates)))  # feedparser knows writings of dates that nobody else does
    return dates
