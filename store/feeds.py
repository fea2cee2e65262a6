"""Feeds in the ledger: what is declared, and what fetching has taught us of each."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Connection, Row, and_, insert, null, select, update

from store.database import Database
from store.locks import CONFIGURE, one_at_a_time
from store.tables import feed, fetch, host

_NAMESPACE = uuid.UUID("5f1c1a52-8f0e-5d3c-9a62-3d6d3bb5b1f4")


def feed_id(url: str) -> str:
    """The id of the feed declared with *url*: always the same."""
    return str(uuid.uuid5(_NAMESPACE, url))


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """A feed as declared. `every` is "auto", limits for it in seconds ("300-7200") or whole seconds; `backfill_s` says
    how old an entry of the first fetch may be and still alert; `proxy` is a URL or a reference to one.
    """

    url: str
    name: str
    outlet: str
    tier: str = "press"
    tags: tuple[str, ...] = ()
    lang: str | None = None
    every: str = "auto"
    backfill_s: int = 0
    full_text: bool = False
    proxy: str | None = None

    @property
    def id(self) -> str:
        """uuid5 of the URL."""
        return feed_id(self.url)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedState:
    """A feed with what fetching has taught us. Instants are microseconds UTC.

    `also_host` is the other host to which a redirect led the last look. `rests` are the hours of the week (UTC, from
    Monday 0:00) in which the feed asks not to be asked; `troubles` are those that were told and are not over (failing,
    silent, gap, gone); `episodes` says how often each kind of notice was told; `rest_until_at` is when the host may be
    asked again, and `rest_why` what it asked for.
    """

    id: str
    feed: Feed
    origin: str
    fetch_from: str | None
    host: str
    also_host: str | None
    status: str
    etag: str | None
    last_modified: str | None
    body_hash: str | None
    failures: int
    error_class: str | None
    error: str | None
    last_attempt_at: int | None
    last_success_at: int | None
    first_success_at: int | None
    last_new_at: int | None
    next_check_at: int
    next_check_why: str | None
    interval_s: int | None
    usual_gap_s: int | None
    failing_since_at: int | None
    rests: tuple[int, ...]
    troubles: tuple[str, ...]
    episodes: Mapping[str, int]
    moved_to: str | None
    moved_count: int
    moved_since_at: int | None
    removed_at: int | None
    rest_until_at: int | None = None
    rest_why: str | None = None

    @property
    def check_at(self) -> int:
        """When it is looked at next: not before its host may be asked."""
        return max(self.next_check_at, self.rest_until_at or 0)

    @property
    def check_why(self) -> str:
        """Why not before `check_at`, in words."""
        resting = self.rest_why and (self.rest_until_at or 0) > self.next_check_at
        return f"{self.host}: {self.rest_why}" if resting else self.next_check_why or ""

    def silent_gaps(self, now: int) -> float | None:
        """For how many times its usual gap it has brought nothing new; None where no gap is known yet."""
        since_at = self.last_new_at or self.first_success_at
        if since_at is None or not self.usual_gap_s:
            return None
        return max(0, now - since_at) / 1_000_000 / self.usual_gap_s


def unseen(one: Feed) -> FeedState:
    """The state of a feed of which nothing is known yet."""
    nothing = dict.fromkeys(FeedState.__dataclass_fields__)
    counts = {"failures": 0, "moved_count": 0, "next_check_at": 0}
    lists: dict[str, Any] = {"rests": (), "troubles": (), "episodes": {}}
    own = {"id": one.id, "feed": one, "host": host_of(one.url), "origin": "", "status": "new"}
    return FeedState(**(nothing | counts | lists | own))  # type: ignore[arg-type]


STATE = select(feed, host.c.next_start_at.label("rest_until_at"), host.c.why.label("rest_why")).outerjoin(
    host, host.c.name == feed.c.host
)
"""The query of rows for `state_of`."""
NO_REST = (null().label("rest_until_at"), null().label("rest_why"))
"""What `state_of` needs besides a feed's own columns, of one whose host may be asked."""


def host_of(url: str) -> str:
    """The host that is to be spared: name and port."""
    return urlsplit(url).netloc.lower()


_LOCKED = select(feed).order_by(feed.c.id).with_for_update()
"""Feeds, locked in the order in which a watcher locks those it commits: neither waits for who waits for it."""


