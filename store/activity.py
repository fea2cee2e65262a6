"""How much happens, for pages and metrics: items of feeds, hits and verdicts of rules, work by its state."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, case, func, select

from store.database import Database
from store.endpoints import OPEN_FAILURES
from store.holding import HeldRule, waiting_of
from store.tables import UNDELIVERED, alert, article, configuration, delivery, endpoint, feed, host, lease, match, rule

DAY_US = 86_400_000_000

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleActivity:
    """`per_day` are matches of the last days, oldest first; `verdicts` counts alerts by verdict."""

    per_day: tuple[int, ...]
    alerts: int = 0
    last_at: int | None = None
    verdicts: Mapping[str, int] = field(default_factory=dict)

    @property
    def precision(self) -> float | None:
        """The share of judged alerts that are no false alarm; None where none was judged."""
        judged = sum(self.verdicts.values())
        return None if not judged else 1 - self.verdicts.get("false_alarm", 0) / judged


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauges:
    """Counts at the instant `at` (microseconds UTC, by the ledger's clock).

    `oldest_due_s` is how long the longest overdue delivery has been due, `oldest_unread_s` how
    long the longest waiting article has waited for matching, `oldest_check_s` how long the longest waiting feed has
    been due though its host may be asked, `leases_s` how long each leadership still holds (negative where its holder is
    gone); all in seconds.
    """

    at: int
    articles: Mapping[str, int]
    alerts: Mapping[tuple[str, str], int]
    held: tuple[HeldRule, ...]
    deliveries: Mapping[str, int]
    feeds: Mapping[str, int]
    feed_errors: Mapping[str, int]
    feed_troubles: Mapping[str, int]
    oldest_check_s: float
    endpoints: Mapping[str, int]
    oldest_due_s: float
    oldest_unread_s: float
    leases_s: Mapping[str, float]
    configurations: tuple[Row, ...]


def items_per_day(db: Database, days: int = 14) -> dict[str, tuple[int, ...]]:
    """New articles of every feed that had some, on each of the last days (UTC), oldest first."""
    with db.read() as connection:
        today = db.now(connection) // DAY_US
        day = (article.c.first_seen_at // DAY_US).label("day")
        chosen = select(article.c.feed_id, day, func.count()).where(article.c.first_seen_at >= _start(today, days))
        rows = connection.execute(chosen.group_by(article.c.feed_id, day)).all()
    return _by_day(rows, today, days)


def rule_activity(db: Database, days: int = 30) -> dict[str, RuleActivity]:
    """What became of every rule that ever matched."""
    with db.read() as connection:
        today = db.now(connection) // DAY_US
        day = (match.c.at // DAY_US).label("day")
        chosen = select(match.c.rule_id, day, func.count()).where(match.c.at >= _start(today, days))
        hits = _by_day(connection.execute(chosen.group_by(match.c.rule_id, day)).all(), today, days)
        latest = select(match.c.rule_id, func.max(match.c.at)).group_by(match.c.rule_id)
        last = {id: at for id, at in connection.execute(latest)}
        judged = _verdicts(connection)
    quiet = (0,) * days
    return {
        id: RuleActivity(
            per_day=hits.get(id, quiet),
            last_at=last.get(id),
            alerts=sum(judged.get(id, {}).values()),
            verdicts={verdict: count for verdict, count in judged.get(id, {}).items() if verdict is not None},
        )
        for id in sorted({*last, *judged})
    }


def active_rules(db: Database) -> tuple[Row, ...]:
    """The versions of rules that are in force, by id."""
    with db.read() as connection:
        rows = connection.execute(select(rule).where(rule.c.active).order_by(rule.c.id))
        return tuple(dict(row) for row in rows.mappings())


def rule_versions(db: Database, id: str, limit: int = 50) -> tuple[Row, ...]:
    """All versions of a rule that ever were in force: the present one first, then the newest."""
    chosen = select(rule).where(rule.c.id == id)
    chosen = chosen.order_by(rule.c.active.desc(), rule.c.last_loaded_at.desc(), rule.c.hash).limit(limit)
    with db.read() as connection:
        return tuple(dict(row) for row in connection.execute(chosen).mappings())


def configurations(db: Database) -> tuple[Row, ...]:
    """What configuration is in force, and what is wrong with a newer one that was refused."""
    with db.read() as connection:
        return _configurations(connection)


def gauges(db: Database) -> Gauges:
    """Everything that is counted, in one read."""
    with db.read() as connection:
        now = db.now(connection)
        due = select(func.min(delivery.c.next_at)).where(delivery.c.status == "pending")
        unread = article.c.evaluated_at.is_(None) & article.c.parked_at.is_(None)
        waiting = select(func.min(article.c.first_seen_at)).where(unread)
        return Gauges(
            at=now,
            articles=_articles(connection),
            alerts={
                (id, level): count
                for id, level, count in connection.execute(
                    select(alert.c.rule_id, alert.c.level, func.count()).group_by(alert.c.rule_id, alert.c.level)
                )
            },
            held=tuple(waiting_of(connection)),
            deliveries=_deliveries(connection),
            feeds=_counts(
                connection,
                select(feed.c.status, func.count()).where(feed.c.removed_at.is_(None)).group_by(feed.c.status),
            ),
            feed_errors=_counts(
                connection,
                select(feed.c.error_class, func.count())
                .where(feed.c.removed_at.is_(None), feed.c.error_class.is_not(None))
                .group_by(feed.c.error_class),
            ),
            feed_troubles=_troubles(connection),
            oldest_check_s=_age_s(now, _longest_due(connection, now)),
            endpoints=_endpoints(connection),
            oldest_due_s=_age_s(now, connection.scalar(due)),
            oldest_unread_s=_age_s(now, connection.scalar(waiting)),
            leases_s={
                name: (until - now) / 1_000_000
                for name, until in connection.execute(select(lease.c.name, lease.c.until_at))
            },
            configurations=_configurations(connection),
        )


def _articles(connection: Connection) -> dict[str, int]:
    """Counted by what indexes hold: the columns of matching lie behind the text, and reading them reads all of it."""
    total = connection.scalar(select(func.count()).select_from(article)) or 0
    unread = article.c.evaluated_at.is_(None) & article.c.parked_at.is_(None)
    pending = connection.scalar(select(func.count()).where(unread)) or 0
    parked = connection.scalar(select(func.count()).where(article.c.parked_at.is_not(None))) or 0
    return {"evaluated": total - pending - parked, "pending": pending, "parked": parked}


def _deliveries(connection: Connection) -> dict[str, int]:
    """By status. Those not delivered have an index of their own; what is delivered is the rest: counting a million rows
    with their bodies takes ten times as long.
    """
    total = connection.scalar(select(func.count()).select_from(delivery)) or 0
    undelivered = select(delivery.c.status, func.count()).where(UNDELIVERED).group_by(delivery.c.status)
    counts = _counts(connection, undelivered)
    delivered = total - sum(counts.values())
    return counts | ({"delivered": delivered} if delivered else {})


def _troubles(connection: Connection) -> dict[str, int]:
    """How many feeds each trouble is open for, of those that were told."""
    rows = connection.scalars(select(feed.c.troubles).where(feed.c.removed_at.is_(None)))
    return dict(Counter(trouble for troubles in rows for trouble in troubles or ()))


def _longest_due(connection: Connection, now: int) -> int | None:
    """Since when the feed that waits longest for a watcher is due; those under way and of resting hosts do not wait."""
    resting = select(host.c.name).where(host.c.next_start_at > now)
    waiting = (feed.c.removed_at.is_(None), feed.c.lease_owner.is_(None), feed.c.host.not_in(resting))
    found = connection.scalar(select(func.min(feed.c.next_check_at)).where(*waiting, feed.c.next_check_at <= now))
    return None if found is None else int(found)


def _endpoints(connection: Connection) -> dict[str, int]:
    """By state: disabled, resting (its circuit breaker is open), or well."""
    resting = endpoint.c.failures >= OPEN_FAILURES
    state = case((endpoint.c.disabled_at.is_not(None), "disabled"), (resting, "resting"), else_="well").label("state")
    states = select(state).subquery()
    return _counts(connection, select(states.c.state, func.count()).group_by(states.c.state))


def _verdicts(connection: Connection) -> dict[str, dict[str | None, int]]:
    chosen = select(alert.c.rule_id, alert.c.verdict, func.count()).group_by(alert.c.rule_id, alert.c.verdict)
    found: dict[str, dict[str | None, int]] = {}
    for id, verdict, count in connection.execute(chosen):
        found.setdefault(id, {})[verdict] = count
    return found


def _configurations(connection: Connection) -> tuple[Row, ...]:
    rows = connection.execute(select(configuration).order_by(configuration.c.kind))
    return tuple(dict(row) for row in rows.mappings())


def _counts(connection: Connection, chosen: Any) -> dict[str, int]:
    return {str(name): int(count) for name, count in connection.execute(chosen)}


def _age_s(now: int, since: int | None) -> float:
    return 0.0 if since is None else max(0.0, (now - since) / 1_000_000)


def _start(today: int, days: int) -> int:
    return (today - days + 1) * DAY_US


def _by_day(rows: Any, today: int, days: int) -> dict[str, tuple[int, ...]]:
    found: dict[str, list[int]] = {}
    for id, day, count in rows:
        place = days - 1 - (today - int(day))
        if 0 <= place < days:
            found.setdefault(id, [0] * days)[place] = count
    return {id: tuple(counts) for id, counts in found.items()}
