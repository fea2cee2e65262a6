"""One conditional GET of a feed, and what came of it as a value."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from net.client import BeforeHop, BeforeSending, GuardedClient, Hop, Response
from net.failure import NetFailure

ACCEPT = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml;q=0.9, "
    "application/xml;q=0.8, text/xml;q=0.8, application/json;q=0.7, */*;q=0.5"
)
LONGEST_S = 86_400
"""A Retry-After or an age that asks for more is taken as this (seconds)."""

_CLOCKS = timedelta(hours=1)
"""What the clocks of two machines may differ by."""
_MAX_AGE = re.compile(r"(?:^|[\s,])max-age\s*=\s*\"?(\d{1,10})", re.IGNORECASE)
_NO_CACHE = re.compile(r"(?:^|[\s,])no-(?:cache|store)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Validators:
    """What makes the next request conditional; always both from the same answer."""

    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A body came. `broken_off` says that its end is missing; `cache_s` is how long the server calls it fresh."""

    body: bytes
    body_hash: str
    content_type: str
    url: str
    hops: tuple[Hop, ...]
    validators: Validators
    status: int
    elapsed_ms: int
    broken_off: bool
    cache_s: int | None
    retry_after_s: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotModified:
    """The server says that nothing has changed."""

    hops: tuple[Hop, ...]
    elapsed_ms: int
    cache_s: int | None
    retry_after_s: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchFailed:
    """No document came. `error_class` is a kind of `net.failure` or http_404, rate_limited, gone, server_error …; `url`
    is what answered, if anything did.
    """

    error_class: str
    message: str
    status: int | None = None
    retry_after_s: int | None = None
    elapsed_ms: int | None = None
    url: str | None = None


FetchResult = Fetched | NotModified | FetchFailed


async def fetch(
    client: GuardedClient,
    url: str,
    validators: Validators,
    *,
    now: datetime,
    limit_bytes: int = 15_000_000,
    total_s: float = 30.0,
    proxy: str | None = None,
    before_sending: BeforeSending | None = None,
    before_hop: BeforeHop | None = None,
) -> FetchResult:
    """Fetch *url*, conditionally where *validators* are given, through the *proxy* if any. *now* reads Retry-After
    dates; *before_sending* and *before_hop* are those of the client.
    """
    answer = await client.get(
        url,
        headers={"accept": ACCEPT, **_conditions(validators)},
        limit_bytes=limit_bytes,
        total_s=total_s,
        proxy=proxy,
        before_sending=before_sending,
        before_hop=before_hop,
    )
    if isinstance(answer, NetFailure):
        return FetchFailed(error_class=answer.kind, message=answer.message)
    return result_of(answer, now, conditional=validators != Validators())


def _conditions(validators: Validators) -> dict[str, str]:
    given = {"if-none-match": validators.etag, "if-modified-since": validators.last_modified}
    return {name: value for name, value in given.items() if value}


def result_of(answer: Response, now: datetime, *, conditional: bool) -> FetchResult:
    """What an HTTP answer means for a feed."""
    retry_after_s = retry_after(answer.headers, now)
    elapsed_ms = round(answer.elapsed_s * 1_000)
    if answer.status == 304 and conditional:
        cache_s = fresh_for(answer.headers, now)
        return NotModified(hops=answer.hops, elapsed_ms=elapsed_ms, cache_s=cache_s, retry_after_s=retry_after_s)
    if answer.status not in (200, 203, 226):
        error_class, message = _refusal(answer)
        return FetchFailed(
            error_class=error_class,
            message=message,
            status=answer.status,
            retry_after_s=retry_after_s,
            elapsed_ms=elapsed_ms,
            url=answer.url,
        )
    return Fetched(
        body=answer.body,
        body_hash=hashlib.sha256(answer.body).hexdigest(),
        content_type=answer.headers.get("content-type", "")[:200],
        url=answer.url,
        hops=answer.hops,
        validators=_validators(answer.headers, now),
        status=answer.status,
        elapsed_ms=elapsed_ms,
        broken_off=answer.truncated,
        cache_s=fresh_for(answer.headers, now),
        retry_after_s=retry_after_s,
    )


_REFUSALS = {
    401: ("forbidden", "the server asks for a password"),
    403: ("forbidden", "the server refuses us"),
    404: ("not_found", "there is nothing at this address"),
    410: ("gone", "the feed is gone for good"),
    429: ("rate_limited", "the server says that we ask too often"),
}


def _refusal(answer: Response) -> tuple[str, str]:
    if answer.status == 403 and "retry-after" in answer.headers:
        return "rate_limited", "HTTP 403 with a Retry-After: the server says that we ask too often"
    if "cf-mitigated" in answer.headers:
        return "challenge", f"HTTP {answer.status}: the site answers with a challenge for browsers"
    kind = "server_error" if answer.status >= 500 else "http"
    error_class, words = _REFUSALS.get(
        answer.status, (kind, "the server has an error" if kind != "http" else "no feed")
    )
    return error_class, f"HTTP {answer.status}: {words}"


def _validators(headers: Mapping[str, str], now: datetime) -> Validators:
    etag, modified = headers.get("etag"), headers.get("last-modified")
    return Validators(
        etag=etag if etag and len(etag) < 1_000 else None,
        last_modified=modified if modified and len(modified) < 100 and not _ahead(modified, now) else None,
    )


def _ahead(modified: str, now: datetime) -> bool:
    """Whether a Last-Modified lies in the future (RFC 9110 8.8.2.1 forbids it): "not modified since 2041" would be true
    of all that comes until then.
    """
    at = _date(modified)
    return at is not None and at > now + _CLOCKS


def retry_after(headers: Mapping[str, str], now: datetime) -> int | None:
    """Seconds of a Retry-After, which is a number or a date (RFC 9110 10.2.3), within a day; None without one."""
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return min(int(value[:10]), LONGEST_S)
    return _until(value, now)


def fresh_for(headers: Mapping[str, str], now: datetime) -> int | None:
    """Seconds for which a cache may keep the answer (RFC 9111 4.2): max-age less Age, or Expires less Date."""
    control = headers.get("cache-control", "")
    if _NO_CACHE.search(control):
        return None
    if found := _MAX_AGE.search(control):
        age = headers.get("age", "")
        return min(max(0, int(found[1]) - int(age if age.isascii() and age.isdigit() else 0)), LONGEST_S)
    date = _date(headers.get("date", "")) or now
    return _until(headers.get("expires", ""), date)


def _until(value: str, now: datetime) -> int | None:
    at = _date(value)
    return None if at is None else min(max(0, round((at - now).total_seconds())), LONGEST_S)


def _date(value: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
