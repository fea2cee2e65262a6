"""Rows that should not be as they are: each kind a query, each row named. An audit that only counts helps nobody."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, func, or_, select, true

from store.tables import alert, article, attempt, delivery, feed, fetch, held, match, message, subscription

LIMIT = 50
"""Rows named of each kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Odd:
    """One row that contradicts another: what is wrong, and its id (for a pair, both with a space between)."""

    what: str
    id: str


def odd_ones(connection: Connection) -> tuple[Odd, ...]:
    """Every contradiction between independent tables, at most LIMIT of each kind."""
    return tuple(
        Odd(what=what, id=" ".join(map(str, row)))
        for what, chosen in _questions(connection)
        for row in connection.execute(chosen.limit(LIMIT))
    )


def entitled_count(connection: Connection) -> ColumnElement[int]:
    """How many subscriptions a message says it is for."""
    if connection.dialect.name == "postgresql":
        return func.coalesce(func.jsonb_array_length(message.c.facts["entitled"]), 0)
    return func.coalesce(func.json_array_length(message.c.facts, "$.entitled"), 0)


def has_delivered() -> ColumnElement[bool]:
    """The condition that a receiver accepted the delivery, or the digest that it went into: a try says so."""
    sent = func.coalesce(delivery.c.digest_id, delivery.c.id)
    return exists().where(attempt.c.delivery_id == sent, attempt.c.outcome == "delivered")


def _questions(connection: Connection) -> Iterator[tuple[str, Select[Any]]]:
    yield from _of_feeds()
    yield from _of_articles()
    yield from _of_matches()
    yield from _of_messages(connection)
    yield from _of_deliveries()


def _of_feeds() -> Iterator[tuple[str, Select[Any]]]:
    logged = func.coalesce(select(func.sum(fetch.c.new)).where(fetch.c.feed_id == feed.c.id).scalar_subquery(), 0)
    there = select(func.count(article.c.id)).where(article.c.feed_id == feed.c.id).scalar_subquery()
    yield "feed has another number of articles than its fetches brought", select(feed.c.id).where(logged != there)


def _of_articles() -> Iterator[tuple[str, Select[Any]]]:
    found = (
        select(func.count())
        .where(match.c.article_id == article.c.id, match.c.article_revision == article.c.revision)
        .scalar_subquery()
    )
    evaluated = article.c.evaluated_at.is_not(None)
    yield (
        "article evaluated with another number of matches than are there",
        select(article.c.id).where(evaluated, func.coalesce(article.c.matches, -1) != found),
    )
    yield "article both evaluated and parked", select(article.c.id).where(evaluated, article.c.parked_at.is_not(None))


def _of_matches() -> Iterator[tuple[str, Select[Any]]]:
    no_alert = ~exists().where(alert.c.id == match.c.alert_id)
    told = match.c.outcome.in_(("opened", "sighting"))
    yield "match of an alert that is not there", select(match.c.id).where(told, no_alert)
    opened = exists().where(match.c.alert_id == alert.c.id, match.c.outcome == "opened")
    yield "alert that no match opened", select(alert.c.id).where(~opened)
    known = match.c.outcome.in_(("opened", "sighting", "suppressed"))
    unexplained = or_(~known, and_(match.c.outcome == "suppressed", match.c.why.is_(None)))
    yield "match without an outcome or a reason", select(match.c.id).where(unexplained)


def _of_messages(connection: Connection) -> Iterator[tuple[str, Select[Any]]]:
    told = exists().where(message.c.alert_id == alert.c.id, message.c.kind == "alert.opened")
    yield "alert without a message", select(alert.c.id).where(~told)
    receivers = _receivers(connection)
    made = exists().where(delivery.c.message_id == message.c.id, delivery.c.subscription_id == receivers.c.value)
    held_back = message.c.facts["held"].as_string().is_not(None)
    loud = message.c.facts["quiet"].as_string().is_(None) & ~held_back
    yield (
        "message without the delivery for a subscription entitled to it",
        select(message.c.id, receivers.c.value).select_from(message).join(receivers, true()).where(loud, ~made),
    )
    waits = exists().where(held.c.alert_id == message.c.alert_id, held.c.ended_at.is_(None))
    yield "message held back of an alert that is not", select(message.c.id).where(held_back, ~waits)


def _receivers(connection: Connection) -> Any:
    if connection.dialect.name == "postgresql":
        each = func.jsonb_array_elements_text(message.c.facts["entitled"])
        return each.table_valued("value", name="receiver", joins_implicitly=True).render_derived()
    return func.json_each(message.c.facts, "$.entitled").table_valued("value", name="receiver", joins_implicitly=True)


def _of_deliveries() -> Iterator[tuple[str, Select[Any]]]:
    unproven = and_(delivery.c.status == "delivered", ~has_delivered())
    yield "delivery called delivered that no try delivered", select(delivery.c.id).where(unproven)
    timeless = or_(
        and_(delivery.c.status == "pending", func.coalesce(delivery.c.next_at, delivery.c.gather_at).is_(None)),
        and_(delivery.c.status != "pending", delivery.c.done_at.is_(None)),
    )
    yield "delivery without a time", select(delivery.c.id).where(timeless)
    silent = and_(delivery.c.status.in_(("dead", "suppressed")), delivery.c.why.is_(None))
    yield "delivery that ended without a reason", select(delivery.c.id).where(silent)
    digest = delivery.alias("digest")
    apart = select(delivery.c.id).join(digest, digest.c.id == delivery.c.digest_id)
    yield "delivery with another status than its digest", apart.where(delivery.c.status != digest.c.status)
    nameless = and_(delivery.c.seq.is_(None), delivery.c.gather_at.is_(None))
    yield "delivery without a number that is for no digest", select(delivery.c.id).where(nameless)
    numbers = select(func.count(delivery.c.seq)).where(delivery.c.subscription_id == subscription.c.id)
    yield (
        "subscription with a hole in its sequence numbers",
        select(subscription.c.id).where(subscription.c.last_seq != numbers.scalar_subquery()),
    )
