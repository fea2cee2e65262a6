"""What a heartbeat says: how much came in and went out in a stretch of time."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, and_, func, select

from store.notices import About, add_notice
from store.tables import UNDELIVERED, alert, article, delivery, endpoint, feed, match
from store.words import counted, moment, span


def counts(connection: Connection, from_at: int, until_at: int) -> Mapping[str, int]:
    """What happened from one instant (microseconds UTC) to the next, and what is wrong now. All of it is read from
    indexes: a ledger of years costs what the stretch costs.
    """
    made = and_(delivery.c.created_at >= from_at, delivery.c.created_at < until_at)
    seen = and_(article.c.feed_id == feed.c.id, article.c.first_seen_at >= from_at, article.c.first_seen_at < until_at)
    # what is so young is not pruned, and the index holds what is not
    matched = and_(match.c.at >= from_at, match.c.at < until_at, match.c.pruned_at.is_(None))
    opened = and_(alert.c.opened_at >= from_at, alert.c.opened_at < until_at)
    asked = {
        "articles": select(func.count()).select_from(feed).join(article, seen),
        "matches": select(func.count()).where(matched),
        "alerts": select(func.count()).where(opened),
        "deliveries": select(func.count()).where(made),
        "dead_deliveries": select(func.count()).where(UNDELIVERED, delivery.c.status == "dead", made),
        "waiting_deliveries": select(func.count()).where(UNDELIVERED, delivery.c.status == "pending"),
        "failing_feeds": select(func.count()).where(
            feed.c.removed_at.is_(None), feed.c.status.in_(("failing", "gone"))
        ),
        "disabled_addresses": select(func.count()).where(endpoint.c.disabled_at.is_not(None)),
    }
    return {name: int(connection.scalar(chosen) or 0) for name, chosen in asked.items()}


_BROUGHT = {
    "articles": ("new article",),
    "matches": ("match", "matches"),
    "alerts": ("alert",),
    "deliveries": ("delivery", "deliveries"),
    "dead_deliveries": ("of them given up", "of them given up"),
}
_NOW = {
    "waiting_deliveries": ("delivery waits", "deliveries wait"),
    "failing_feeds": ("feed fails", "feeds fail"),
    "disabled_addresses": ("address is disabled", "addresses are disabled"),
}


def add_heartbeat(
    connection: Connection, subscription_id: str, from_at: int, until_at: int, found: Mapping[str, int], now: int
) -> bool:
    """Say to one subscription what `counts` found; False where the stretch that ends at *until_at* was told before."""
    about = About(what="subscription", id=subscription_id, name=subscription_id, path="/deliveries")
    brought = ", ".join(counted(found[name], *nouns) for name, nouns in _BROUGHT.items())
    now_is = ", ".join(counted(found[name], *nouns) for name, nouns in _NOW.items())
    words = (
        f"From {moment(from_at)} to {moment(until_at)}: {brought}. Now: {now_is}. If no further heartbeat comes within "
        f"{span(until_at - from_at)}, something is wrong: see `tocsin doctor`."
    )
    return add_notice(connection, "heartbeat", about, words, episode=until_at, now=now, details=found)
