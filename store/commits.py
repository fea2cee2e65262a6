"""What looks have brought, written: articles, names, the fetch log and the feeds' new states in one transaction, and
many looks in one too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import Connection, bindparam, case, insert, select, update

from store.database import Database
from store.feeds import FeedState
from store.fetches import ArticleRow, Ended, FeedUpdate, FetchLog, Name, Notice, Outcome
from store.hosts import rest_host
from store.leases import NO_LEASE
from store.many import among, insert_rows, update_rows, upsert_rows
from store.notices import About, add_notice
from store.stories import Fresh, Kin, alone, remember, stories_of
from store.tables import article, feed, feed_entry, fetch

CHUNK = 100
"""Articles per transaction: a longer one makes every other writer of SQLite wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """What one transaction writes of a look: some of its articles, and with the last of them all the rest. `line` is
    that of the fetch log which an earlier part began.
    """

    look: Ended
    articles: Sequence[ArticleRow]
    line: int | None = None
    last: bool = True


def commit_looks(db: Database, owner: str, looks: Sequence[Ended], kin: Kin = alone) -> dict[str, list[str]]:
    """Write what *looks* with CHUNK articles at most, all together, have brought, and free their feeds; return for each
    feed the ids of the articles to evaluate. Those whose lease was lost meanwhile are missing: nothing was written of
    them. *kin* finds the story of a new article.
    """
    with db.write() as connection:
        held = _held(connection, owner, [one.state.id for one in looks])
        parts = [_Part(look=one, articles=one.outcome.articles) for one in looks if one.state.id in held]
        if parts:
            insert_rows(connection, fetch, [_line(part) for part in parts])
            _write(connection, parts, kin)
    return {part.look.state.id: [one.id for one in part.articles] for part in parts}


def commit_fetch(
    db: Database, owner: str, state: FeedState, outcome: Outcome, now: int, kin: Kin = alone
) -> list[str] | None:
    """Write what one look at *now* has brought, however much, and free the feed; return the ids of the articles to
    evaluate, or None where the lease was lost meanwhile (someone else fetches it; nothing more was written).

    A chunk of articles is one transaction with its names and its counts in the fetch log; validators and the next
    check come with the last one, so that whatever is cut off is fetched again and nothing is counted twice.
    """
    line: int | None = None
    for some, last in _chunks(outcome.articles):
        part = _Part(look=Ended(state=state, outcome=outcome, at=now), articles=some, line=line, last=last)
        with db.write() as connection:
            if not _held(connection, owner, [state.id]):
                return None
            line = _log(connection, part)
            _write(connection, [part], kin)
    return [one.id for one in outcome.articles]


def _chunks(articles: Sequence[ArticleRow]) -> Iterator[tuple[Sequence[ArticleRow], bool]]:
    """Chunks, one at least, and whether each is the last."""
    for start in range(0, max(1, len(articles)), CHUNK):
        yield articles[start : start + CHUNK], start + CHUNK >= len(articles)


def _held(connection: Connection, owner: str, ids: Sequence[str]) -> set[str]:
    """Those of the feeds that *owner* holds the lease of, locked; always in the same order, so that nobody waits for
    somebody who waits for him.
    """
    chosen = select(feed.c.id).where(among(connection, feed.c.id, ids), feed.c.lease_owner == owner)
    return set(connection.scalars(chosen.order_by(feed.c.id).with_for_update()))


# -- the fetch log ----------------------------------------------------------------------------------------------------
def _line(part: _Part) -> dict[str, Any]:
    log = _columns(part.look.outcome.log)
    return {"feed_id": part.look.state.id, "at": part.look.at, **log, **_counts(part), **_whys(part)}


def _counts(part: _Part) -> dict[str, int]:
    new, outcome = sum(one.revision == 1 for one in part.articles), part.look.outcome
    known, skipped = (outcome.known, sum(outcome.skipped.values())) if part.last else (0, 0)
    counts = {"new": new, "changed": len(part.articles) - new, "known": known}
    return {"entries": sum(counts.values()) + skipped, **counts}


def _whys(part: _Part) -> dict[str, Mapping[str, int] | None]:
    """Why entries were skipped, and new articles are quiet."""
    if not part.last:
        return {"skipped": None, "quiet": None}
    outcome = part.look.outcome
    quiet = Counter(one.quiet for one in outcome.articles if one.quiet and one.revision == 1)
    return {"skipped": dict(outcome.skipped) or None, "quiet": dict(quiet) or None}


def _log(connection: Connection, part: _Part) -> int:
    """Begin the line of a look, or add to it."""
    if part.line is None:
        written = connection.execute(insert(fetch).values(**_line(part)))
        return int(written.inserted_primary_key[0])  # type: ignore[index]
    more = {name: fetch.c[name] + count for name, count in _counts(part).items()}
    connection.execute(update(fetch).where(fetch.c.id == part.line).values(**more, **_whys(part)))
    return part.line


