"""What one fetch changes in the ledger, put together from its parts. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from net.client import Hop
from store.feeds import FeedState
from store.fetches import ArticleRow, FeedUpdate, FetchLog, Name, Outcome
from watcher import moved, schedule
from watcher.decide import Decided, Decision
from watcher.entry import Document, NotAFeed
from watcher.fetch import Fetched, FetchFailed, NotModified, Validators
from watcher.moved import Moved
from watcher.schedule import NextCheck

NEVER = 2**62
"""Before this instant everything is: nothing of a first fetch alerts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look at a feed: its state before, the address that was asked, and when (microseconds UTC)."""

    state: FeedState
    asked: str
    now: int

    @property
    def seed(self) -> str:
        """What chance is taken from: another number for each look at each feed."""
        return f"{self.state.id}{self.now}"

    @property
    def moved(self) -> Moved:
        """What is known of a new address."""
        state = self.state
        return Moved(to=state.moved_to, count=state.moved_count, since_at=state.moved_since_at)

    @property
    def quiet_before(self) -> int | None:
        """Entries published before are kept quiet: given only until the first fetch has succeeded."""
        if self.state.first_success_at is not None:
            return None
        backfill_s = self.state.feed.backfill_s
        return self.now - backfill_s * 1_000_000 if backfill_s else NEVER


def every_s(every: str) -> int | None:
    """The declared interval in seconds; None for "auto"."""
    return int(every) if re.fullmatch(r"\d{1,9}", every) else None


def failed(look: Look, failure: FetchFailed) -> Outcome:
    """The outcome of a look that gave no document."""
    state = look.state
    gone = failure.error_class == "gone"
    after = schedule.after_failure(
        interval_s=state.interval_s or every_s(state.feed.every),
        failures=state.failures + 1,
        retry_after_s=failure.retry_after_s,
        gone=gone,
        seed=look.seed,
    )
    update = replace(
        _update(look, after, moved.after_failure(look.moved, look.asked, state.feed.url)),
        status="gone" if gone else "failing",
        failures=state.failures + 1,
        error_class=failure.error_class,
        error=failure.message[:1_000],
    )
    log = FetchLog(
        outcome="failed",
        http_status=failure.status,
        elapsed_ms=failure.elapsed_ms,
        error_class=failure.error_class,
        error=failure.message[:1_000],
    )
    return Outcome(log=log, update=update)


def not_a_feed(look: Look, fetched: Fetched, why: NotAFeed) -> Outcome:
    """The outcome of a look that gave something else than a feed."""
    failure = FetchFailed(
        error_class=why.error_class,
        message=why.message,
        status=fetched.status,
        retry_after_s=fetched.retry_after_s,
        elapsed_ms=fetched.elapsed_ms,
    )
    outcome = failed(look, failure)
    return replace(outcome, log=replace(outcome.log, bytes=len(fetched.body)))


def not_modified(look: Look, answer: NotModified) -> Outcome:
    """The outcome of a look that found the feed unchanged, as the server says (304)."""
    update = _succeeded(look, _next(look, answer, (), None), moved.after_answer(*_moving(look, answer)))
    return Outcome(log=FetchLog(outcome="not_modified", http_status=304, elapsed_ms=answer.elapsed_ms), update=update)


def unchanged(look: Look, fetched: Fetched) -> Outcome:
    """The outcome of a look that brought the very bytes of the last one, which are not parsed again."""
    update = _succeeded(look, _next(look, fetched, (), None), moved.after_answer(*_moving(look, fetched)))
    return Outcome(log=replace(_log(fetched), outcome="unchanged"), update=_validated(update, fetched))


def brought(look: Look, fetched: Fetched, document: Document, decision: Decision) -> Outcome:
    """The outcome of a look that brought a document. Of one that broke off the validators are not kept: the rest of it
    must come with the next look.
    """
    published = [entry.published_at for entry in document.entries if entry.published_at is not None]
    after = _next(look, fetched, published, document.ttl_s)
    update = _succeeded(look, after, moved.after_answer(*_moving(look, fetched)))
    if document.complete and not fetched.broken_off:
        update = _validated(update, fetched)
    else:
        update = replace(update, etag=None, last_modified=None, body_hash=None)
    skipped = dict(decision.skipped) | ({"beyond the limit": document.beyond} if document.beyond else {})
    return Outcome(
        log=_log(fetched),
        update=replace(update, last_new_at=look.now) if decision.new else update,
        articles=tuple(_row(look, one) for one in (*decision.new, *decision.changed)),
        known=decision.known,
        skipped=skipped,
        refreshed=tuple(Name(key=key, article_id=id, content_hash=h) for key, (id, h) in decision.learned.items()),
    )


def _row(look: Look, one: Decided) -> ArticleRow:
    entry = one.entry
    return ArticleRow(
        id=one.article_id,
        revision=one.revision,
        url=entry.url,
        title=entry.title,
        text=entry.text,
        author=entry.author,
        lang=look.state.feed.lang or entry.lang,
        published_at=entry.published_at,
        published_from=entry.published_from,
        content_hash=entry.content_hash,
        quiet=one.quiet,
        names=tuple(Name(key=key, article_id=one.article_id, content_hash=entry.content_hash) for key in one.keys),
    )


def _log(fetched: Fetched) -> FetchLog:
    return FetchLog(
        outcome="fetched", http_status=fetched.status, bytes=len(fetched.body), elapsed_ms=fetched.elapsed_ms
    )


def _next(look: Look, answer: Fetched | NotModified, published: Sequence[int], ttl_s: int | None) -> NextCheck:
    return schedule.after_success(
        every_s=every_s(look.state.feed.every),
        published=published,
        now=look.now,
        previous_s=look.state.interval_s,
        ttl_s=ttl_s,
        cache_s=answer.cache_s,
        retry_after_s=answer.retry_after_s,
        seed=look.seed,
    )


def _moving(look: Look, answer: Fetched | NotModified) -> tuple[Moved, str, str, Sequence[Hop], int]:
    return look.moved, look.asked, look.state.feed.url, answer.hops, look.now


def _update(look: Look, after: NextCheck, where: Moved) -> FeedUpdate:
    """Everything kept as it is, but for the next check."""
    state = look.state
    return FeedUpdate(
        status=state.status,
        failures=state.failures,
        next_check_at=look.now + after.after_s * 1_000_000,
        next_check_why=after.why,
        interval_s=after.interval_s,
        etag=state.etag,
        last_modified=state.last_modified,
        body_hash=state.body_hash,
        last_success_at=state.last_success_at,
        first_success_at=state.first_success_at,
        last_new_at=state.last_new_at,
        moved_to=where.to,
        moved_count=where.count,
        moved_since_at=where.since_at,
    )


def _succeeded(look: Look, after: NextCheck, where: Moved) -> FeedUpdate:
    first = look.state.first_success_at
    return replace(
        _update(look, after, where),
        status="ok",
        failures=0,
        last_success_at=look.now,
        first_success_at=look.now if first is None else first,
    )


def _validated(update: FeedUpdate, fetched: Fetched) -> FeedUpdate:
    given = fetched.validators
    return replace(update, etag=given.etag, last_modified=given.last_modified, body_hash=fetched.body_hash)


def validators_of(look: Look) -> Validators:
    """What to ask with: both validators, or neither where the address has changed since, or (one look in a hundred)
    to find out whether a server's "not modified" is true.
    """
    if schedule.one_in(100, look.seed):
        return Validators()
    return Validators(etag=look.state.etag, last_modified=look.state.last_modified)
