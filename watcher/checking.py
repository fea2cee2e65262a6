"""A look at a feed that changes nothing: what would come of it, and why. Where a page came, the feeds that it names."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass, field, replace
from statistics import median

from net.client import GuardedClient
from store.database import Database
from store.feeds import Feed, FeedState, host_of, unseen
from watcher.decide import trusted
from watcher.discovery import Candidate, named_in, usual_places
from watcher.entry import Document
from watcher.fetch import Fetched, FetchResult
from watcher.look import Look
from watcher.manners import Manners
from watcher.pool import ParsePool
from watcher.proxy import Secrets, no_secrets
from watcher.reading import Reading, ask, read

PAUSE_S = 1.0
"""Between two requests, one at a time: a person waits for the answer."""
OLD_DAYS = 90
TEASER = 200
"""Characters: where half of the texts are shorter, the feed gives teasers."""

_PAGES = frozenset(("html", "soft_404", "login", "challenge", "not_a_feed", "not_found"))
_DAY = 86_400 * 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a look found, and what it would have changed."""

    look: Look
    result: FetchResult
    reading: Reading

    @property
    def problem(self) -> str | None:
        """The class of what is wrong; None where a feed came."""
        return self.reading.outcome.log.error_class

    @property
    def is_page(self) -> bool:
        """Whether something else than a feed is there, which may name one."""
        return self.problem in _PAGES


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An address where a feed may be, and what a look at it found."""

    candidate: Candidate
    checked: Checked


@dataclass(slots=True, kw_only=True)
class Checking:
    """Looks at feeds; with a ledger in *db* it says what would be new to it."""

    client: GuardedClient
    pool: ParsePool
    db: Database | None = None
    secrets: Secrets = no_secrets
    manners: Manners = field(default_factory=Manners)
    pause_s: float = PAUSE_S

    async def check(self, state: FeedState) -> Checked:
        """Look at a feed unconditionally, as if its last body were not known."""
        fresh = replace(state, etag=None, last_modified=None, body_hash=None)
        look = Look(state=fresh, now=time.time_ns() // 1_000, patience=self.manners.patience)
        result = await ask(self.client, look, self.manners, self.secrets)
        return Checked(look=look, result=result, reading=await read(self.db, self.pool, look, result))

    async def discover(self, checked: Checked) -> tuple[Found, ...]:
        """The feeds of a page: those that it names, or else what is in the usual places; () where no page came."""
        if not checked.is_page:
            return ()
        page, url = _page(checked)
        named = [one async for one in self._try(checked, named_in(page, url))] if page else []
        if any(one.checked.problem is None for one in named):
            return tuple(named)
        usual = [one async for one in self._try(checked, usual_places(url)) if one.checked.problem is None]
        return (*named, *usual)

    async def _try(self, page: Checked, candidates: Iterable[Candidate]) -> AsyncIterator[Found]:
        asked = page.look.state.feed
        for candidate in candidates:
            await asyncio.sleep(self.pause_s)
            one = Feed(url=candidate.url, name=candidate.title or asked.name, outlet=asked.outlet, proxy=asked.proxy)
            checked = await self.check(unseen(one))
            yield Found(candidate=candidate, checked=checked)


def _page(checked: Checked) -> tuple[bytes, str]:
    result = checked.result
    return (result.body, result.url) if isinstance(result, Fetched) else (b"", checked.look.asked)


def remarks(checked: Checked) -> Iterator[str]:
    """What is odd about a feed that can be read, and what it means for its articles; each with what to do, if any."""
    document = checked.reading.document
    if document is None:
        return
    yield from _of_the_way(checked)
    yield from _of_the_document(document)
    yield from _of_the_entries(document, checked.look)


def _of_the_way(checked: Checked) -> Iterator[str]:
    hops = checked.result.hops if isinstance(checked.result, Fetched) else ()
    if hops and all(hop.status in (301, 308) for hop in hops):
        yield f"it has moved for good: write {hops[-1].url} in its place"
    if hops and host_of(hops[-1].url) != host_of(checked.look.asked):
        yield f"it is served by another host, {host_of(hops[-1].url)}: give `outlet` whose voice it is"


def _of_the_document(document: Document) -> Iterator[str]:
    if not document.complete:
        yield "the document breaks off: what came is taken, and the rest asked for with the next look"
    if document.beyond:
        yield f"{document.beyond} entries more than are read; ask the site for a shorter feed"
    if not document.entries:
        yield "it has no entries now"


def _of_the_entries(document: Document, look: Look) -> Iterator[str]:
    entries = document.entries
    if not entries:
        return
    dates = [entry.published_at for entry in entries if entry.published_at is not None]
    if not dates:
        yield "no entry says when it was published: articles are dated when they are first seen"
    elif max(dates) < look.now - OLD_DAYS * _DAY:
        yield f"its newest entry is {(look.now - max(dates)) // _DAY} days old: does the site have a newer feed?"
    if not any(entry.names.guid for entry in entries):
        yield "entries have no guid: they are told apart by link, title and text"
    elif trusted(entries) != list(entries):
        yield "some guids or links stand for several entries, and are not believed"
    if not look.state.feed.full_text and median(len(entry.text) for entry in entries) < TEASER:
        yield "its texts are short: articles are judged by what the feed gives of them"