# -- all else ---------------------------------------------------------------------------------------------------------
def _write(connection: Connection, parts: Sequence[_Part], kin: Kin) -> None:
    """In the order of `store.locks`; new articles late, since the lock of their stories makes others wait."""
    ended = [part.look for part in parts if part.last]
    _remember(connection, parts)
    _free(connection, ended)
    _revise(connection, parts)
    _insert(connection, parts, kin)
    _tell(connection, ended)


def _remember(connection: Connection, parts: Sequence[_Part]) -> None:
    """The names of the articles, and what was learned of known ones."""
    rows = {(look.state.id, name.key): _name(look, name) for look, name in _names(parts)}
    if rows:
        upsert_rows(connection, feed_entry, list(rows.values()))


def _names(parts: Sequence[_Part]) -> Iterator[tuple[Ended, Name]]:
    for part in parts:
        yield from ((part.look, name) for one in part.articles for name in one.names)
        yield from ((part.look, name) for name in part.look.outcome.refreshed if part.last)


def _name(look: Ended, name: Name) -> dict[str, Any]:
    return {**_columns(name), "feed_id": look.state.id, "seen_at": look.at}


def _free(connection: Connection, looks: Sequence[Ended]) -> None:
    """The feeds' new states, without a lease."""
    rows = [{"id": one.state.id, **_columns(one.outcome.update), **NO_LEASE} for one in looks]
    if rows:
        update_rows(connection, feed, rows)


def _revise(connection: Connection, parts: Sequence[_Part]) -> None:
    again = {"evaluated_at": None, "evaluated_with": None, "match_tries": 0, "parked_at": None, "parked_why": None}
    again |= {"pruned_at": None}  # it has a text again
    chosen = update(article).where(article.c.id == bindparam("this"))
    revised = [(one, part.look.at) for part in parts for one in part.articles if one.revision > 1]
    for one, at in sorted(revised, key=lambda row: row[0].id):  # as whoever matches holds them (store.locks)
        content = _content(one) | (_with_old_page(one) if one.page_missed else {})
        connection.execute(chosen.values(**content, revised_at=at, **again, **NO_LEASE), {"this": one.id})


def _with_old_page(one: ArticleRow) -> dict[str, Any]:
    had_page = article.c.feed_text.is_not(None)
    return {
        "text": case((had_page, article.c.text), else_=one.text),
        "feed_text": case((had_page, one.text), else_=None),
    }


def _insert(connection: Connection, parts: Sequence[_Part], kin: Kin) -> None:
    rows = [(part.look, one) for part in parts for one in part.articles if one.revision == 1]
    if rows:
        now = max(look.at for look, _ in rows)
        fresh = [Fresh(id=one.id, title=one.title, text=one.text, sketch=one.sketch) for _, one in rows]
        found = stories_of(connection, fresh, kin, now)
        insert_rows(connection, article, [_first(look, one, found.stories[one.id]) for look, one in rows])
        remember(connection, found, now)


def _first(look: Ended, one: ArticleRow, story_id: str) -> dict[str, Any]:
    declared = look.state.feed
    of_feed = {"feed_id": look.state.id, "outlet": declared.outlet, "tier": declared.tier, "tags": list(declared.tags)}
    dates = {"published_at": one.published_at, "published_from": one.published_from}
    stamps = {"first_seen_at": look.at, "revised_at": look.at}
    return {"id": one.id, "story_id": story_id, "quiet": one.quiet, **_content(one), **of_feed, **dates, **stamps}


def _content(one: ArticleRow) -> dict[str, Any]:
    names = ("url", "title", "text", "feed_text", "author", "lang", "content_hash", "revision")
    return {name: getattr(one, name) for name in names}


def _tell(connection: Connection, looks: Sequence[Ended]) -> None:
    """What follows from looks for people, and for their hosts."""
    for one in looks:
        for notice in one.outcome.notices:
            _notice(connection, one.state, notice, one.at)
    rests = [one.outcome.rest for one in looks if one.outcome.rest]
    for rest in sorted(rests, key=lambda rest: rest.host):
        rest_host(connection, rest)


def _notice(connection: Connection, state: FeedState, one: Notice, now: int) -> None:
    about = About(what="feed", id=state.id, name=state.feed.name, path="/feeds")
    details = {"url": state.feed.url, "outlet": state.feed.outlet, **one.details}
    add_notice(connection, one.kind, about, one.words, episode=one.number, now=now, details=details)


def _columns(value: FeedUpdate | Name | FetchLog) -> dict[str, Any]:
    """The fields as columns; `asdict` would copy what is in them."""
    return {column.name: getattr(value, column.name) for column in fields(value)}
