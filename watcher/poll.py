"""The watcher's loop: lease due feeds, fetch, parse, decide, commit, ring."""

from __future__ import annotations

import asyncio
import os
import socket
import time
import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import structlog
from sqlalchemy.exc import SQLAlchemyError

from net.client import GuardedClient
from store.database import Database
from store.feeds import FeedState
from store.fetches import (
    Known,
    Leased,
    Outcome,
    commit_fetch,
    host_of,
    known_articles,
    known_entries,
    lease_due,
    release,
)
from watcher import moved, outcome
from watcher.decide import Decision, Seen, decide, id_key, keys_of, trusted
from watcher.entry import Document, NotAFeed
from watcher.fetch import Fetched, FetchFailed, FetchResult, NotModified, fetch
from watcher.formats.source import Source
from watcher.hosts import Hosts
from watcher.identity import article_id
from watcher.outcome import Look, validators_of
from watcher.pool import ParsePool

log = structlog.get_logger("tocsin.watcher")

Ring = Callable[[Sequence[str]], None]
"""Tells the workers that these articles wait. May block, and may fail: the clock finds what was not rung."""

_STALE = 24 * 3_600 * 1_000_000
_IDLE_S = 1.0
_SOON_S = 0.25
_AFTER_ERROR_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """How the watcher treats hosts and itself: requests at once (in all, per host), seconds between two starts at a
    host, limits of one fetch, and how long a feed is leased, which must be longer than all that one look may take.
    """

    at_once: int = 48
    per_host: int = 2
    spacing_s: float = 5.0
    total_s: float = 30.0
    limit_bytes: int = 15_000_000
    lease_s: int = 150
    drain_s: float = 10.0


