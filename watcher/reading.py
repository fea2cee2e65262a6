"""Ask for a feed, and read what came: in a child, compared with what is known, put together as an outcome. Writes
nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from net.client import BeforeHop, BeforeSending, GuardedClient
from store.database import Database, instant
from store.fetches import Known, Outcome, any_entry, known_by
from watcher import outcome
from watcher.decide import Decision, Seen, decide, id_key, keys_of, trusted
from watcher.entry import Document, NotAFeed
from watcher.fetch import Fetched, FetchFailed, FetchResult, NotModified, fetch
from watcher.flood import calmed
from watcher.formats.source import Source
from watcher.identity import article_id
from watcher.look import Look
from watcher.manners import Manners
from watcher.pool import ParsePool
from watcher.proxy import Secrets, proxy_of

Complete = Callable[[Look, Decision], Awaitable[Decision]]

_STALE = 24 * 3_600 * 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a look changes in the ledger; where a document came, that and what was decided on its entries."""

    outcome: Outcome
    document: Document | None = None
    decision: Decision | None = None


async def ask(
    client: GuardedClient,
    look: Look,
    manners: Manners,
    secrets: Secrets,
    before_sending: BeforeSending | None = None,
    before_hop: BeforeHop | None = None,
) -> FetchResult:
    """Fetch the feed of a *look*, through its proxy if it has one; *before_sending* and *before_hop* are
    those of the client."""
    try:
        proxy = proxy_of(look.state.feed, secrets)
    except ValueError as error:
        return FetchFailed(error_class="proxy", message=str(error))
    return await fetch(
        client,
        look.asked,
        look.validators,
        now=instant(look.now),
        limit_bytes=manners.limit_bytes,
        total_s=manners.total_s,
        proxy=proxy,
        before_sending=before_sending,
        before_hop=before_hop,
    )


async def read(
    db: Database | None, pool: ParsePool, look: Look, result: FetchResult, complete: Complete | None = None
) -> Reading:
    """Read what a *look* has fetched; without a ledger nothing is known. *complete* adds what the feed leaves out."""
    match result:
        case FetchFailed():
            return Reading(outcome=outcome.failed(look, result))
        case NotModified():
            return Reading(outcome=outcome.not_modified(look, result))
        case Fetched() if result.body_hash == look.state.body_hash:
            return Reading(outcome=outcome.unchanged(look, result))
    source = Source(url=result.url, content_type=result.content_type)
    document = await pool.parse(result.body, source, look.now / 1_000_000)
    if isinstance(document, NotAFeed):
        return Reading(outcome=outcome.not_a_feed(look, result, document))
    decision = await asyncio.to_thread(_decide, db, look, document)
    decision = await complete(look, decision) if complete else decision
    return Reading(outcome=outcome.brought(look, result, document, decision), document=document, decision=decision)


def _decide(db: Database | None, look: Look, document: Document) -> Decision:
    seen = _known(db, look, document) if db and _has_brought(db, look) else {}
    decision = decide(seen, document.entries, feed_id=look.state.id, quiet_before=look.quiet_before)
    looked_at = look.state.last_success_at
    return decision if looked_at is None else replace(decision, new=calmed(decision.new, seen, looked_at))


def _has_brought(db: Database, look: Look) -> bool:
    """Whether the feed has brought anything yet: one question, and not one for each name of a first document."""
    return look.state.first_success_at is not None or any_entry(db, look.state.id)


def _known(db: Database, look: Look, document: Document) -> dict[str, Seen]:
    entries = trusted(document.entries)
    keys = [key for entry in entries for key in keys_of(entry.names)]
    ids = [article_id(look.state.id, entry.names) for entry in entries]
    by_name, by_id = known_by(db, look.state.id, keys, ids)
    seen = {key: _seen(known, look.now) for key, known in by_name.items()}
    return seen | {id_key(id): _seen(known, look.now) for id, known in by_id.items()}


def _seen(known: Known, now: int) -> Seen:
    return Seen(
        article_id=known.article_id,
        content_hash=known.content_hash,
        revision=known.revision,
        stale=known.seen_at < now - _STALE,
    )
