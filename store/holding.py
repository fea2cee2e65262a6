"""Alerts that are held back because their rule opened too many: which wait, which may go, and by whose word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, and_, exists, func, insert, select, update

from store.database import Database
from store.messages import restate
from store.subscriptions import hold_in_force
from store.tables import alert, held, message
from store.words import UNFIT

SECOND = 1_000_000
WINDOW_S = 3_600
"""The limit counts alerts of so long."""

MAX_REASON = 500
_BATCH = 200
_WAITS = held.c.ended_at.is_(None)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldRule:
    """A rule and its alerts that wait; `since_at` is when the first of them was held (microseconds UTC), `released`
    how many of them an operator has let go and the clock is about to tell.
    """

    rule_id: str
    waiting: int
    released: int
    since_at: int
    why: str


def room(connection: Connection, rule_id: str, limit: int, now: int, but: str | None = None) -> int:
    """How many more alerts of a rule may be told now, the alert *but* not counted. What an operator has let go does not
    count, nor does what was shown and not told.
    """
    since = now - WINDOW_S * SECOND
    ever_held = exists().where(held.c.alert_id == alert.c.id)
    opened = select(alert.c.id).where(alert.c.rule_id == rule_id, alert.c.opened_at > since, alert.c.quiet.is_(None))
    opened = opened.where(~ever_held, alert.c.id != (but or "")).limit(limit)
    let_go = select(func.count()).where(held.c.rule_id == rule_id, held.c.outcome == "told", held.c.ended_at > since)
    let_go = let_go.where(held.c.released_at.is_(None))
    told = connection.scalar(select(func.count()).select_from(opened.subquery())) or 0
    return max(0, limit - told - (connection.scalar(let_go) or 0))


def is_holding(connection: Connection, rule_id: str) -> bool:
    """Whether alerts of a rule wait."""
    return bool(connection.scalar(select(exists().where(held.c.rule_id == rule_id, _WAITS))))


def hold(connection: Connection, alert_id: str, rule_id: str, why: str, now: int) -> None:
    """Hold an alert back."""
    connection.execute(insert(held).values(alert_id=alert_id, rule_id=rule_id, why=why, at=now))


def why_held(connection: Connection, alert_id: str) -> str | None:
    """Why an alert waits, held against whoever would let it go; None where it does not."""
    chosen = select(held.c.why).where(held.c.alert_id == alert_id, _WAITS).with_for_update()
    found: str | None = connection.scalar(chosen)
    return found


def waiting_rules(connection: Connection) -> Sequence[str]:
    """The rules whose alerts wait."""
    return connection.scalars(select(held.c.rule_id).where(_WAITS).distinct().order_by(held.c.rule_id)).all()


def foremost(connection: Connection, rule_id: str, at_most: int, *, released: bool) -> Sequence[Any]:
    """The first alerts of a rule that wait, with the subject and key of each; *released* those that an operator has let
    go, else the others.
    """
    columns = (held.c.id, held.c.rule_id, held.c.released_at, alert.c.subject, alert.c.key)
    chosen = select(*columns).join(alert, alert.c.id == held.c.alert_id).where(held.c.rule_id == rule_id, _WAITS)
    chosen = chosen.where(held.c.released_at.is_not(None) if released else held.c.released_at.is_(None))
    return connection.execute(chosen.order_by(held.c.id).limit(at_most)).all()


def take(connection: Connection, held_id: int) -> Row[Any] | None:
    """The alert of a hold as it now stands, and the hold ours; None where it is over or somebody else's."""
    ours = select(held.c.alert_id).where(held.c.id == held_id, _WAITS).with_for_update(skip_locked=True)
    id = connection.scalar(ours)
    return None if id is None else connection.execute(select(alert).where(alert.c.id == id)).one()


def messages_of(connection: Connection, alert_id: str) -> Sequence[Row[Any]]:
    """The messages of an alert that wait, the first first."""
    chosen = select(message).where(message.c.alert_id == alert_id, message.c.facts["held"].as_string().is_not(None))
    return connection.execute(chosen.order_by(message.c.revision)).all()


def was_retracted(connection: Connection, alert_id: str) -> bool:
    """Whether an alert was retracted."""
    retracted = exists().where(message.c.alert_id == alert_id, message.c.kind == "alert.retracted")
    return bool(connection.scalar(select(retracted)))


def end(connection: Connection, alert_id: str, outcome: str, now: int) -> None:
    """Let a hold be over: told or suppressed."""
    chosen = and_(held.c.alert_id == alert_id, _WAITS)
    connection.execute(update(held).where(chosen).values(ended_at=now, outcome=outcome))


def suppress(connection: Connection, waiting: Row[Any], why: str) -> None:
    """Let a message that waits go to nobody, for good."""
    facts = {name: value for name, value in waiting.facts.items() if name != "held"}
    restate(connection, waiting.id, {"facts": {**facts, "quiet": why, "withdrawn": True}})


def held_rules(db: Database) -> list[HeldRule]:
    """The rules whose alerts wait, by id."""
    with db.read() as connection:
        return waiting_of(connection)


def waiting_of(connection: Connection) -> list[HeldRule]:
    """The same, in one read with others."""
    columns = (
        held.c.rule_id,
        func.count().label("waiting"),
        func.count(held.c.released_at).label("released"),
        func.min(held.c.at).label("since_at"),
        func.min(held.c.why).label("why"),
    )
    chosen = select(*columns).where(_WAITS).group_by(held.c.rule_id).order_by(held.c.rule_id)
    return [HeldRule(**row._mapping) for row in connection.execute(chosen)]


def release(db: Database, rule_id: str, by: str) -> int:
    """Let all alerts of a rule that wait be told, whatever its limit; returns how many. The clock tells them. Whoever
    matches or tells holds the subscriptions first, and so does this.
    """
    chosen = and_(held.c.rule_id == rule_id, _WAITS, held.c.released_at.is_(None))
    with db.write() as connection:
        hold_in_force(connection)
        values = {"released_at": db.now(connection), "released_by": by}
        return int(connection.execute(update(held).where(chosen).values(**values)).rowcount)


def discard(db: Database, rule_id: str, by: str, reason: str) -> int:
    """Let all alerts of a rule that wait go to nobody, for good; returns how many.

    Raises:
        ValueError: *reason* says nothing, too much, or has a character that no text has.
    """
    words = " ".join(reason.split())
    if not words:
        raise ValueError("say why: others will ask")
    if len(words) > MAX_REASON or UNFIT.search(words):
        raise ValueError(f"say why in at most {MAX_REASON} characters that a text has")
    count = 0
    while some := _discard(db, rule_id, by, f"held back, then discarded by {by}: {words}"):
        count += some
    return count


def _discard(db: Database, rule_id: str, by: str, why: str) -> int:
    """The first of them, in one transaction."""
    first = select(held.c.id).where(held.c.rule_id == rule_id, _WAITS).order_by(held.c.id).limit(_BATCH)
    with db.write() as connection:
        hold_in_force(connection)
        values = {"ended_at": db.now(connection), "outcome": "suppressed", "released_by": by}
        ended = update(held).where(held.c.id.in_(first), _WAITS).values(**values).returning(held.c.alert_id)
        ids = connection.scalars(ended).all()
        for alert_id in ids:
            for one in messages_of(connection, alert_id):
                suppress(connection, one, why)
        return len(ids)