@dataclass(slots=True, kw_only=True)
class Watcher:
    """One watcher; several may share a ledger. *now* (microseconds UTC) replaces the ledger's clock in simulations."""

    db: Database
    client: GuardedClient
    pool: ParsePool
    ring: Ring
    manners: Manners = field(default_factory=Manners)
    now: Callable[[], int] | None = None
    owner: str = field(default_factory=lambda: f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}")
    hosts: Hosts = field(init=False)

    def __post_init__(self) -> None:
        self.hosts = Hosts(self.manners.per_host, self.manners.spacing_s)

    async def poll_due(self) -> int:
        """Look at everything that is due, and return how many feeds that were."""
        looked = 0
        while feeds := (leased := await self._lease(self.manners.at_once, {})).feeds:
            await asyncio.gather(*(self._look(state, leased, time.monotonic()) for state in feeds))
            looked += len(feeds)
        return looked

    async def watch(self, stop: asyncio.Event) -> None:
        """Look at feeds as they fall due until *stop* is set; then finish what is under way, within limits."""
        running: dict[asyncio.Task[None], str] = {}
        stopping = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                started = await self._start_due(running)
                pause_s = _SOON_S if started else _IDLE_S
                await asyncio.wait({stopping}, timeout=pause_s)
        finally:
            stopping.cancel()
            await self._drain(set(running))

    async def _start_due(self, running: dict[asyncio.Task[None], str]) -> int:
        room = self.manners.at_once - len(running)
        if room <= 0:
            return 0
        try:
            leased = await self._lease(room, Counter(running.values()))
        except SQLAlchemyError as error:
            log.error("watcher.ledger_unreachable", error=str(error)[:300])
            await asyncio.sleep(_AFTER_ERROR_S)
            return 0
        for state in leased.feeds:
            task = asyncio.create_task(self._look(state, leased, time.monotonic()))
            running[task] = host_of(state.feed.url)
            task.add_done_callback(lambda done: running.pop(done, None))
        return len(leased.feeds)

    async def _drain(self, running: set[asyncio.Task[None]]) -> None:
        if running:
            _done, late = await asyncio.wait(running, timeout=self.manners.drain_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        try:
            await asyncio.to_thread(release, self.db, self.owner)
        except SQLAlchemyError as error:
            log.warning("watcher.leases_left", error=str(error)[:300])

    async def _lease(self, room: int, busy: Mapping[str, int]) -> Leased:
        return await asyncio.to_thread(
            lease_due,
            self.db,
            self.owner,
            limit=room,
            lease_s=self.manners.lease_s,
            per_host=self.manners.per_host * 2,
            busy=busy,
            now=self.now() if self.now else None,
        )

    async def _look(self, state: FeedState, leased: Leased, since: float) -> None:
        """Look at one feed; whatever happens concerns this feed alone."""
        try:
            done, at = await self._outcome(state, leased.at, since)
            ids = await asyncio.to_thread(commit_fetch, self.db, self.owner, state, done, at)
        except SQLAlchemyError as error:
            log.error("feed.not_committed", feed=state.feed.url, error=str(error)[:300])
            return
        _say(state, done, lost=ids is None)
        if ids:
            await self._ring(ids)

    async def _ring(self, ids: list[str]) -> None:
        try:
            await asyncio.to_thread(self.ring, ids)
        except Exception as error:  # noqa: BLE001 - the articles are safe, and the clock rings again
            log.warning("articles.not_rung", articles=len(ids), error=str(error)[:300])

    async def _outcome(self, state: FeedState, leased_at: int, since: float) -> tuple[Outcome, int]:
        def now() -> int:
            return leased_at + round((time.monotonic() - since) * 1_000_000)

        where = Look(state=state, asked=_address(state, leased_at), now=leased_at)
        try:
            result = await self._fetch(where, now)
            look = Look(state=state, asked=where.asked, now=now())
            return await self._read(look, result), look.now
        except SQLAlchemyError:
            raise
        except Exception as error:  # a bug; it must show at the feed and must not end the watcher
            log.exception("feed.crashed", feed=state.feed.url)
            failure = FetchFailed(error_class="internal", message=f"a defect of Tocsin: {error!r}")
            return outcome.failed(Look(state=state, asked=where.asked, now=now()), failure), now()

    async def _fetch(self, look: Look, now: Callable[[], int]) -> FetchResult:
        async with self.hosts.turn(host_of(look.asked)):
            return await fetch(
                self.client,
                look.asked,
                validators_of(look),
                now=datetime.fromtimestamp(now() / 1_000_000, UTC),
                limit_bytes=self.manners.limit_bytes,
                total_s=self.manners.total_s,
            )

    async def _read(self, look: Look, result: FetchResult) -> Outcome:
        match result:
            case FetchFailed():
                return outcome.failed(look, result)
            case NotModified():
                return outcome.not_modified(look, result)
            case Fetched() if result.body_hash == look.state.body_hash:
                return outcome.unchanged(look, result)
        source = Source(url=result.url, content_type=result.content_type)
        document = await self.pool.parse(result.body, source, look.now / 1_000_000)
        if isinstance(document, NotAFeed):
            return outcome.not_a_feed(look, result, document)
        decision = await asyncio.to_thread(self._decide, look, document)
        return outcome.brought(look, result, document, decision)

    def _decide(self, look: Look, document: Document) -> Decision:
        entries = trusted(document.entries)
        keys = [key for entry in entries for key in keys_of(entry.names)]
        ids = [article_id(look.state.id, entry.names) for entry in entries]
        seen = {key: _seen(known, look.now) for key, known in known_entries(self.db, look.state.id, keys).items()}
        seen |= {id_key(id): _seen(known, look.now) for id, known in known_articles(self.db, ids).items()}
        return decide(seen, document.entries, feed_id=look.state.id, quiet_before=look.quiet_before)


def _address(state: FeedState, now: int) -> str:
    where = moved.Moved(to=state.moved_to, count=state.moved_count, since_at=state.moved_since_at)
    return moved.address(state.feed.url, where, now)


def _seen(known: Known, now: int) -> Seen:
    return Seen(
        article_id=known.article_id,
        content_hash=known.content_hash,
        revision=known.revision,
        stale=known.seen_at < now - _STALE,
    )


def _say(state: FeedState, done: Outcome, *, lost: bool) -> None:
    say = log.bind(feed=state.feed.url, outcome=done.log.outcome, next=done.update.next_check_why)
    if lost:
        say.warning("feed.lease_lost")
    elif done.log.outcome == "failed":
        say.warning("feed.failed", error=done.log.error)
    else:
        new = sum(article.revision == 1 for article in done.articles)
        say.info("feed.looked_at", new=new, changed=len(done.articles) - new, known=done.known)


async def poll_due(
    db: Database, client: GuardedClient, pool: ParsePool, ring: Ring, manners: Manners | None = None
) -> int:
    """Look at everything that is due, once, and return how many feeds that were (`tocsin watch --once`)."""
    return await Watcher(db=db, client=client, pool=pool, ring=ring, manners=manners or Manners()).poll_due()


async def watch(
    db: Database,
    client: GuardedClient,
    pool: ParsePool,
    ring: Ring,
    stop: asyncio.Event,
    manners: Manners | None = None,
) -> None:
    """Look at feeds as they fall due until *stop* is set (`tocsin watch`)."""
    await Watcher(db=db, client=client, pool=pool, ring=ring, manners=manners or Manners()).watch(stop)
