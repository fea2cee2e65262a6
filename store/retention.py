"""Retention: what is old loses its weight and keeps its name.

Texts, bodies and evidence are emptied; the rows with their ids, keys, hashes and outcomes stay, because they are what
keeps an old article from coming back as a new one, an old event from being told again, and the ledger's sums even. Old
lines of the fetch log are added up into the oldest one of their feed.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Row, Text, cast, delete, exists, func, select, tuple_, update
from sqlalchemy import Table as SqlTable
from sqlalchemy.sql import true

from store.database import Database
from store.leases import SECOND
from store.tables import alert, article, attempt, delivery, feed, fetch, match, message

BATCH = 200
"""Rows of one transaction: a longer one makes every other writer of SQLite wait."""

FOLDED = "folded"
"""Outcome of a line of the fetch log that stands for many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """How many seconds each kind is kept whole; None: for ever. `texts` are articles' texts, `bodies` what was sent and
    answered, `evidence` the quotations of matches and alerts, `fetches` single lines of the fetch log.
    """

    texts_s: int | None = None
    bodies_s: int | None = None
    evidence_s: int | None = None
    fetches_s: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """How many rows of `what` lost their weight (or would), and about how many bytes that is."""

    what: str
    rows: int
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """Rows of `table` older than `keep` by their column `age` become `light`, where `only` holds."""

    what: str
    keep: str
    table: SqlTable
    age: Column[int]
    weight: ColumnElement[int]
    light: dict[str, Any]
    only: ColumnElement[bool]


_UNSENT = exists().where(delivery.c.message_id == message.c.id, delivery.c.status == "pending")
_HELD = message.c.facts["held"].as_string().is_not(None)
_UNTOLD = message.c.alert_id.is_(None) & message.c.told_at.is_(None)

_KINDS = (
    _Kind(
        what="texts of articles",
        keep="texts_s",
        table=article,
        age=article.c.revised_at,
        weight=func.length(article.c.text),
        light={"text": "", "feed_text": None, "author": None},
        only=article.c.evaluated_at.is_not(None),
    ),
    _Kind(
        what="bodies of deliveries",
        keep="bodies_s",
        table=delivery,
        age=delivery.c.created_at,
        weight=func.length(delivery.c.body),
        light={"body": b""},
        only=delivery.c.status != "pending",
    ),
    _Kind(
        what="bodies of messages",
        keep="bodies_s",
        table=message,
        age=message.c.at,
        weight=func.length(cast(message.c.data, Text)),
        light={"data": {}},
        only=~(_UNSENT | _UNTOLD | _HELD),
    ),
    _Kind(
        what="evidence of matches",
        keep="evidence_s",
        table=match,
        age=match.c.at,
        weight=func.length(cast(match.c.evidence, Text)),
        light={"evidence": []},
        only=true(),
    ),
    _Kind(
        what="evidence of alerts",
        keep="evidence_s",
        table=alert,
        age=alert.c.seen_at,
        weight=func.length(cast(alert.c.evidence, Text)),
        light={"evidence": []},
        only=true(),
    ),
)


def prune(
    db: Database, keep: Keep, *, dry_run: bool = False, stopped: Callable[[], bool] = lambda: False
) -> tuple[Pruned, ...]:
    """Empty what is older than *keep* says; with *dry_run* only count. Works in transactions of BATCH rows with pauses
    as long as they took, so that a running system goes on; *stopped* is asked between them. What is cut off is done at
    the next call.
    """
    with db.read() as connection:
        now = db.now(connection)
    done = []
    for kind in _KINDS:
        if (kept_s := getattr(keep, kind.keep)) is not None:
            done.append(_summed(kind.what, _lighten(db, kind, now - kept_s * SECOND, dry_run), stopped))
    if keep.fetches_s is not None:
        before = now - keep.fetches_s * SECOND
        done.append(_summed("lines of the fetch log", _fold_all(db, before, dry_run), stopped))
    return tuple(done)


