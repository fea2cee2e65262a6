"""The watcher's loop: lease due feeds, fetch, parse, decide, commit, ring."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial

import structlog
from sqlalchemy.exc import SQLAlchemyError

from net.client import GuardedClient
from store.database import Database
from store.feeds import FeedState
from store.fetches import Ended, Outcome
from store.hosts import Turn
from store.turns import Leased
from store.words import second
from watcher import outcome
from watcher.commits import Commits
from watcher.decide import Decision
from watcher.fetch import FetchFailed, FetchResult
from watcher.look import Look
from watcher.manners import Manners
from watcher.outage import NETWORK_KINDS, Network
from watcher.pages import Pages
from watcher.pool import ParsePool
from watcher.proxy import Secrets, no_secrets, proxy_of
from watcher.reading import ask, read
from watcher.running import Running
from watcher.turns import TurnAt, TurnPassed, Turns

log = structlog.get_logger("tocsin.watcher")

Ring = Callable[[Sequence[str]], None]
"""Tells the workers that these articles wait. May block, and may fail: the clock finds what was not rung."""

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
    _pages: Pages = field(init=False)
    _commits: Commits = field(init=False)

    async def poll_due(self) -> int:
        """Look at everything that is due, and return how many feeds that were."""
        return await self._run(asyncio.Event(), once=True)

    async def watch(self, stop: asyncio.Event) -> None:
        """Look at feeds as they fall due until *stop* is set; then finish what is under way, within limits."""
        await self._run(stop, once=False)

    async def _run(self, stop: asyncio.Event, *, once: bool) -> int:
        running = Running(self.manners.at_once)
        turns = Turns(db=self.db, manners=self.manners, now=self.now)
        self._commits = Commits(self.db, turns.owner)
        stopping = asyncio.create_task(stop.wait())
        async with turns.kept(), Pages(self.client) as self._pages:
            try:
                return await self._take_turns(turns, running, stopping, once=once)
            finally:
                stopping.cancel()
                await running.drain(self.manners.drain_s)
                await self._commits.settled()

    async def _take_turns(self, turns: Turns, running: Running, stopping: asyncio.Task[bool], *, once: bool) -> int:
        looked = 0
        while not stopping.done():
            leased = await turns.take(running.room)
            for state in leased.feeds:
                running.add(self._look(turns, running, state, leased))
            looked += len(leased.feeds)
            if once and not running.tasks and leased.more_at is None:
                break
            await running.pause(stopping, _rest_s(leased), until_done=once)
        return looked

    async def _look(self, turns: Turns, running: Running, state: FeedState, leased: Leased) -> None:
        """Look at one feed; whatever happens concerns this feed alone."""
        try:
            await self._look_in_turn(turns, running, state, leased)
        except SQLAlchemyError as error:
            log.error("feed.not_committed", feed=state.feed.url, error=str(error)[:300])
        finally:
            turns.over(state.id)

    async def _look_in_turn(self, turns: Turns, running: Running, state: FeedState, leased: Leased) -> None:
        try:
            turn = await turns.in_time(leased.turn(state.host))
            done, at = await self._outcome(state, turn, turns)
            with nullcontext() if done.articles else running.aside():
                await self._finish(state, done, at)
        except TurnPassed as passed:
            log.info("feed.turn_passed", feed=state.feed.url, host=passed.host)
            await turns.pass_on(state, passed)

    async def _finish(self, state: FeedState, done: Outcome, at: int) -> None:
        ids = await self._commits.commit(Ended(state=state, outcome=done, at=at))
        _say(state, done, lost=ids is None)
        if ids:
            await self._ring(ids)

    async def _ring(self, ids: list[str]) -> None:
        try:
            await asyncio.to_thread(self.ring, ids)
        except Exception as error:  # noqa: BLE001 - the articles are safe, and the clock rings again
            log.warning("articles.not_rung", articles=len(ids), error=str(error)[:300])

    async def _outcome(self, state: FeedState, turn: Turn, turns: Turns) -> tuple[Outcome, int]:
        def now() -> int:
            return turn.at + round((time.monotonic() - turn.since_s) * 1_000_000)

        def look() -> Look:
            return Look(state=state, now=now(), patience=self.manners.patience)

        try:
            led = partial(turns.at, state)
            result = await ask(self.client, look(), self.manners, self.secrets, turns.used(turn), led)
            return await self._read(look(), result, led), now()
        except (SQLAlchemyError, TurnPassed):
            raise
        except Exception as error:  # a bug; it must show at the feed and must not end the watcher
            log.exception("feed.crashed", feed=state.feed.url)
            failure = FetchFailed(error_class="internal", message=f"a defect of Tocsin: {error!r}")
            return outcome.failed(look(), failure), now()

    async def _read(self, look: Look, result: FetchResult, led: TurnAt) -> Outcome:
        down = self._hear(look, result)
        if down and isinstance(result, FetchFailed):
            return outcome.not_to_blame(look, result)
        return (await read(self.db, self.pool, look, result, partial(self._with_pages, led))).outcome

    async def _with_pages(self, led: TurnAt, look: Look, decision: Decision) -> Decision:
        feed = look.state.feed
        return await self._pages.added(decision, led, proxy_of(feed, self.secrets)) if feed.full_text else decision

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


def _rest_s(leased: Leased) -> float:
    """How long nothing more can be due, or a second: others declare feeds meanwhile. Whoever slept through to the full
    second would look at all feeds of that second at once, and what they bring would wait for each other.
    """
    if leased.feeds:
        return _SOON_S
    sooner = [at for at in (leased.more_at, leased.next_at) if at is not None]
    return min([_IDLE_S, *(max(_SOON_S / 10, (at - leased.at) / 1e6) for at in sooner)])


def _say(state: FeedState, done: Outcome, *, lost: bool) -> None:
    check = done.update
    at = second(check.next_check_at)
    say = log.bind(feed=state.feed.url, outcome=done.log.outcome, next_check=at, why=check.next_check_why)
    if lost:
        say.warning("feed.lease_lost")
    elif done.log.outcome == "failed":
        say.warning("feed.failed", error_class=done.log.error_class, error=done.log.error)
    else:
        new = sum(article.revision == 1 for article in done.articles)
        say.info("feed.looked_at", new=new, changed=len(done.articles) - new, known=done.known)
