"""The rate guard: what a rule opens beyond its limit is held back, and told as it stands when it is let go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog
from sqlalchemy import Connection, Row

from rules.engine import Rule
from store import corrections, episodes, holding
from store.notices import About, add_notice, wait_at_most
from workers import messages
from workers.context import Context
from workers.entitlement import entitled
from workers.telling import Telling

AT_ONCE = 50
"""Alerts of one rule and one transaction; what is left is told at the next tick."""

PATIENCE_S = 1
"""Seconds that the clock waits for whoever works on the same alerts, before it goes on ringing and asks again."""

_log = structlog.get_logger("tocsin.holding")


@dataclass(slots=True, kw_only=True)
class RateGuard:
    """Of one transaction that holds the subscriptions, so that no other one counts meanwhile. `limit` is in alerts of
    a rule and hour, 0 for none; `now` in microseconds UTC.
    """

    connection: Connection
    limit: int
    now: int
    _room: dict[str, int] = field(default_factory=dict)

    def why_held(self, alert_id: str, rule: Rule) -> str | None:
        """Why a new alert is held back, as it is from now; None where it may be told."""
        if not self.limit:
            return None
        if rule.id not in self._room:
            self._room[rule.id] = self._room_of(alert_id, rule.id)
        if self._room[rule.id] > 0:
            self._room[rule.id] -= 1
            return None
        return self._hold(alert_id, rule)

    def _room_of(self, alert_id: str, rule_id: str) -> int:
        """What waits goes first, so nothing passes it by."""
        if holding.is_holding(self.connection, rule_id):
            return 0
        return holding.room(self.connection, rule_id, self.limit, self.now, alert_id)

    def _hold(self, alert_id: str, rule: Rule) -> str:
        if not holding.is_holding(self.connection, rule.id):
            self._notice(rule)
        why = f"the rule opened more than {_alerts(self.limit)} within an hour"
        holding.hold(self.connection, alert_id, rule.id, why, self.now)
        return why

    def _notice(self, rule: Rule) -> None:
        """One for each time that a rule begins to be held back."""
        _log.warning("rule.held", rule=rule.id, limit=self.limit)
        about = About(what="rule", id=rule.id, name=rule.title, path=f"/rules/{rule.id}")
        words = _WORDS.format(rule=rule.id, limit=_alerts(self.limit))
        add_notice(
            self.connection, "rule.held", about, words, episode=self.now, now=self.now, details={"limit": self.limit}
        )


_WORDS = (
    "{rule} opened more than {limit} within an hour. Its further ones are opened and shown, and told as the hour "
    "allows, the oldest first. `tocsin rules release {rule}` tells what waits at once, "
    "`tocsin rules discard {rule} --reason WHY` tells it to nobody."
)


def _alerts(number: int) -> str:
    return "1 alert" if number == 1 else f"{number} alerts"


def let_go(context: Context) -> list[str]:
    """Tell of the alerts that wait what may go; returns the ids of the deliveries that can leave.

    Locks are taken in the order of the transactions that match: keys, then subscriptions.
    """
    with context.db.read() as connection:
        rows = _may_go(connection, context)
    if not rows:
        return []
    with context.db.write() as connection:
        wait_at_most(connection, PATIENCE_S)
        telling = Telling(context=context, connection=connection, now=context.db.now(connection))
        episodes.lock_keys(connection, [(row.subject, row.key) for row in rows])
        telling.held()
        for rule_id in sorted({row.rule_id for row in rows}):
            _let_go(telling, rule_id, [row for row in rows if row.rule_id == rule_id])
        return telling.finish()


def _may_go(connection: Connection, context: Context) -> list[Row[Any]]:
    rows: list[Row[Any]] = []
    for rule_id in holding.waiting_rules(connection):
        rows += holding.foremost(connection, rule_id, AT_ONCE, released=True)
        if room := min(AT_ONCE, _room(connection, context, rule_id)):
            rows += holding.foremost(connection, rule_id, room, released=False)
    return rows


def _room(connection: Connection, context: Context, rule_id: str) -> int:
    limit = context.rule_limit
    return holding.room(connection, rule_id, limit, context.db.now(connection)) if limit else AT_ONCE


def _let_go(telling: Telling, rule_id: str, rows: Sequence[Row[Any]]) -> None:
    """Tell of one rule's *rows* those that another leader has not told meanwhile, within its limit."""
    room = _room(telling.connection, telling.context, rule_id)
    for row in rows:
        counts = row.released_at is None
        alert = holding.take(telling.connection, row.id) if room > 0 or not counts else None
        if alert is not None and (alert.subject, alert.key) == (row.subject, row.key) and _settle(telling, alert):
            room -= counts


def _settle(telling: Telling, alert: Row[Any]) -> bool:
    """Tell an alert as it stands, or say why it is told to nobody; returns whether it is told."""
    why = _why_not(telling.connection, alert)
    waiting = holding.messages_of(telling.connection, alert.id)
    if why is None:
        _tell(telling, alert, waiting)
    else:
        for one in waiting:
            holding.suppress(telling.connection, one, why)
    holding.end(telling.connection, alert.id, "suppressed" if why else "told", telling.now)
    return why is None


def _why_not(connection: Connection, alert: Row[Any]) -> str | None:
    """Why what the alert says is no longer so. None where it is."""
    if alert.closed_at is None:
        return None
    retracted = holding.was_retracted(connection, alert.id)
    return f"{'retracted' if retracted else 'closed by a later episode'} while it was held back"


def _tell(telling: Telling, alert: Row[Any], waiting: Sequence[Row[Any]]) -> None:
    article = corrections.article_row(telling.connection, alert.article_id)
    told: set[str] = set()
    for one in waiting:
        facts, data = {name: value for name, value in one.facts.items() if name != "held"}, one.data
        if _is_of_the_alert(one, waiting[0], alert):
            facts = restated_facts(one.facts, one.data, alert, article)
            data = messages.restated(one.data, dict(alert._mapping), article, level=facts["level"])
        receivers = [each for each in entitled(telling.held(), facts) if each.id not in told]
        told |= {each.id for each in receivers}
        telling.tell_held({**one._mapping, "facts": facts, "data": data, "at": telling.now}, receivers)


def _is_of_the_alert(one: Row[Any], first: Row[Any], alert: Row[Any]) -> bool:
    """Is the message about the alert's own article, as the first one is? One about a sighting quotes that article, and
    is told as it was made.
    """
    return one.data["article"]["id"] in (first.data["article"]["id"], alert.article_id)


def restated_facts(
    facts: Mapping[str, Any], data: Mapping[str, Any], alert: Row[Any], article: Row[Any]
) -> dict[str, Any]:
    """The facts of a message as its alert now stands. Another rule of the same state keeps its own level."""
    own = facts["rule"] == alert.rule_id
    claim = {"level": alert.level, "confidence": alert.confidence} if own else {}
    tags = sorted({*data["alert"]["rule"]["tags"], *article.tags})
    place = {"tags": tags, "tier": article.tier, "outlet": article.outlet, "asserted_at": messages.asserted_at(article)}
    return {name: value for name, value in {**facts, **claim, **place}.items() if name != "held"}
