"""A body to a document of clean entries, or the reason in words why it is no feed. Pure; runs in child processes."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from urllib.parse import urlsplit

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
_PACKED = 3
"""So many times a body may have been packed."""
_ENOUGH = 1_000
"""Characters of text in a body after which no other one is looked at."""

_LANG = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*")
_HTML = re.compile(rb"<!doctype\s+html|<html[\s>]|<head[\s>]|<body[\s>]", re.IGNORECASE)
_CHALLENGE = re.compile(
    rb"cf-chl|challenge-platform|just a moment\.\.\.|attention required|ddos-guard|captcha|are you a (?:human|robot)"
    rb"|checking your browser|enable javascript and cookies|incapsula|px-captcha|_abck|datadome",
    re.IGNORECASE,
)
_CHALLENGE_BYTES = 60_000  # a page that is longer has something to say; many use a captcha for comments
_LOGIN = re.compile(rb"""type\s*=\s*["']?password""", re.IGNORECASE)
_LOGIN_URL = re.compile(r"/(?:log-?in|sign-?in|sso|account/login|wp-login\.php|paywall|subscribe)\b", re.IGNORECASE)
_HEADINGS = re.compile(rb"<(title|h1)\b[^<>]{0,500}>(.{1,300}?)</\1", re.IGNORECASE | re.DOTALL)
_MISSING = re.compile(
    rb"\b404\b|not found|page (?:is |was )?(?:missing|gone|unavailable)|(?:does ?n[o']t|no longer) exist"
    rb"|can(?:no|')t (?:be found|find)|nicht gefunden|introuvable|no encontrad|n\xc3\xa3o encontrad|non trovat",
    re.IGNORECASE,
)


def parse(body: bytes, source: Source, now: datetime) -> Document | NotAFeed:
    """Read *body* as of *now* (for dates that cannot be believed)."""
    body, content_type = believable(_unpacked(body), source.content_type)
    source = replace(source, content_type=content_type)
    if not body.strip(b"\0 \t\r\n"):
        return NotAFeed(error_class="empty", message="the document is empty")
    for read in READERS:
        if (raw := read(body, source)) is not None:
            return _document(raw, source, now) if raw.entries or raw.complete else _broken(raw)
    return explain(body, source.url)


def _unpacked(body: bytes) -> bytes:
    """A file that was packed before it was served, as sitemaps are, or that was packed again on its way, unpacked
    within the usual limit.
    """
    for _ in range(_PACKED):
        if body[:2] != b"\x1f\x8b":
            break
        unpacked = Body("gzip", UNPACKED_BYTES)
        with contextlib.suppress(TooLarge, BadCoding):
            unpacked.feed(body)
        body = unpacked.bytes() or body
    return body


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
        if len(best) >= _ENOUGH or len(body) <= len(best):
            break
        best = max(best, plain_text(body), key=len)
    return best


def _as_link(guid: str | None) -> str | None:
    return guid if guid and guid.lower().startswith(("http://", "https://")) else None


def _language(tag: str | None) -> str | None:
    value = (tag or "").strip().replace("_", "-")
    return value if _LANG.fullmatch(value) else None


def explain(body: bytes, url: str = "") -> NotAFeed:
    """Why *body*, which no format knows, is what a person would say it is; *url* is what answered in the end."""
    head = body[:200_000]
    if b"<opml" in head.lower():
        return NotAFeed(error_class="opml", message="this is a list of feeds (OPML), not a feed; import it instead")
    if b"<sitemapindex" in head:
        return NotAFeed(
            error_class="not_a_feed", message="this is a list of sitemaps; give the address of its news sitemap"
        )
    if not _HTML.search(head):
        return NotAFeed(error_class="not_a_feed", message=f"this is not a feed; it begins with {_beginning(body)}")
    error_class, message = next((why for holds, why in _PAGES if holds(head, url)), _ANY_PAGE)
    return NotAFeed(error_class=error_class, message=message)


def _is_challenge(head: bytes, _url: str) -> bool:
    return len(head) < _CHALLENGE_BYTES and _CHALLENGE.search(head) is not None


def _is_login(head: bytes, url: str) -> bool:
    return _LOGIN.search(head) is not None or _LOGIN_URL.search(urlsplit(url).path) is not None


def _is_missing(head: bytes, _url: str) -> bool:
    return any(_MISSING.search(text) for _, text in _HEADINGS.findall(head))


_PAGES: tuple[tuple[Callable[[bytes, str], bool], tuple[str, str]], ...] = (
    (_is_challenge, ("challenge", "the site answers with a challenge page for browsers, not a feed")),
    (_is_missing, ("soft_404", "the site says in a page that there is nothing here, though with status 200")),
    (_is_login, ("login", "the site answers with a page to sign in, not a feed")),
)
"""What a page may be, asked in this order."""
_ANY_PAGE = ("html", "this is an HTML page, not a feed; `tocsin feeds check` looks for its feed")


def _beginning(body: bytes) -> str:
    text = plain_line(body[:400].decode("utf-8", "replace"), 60)
    return repr(text) if text else "nothing that can be read"
