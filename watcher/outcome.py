"""What one fetch changes in the ledger, put together from its parts. Pure."""

from __future__ import annotations

from dataclasses import replace

from store.feeds import host_of
from store.fetches import ArticleRow, FeedUpdate, FetchLog, Name, Notice, Outcome
from store.hosts import Rest
from watcher import health, moved, schedule
from watcher.decide import Decided, Decision
from watcher.entry import Document, NotAFeed
from watcher.fetch import Fetched, FetchFailed, NotModified
from watcher.health import Signs
from watcher.look import Look
from watcher.moved import Moved
from watcher.schedule import NextCheck
from watcher.story import sketch

FEW = 3
"""Entries below which a document may be all new without anything missed: some feeds hold the latest one alone."""

_CHANGED = ("next_check_at", "next_check_why", "interval_s", "moved_to", "moved_count", "moved_since_at")
_KEPT = tuple(name for name in FeedUpdate.__dataclass_fields__ if name not in _CHANGED)


def failed(look: Look, failure: FetchFailed) -> Outcome:
    """The outcome of a look that gave no document."""
    state, failures = look.state, look.state.failures + 1
    gone = failure.error_class == "gone" and state.fetch_from is None
    after = schedule.after_failure(
        interval_s=state.interval_s or look.every_s,
        failures=failures,
        retry_after_s=failure.retry_after_s,
        gone=gone,
        seed=look.seed,
    )
    update = replace(
        _at(_update(look, after, look.moved), moved.kept(state.fetch_from, failures), failure.url, look),
        status="gone" if gone else "failing",
        failures=failures,
        error_class=failure.error_class,
        error=failure.message[:1_000],
        failing_since_at=state.failing_since_at or look.now,
    )
    update, notices = health.told(state, update, Signs(), look.now, look.patience)
    return Outcome(log=_failure_log(failure), update=update, rest=_rest(look, failure, after), notices=notices)


def _failure_log(failure: FetchFailed) -> FetchLog:
    return FetchLog(
        outcome="failed",
        http_status=failure.status,
        elapsed_ms=failure.elapsed_ms,
        error_class=failure.error_class,
        error=failure.message[:1_000],
    )


def _rest(look: Look, failure: FetchFailed, after: NextCheck) -> Rest | None:
    """Who asks too often does so at a host: all its feeds rest. Other failures are of the feed alone, since one host
    may serve thousands that have nothing to do with each other.
    """
    if failure.error_class != "rate_limited":
        return None
    rest_s = failure.retry_after_s or min(after.after_s, schedule.RETRY_S)
    why = f"says that we ask too often, and rests {schedule.words(rest_s)}"
    return Rest(host=host_of(failure.url or look.asked), until_at=look.now + rest_s * 1_000_000, why=why)


def not_to_blame(look: Look, failure: FetchFailed) -> Outcome:
    """The outcome of a look that failed while our own network is down: only the next check changes."""
    after = schedule.while_down(interval_s=look.state.interval_s, seed=look.seed)
    return Outcome(log=_failure_log(failure), update=_update(look, after, look.moved))


def not_a_feed(look: Look, fetched: Fetched, why: NotAFeed) -> Outcome:
    """The outcome of a look that gave something else than a feed."""
    failure = FetchFailed(
        error_class=why.error_class,
        message=why.message,
        status=fetched.status,
        retry_after_s=fetched.retry_after_s,
        elapsed_ms=fetched.elapsed_ms,
        url=fetched.url,
    )
    outcome = failed(look, failure)
    return replace(outcome, log=replace(outcome.log, bytes=len(fetched.body)))


def not_modified(look: Look, answer: NotModified) -> Outcome:
    """The outcome of a look that found the feed unchanged, as the server says (304)."""
    update, notices = _succeeded(look, _next(look, answer), answer, Signs())
    log = FetchLog(outcome="not_modified", http_status=304, elapsed_ms=answer.elapsed_ms)
    return Outcome(log=log, update=update, notices=notices)


def unchanged(look: Look, fetched: Fetched) -> Outcome:
    """The outcome of a look that brought the very bytes of the last one, which are not parsed again."""
    update, notices = _succeeded(look, _next(look, fetched), fetched, Signs())
    log = replace(_log(fetched), outcome="unchanged")
    return Outcome(log=log, update=_validated(update, fetched), notices=notices)


def brought(look: Look, fetched: Fetched, document: Document, decision: Decision) -> Outcome:
    """The outcome of a look that brought a document. Of one that broke off the validators are not kept: the rest of it
    must come with the next look.
    """
    whole = document.complete and not fetched.broken_off
    overlap = _overlap(look, document, decision) if whole else None
    after = _next(look, fetched, document, gap=overlap is False)
    update, notices = _succeeded(look, after, fetched, Signs(overlap=overlap, new=len(decision.new)))
    update = _learned(look, update, document)
    skipped = dict(decision.skipped) | ({"beyond the limit": document.beyond} if document.beyond else {})
    return Outcome(
        log=_log(fetched),
        update=_validated(update, fetched) if whole else replace(update, etag=None, last_modified=None, body_hash=None),
        articles=tuple(_row(look, one) for one in (*decision.new, *decision.changed)),
        known=decision.known,
        skipped=skipped,
        refreshed=tuple(Name(key=key, article_id=id, content_hash=h) for key, (id, h) in decision.learned.items()),
        notices=notices,
    )


