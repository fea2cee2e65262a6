"""What fetches have brought, as values, and what of it is known already. `store.commits` writes it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Column, Connection, Select, select

from store.database import Database
from store.feeds import FeedState
from store.hosts import Rest
from store.many import among
from store.tables import article, feed_entry

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


def known_by(
    db: Database, id: str, keys: Iterable[str], article_ids: Iterable[str]
) -> tuple[dict[str, Known], dict[str, Known]]:
    """What the feed *id* is known to have brought under these names (name → article), and the articles with these ids
    (id → article).
    """
    by_name = select(feed_entry.c.key, *_KNOWN, feed_entry.c.seen_at).where(feed_entry.c.feed_id == id)
    by_name = by_name.join(article, article.c.id == feed_entry.c.article_id)
    by_id = select(article.c.id, *_KNOWN, article.c.revised_at)
    with db.read() as connection:
        names = _known(connection, by_name, feed_entry.c.key, keys)
        return names, _known(connection, by_id, article.c.id, article_ids)


_KNOWN = (article.c.id.label("article_id"), article.c.content_hash, article.c.revision)


def _known(connection: Connection, chosen: Select[Any], column: Column[str], wanted: Iterable[str]) -> dict[str, Known]:
    names = list(dict.fromkeys(wanted))
    found: dict[str, Known] = {}
    for start in range(0, len(names), _NAMES_AT_ONCE):
        rows = connection.execute(chosen.where(among(connection, column, names[start : start + _NAMES_AT_ONCE])))
        found |= {key: Known(article_id=a, content_hash=h, revision=r, seen_at=s) for key, a, h, r, s in rows}
    return found