def _summed(what: str, steps: Iterable[tuple[int, int]], stopped: Callable[[], bool]) -> Pruned:
    """Take steps of (rows, bytes), resting after each as long as it took."""
    rows = size = 0
    started = time.monotonic()
    for more_rows, more_bytes in steps:
        rows, size = rows + more_rows, size + more_bytes
        if stopped():
            break
        time.sleep(min(1.0, time.monotonic() - started))
        started = time.monotonic()
    return Pruned(what=what, rows=rows, bytes=size)


def _lighten(db: Database, kind: _Kind, before: int, dry_run: bool) -> Iterator[tuple[int, int]]:
    place = (-1, "")
    while True:
        with (db.read if dry_run else db.write)() as connection:
            rows = connection.execute(_old(kind, before, place, lock=not dry_run)).all()
            if rows and not dry_run:
                _empty(connection, kind, [row.id for row in rows], db.now(connection))
        yield len(rows), sum(row.weight or 0 for row in rows)
        if len(rows) < BATCH:
            return
        place = (rows[-1].age, rows[-1].id)


def _old(kind: _Kind, before: int, place: tuple[int, str], *, lock: bool) -> Any:
    columns = kind.table.c
    chosen = select(columns.id, kind.age.label("age"), kind.weight.label("weight"))
    chosen = chosen.where(columns.pruned_at.is_(None), kind.age < before, kind.only)
    chosen = chosen.where(tuple_(kind.age, columns.id) > tuple_(*place)).order_by(kind.age, columns.id).limit(BATCH)
    return chosen.with_for_update(skip_locked=True, of=kind.table) if lock else chosen


def _empty(connection: Connection, kind: _Kind, ids: Sequence[str], now: int) -> None:
    connection.execute(update(kind.table).where(kind.table.c.id.in_(ids)).values(**kind.light, pruned_at=now))
    if kind.table is delivery:
        connection.execute(update(attempt).where(attempt.c.delivery_id.in_(ids)).values(response=None))


def _fold_all(db: Database, before: int, dry_run: bool) -> Iterator[tuple[int, int]]:
    with db.read() as connection:
        feeds = connection.scalars(select(feed.c.id).order_by(feed.c.id)).all()
    for id in feeds:
        yield from _count_old(db, id, before) if dry_run else _fold(db, id, before)


def _count_old(db: Database, feed_id: str, before: int) -> Iterator[tuple[int, int]]:
    with db.read() as connection:
        chosen = select(func.count()).where(fetch.c.feed_id == feed_id, fetch.c.at < before)
        yield max(0, int(connection.scalar(chosen) or 0) - 1), 0


def _fold(db: Database, feed_id: str, before: int) -> Iterator[tuple[int, int]]:
    """Add lines up into the oldest one, which is the folded one of last time."""
    chosen = select(fetch).where(fetch.c.feed_id == feed_id, fetch.c.at < before)
    chosen = chosen.order_by(fetch.c.at, fetch.c.id).limit(BATCH).with_for_update()
    while True:
        with db.write() as connection:
            rows = connection.execute(chosen).all()
            if len(rows) > 1:
                connection.execute(update(fetch).where(fetch.c.id == rows[0].id).values(**_added_up(rows)))
                connection.execute(delete(fetch).where(fetch.c.id.in_([row.id for row in rows[1:]])))
        yield max(0, len(rows) - 1), 0
        if len(rows) < BATCH:
            return


def _added_up(rows: Sequence[Row[Any]]) -> dict[str, Any]:
    skipped: Counter[str] = Counter()
    for row in rows:
        skipped.update(row.skipped or {})
    sums = {
        name: sum(getattr(row, name) or 0 for row in rows) for name in ("entries", "new", "changed", "known", "bytes")
    }
    gone = dict.fromkeys(("http_status", "elapsed_ms", "error_class", "error"))
    return {"outcome": FOLDED, "skipped": dict(skipped) or None, **sums, **gone}
