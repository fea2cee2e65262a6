"""`feeds.yml`: which feeds are watched, and how. Every problem says where it is, what it is and how to mend it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from publicsuffixlist import PublicSuffixList
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from net.guard import check_proxy, check_url
from rules.document import parse
from rules.problems import Problem, text_of
from rules.shape import some
from rules.source import Source, read
from store.feeds import Feed
from watcher.identity import canonical_url

__all__ = ["Feed", "FeedsDocument", "load_feeds", "outlet_of"]

_DURATION = re.compile(r"(0|[1-9][0-9]{0,4})([mhdw])")
_SECONDS = {"m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
DIRECT = "direct"
"""What `proxy` says where a feed uses none though the defaults name one."""

_LONGEST_S = 2_000_000_000
_LANG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_TAG = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_REFERENCE = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*|file:\S+")
_ADDRESS = re.compile(r"[0-9.]+|[0-9a-f.]*:[0-9a-f:.]*", re.IGNORECASE)  # IPv4 or IPv6, which have no suffix


def _duration_s(value: object) -> int:
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError("write a duration such as 30m, 2h or 3d (or 0d)")
    return min(int(found[1]) * _SECONDS[found[2]], _LONGEST_S)


def _every(value: object) -> str:
    if value == "auto":
        return "auto"
    try:
        seconds = [_duration_s(part) for part in str(value).split("-")]
    except ValueError as error:
        raise ValueError("write auto, or a duration from 1m to 24h such as 5m, or limits for auto: 5m-2h") from error
    if len(seconds) > 2 or seconds != sorted(seconds):
        raise ValueError("write the limits for auto as two durations, the shorter one first, such as 5m-2h")
    if not 60 <= seconds[0] <= seconds[-1] <= 86_400:
        raise ValueError("must be from 1m to 24h: oftener is impolite, more seldom would look like a failure")
    return "-".join(map(str, seconds))


def _proxy(value: str) -> str:
    if value == DIRECT or _REFERENCE.fullmatch(value):
        return value
    if problem := check_proxy(value):
        raise ValueError(f"{problem}; write http://host:port, or env:NAME or file:PATH where it holds a password")
    if "@" in value:
        raise ValueError("holds a password; write it to a variable or a file, and here env:NAME or file:PATH")
    return value


def _url(value: str) -> str:
    if problem := check_url(value):
        raise ValueError(problem)
    return value


def _lang(value: str) -> str:
    if not _LANG.fullmatch(value):
        raise ValueError("write a language tag such as en or pt-BR")
    return value


def _tag(value: str) -> str:
    if not _TAG.fullmatch(value):
        raise ValueError("a tag is small letters, digits, dots, dashes and underscores, such as energy")
    return value


_Written = Annotated[str, Field(pattern=r"^(0|[1-9][0-9]{0,4})[mhdw]$", examples=["30m", "3d"])]
_EVERY = r"^(auto|[1-9][0-9]{0,4}[mhdw](-[1-9][0-9]{0,4}[mhdw])?)$"
_Interval = Annotated[str, Field(pattern=_EVERY, examples=["auto", "5m-2h", "1h"])]
Every = Annotated[str, BeforeValidator(_every, json_schema_input_type=_Interval)]
Backfill = Annotated[int, BeforeValidator(_duration_s, json_schema_input_type=_Written)]
Tier = Literal["official", "agency", "press", "blog"]
Proxy = Annotated[str, AfterValidator(_proxy)]
Lang = Annotated[str, AfterValidator(_lang)]
Text = Annotated[str, Field(min_length=1, max_length=200)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Defaults(_Part):
    """What holds for every feed that does not say otherwise."""

    every: Every = "auto"
    backfill: Backfill = 0
    tier: Tier = "press"
    lang: Lang | None = None
    full_text: bool = False
    proxy: Proxy | None = None


class FeedPart(_Part):
    """One feed. Only `url` is needed."""

    url: Annotated[str, AfterValidator(_url)]
    name: Text | None = None
    outlet: Text | None = Field(default=None, description="whose voice it is; the registrable domain if not given")
    tier: Tier | None = None
    tags: tuple[Annotated[str, AfterValidator(_tag)], ...] = ()
    lang: Lang | None = None
    every: Every | None = Field(default=None, description="auto, limits for it (5m-2h), or one duration")
    backfill: Backfill | None = Field(default=None, description="how old an entry of the first fetch may be and alert")
    full_text: bool | None = None
    proxy: Proxy | None = Field(default=None, description="http://host:port, env:NAME, file:PATH, or direct")


class FeedsDocument(_Part):
    """The whole of `feeds.yml`."""

    defaults: Defaults = Defaults()
    feeds: Annotated[tuple[FeedPart, ...], BeforeValidator(some, json_schema_input_type=list[FeedPart] | None)] = ()


def load_feeds(path: Path) -> tuple[tuple[Feed, ...], tuple[Problem, ...]]:
    """The feeds that the file declares, and everything that is wrong with it; with a problem there are no feeds."""
    text = text_of(path)
    if isinstance(text, Problem):
        return (), (text,)
    sources, problems = read(text, str(path))
    if problems:
        return (), tuple(problems)
    if len(sources) != 1:
        hint = (
            "is empty; write `feeds: []` where there are none" if not sources else "holds several documents; join them"
        )
        return (), (Problem(str(path), 1, 1, hint),)
    return _feeds(sources[0])


def _feeds(source: Source) -> tuple[tuple[Feed, ...], tuple[Problem, ...]]:
    if not isinstance(source.value, dict):
        return (), (source.problem((), "expected a mapping with the key `feeds`"),)
    document, problems = parse(source, FeedsDocument)
    problems = [*problems, *_duplicates(source)]
    if problems or document is None:
        return (), tuple(sorted(map(_without_password, problems)))
    return tuple(_feed(part, document.defaults) for part in document.feeds), ()


def _without_password(problem: Problem) -> Problem:
    """Errors show what was found; of a URL with a password that would be the password."""
    where, found, value = problem.message.partition("; found ")
    return replace(problem, message=where) if found and "@" in value else problem


def _duplicates(source: Source) -> Iterator[Problem]:
    """Feeds that are there twice, also where only spelling or tracking parameters differ."""
    first: dict[str, int] = {}
    for nth, url in _urls(source.value):
        line = source.place(("feeds", nth, "url")).line
        if (key := canonical_url(url)) in first:
            yield source.problem(("feeds", nth, "url"), f"the same feed is in line {first[key]}; remove one of them")
        first.setdefault(key, line)


def _urls(document: Any) -> Iterator[tuple[int, str]]:
    feeds = document.get("feeds")
    for nth, part in enumerate(feeds if isinstance(feeds, list) else ()):
        url = part.get("url") if isinstance(part, dict) else None
        if isinstance(url, str) and check_url(url) is None:
            yield nth, url


def _feed(part: FeedPart, defaults: Defaults) -> Feed:
    given = part.model_dump(exclude_none=True)
    both = defaults.model_dump() | given
    return Feed(
        url=part.url,
        name=part.name or outlet_of(part.url),
        outlet=part.outlet or outlet_of(part.url),
        tier=both["tier"],
        tags=tuple(dict.fromkeys(part.tags)),
        lang=both["lang"],
        every=both["every"],
        backfill_s=both["backfill"],
        full_text=both["full_text"],
        proxy=None if both["proxy"] == DIRECT else both["proxy"],
    )


def outlet_of(url: str) -> str:
    """The registrable domain of *url* (news.bbc.co.uk → bbc.co.uk), or its host where it has none."""
    host = (urlsplit(url).hostname or "").removeprefix("www.")
    if _ADDRESS.fullmatch(host):
        return host
    return _suffixes().privatesuffix(host) or host


@cache
def _suffixes() -> PublicSuffixList:
    """The list that the package carries, read at its first use; private suffixes (github.io) are no outlets of their
    own. Nothing is fetched.
    """
    return PublicSuffixList(only_icann=True)
