"""What matches become: alerts, which are episodes of a key.

All functions work inside the caller's transaction: a match, the alert that it opens and every delivery of the message
(`store.messages`) are one step that happens whole or not at all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, exists, func, insert, or_, select, text, tuple_, update

from store.messages import TOO_OLD
from store.tables import alert, article, delivery, match, message


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """The latest episode of a key. Instants are microseconds UTC; `asserted_at` is when the article that opened it was
    published, `opened_at` when we opened it.
    """

    id: str
    number: int
    becomes: str | None
    opened_at: int
    asserted_at: int
    closed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """An open alert under its key."""

    id: str
    key: str


def lock_keys(connection: Connection, keys: Iterable[tuple[str, str]]) -> None:
    """Make transactions that touch the same (subject, key) wait for each other, in one order for all of them. SQLite
    has one writer anyway.
    """
    if connection.dialect.name != "postgresql":
        return
    for number in sorted({_lock_number(subject, key) for subject, key in keys}):
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": number})


def _lock_number(subject: str, key: str) -> int:
    digest = hashlib.sha256(f"{subject}\0{key}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def latest(connection: Connection, subject: str, key: str) -> Episode | None:
    """The last episode of (*subject*, *key*), open or closed; None where there never was one."""
    asserted = func.coalesce(article.c.published_at, article.c.first_seen_at).label("asserted_at")
    chosen = (
        select(alert, asserted)
        .join(article, article.c.id == alert.c.article_id)
        .where(alert.c.subject == subject, alert.c.key == key)
        .order_by(alert.c.episode.desc())
        .limit(1)
    )
    row = connection.execute(chosen).one_or_none()
    if row is None:
        return None
    return Episode(
        id=row.id,
        number=row.episode,
        becomes=row.becomes,
        opened_at=row.opened_at,
        asserted_at=row.asserted_at,
        closed=row.closed_at is not None,
    )


def open_in_story(connection: Connection, subject: str, becomes: str | None, story_id: str) -> Sequence[Open]:
    """The open alerts of a subject and state that an article of the story has matched, the oldest first."""
    of_story = exists().where(
        match.c.alert_id == alert.c.id, match.c.article_id == article.c.id, article.c.story_id == story_id
    )
    chosen = select(alert.c.id, alert.c.key).where(alert.c.subject == subject, alert.c.closed_at.is_(None), of_story)
    chosen = chosen.where(alert.c.becomes.is_not_distinct_from(becomes)).order_by(alert.c.opened_at, alert.c.id)
    return [Open(id=row.id, key=row.key) for row in connection.execute(chosen)]


def keys_known(connection: Connection, keys: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """Those of the (subject, key) pairs that ever had an episode."""
    pair = tuple_(alert.c.subject, alert.c.key)
    rows = connection.execute(select(alert.c.subject, alert.c.key).where(pair.in_(sorted({*keys}))))
    return {(row.subject, row.key) for row in rows}


def stories_alerted(connection: Connection, story_ids: Iterable[str]) -> set[str]:
    """Those of the stories of which an article was matched."""
    chosen = select(article.c.story_id).join(match, match.c.article_id == article.c.id)
    return set(connection.scalars(chosen.where(article.c.story_id.in_(sorted({*story_ids})))))


def rekey(connection: Connection, alert_id: str, key: str, number: int) -> None:
    """Let an alert be episode *number* of a key that says more."""
    connection.execute(update(alert).where(alert.c.id == alert_id).values(key=key, episode=number))


def known_matches(connection: Connection, ids: Iterable[str]) -> set[str]:
    """Those of the match ids that are in the ledger."""
    return set(connection.scalars(select(match.c.id).where(match.c.id.in_(list(ids)))))


def close(connection: Connection, alert_id: str, now: int) -> None:
    """End an episode."""
    connection.execute(update(alert).where(alert.c.id == alert_id).values(closed_at=now))


def open_alert(connection: Connection, values: dict[str, Any]) -> None:
    """Insert an episode; IntegrityError where another transaction has opened one of the same key."""
    connection.execute(insert(alert), values)


def add_match(connection: Connection, values: dict[str, Any]) -> None:
    """Insert a match."""
    connection.execute(insert(match), values)


def sight(connection: Connection, alert_id: str, *, outlet: str, story_id: str, now: int) -> None:
    """Note a further match of an open alert, before it is inserted. An outlet counts once, and so does a story: copies
    of one agency text are one voice.
    """
    heard = (
        exists()
        .where(match.c.alert_id == alert_id, match.c.outcome != "suppressed", article.c.id == match.c.article_id)
        .where(or_(article.c.outlet == outlet, article.c.story_id == story_id))
    )
    known = connection.scalar(select(heard))
    more = 0 if known else 1
    connection.execute(update(alert).where(alert.c.id == alert_id).values(seen_at=now, outlets=alert.c.outlets + more))


def heard(connection: Connection, alert_id: str, until: int) -> Sequence[tuple[str, str]]:
    """The (outlet, story) of every match of an alert whose article is not younger than *until*, in order."""
    asserted = func.coalesce(article.c.published_at, article.c.first_seen_at)
    chosen = select(article.c.outlet, article.c.story_id).join(match, match.c.article_id == article.c.id)
    chosen = chosen.where(match.c.alert_id == alert_id, match.c.outcome != "suppressed", asserted <= until)
    return [(row.outlet, row.story_id) for row in connection.execute(chosen.order_by(match.c.at, match.c.id))]


def first_asserted(connection: Connection, alert_id: str) -> int:
    """When the article that opened an alert was published: microseconds UTC."""
    asserted = func.coalesce(article.c.published_at, article.c.first_seen_at)
    chosen = select(asserted).join(match, match.c.article_id == article.c.id)
    return int(connection.execute(chosen.where(match.c.alert_id == alert_id, match.c.outcome == "opened")).scalar_one())


def alert_row(connection: Connection, alert_id: str) -> Row[Any]:
    """An alert as it now stands."""
    return connection.execute(select(alert).where(alert.c.id == alert_id)).one()


def told(connection: Connection, alert_id: str) -> set[str]:
    """The ids of the subscriptions that a message of the alert was for, waits for or was withdrawn from. What another
    quiet one says was told to nobody.
    """
    chosen = select(message.c.facts).where(message.c.alert_id == alert_id)
    told = [facts for facts in connection.scalars(chosen) if facts["quiet"] is None or facts.get("withdrawn")]
    return {id for facts in told for id in facts["entitled"]}


def reached(connection: Connection, alert_id: str) -> set[str]:
    """The ids of the subscriptions that were sent a message of the alert, or will be: not all of it was suppressed."""
    sent = _deliveries_of(alert_id).where(delivery.c.status != "suppressed")
    return set(connection.scalars(sent))


def too_old_for(connection: Connection, alert_id: str) -> set[str]:
    """The ids of the subscriptions for which only the age of its articles kept back what the alert tells."""
    return _kept_back(connection, alert_id, delivery.c.why.startswith(TOO_OLD))


def silenced_for(connection: Connection, alert_id: str) -> set[str]:
    """The ids of the subscriptions for which silences kept back all that the alert tells."""
    return _kept_back(connection, alert_id, delivery.c.silence_id.is_not(None))


def _kept_back(connection: Connection, alert_id: str, by: ColumnElement[bool]) -> set[str]:
    chosen = _deliveries_of(alert_id).where(delivery.c.status == "suppressed", by)
    found: set[str] = set(connection.scalars(chosen))
    return found - reached(connection, alert_id) if found else found


def _deliveries_of(alert_id: str) -> Select[tuple[str]]:
    of_alert = select(delivery.c.subscription_id).join(message, message.c.id == delivery.c.message_id)
    return of_alert.where(message.c.alert_id == alert_id)


def next_revision(connection: Connection, alert_id: str) -> dict[str, Any]:
    """Count one more message of an alert, which is quiet no longer; returns its columns."""
    counted = update(alert).where(alert.c.id == alert_id)
    counted = counted.values(revision=alert.c.revision + 1, quiet=None).returning(*alert.c)
    return dict(connection.execute(counted).mappings().one())
