"""A body to a document of clean entries, or the reason in words why it is no feed. Pure; runs in child processes."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from net.decode import BadCoding, Body, TooLarge
from watcher.clean import plain_line, plain_text, safe_link
from watcher.dates import published
from watcher.entry import Document, Entry, NotAFeed, RawDocument, RawEntry
from watcher.formats.encoding import believable
from watcher.formats.readers import READERS
from watcher.formats.source import Source
from watcher.identity import canonical_url, content_hash, names_of
from watcher.language import spoken

UNPACKED_BYTES = 15_000_000

_LANG = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*")
_HTML = re.compile(rb"<!doctype\s+html|<html[\s>]|<head[\s>]|<body[\s>]", re.IGNORECASE)
_CHALLENGE = re.compile(
    rb"cf-chl|challenge-platform|just a moment\.\.\.|attention required|ddos-guard|captcha|are you a (?:human|robot)"
    rb"|checking your browser|enable javascript and cookies|incapsula|px-captcha|_abck|datadome",
    re.IGNORECASE,
)
_LOGIN = re.compile(rb"""type\s*=\s*["']?password""", re.IGNORECASE)


def parse(body: bytes, source: Source, now: datetime) -> Document | NotAFeed:
    """Read *body* as of *now* (for dates that cannot be believed)."""
    body, content_type = believable(_unpacked(body), source.content_type)
    source = replace(source, content_type=content_type)
    if not body.strip(b"\0 \t\r\n"):
        return NotAFeed(error_class="empty", message="the document is empty")
    for read in READERS:
        if (raw := read(body, source)) is not None:
            return _document(raw, source, now) if raw.entries or raw.complete else _broken(raw)
    return explain(body)


def _unpacked(body: bytes) -> bytes:
    """A file that was packed before it was served, as sitemaps are, unpacked within the usual limit."""
    if body[:2] != b"\x1f\x8b":
        return body
    unpacked = Body("gzip", UNPACKED_BYTES)
    with contextlib.suppress(TooLarge, BadCoding):
        unpacked.feed(body)
    return unpacked.bytes() or body


def _broken(raw: RawDocument) -> NotAFeed:
    return NotAFeed(error_class="truncated", message=f"the {raw.format} document breaks off before its first entry")


def _document(raw: RawDocument, source: Source, now: datetime) -> Document:
    base = safe_link(raw.base, source.url) or source.url
    lang = _language(raw.lang)
    return Document(
        format=raw.format,
        title=plain_line(raw.title),
        entries=tuple(_entry(entry, base, lang, now) for entry in raw.entries),
        beyond=raw.beyond,
        complete=raw.complete,
        ttl_s=raw.ttl_s,
        rests=raw.rests,
    )


def _entry(raw: RawEntry, base: str, lang: str | None, now: datetime) -> Entry:
    title = plain_line(raw.title)
    text = _longest(raw.bodies)
    link = safe_link(raw.link, base) or safe_link(_as_link(raw.guid), base)
    url = canonical_url(link) if link else None
    content = content_hash(title, text)
    published_at, published_from = published(raw.dates, now, raw.fallback_at)
    return Entry(
        names=names_of(guid=raw.guid, url=url, title=title, content=content if title or text else None),
        url=url,
        title=title,
        text=text,
        author=plain_line(raw.author or "", 200) or None,
        lang=spoken(title, text, _language(raw.lang) or lang),
        published_at=published_at,
        published_from=published_from,
        content_hash=content,
    )


def _longest(bodies: Sequence[str]) -> str:
    """The longest text of *bodies*, which come longest first with their tags: a body of pictures has little text."""
    best = ""
    for body in bodies:
        if len(body) > len(best) and len(text := plain_text(body)) > len(best):
            best = text
    return best


def _as_link(guid: str | None) -> str | None:
    return guid if guid and guid.lower().startswith(("http://", "https://")) else None


def _language(tag: str | None) -> str | None:
    value = (tag or "").strip().replace("_", "-")
    return value if _LANG.fullmatch(value) else None


def explain(body: bytes) -> NotAFeed:
    """Why *body*, which no format knows, is what a person would say it is."""
    head = body[:200_000]
    if b"<opml" in head.lower():
        return NotAFeed(error_class="opml", message="this is a list of feeds (OPML), not a feed; import it instead")
    if not _HTML.search(head):
        return NotAFeed(error_class="not_a_feed", message=f"this is not a feed; it begins with {_beginning(body)}")
    if _CHALLENGE.search(head):
        return NotAFeed(
            error_class="challenge", message="the site answers with a challenge page for browsers, not a feed"
        )
    if _LOGIN.search(head):
        return NotAFeed(error_class="login", message="the site answers with a page to sign in, not a feed")
    return NotAFeed(error_class="html", message="this is an HTML page, not a feed; look for the address of its feed")


def _beginning(body: bytes) -> str:
    text = plain_line(body[:400].decode("utf-8", "replace"), 60)
    return repr(text) if text else "nothing that can be read"
