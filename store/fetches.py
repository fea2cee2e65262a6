"""Fetching in the ledger: who fetches which feed now, and what a fetch brought, in one transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Column, Connection, Select, and_, bindparam, delete, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from store.database import Database
from store.feeds import FeedState, state_of
from store.tables import article, feed, feed_entry, fetch

CHUNK = 100
"""Articles per transaction: a longer one makes every other writer of SQLite wait."""

_SCAN = 2_000
_NAMES_AT_ONCE = 500
_FREE = {"lease_owner": None, "lease_until_at": None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Leased:
    """Feeds that *owner* alone may fetch until the lease runs out; `at` is the ledger's time when it was given."""

    owner: str
    at: int
    feeds: tuple[FeedState, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is remembered of an article under one of its names."""

    article_id: str
    content_hash: str
    revision: int
    seen_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """A name (guid, link, title or content) by which an article is known in its feed."""

    key: str
    article_id: str
    content_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleRow:
    """An article to insert (revision 1) or to revise (above); a revision keeps its dates and whether it is quiet."""

    id: str
    revision: int
    url: str | None
    title: str
    text: str
    author: str | None
    lang: str | None
    published_at: int | None
    published_from: str
    content_hash: str
    quiet: str | None
    names: tuple[Name, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchLog:
    """One line of the fetch log: outcome is fetched, not_modified, unchanged or failed."""

    outcome: str
    http_status: int | None = None
    bytes: int | None = None
    elapsed_ms: int | None = None
    error_class: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedUpdate:
    """What the feed's row says after a fetch."""

    status: str
    failures: int
    next_check_at: int
    next_check_why: str
    interval_s: int | None
    etag: str | None = None
    last_modified: str | None = None
    body_hash: str | None = None
    error_class: str | None = None
    error: str | None = None
    last_success_at: int | None = None
    first_success_at: int | None = None
    last_new_at: int | None = None
    moved_to: str | None = None
    moved_count: int = 0
    moved_since_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Everything one fetch changes: entries = new + changed articles + known + skipped."""

    log: FetchLog
    update: FeedUpdate
    articles: tuple[ArticleRow, ...] = ()
    known: int = 0
    skipped: Mapping[str, int] = field(default_factory=dict)
    refreshed: tuple[Name, ...] = ()


def host_of(url: str) -> str:
    """The host that is to be spared: name and port."""
    return urlsplit(url).netloc.lower()


def lease_due(
    db: Database,
    owner: str,
    *,
    limit: int,
    lease_s: int,
    per_host: int,
    busy: Mapping[str, int] | None = None,
    now: int | None = None,
) -> Leased:
    """Lease up to *limit* due feeds, at most *per_host* of one host (those *busy* already counted), and none of a host
    that another watcher is fetching from. *now* (microseconds) replaces the ledger's clock.
    """
    with db.read() as connection:
        at = db.now(connection) if now is None else now
        if connection.execute(select(feed.c.id).where(_due(at)).limit(1)).first() is None:
            return Leased(owner=owner, at=at)
    with db.write() as connection:
        picked = _pick(connection, owner, at, limit, per_host, Counter(busy or {}))
        taken = {"lease_owner": owner, "lease_until_at": at + lease_s * 1_000_000, "last_attempt_at": at}
        connection.execute(update(feed).where(feed.c.id.in_(picked)).values(**taken))
        rows = connection.execute(select(feed).where(feed.c.id.in_(picked)).order_by(feed.c.next_check_at)).all()
    return Leased(owner=owner, at=at, feeds=tuple(state_of(row) for row in rows))


def _due(at: int) -> Any:
    free = or_(feed.c.lease_until_at.is_(None), feed.c.lease_until_at <= at)
    return and_(feed.c.removed_at.is_(None), feed.c.next_check_at <= at, free)


def _pick(connection: Connection, owner: str, at: int, limit: int, per_host: int, busy: Counter[str]) -> list[str]:
    others = select(feed.c.url).where(feed.c.lease_until_at > at, feed.c.lease_owner != owner)
    foreign = {host_of(url) for url in connection.scalars(others)}
    candidates = select(feed.c.id, feed.c.url).where(_due(at)).order_by(feed.c.next_check_at).limit(_SCAN)
    picked: list[str] = []
    for id, url in connection.execute(candidates.with_for_update(skip_locked=True)):
        host = host_of(url)
        if len(picked) < limit and host not in foreign and busy[host] < per_host:
            busy[host] += 1
            picked.append(id)
    return picked


def release(db: Database, owner: str) -> None:
    """Give back every lease of *owner*, as a watcher that ends in order does."""
    with db.write() as connection:
        connection.execute(update(feed).where(feed.c.lease_owner == owner).values(**_FREE))


def known_entries(db: Database, id: str, keys: Iterable[str]) -> dict[str, Known]:
    """What the feed *id* is known to have brought under these names: name → article."""
    columns = (feed_entry.c.key, *_KNOWN, feed_entry.c.seen_at)
    joined = select(*columns).join(article, article.c.id == feed_entry.c.article_id)
    return _known(db, joined.where(feed_entry.c.feed_id == id), feed_entry.c.key, keys)


def known_articles(db: Database, ids: Iterable[str]) -> dict[str, Known]:
    """The articles with these ids: id → article."""
    return _known(db, select(article.c.id, *_KNOWN, article.c.revised_at), article.c.id, ids)


_KNOWN = (article.c.id.label("article_id"), article.c.content_hash, article.c.revision)


def _known(db: Database, chosen: Select[Any], column: Column[str], wanted: Iterable[str]) -> dict[str, Known]:
    names = list(dict.fromkeys(wanted))
    found: dict[str, Known] = {}
    with db.read() as connection:
        for start in range(0, len(names), _NAMES_AT_ONCE):
            rows = connection.execute(chosen.where(column.in_(names[start : start + _NAMES_AT_ONCE])))
            found |= {key: Known(article_id=a, content_hash=h, revision=r, seen_at=s) for key, a, h, r, s in rows}
    return found


def commit_fetch(db: Database, owner: str, state: FeedState, outcome: Outcome, now: int) -> list[str] | None:
    """Write what one fetch brought and free the feed; return the ids of the articles to evaluate, or None where the
    lease was lost meanwhile (someone else fetches it; nothing more was written).

    A chunk of articles is one transaction with its names and its counts in the fetch log; validators and the next
    check come with the last one, so that whatever is cut off is fetched again and nothing is counted twice.
    """
    ids: list[str] = []
    line: int | None = None
    for start in range(0, max(1, len(outcome.articles)), CHUNK):
        chunk = outcome.articles[start : start + CHUNK]
        with db.write() as connection:
            if not _holds(connection, owner, state.id):
                return None
            _insert(connection, state, [one for one in chunk if one.revision == 1], now)
            _revise(connection, [one for one in chunk if one.revision > 1], now)
            _remember(db, connection, state.id, [name for one in chunk for name in one.names], now)
            line = _log(connection, line, state.id, outcome.log, chunk, now)
            if start + CHUNK >= len(outcome.articles):
                _finish(db, connection, state.id, line, outcome, now)
        ids += [one.id for one in chunk]
    return ids


def _holds(connection: Connection, owner: str, id: str) -> bool:
    chosen = select(feed.c.lease_owner).where(feed.c.id == id).with_for_update()
    return bool(connection.scalar(chosen) == owner)


def _insert(connection: Connection, state: FeedState, rows: Sequence[ArticleRow], now: int) -> None:
    declared = state.feed
    common = {"feed_id": state.id, "outlet": declared.outlet, "tier": declared.tier, "tags": list(declared.tags)}
    stamps = {"first_seen_at": now, "revised_at": now}
    if rows:
        values = [_content(one) | common | stamps | _first(one) for one in rows]
        connection.execute(insert(article), values)


def _content(one: ArticleRow) -> dict[str, Any]:
    names = ("url", "title", "text", "author", "lang", "content_hash", "revision")
    return {name: getattr(one, name) for name in names}


def _first(one: ArticleRow) -> dict[str, Any]:
    dates = {"published_at": one.published_at, "published_from": one.published_from}
    return {"id": one.id, "story_id": one.id, "quiet": one.quiet, **dates}


def _revise(connection: Connection, rows: Sequence[ArticleRow], now: int) -> None:
    again = {"evaluated_at": None, "evaluated_with": None, "match_tries": 0, "parked_at": None, "parked_why": None}
    again |= {"pruned_at": None}  # it has a text again
    chosen = update(article).where(article.c.id == bindparam("this"))
    for one in rows:
        connection.execute(chosen.values(**_content(one), revised_at=now, **again, **_FREE), {"this": one.id})


def _remember(db: Database, connection: Connection, id: str, names: Sequence[Name], now: int) -> None:
    rows = {name.key: {**asdict(name), "feed_id": id, "seen_at": now} for name in names}
    if not rows:
        return
    dialect = postgresql if db.dialect == "postgresql" else sqlite
    statement = dialect.insert(feed_entry)
    changed = {column: statement.excluded[column] for column in ("article_id", "content_hash", "seen_at")}
    keys = [feed_entry.c.feed_id, feed_entry.c.key]
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=changed), list(rows.values()))


def _log(
    connection: Connection, line: int | None, id: str, log: FetchLog, chunk: Sequence[ArticleRow], now: int
) -> int:
    new = sum(one.revision == 1 for one in chunk)
    counts = {"entries": len(chunk), "new": new, "changed": len(chunk) - new}
    if line is None:
        written = connection.execute(insert(fetch).values(feed_id=id, at=now, **asdict(log), **counts))
        return int(written.inserted_primary_key[0])  # type: ignore[index]
    more = {name: fetch.c[name] + count for name, count in counts.items()}
    connection.execute(update(fetch).where(fetch.c.id == line).values(**more))
    return line


def _finish(db: Database, connection: Connection, id: str, line: int, outcome: Outcome, now: int) -> None:
    quiet = outcome.known + sum(outcome.skipped.values())
    counts = {"entries": fetch.c.entries + quiet, "known": outcome.known, "skipped": dict(outcome.skipped) or None}
    connection.execute(update(fetch).where(fetch.c.id == line).values(**counts))
    _remember(db, connection, id, outcome.refreshed, now)
    connection.execute(update(feed).where(feed.c.id == id).values(**asdict(outcome.update), **_FREE))


def forget_names(db: Database, id: str, older_than: int) -> int:
    """Drop names not seen in the feed since *older_than* (microseconds); return how many. Only names of articles that
    are gone too may be dropped, or the entry would come back as new.
    """
    gone = feed_entry.c.article_id.not_in(select(article.c.id).where(article.c.feed_id == id))
    chosen = and_(feed_entry.c.feed_id == id, feed_entry.c.seen_at < older_than, gone)
    with db.write() as connection:
        return int(connection.execute(delete(feed_entry).where(chosen)).rowcount)
