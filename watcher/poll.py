"""The watcher's loop: lease due feeds, fetch, parse, decide, commit, ring."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import structlog
from sqlalchemy.exc import SQLAlchemyError

from net.client import GuardedClient
from store.database import Database
from store.feeds import FeedState
from store.fetches import Known, Outcome, commit_fetch, known_articles, known_entries
from store.turns import Leased
from watcher import outcome
from watcher.decide import Decision, Seen, decide, id_key, keys_of, trusted
from watcher.entry import Document, NotAFeed
from watcher.fetch import Fetched, FetchFailed, FetchResult, NotModified, fetch
from watcher.flood import calmed
from watcher.formats.source import Source
from watcher.identity import article_id
from watcher.look import Look
from watcher.manners import Manners
from watcher.outage import NETWORK_KINDS, Network
from watcher.pool import ParsePool
from watcher.proxy import Secrets, no_secrets, proxy_of
from watcher.running import Running
from watcher.story import kin
from watcher.turns import Turns

log = structlog.get_logger("tocsin.watcher")

Ring = Callable[[Sequence[str]], None]
"""Tells the workers that these articles wait. May block, and may fail: the clock finds what was not rung."""

_STALE = 24 * 3_600 * 1_000_000
_IDLE_S = 1.0
_SOON_S = 0.25


@dataclass(slots=True, kw_only=True)
class Watcher:
    """One watcher; several may share a ledger. *now* (microseconds UTC) replaces the ledger's clock in simulations."""

    db: Database
    client: GuardedClient
    pool: ParsePool
    ring: Ring
    manners: Manners = field(default_factory=Manners)
    now: Callable[[], int] | None = None
    network: Network = field(default_factory=Network)
    secrets: Secrets = no_secrets

    async def poll_due(self) -> int:
        """Look at everything that is due, and return how many feeds that were."""
        return await self._run(asyncio.Event(), once=True)

    async def watch(self, stop: asyncio.Event) -> None:
        """Look at feeds as they fall due until *stop* is set; then finish what is under way, within limits."""
        await self._run(stop, once=False)

    async def _run(self, stop: asyncio.Event, *, once: bool) -> int:
        running = Running(self.manners.at_once)
        turns = Turns(db=self.db, manners=self.manners, now=self.now)
        stopping = asyncio.create_task(stop.wait())
        async with turns.kept():
            try:
                return await self._take_turns(turns, running, stopping, once=once)
            finally:
                stopping.cancel()
                await running.drain(self.manners.drain_s)

    async def _take_turns(self, turns: Turns, running: Running, stopping: asyncio.Task[bool], *, once: bool) -> int:
        looked = 0
        while not stopping.done():
            leased = await turns.take(running.room)
            for state in leased.feeds:
                running.add(self._look(turns, state, leased))
            looked += len(leased.feeds)
            if once and not running.tasks and leased.more_at is None:
                break
            await running.pause(stopping, _rest_s(leased), until_done=once)
        return looked

    async def _look(self, turns: Turns, state: FeedState, leased: Leased) -> None:
        """Look at one feed; whatever happens concerns this feed alone."""
        try:
            if turn := await turns.in_time(state, leased):
                await self._finish(state, turn, *await self._outcome(state, turn))
        except SQLAlchemyError as error:
            log.error("feed.not_committed", feed=state.feed.url, error=str(error)[:300])
        finally:
            turns.over(state.id)

    async def _finish(self, state: FeedState, turn: Leased, done: Outcome, at: int) -> None:
        ids = await asyncio.to_thread(commit_fetch, self.db, turn.owner, state, done, at, kin)
        _say(state, done, lost=ids is None)
        if ids:
            await self._ring(ids)

    async def _ring(self, ids: list[str]) -> None:
        try:
            await asyncio.to_thread(self.ring, ids)
        except Exception as error:  # noqa: BLE001 - the articles are safe, and the clock rings again
            log.warning("articles.not_rung", articles=len(ids), error=str(error)[:300])

    async def _outcome(self, state: FeedState, turn: Leased) -> tuple[Outcome, int]:
        def now() -> int:
            return turn.at + round((time.monotonic() - turn.since_s) * 1_000_000)

        def look() -> Look:
            return Look(state=state, now=now(), patience=self.manners.patience)

        try:
            result = await self._fetch(look())
            return await self._read(look(), result), now()
        except SQLAlchemyError:
            raise
        except Exception as error:  # a bug; it must show at the feed and must not end the watcher
            log.exception("feed.crashed", feed=state.feed.url)
            failure = FetchFailed(error_class="internal", message=f"a defect of Tocsin: {error!r}")
            return outcome.failed(look(), failure), now()

    async def _fetch(self, look: Look) -> FetchResult:
        try:
            proxy = proxy_of(look.state.feed, self.secrets)
        except ValueError as error:
            return FetchFailed(error_class="proxy", message=str(error))
        return await fetch(
            self.client,
            look.asked,
            look.validators,
            now=datetime.fromtimestamp(look.now / 1_000_000, UTC),
            limit_bytes=self.manners.limit_bytes,
            total_s=self.manners.total_s,
            proxy=proxy,
        )

    async def _read(self, look: Look, result: FetchResult) -> Outcome:
        down = self._hear(look, result)
        match result:
            case FetchFailed() if down:
                return outcome.not_to_blame(look, result)
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

    def _hear(self, look: Look, result: FetchResult) -> bool:
        """Whether *result* is our own network's fault; its beginning and its end are one line in the log each."""
        was_down, at_s = self.network.is_down(time.monotonic()), time.monotonic()
        reached = not (isinstance(result, FetchFailed) and result.error_class in NETWORK_KINDS)
        self.network.heard(look.state.host, reached=reached, worked_before=look.state.status == "ok", at_s=at_s)
        is_down = self.network.is_down(at_s)
        if is_down and not was_down:
            log.error("network.down", effect="most hosts fail at once: no feed is blamed, all are tried again soon")
        elif was_down and not is_down:
            log.warning("network.back")
        return is_down and not reached

    def _decide(self, look: Look, document: Document) -> Decision:
        entries = trusted(document.entries)
        keys = [key for entry in entries for key in keys_of(entry.names)]
        ids = [article_id(look.state.id, entry.names) for entry in entries]
        seen = {key: _seen(known, look.now) for key, known in known_entries(self.db, look.state.id, keys).items()}
        seen |= {id_key(id): _seen(known, look.now) for id, known in known_articles(self.db, ids).items()}
        decision = decide(seen, document.entries, feed_id=look.state.id, quiet_before=look.quiet_before)
        looked_at = look.state.last_success_at
        return decision if looked_at is None else replace(decision, new=calmed(decision.new, seen, looked_at))


def _rest_s(leased: Leased) -> float:
    """How long nothing more can be due, or a second: others declare feeds meanwhile."""
    if leased.feeds:
        return _SOON_S
    return _IDLE_S if leased.more_at is None else min(_IDLE_S, max(_SOON_S / 10, (leased.more_at - leased.at) / 1e6))


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
