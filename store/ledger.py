"""The proof that nothing is lost: four equations over independent tables, each difference 0, every odd row named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Select, and_, case, func, select

from store.audit import Odd, entitled_count, has_delivered, odd_ones
from store.database import Database
from store.tables import alert, article, delivery, fetch, match, message

_DAY = 86_400_000_000
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Equation:
    """`left` and the parts on the right are counted in different tables. `parts` maps names such as
    "suppressed: baseline" to counts.
    """

    name: str
    left: int
    parts: Mapping[str, int]

    @property
    def difference(self) -> int:
        """0 where nothing is lost and nothing came from nowhere."""
        return self.left - sum(self.parts.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One rule (or one kind of notice) on one day (UTC): its matches and what became of them, its messages and what
    became of those.
    """

    day: date
    rule: str
    matches: Equation
    deliveries: Equation


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """The audit of one moment."""

    at: int
    equations: tuple[Equation, ...]
    lines: tuple[Line, ...]
    odd: tuple[Odd, ...]

    @property
    def balanced(self) -> bool:
        """Every difference is 0 and no row is odd."""
        return not self.odd and all(one.difference == 0 for one in self.equations)


def ledger(db: Database) -> Ledger:
    """Audit the whole ledger in one snapshot, so that work going on does not look like a difference."""
    with db.read() as connection:
        if db.dialect == "postgresql":
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        lines = _lines(connection)
        return Ledger(
            at=db.now(connection),
            equations=(
                _entries(connection),
                _articles(connection),
                _sum("matches", [line.matches for line in lines], _count(connection, select(func.count(match.c.id)))),
                _sum("messages x entitled", [line.deliveries for line in lines], None),
            ),
            lines=lines,
            odd=odd_ones(connection),
        )


def _count(connection: Connection, chosen: Select[Any]) -> int:
    return int(connection.scalar(chosen) or 0)


def _sum(name: str, equations: list[Equation], left: int | None) -> Equation:
    parts: Counter[str] = Counter()
    for one in equations:
        parts.update(one.parts)
    return Equation(name=name, left=sum(one.left for one in equations) if left is None else left, parts=dict(parts))


def _entries(connection: Connection) -> Equation:
    """Entries and what was known or skipped are counted by the watcher; articles and revisions in their own table."""
    skipped: Counter[str] = Counter()
    for counts in connection.scalars(select(fetch.c.skipped).where(fetch.c.skipped.is_not(None))):
        skipped.update(counts)
    entries, known = connection.execute(select(func.sum(fetch.c.entries), func.sum(fetch.c.known))).one()
    new, changed = connection.execute(select(func.count(article.c.id), func.sum(article.c.revision - 1))).one()
    parts = {"new": int(new), "changed": int(changed or 0), "known": int(known or 0)}
    reasons = {f"skipped: {why}": count for why, count in sorted(skipped.items())}
    return Equation(name="entries", left=int(entries or 0), parts=parts | reasons)


def _articles(connection: Connection) -> Equation:
    evaluated, parked = article.c.evaluated_at.is_not(None), article.c.parked_at.is_not(None)
    states = {"evaluated": evaluated, "pending": and_(~evaluated, ~parked), "parked": parked}
    counts = connection.execute(select(*(func.count(case((state, 1))) for state in states.values()))).one()
    total = _count(connection, select(func.count(article.c.id)))
    return Equation(name="articles", left=total, parts=dict(zip(states, map(int, counts), strict=True)))


def _lines(connection: Connection) -> tuple[Line, ...]:
    matches, deliveries = _matches(connection), _deliveries(connection)
    found = sorted({*matches, *deliveries})
    return tuple(
        Line(
            day=_EPOCH + timedelta(days=day),
            rule=rule,
            matches=matches.get((day, rule), Equation(name="matches", left=0, parts={})),
            deliveries=deliveries.get((day, rule), Equation(name="messages x entitled", left=0, parts={})),
        )
        for day, rule in found
    )


_Key = tuple[int, str]


def _day(column: Column[int]) -> ColumnElement[int]:
    """Days since 1970 of an instant, by integer division."""
    return column // _DAY


def _matches(connection: Connection) -> dict[_Key, Equation]:
    """What opened is counted in table alert, the rest by outcome."""
    tally = _Tally("matches")
    columns = (_day(match.c.at).label("day"), match.c.rule_id, match.c.outcome, match.c.why)
    for day, rule, outcome, why, count in _grouped(connection, select(*columns)):
        tally.left[day, rule] += count
        if outcome != "opened":
            tally.add((day, rule), "sightings" if outcome == "sighting" else f"suppressed: {why}", count)
    for day, rule, count in _grouped(connection, select(_day(alert.c.opened_at).label("day"), alert.c.rule_id)):
        tally.add((day, rule), "opened", count)
    return tally.equations()


def _deliveries(connection: Connection) -> dict[_Key, Equation]:
    """Entitled is what each message says; what became of it is counted in deliveries, and what was delivered by the
    tries that a receiver accepted.
    """
    tally = _Tally("messages x entitled")
    of_message = (_day(message.c.at).label("day"), _told_of().label("rule"))
    quiet, held = (message.c.facts[name].as_string().label(name) for name in ("quiet", "held"))
    told = select(*of_message, quiet, held, entitled_count(connection).label("receivers"))
    for day, rule, why, held_why, receivers, messages in _grouped(connection, told):
        tally.left[day, rule] += receivers * messages
        if why is not None:
            tally.add((day, rule), f"suppressed: {why}", receivers * messages)
        elif held_why is not None:
            tally.add((day, rule), f"held: {held_why}", receivers * messages)
    why = case((delivery.c.status == "suppressed", delivery.c.why)).label("why")
    became = select(*of_message, delivery.c.status, why, has_delivered().label("accepted"))
    for day, rule, status, why, accepted, count in _grouped(connection, became.join(message)):
        if status != "delivered" or accepted:
            tally.add((day, rule), f"{status}: {why}" if why else status, count)
    return tally.equations()


def _told_of() -> ColumnElement[str]:
    """The rule of an alert's message; the kind of a notice."""
    return func.coalesce(message.c.facts["rule"].as_string(), message.c.kind)


def _grouped(connection: Connection, rows: Select[Any]) -> Iterable[tuple[Any, ...]]:
    """The different ones of *rows*, each with how many there are."""
    inner = rows.subquery()
    return [tuple(row) for row in connection.execute(select(*inner.c, func.count()).group_by(*inner.c))]


class _Tally:
    """Both sides of one equation by day and rule."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.left: Counter[_Key] = Counter()
        self.parts: dict[_Key, Counter[str]] = {}

    def add(self, key: _Key, part: str, count: int) -> None:
        self.parts.setdefault(key, Counter())[part] += count

    def equations(self) -> dict[_Key, Equation]:
        keys = {*self.left, *self.parts}
        return {k: Equation(name=self.name, left=self.left[k], parts=dict(self.parts.get(k, {}))) for k in keys}
