"""OPML in and out: the feeds of a reader's list, and ours as a list (http://opml.org/spec2.opml)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from lxml import etree

from net.guard import check_url
from store.feeds import Feed
from watcher.feed import outlet_of

MAX_BYTES = 20_000_000
MAX_FEEDS = 20_000
_NOT_A_TAG = re.compile(r"[^a-z0-9._-]+")


class OpmlError(ValueError):
    """The document is no list that can be read; the message says why and how to mend it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """The feeds of a list in its order, each URL once, and what was left out, with the line and the reason."""

    feeds: tuple[Feed, ...]
    skipped: tuple[str, ...]


def read_opml(document: bytes) -> Imported:
    """The feeds of an OPML *document*; folders become tags.

    Raises:
        OpmlError: it is too large, no XML, no OPML, or declares entities (which could blow it up).
    """
    if len(document) > MAX_BYTES:
        raise OpmlError(f"the list has {len(document)} bytes, more than {MAX_BYTES}; split it")
    feeds: dict[str, Feed] = {}
    skipped: list[str] = []
    for outline, tags in _outlines(_bodies(document)):
        url = _value(outline, "xmlUrl")
        problem = _problem(url, feeds) if url else _no_feed(outline)
        if problem:
            skipped.append(f"line {outline.sourceline}: {problem}")
        else:
            feeds[url] = _feed(url, _name(outline), tags)
    return Imported(feeds=tuple(feeds.values()), skipped=tuple(skipped))


def write_opml(feeds: Iterable[Feed]) -> bytes:
    """*feeds* as an OPML 2.0 document; tags become `category` attributes."""
    root = etree.Element("opml", version="2.0")
    etree.SubElement(etree.SubElement(root, "head"), "title").text = "Feeds watched by Tocsin"
    body = etree.SubElement(root, "body")
    for one in feeds:
        values = {"type": "rss", "text": one.name, "title": one.name, "xmlUrl": one.url}
        if one.tags:
            values["category"] = ",".join(one.tags)
        etree.SubElement(body, "outline", values)
    return bytes(etree.tostring(root, xml_declaration=True, encoding="utf-8", pretty_print=True))


def _bodies(document: bytes) -> list[etree._Element]:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(document.removeprefix(b"\xef\xbb\xbf").lstrip(), parser)
    except etree.XMLSyntaxError as error:
        raise OpmlError(f"no well-formed XML: {' '.join(error.msg.split())}; export the list again") from None
    declared: Any = root.getroottree().docinfo.internalDTD
    if declared is not None and any(True for _ in declared.iterentities()):
        raise OpmlError("the list declares XML entities, which a list of feeds does not need; remove its DOCTYPE")
    bodies = [child for child in root if _is(child, "body")] if _is(root, "opml") else []
    if not bodies:
        raise OpmlError("no OPML: expected <opml> with a <body>; choose the file that a feed reader exports")
    return bodies


def _outlines(bodies: list[etree._Element]) -> Iterator[tuple[etree._Element, tuple[str, ...]]]:
    """Every outline that is no folder, empty ones among them, in the order of the document, with the names of the
    folders around it as tags. Some nest feeds in feeds.
    """
    waiting: list[tuple[etree._Element, tuple[str, ...]]] = [(body, ()) for body in reversed(bodies)]
    while waiting:
        element, tags = waiting.pop()
        if _is(element, "outline") and _is_one(element):
            own = tuple(map(_tag, _value(element, "category").replace("/", ",").split(",")))
            yield element, tuple(dict.fromkeys(tag for tag in (*tags, *own) if tag))
        elif _is(element, "outline"):
            tags = (*tags, _tag(_name(element)))
        waiting += [(child, tags) for child in reversed(element) if _is(child, "outline")]


def _is_one(outline: etree._Element) -> bool:
    """Whether an outline is meant as a feed, or as something that is not taken; what holds others is a folder, though
    readers write it with a type.
    """
    if _value(outline, "xmlUrl"):
        return True
    holds_others = any(_is(child, "outline") for child in outline)
    return not holds_others and any(_value(outline, name) for name in ("type", "url", "htmlUrl"))


def _is(element: etree._Element, name: str) -> bool:
    """Whether it has this name, in whatever namespace and letters."""
    return str(element.tag).rpartition("}")[2].lower() == name


def _value(element: etree._Element, name: str) -> str:
    """An attribute, in whatever letters; '' without it."""
    exact = element.get(name)
    if exact is not None:
        return exact.strip()
    return next((str(value).strip() for key, value in element.items() if str(key).lower() == name.lower()), "")


def _name(outline: etree._Element) -> str:
    return _value(outline, "title") or _value(outline, "text")


def _no_feed(outline: etree._Element) -> str:
    name = f"{_name(outline)[:80]!r} " if _name(outline) else ""
    if _value(outline, "type").lower() == "include":
        return f"{name}includes another list, which is not followed; import that one too"
    return f"{name}has no xmlUrl, and so names no feed"


def _tag(words: str) -> str:
    return _NOT_A_TAG.sub("-", words.lower()).strip("-._")[:64]


def _problem(url: str, feeds: dict[str, Feed]) -> str:
    if url in feeds:
        return f"{url} is here twice; the first one is taken"
    if len(feeds) >= MAX_FEEDS:
        return f"{url}: more than {MAX_FEEDS} feeds; split the list"
    refused = check_url(url)
    return f"{url[:200]}: {refused}" if refused else ""


def _feed(url: str, name: str, tags: tuple[str, ...]) -> Feed:
    outlet = outlet_of(url)
    return Feed(url=url, name=" ".join(name.split())[:200] or outlet, outlet=outlet, tier="press", tags=tags)
