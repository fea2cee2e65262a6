"""What fetches brought, in the ledger: articles, names, the log and the feed's new state in one transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from sqlalchemy import Column, Connection, Select, bindparam, case, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from store.database import Database
from store.feeds import FeedState
from store.hosts import Rest, rest_host
from store.leases import NO_LEASE
from store.notices import About, add_notice
from store.stories import Fresh, Kin, alone, remember, stories_of
from store.tables import article, feed, feed_entry, fetch

CHUNK = 100
"""Articles per transaction: a longer one makes every other writer of SQLite wait."""

_NAMES_AT_ONCE = 500


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
    """An article to insert (revision 1) or to revise (above); a revision keeps its dates, its story and whether it is
    quiet. `feed_text` is what the feed said where `text` is from the page; the hash is always of what the feed said.
    With `page_missed` a revision keeps the page's text of the last one, which says more than the feed. Copies are found
    by their `sketch`.
    """

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
    feed_text: str | None = None
    page_missed: bool = False
    sketch: tuple[int, ...] = ()


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
    host: str
    also_host: str | None = None
    fetch_from: str | None = None
    usual_gap_s: int | None = None
    failing_since_at: int | None = None
    rests: tuple[int, ...] = ()
    troubles: tuple[str, ...] = ()
    episodes: Mapping[str, int] = field(default_factory=dict)
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
class Notice:
    """What is told of a feed: *kind* (feed.failing …) for the *number*-th time, in a sentence; `details` are for
    programs.
    """

    kind: str
    number: int
    words: str
    details: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Everything one fetch changes: entries = new + changed articles + known + skipped. `rest` is what the host asked
    for.
    """

    log: FetchLog
    update: FeedUpdate
    articles: tuple[ArticleRow, ...] = ()
    known: int = 0
    skipped: Mapping[str, int] = field(default_factory=dict)
    refreshed: tuple[Name, ...] = ()
    rest: Rest | None = None
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A look that has ended at `at` (microseconds UTC): the feed as it was before, and what is to be changed."""

    state: FeedState
    outcome: Outcome
    at: int


def any_entry(db: Database, id: str) -> bool:
    """Whether anything is known that the feed *id* has brought."""
    chosen = select(feed_entry.c.key).where(feed_entry.c.feed_id == id).limit(1)
    with db.read() as connection:
        return connection.execute(chosen).first() is not None


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


def commit_fetch(
    db: Database, owner: str, state: FeedState, outcome: Outcome, now: int, kin: Kin = alone
) -> list[str] | None:
    """Write what one fetch brought and free the feed; return the ids of the articles to evaluate, or None where the
    lease was lost meanwhile (someone else fetches it; nothing more was written). *kin* finds the story of a new one.

    A chunk of articles is one transaction with its names and its counts in the fetch log; validators and the next
    check come with the last one, so that whatever is cut off is fetched again and nothing is counted twice.
    """
    ids: list[str] = []
    line: int | None = None
    for start in range(0, max(1, len(outcome.articles)), CHUNK):
        chunk = outcome.articles[start : start + CHUNK]
        with db.write() as connection:
            if not _held(connection, owner, [state.id]):
                return None
            _insert(connection, state, [one for one in chunk if one.revision == 1], now, kin)
            _revise(connection, [one for one in chunk if one.revision > 1], now)
            _remember(db, connection, state.id, [name for one in chunk for name in one.names], now)
            line = _log(connection, line, state.id, outcome.log, chunk, now)
            if start + CHUNK >= len(outcome.articles):
                _finish(db, connection, state, line, outcome, now)
        ids += [one.id for one in chunk]
    return ids


def commit_quiet(db: Database, owner: str, looks: Sequence[Ended]) -> set[str]:
    """Write what looks without articles have changed, all in one transaction, and free their feeds; return the ids of
    those whose lease was lost meanwhile (nothing was written of them).
    """
    with db.write() as connection:
        held = _held(connection, owner, [one.state.id for one in looks])
        ours = [one for one in looks if one.state.id in held]
        if ours:
            connection.execute(insert(fetch), [_line(one.state.id, one.outcome, one.at) for one in ours])
            _settle(db, connection, ours)
    return {one.state.id for one in looks} - held


def _held(connection: Connection, owner: str, ids: Sequence[str]) -> set[str]:
    """Those of the feeds that *owner* holds the lease of, locked; always in the same order, so that nobody waits for
    somebody who waits for him.
    """
    chosen = select(feed.c.id).where(feed.c.id.in_(ids), feed.c.lease_owner == owner)
    return set(connection.scalars(chosen.order_by(feed.c.id).with_for_update()))


def _line(id: str, outcome: Outcome, now: int) -> dict[str, Any]:
    """The line of the fetch log for a look without articles."""
    counts = {"entries": outcome.known + sum(outcome.skipped.values()), "known": outcome.known}
    return {"feed_id": id, "at": now, **_columns(outcome.log), **counts, "skipped": dict(outcome.skipped) or None}


def _insert(connection: Connection, state: FeedState, rows: Sequence[ArticleRow], now: int, kin: Kin) -> None:
    declared = state.feed
    common = {"feed_id": state.id, "outlet": declared.outlet, "tier": declared.tier, "tags": list(declared.tags)}
    stamps = {"first_seen_at": now, "revised_at": now}
    if rows:
        fresh = [Fresh(id=one.id, title=one.title, text=one.text, sketch=one.sketch) for one in rows]
        found = stories_of(connection, fresh, kin, now)
        values = [_content(one) | common | stamps | _first(one, found.stories[one.id]) for one in rows]
        connection.execute(insert(article), values)
        remember(connection, found, now)


def _content(one: ArticleRow) -> dict[str, Any]:
    names = ("url", "title", "text", "feed_text", "author", "lang", "content_hash", "revision")
    return {name: getattr(one, name) for name in names}


def _first(one: ArticleRow, story_id: str) -> dict[str, Any]:
    dates = {"published_at": one.published_at, "published_from": one.published_from}
    return {"id": one.id, "story_id": story_id, "quiet": one.quiet, **dates}


def _revise(connection: Connection, rows: Sequence[ArticleRow], now: int) -> None:
    again = {"evaluated_at": None, "evaluated_with": None, "match_tries": 0, "parked_at": None, "parked_why": None}
    again |= {"pruned_at": None}  # it has a text again
    chosen = update(article).where(article.c.id == bindparam("this"))
    for one in sorted(rows, key=lambda row: row.id):  # the order in which whoever matches holds them (store.locks)
        content = _content(one) | (_with_old_page(one) if one.page_missed else {})
        connection.execute(chosen.values(**content, revised_at=now, **again, **NO_LEASE), {"this": one.id})


def _with_old_page(one: ArticleRow) -> dict[str, Any]:
    had_page = article.c.feed_text.is_not(None)
    return {
        "text": case((had_page, article.c.text), else_=one.text),
        "feed_text": case((had_page, one.text), else_=None),
    }


def _remember(db: Database, connection: Connection, id: str, names: Sequence[Name], now: int) -> None:
    rows = {name.key: {**_columns(name), "feed_id": id, "seen_at": now} for name in names}
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
        written = connection.execute(insert(fetch).values(feed_id=id, at=now, **_columns(log), **counts))
        return int(written.inserted_primary_key[0])  # type: ignore[index]
    more = {name: fetch.c[name] + count for name, count in counts.items()}
    connection.execute(update(fetch).where(fetch.c.id == line).values(**more))
    return line


def _finish(db: Database, connection: Connection, state: FeedState, line: int, outcome: Outcome, now: int) -> None:
    quiet = outcome.known + sum(outcome.skipped.values())
    counts = {"entries": fetch.c.entries + quiet, "known": outcome.known, "skipped": dict(outcome.skipped) or None}
    why_quiet = Counter(one.quiet for one in outcome.articles if one.quiet and one.revision == 1)
    connection.execute(update(fetch).where(fetch.c.id == line).values(**counts, quiet=dict(why_quiet) or None))
    _settle(db, connection, [Ended(state=state, outcome=outcome, at=now)])


def _settle(db: Database, connection: Connection, looks: Sequence[Ended]) -> None:
    """The feeds' new states, and what else follows from looks besides articles."""
    freed = update(feed).where(feed.c.id == bindparam("this"))
    connection.execute(freed, [{"this": one.state.id, **_columns(one.outcome.update), **NO_LEASE} for one in looks])
    for one in looks:
        _remember(db, connection, one.state.id, one.outcome.refreshed, one.at)
        for notice in one.outcome.notices:
            _notice(connection, one.state, notice, one.at)
    rests = [one.outcome.rest for one in looks if one.outcome.rest]
    for rest in sorted(rests, key=lambda rest: rest.host):
        rest_host(connection, rest)


def _columns(value: FeedUpdate | Name | FetchLog) -> dict[str, Any]:
    """The fields as columns; `asdict` would copy what is in them."""
    return {column.name: getattr(value, column.name) for column in fields(value)}


def _notice(connection: Connection, state: FeedState, one: Notice, now: int) -> None:
    about = About(what="feed", id=state.id, name=state.feed.name, path="/feeds")
    details = {"url": state.feed.url, "outlet": state.feed.outlet, **one.details}
    add_notice(connection, one.kind, about, one.words, episode=one.number, now=now, details=details)