def sync_feeds(db: Database, feeds: Iterable[Feed], origin: str = "file") -> None:
    """Make the feeds of *origin* exactly these. What is known of a feed stays, also of one that vanishes for a while:
    a vanished feed is marked removed and no longer fetched.
    """
    declared = {one.id: one for one in feeds}
    with db.write() as connection:
        one_at_a_time(connection, CONFIGURE)
        now = db.now(connection)
        there = {row.id: row for row in connection.execute(_LOCKED)}
        for one in declared.values():
            _declare(connection, one, there.get(one.id), origin, now)
        gone = [id for id, row in there.items() if row.origin == origin and row.removed_at is None]
        for id in set(gone) - set(declared):
            connection.execute(update(feed).where(feed.c.id == id).values(removed_at=now))


def add_feed(db: Database, one: Feed, origin: str = "console") -> None:
    """Declare one more feed, or change its settings."""
    with db.write() as connection:
        one_at_a_time(connection, CONFIGURE)
        row = connection.execute(select(feed).where(feed.c.id == one.id)).one_or_none()
        _declare(connection, one, row, origin, db.now(connection))


def add_feeds(db: Database, feeds: Iterable[Feed], origin: str = "console") -> None:
    """Declare feeds, 500 to a transaction, so that a long list holds nobody up."""
    every = list(feeds)
    for some in (every[at : at + 500] for at in range(0, len(every), 500)):
        with db.write() as connection:
            one_at_a_time(connection, CONFIGURE)
            now = db.now(connection)
            rows = connection.execute(_LOCKED.where(feed.c.id.in_([one.id for one in some])))
            there = {row.id: row for row in rows}
            for one in some:
                _declare(connection, one, there.get(one.id), origin, now)


def remove_feed(db: Database, url: str) -> bool:
    """No longer fetch the feed declared with *url*; its articles stay. False where there is none."""
    with db.write() as connection:
        chosen = and_(feed.c.id == feed_id(url), feed.c.removed_at.is_(None))
        return bool(connection.execute(update(feed).where(chosen).values(removed_at=db.now(connection))).rowcount)


def _declare(connection: Connection, one: Feed, row: Row[Any] | None, origin: str, now: int) -> None:
    settings = {**asdict(one), "tags": list(one.tags), "origin": origin, "removed_at": None}
    if row is None:
        fresh = {"id": one.id, "host": host_of(one.url), "created_at": now, "status": "new"}
        connection.execute(insert(feed).values(**settings, **fresh, next_check_at=now, next_check_why="new feed"))
        return
    if row.removed_at is not None or (row.every, row.proxy) != (one.every, one.proxy):
        settings |= {"next_check_at": now, "next_check_why": "its settings changed"}
    connection.execute(update(feed).where(feed.c.id == one.id).values(**settings))


def list_feeds(db: Database, *, removed: bool = False) -> list[FeedState]:
    """All feeds by name; those removed only when asked for."""
    chosen = STATE.order_by(feed.c.name, feed.c.url)
    with db.read() as connection:
        rows = connection.execute(chosen if removed else chosen.where(feed.c.removed_at.is_(None))).all()
    return [state_of(row) for row in rows]


def find_feed(db: Database, url_or_id: str) -> FeedState | None:
    """The feed declared with this URL, or with this id; None where there is none."""
    with db.read() as connection:
        row = connection.execute(STATE.where(feed.c.id.in_((url_or_id, feed_id(url_or_id))))).first()
    return state_of(row) if row is not None else None


def recent_fetches(db: Database, id: str, limit: int = 20) -> list[Mapping[str, Any]]:
    """The last lines of a feed's fetch log, newest first."""
    chosen = select(fetch).where(fetch.c.feed_id == id).order_by(fetch.c.at.desc(), fetch.c.id.desc()).limit(limit)
    with db.read() as connection:
        return [dict(row) for row in connection.execute(chosen).mappings()]


def state_of(row: Row[Any]) -> FeedState:
    """The value of a row of STATE."""
    columns = row._mapping
    settings = {name: columns[name] for name in Feed.__dataclass_fields__} | {"tags": tuple(columns["tags"])}
    own = {name: columns[name] for name in FeedState.__dataclass_fields__ if name != "feed"}
    lists = {name: tuple(columns[name] or ()) for name in ("rests", "troubles")}
    return FeedState(feed=Feed(**settings), **(own | lists | {"episodes": columns["episodes"] or {}}))
