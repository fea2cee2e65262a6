"""Alerts whose article has changed: which they are, and what else speaks for them. Inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, exists, select, update

from store.tables import alert, article, match, message


def resting_on(connection: Connection, revisions: Mapping[str, int]) -> Sequence[Row[Any]]:
    """The alerts that rest on an older revision of one of the articles than the given one, and are not retracted. What
    retention has made light is past correcting.
    """
    retracted = exists().where(message.c.alert_id == alert.c.id, message.c.kind == "alert.retracted")
    chosen = select(alert).where(alert.c.article_id.in_(revisions), ~retracted, alert.c.pruned_at.is_(None))
    rows = connection.execute(chosen.order_by(alert.c.id))
    return [row for row in rows if row.article_revision < revisions[row.article_id]]


def supporter(connection: Connection, alert_id: str, *, outlet: str, story_id: str) -> Row[Any] | None:
    """The first match of an alert that another outlet's article of another story gives as it now stands."""
    chosen = (
        select(match)
        .join(article, article.c.id == match.c.article_id)
        .where(match.c.alert_id == alert_id, match.c.outcome != "suppressed", match.c.pruned_at.is_(None))
        .where(match.c.article_revision == article.c.revision)
        .where(article.c.outlet != outlet, article.c.story_id != story_id)
        .order_by(match.c.at, match.c.id)
        .limit(1)
    )
    return connection.execute(chosen).one_or_none()


def article_row(connection: Connection, article_id: str) -> Row[Any]:
    """An article as it now stands."""
    return connection.execute(select(article).where(article.c.id == article_id)).one()


def rest_on(connection: Connection, alert_id: str, values: Mapping[str, Any]) -> None:
    """Let an alert rest on another revision, or another article, with its claim."""
    connection.execute(update(alert).where(alert.c.id == alert_id).values(**values))


def count_message(connection: Connection, alert_id: str) -> dict[str, Any]:
    """Count one more message of an alert; returns its columns."""
    counted = update(alert).where(alert.c.id == alert_id).values(revision=alert.c.revision + 1).returning(*alert.c)
    return dict(connection.execute(counted).mappings().one())