def _overlap(look: Look, document: Document, decision: Decision) -> bool | None:
    """Whether the document reaches back to what was known; None where that says nothing."""
    if look.state.last_new_at is None or not document.entries:
        return None
    unknown = len(decision.new) + sum(decision.skipped.get(why, 0) for why in ("empty", "repeated"))
    if unknown < len(document.entries):
        return True
    archive = any(one.quiet for one in decision.new)
    return None if archive or len(document.entries) < FEW else False


def _learned(look: Look, update: FeedUpdate, document: Document) -> FeedUpdate:
    """What a document teaches about its feed."""
    gap_s = schedule.usual_gap_s(_dates(document), look.now)
    return replace(update, rests=document.rests, usual_gap_s=look.state.usual_gap_s if gap_s is None else gap_s)


def _dates(document: Document) -> list[int]:
    return [entry.published_at for entry in document.entries if entry.published_at is not None]


def _row(look: Look, one: Decided) -> ArticleRow:
    entry = one.entry
    return ArticleRow(
        id=one.article_id,
        revision=one.revision,
        url=entry.url,
        title=entry.title,
        text=one.page_text or entry.text,
        feed_text=entry.text if one.page_text else None,
        page_missed=one.page_text == "",
        author=entry.author,
        lang=look.state.feed.lang or entry.lang,
        published_at=entry.published_at,
        published_from=entry.published_from,
        content_hash=entry.content_hash,
        quiet=one.quiet,
        names=tuple(Name(key=key, article_id=one.article_id, content_hash=entry.content_hash) for key in one.keys),
        sketch=sketch(entry.title, one.page_text or entry.text) if one.revision == 1 else (),
    )


def _log(fetched: Fetched) -> FetchLog:
    return FetchLog(
        outcome="fetched", http_status=fetched.status, bytes=len(fetched.body), elapsed_ms=fetched.elapsed_ms
    )


def _next(
    look: Look, answer: Fetched | NotModified, document: Document | None = None, *, gap: bool = False
) -> NextCheck:
    return schedule.after_success(
        every_s=look.every_s,
        limits=look.limits,
        published=_dates(document) if document else (),
        now=look.now,
        previous_s=look.state.interval_s,
        ttl_s=document.ttl_s if document else None,
        cache_s=answer.cache_s,
        retry_after_s=answer.retry_after_s,
        rests=document.rests if document else look.state.rests,
        gap=gap,
        seed=look.seed,
    )


def _update(look: Look, after: NextCheck, where: Moved) -> FeedUpdate:
    """Everything kept as it is, but for the next check."""
    return FeedUpdate(
        **{name: getattr(look.state, name) for name in _KEPT},
        next_check_at=look.now + after.after_s * 1_000_000,
        next_check_why=after.why,
        interval_s=after.interval_s,
        moved_to=where.to,
        moved_count=where.count,
        moved_since_at=where.since_at,
    )


def _at(update: FeedUpdate, new_address: str | None, answered: str | None, look: Look) -> FeedUpdate:
    """The *update* of a feed that is fetched from *new_address* (None: from where it is declared) from now on, and was
    *answered* by this URL, if by any.
    """
    host = host_of(new_address or look.state.feed.url)
    also = host_of(answered) if answered else look.state.also_host
    return replace(update, fetch_from=new_address, host=host, also_host=also if also != host else None)


def _succeeded(
    look: Look, after: NextCheck, answer: Fetched | NotModified, signs: Signs
) -> tuple[FeedUpdate, tuple[Notice, ...]]:
    state, where = look.state, moved.after_answer(look.moved, answer.hops, look.now)
    new_address = moved.confirmed(where, look.now)
    update = replace(
        _at(_update(look, after, where), new_address or state.fetch_from, _answered(look, answer), look),
        status="ok",
        failures=0,
        error_class=None,
        error=None,
        failing_since_at=None,
        last_success_at=look.now,
        first_success_at=look.now if state.first_success_at is None else state.first_success_at,
        last_new_at=look.now if signs.new else state.last_new_at,
    )
    is_news = new_address is not None and new_address != state.fetch_from
    signs = replace(signs, moved_to=new_address if is_news else None)
    return health.told(state, update, signs, look.now, look.patience)


def _answered(look: Look, answer: Fetched | NotModified) -> str:
    return answer.hops[-1].url if answer.hops else look.asked


def _validated(update: FeedUpdate, fetched: Fetched) -> FeedUpdate:
    given = fetched.validators
    return replace(update, etag=given.etag, last_modified=given.last_modified, body_hash=fetched.body_hash)
