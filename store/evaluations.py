"""Articles on their way through the rules: which wait, who analyses them now, which are parked and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, case, select, update

from store.database import Database
from store.leases import LEASE_S, NO_LEASE, SECOND, free
from store.tables import article

MAX_TRIES = 3
"""Tries of one article. After two that ended with the worker's death it runs alone, and that is its last."""

CHUNK = 100
"""Articles per transaction: a longer one makes every other writer of SQLite wait."""

Articles = Sequence[Row[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """`rows` of table article are ours for LEASE_S seconds; `alone` are ids that are not, to be claimed one at a time
    when their turn comes.
    """

    rows: Articles
    alone: tuple[str, ...]


def _waiting(now: int) -> ColumnElement[bool]:
    return and_(article.c.evaluated_at.is_(None), article.c.parked_at.is_(None), free(article.c.lease_until_at, now))


def waiting(db: Database, limit: int, older_than_s: float = 0) -> list[str]:
    """Ids of articles that nobody evaluates, the oldest first, seen at least *older_than_s* seconds ago."""
    with db.read() as connection:
        now = db.now(connection)
        old = article.c.first_seen_at <= now - int(older_than_s * SECOND)
        chosen = select(article.c.id).where(_waiting(now), old).order_by(article.c.first_seen_at).limit(limit)
        return list(connection.scalars(chosen))


def claim(db: Database, ids: Sequence[str], owner: str) -> Claimed:
    """Lease those of at most CHUNK *ids* that wait, and count the try, before any work is done on them: what kills its
    worker must not be tried for ever. One whose tries are used up is parked instead, and one with a last try left is
    leased only where it is the only id: whoever dies with others is not to be blamed for them.
    """
    with db.write() as connection:
        now = db.now(connection)
        rows = _lock_waiting(connection, ids, now)
        spent = [row.id for row in rows if row.match_tries >= MAX_TRIES]
        alone = [row.id for row in rows if row.match_tries == MAX_TRIES - 1] if len(ids) > 1 else []
        ours = [row for row in rows if row.id not in {*spent, *alone}]
        _park_spent(connection, spent, now)
        _lease(connection, [row.id for row in ours], owner, now)
    return Claimed(rows=ours, alone=tuple(alone))


def _lock_waiting(connection: Connection, ids: Sequence[str], now: int) -> Articles:
    chosen = select(article).where(article.c.id.in_(ids[:CHUNK]), _waiting(now)).order_by(article.c.id)
    return connection.execute(chosen.with_for_update(key_share=True, skip_locked=True)).all()


def _lease(connection: Connection, ids: Sequence[str], owner: str, now: int) -> None:
    values = {
        "match_tries": article.c.match_tries + 1,
        "lease_owner": owner,
        "lease_until_at": now + LEASE_S * SECOND,
    }
    connection.execute(update(article).where(article.c.id.in_(ids)).values(**values))


def _park_spent(connection: Connection, ids: Sequence[str], now: int) -> None:
    why = f"its analysis ended the worker {MAX_TRIES} times, the last time alone"
    values = {"parked_at": now, "parked_why": case((article.c.parked_why.is_(None), why), else_=article.c.parked_why)}
    connection.execute(update(article).where(article.c.id.in_(ids)).values(**values, **NO_LEASE))


def release(db: Database, ids: Sequence[str], owner: str) -> None:
    """Give articles back untried: the worker stops before it came to them."""
    values = {"match_tries": article.c.match_tries - 1, **NO_LEASE}
    with db.write() as connection:
        connection.execute(
            update(article).where(article.c.id.in_(ids), article.c.lease_owner == owner).values(**values)
        )


def failed(db: Database, failures: Mapping[str, str], owner: str) -> None:
    """Record that the analysis of articles raised; *failures* maps ids to why. Each is tried again until its tries are
    used up, then parked: that article alone.
    """
    with db.write() as connection:
        now = db.now(connection)
        for id, why in sorted(failures.items()):
            last = article.c.match_tries >= MAX_TRIES
            values = {"parked_why": why, "parked_at": case((last, now), else_=None), **NO_LEASE}
            chosen = and_(article.c.id == id, article.c.lease_owner == owner, article.c.evaluated_at.is_(None))
            connection.execute(update(article).where(chosen).values(**values))


def still_waiting(connection: Connection, revisions: Mapping[str, int]) -> Articles:
    """The rows, locked, of those articles that nobody has evaluated or revised since they were read."""
    chosen = select(article).where(article.c.id.in_(revisions), article.c.evaluated_at.is_(None))
    rows = connection.execute(chosen.order_by(article.c.id).with_for_update(key_share=True)).all()
    return [row for row in rows if row.revision == revisions[row.id]]


def stamp(connection: Connection, counts: Mapping[str, int], rules_hash: str, now: int) -> None:
    """Mark articles evaluated; *counts* maps their ids to the number of matches found."""
    values = {"evaluated_at": now, "evaluated_with": rules_hash, "parked_at": None, "parked_why": None, **NO_LEASE}
    for count in sorted(set(counts.values())):
        ids = [id for id, found in counts.items() if found == count]
        connection.execute(update(article).where(article.c.id.in_(ids)).values(**values, matches=count))


def unpark(db: Database, article_id: str) -> bool:
    """Let a parked article be tried anew; False where it is not parked."""
    chosen = and_(article.c.id == article_id, article.c.parked_at.is_not(None))
    values = {"parked_at": None, "parked_why": None, "match_tries": 0}
    with db.write() as connection:
        return bool(connection.execute(update(article).where(chosen).values(**values)).rowcount)
