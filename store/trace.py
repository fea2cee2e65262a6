"""One article's whole way through the ledger, for whoever asks "why did I (not) get this"."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, or_, select

from store.database import Database
from store.tables import alert, article, attempt, delivery, endpoint, feed, feed_entry, fetch, match, message

LIMIT = 200

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class SentTo:
    """A delivery (columns of table delivery without its body, and the address) with its tries in order."""

    delivery: Row
    attempts: tuple[Row, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """Rows as mappings of their columns. `article` is None where the ledger never saw the URL; `fetches` are the last
    ones of its feed, newest first; `entries` the names by which feeds know it; `alerts` those that its matches opened
    or were sightings of.
    """

    url: str
    article: Row | None = None
    feed: Row | None = None
    fetches: tuple[Row, ...] = ()
    entries: tuple[Row, ...] = ()
    matches: tuple[Row, ...] = ()
    alerts: tuple[Row, ...] = ()
    messages: tuple[Row, ...] = ()
    sent: tuple[SentTo, ...] = ()


def trace(db: Database, url: str) -> Trace:
    """The way of the article with this URL, or with this id."""
    with db.read() as connection:
        chosen = select(article).where(or_(article.c.url == url, article.c.id == url))
        found = _rows(connection, chosen.order_by(article.c.first_seen_at.desc()), 1)
        return _trace(connection, url, found[0]) if found else Trace(url=url)


def _trace(connection: Connection, url: str, found: Row) -> Trace:
    id, feed_id = found["id"], found["feed_id"]
    matches = _rows(connection, select(match).where(match.c.article_id == id).order_by(match.c.at, match.c.rule_id))
    ids = sorted({one["alert_id"] for one in matches if one["alert_id"]})
    alerts = _rows(connection, select(alert).where(alert.c.id.in_(ids)).order_by(alert.c.opened_at))
    messages = _rows(connection, select(message).where(message.c.alert_id.in_(ids)).order_by(message.c.at))
    fetches = select(fetch).where(fetch.c.feed_id == feed_id).order_by(fetch.c.at.desc(), fetch.c.id.desc())
    return Trace(
        url=url,
        article=found,
        feed=_rows(connection, select(feed).where(feed.c.id == feed_id))[0],
        fetches=_rows(connection, fetches, 5),
        entries=_rows(connection, select(feed_entry).where(feed_entry.c.article_id == id)),
        matches=matches,
        alerts=alerts,
        messages=messages,
        sent=_sent(connection, [one["id"] for one in messages]),
    )


def _sent(connection: Connection, message_ids: list[str]) -> tuple[SentTo, ...]:
    columns = [column for column in delivery.c if column.name != "body"]
    chosen = select(*columns, endpoint.c.address, endpoint.c.disabled_why)
    chosen = chosen.join(endpoint, endpoint.c.id == delivery.c.endpoint_id)
    rows = _rows(connection, chosen.where(delivery.c.message_id.in_(message_ids)).order_by(delivery.c.created_at))
    ids = [row["id"] for row in rows]
    tries = _rows(connection, select(attempt).where(attempt.c.delivery_id.in_(ids)).order_by(attempt.c.id))
    return tuple(
        SentTo(delivery=row, attempts=tuple(one for one in tries if one["delivery_id"] == row["id"])) for row in rows
    )


def _rows(connection: Connection, chosen: Select[Any], limit: int = LIMIT) -> tuple[Row, ...]:
    return tuple(dict(row) for row in connection.execute(chosen.limit(limit)).mappings())
