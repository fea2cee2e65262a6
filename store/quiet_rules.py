"""Rules that open no alerts any more, measured by their own habit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from urllib.parse import quote

from sqlalchemy import Connection, select

from store.database import Database
from store.notices import About, add_notice
from store.tables import alert, rule
from store.words import moment, span

ENOUGH = 5
"""Alerts that a rule must have opened before it can be called quiet: fewer make no habit."""

TIMES = 10
"""How many times its usual gap a rule must be silent."""

LEAST = 24 * 3_600_000_000
"""Microseconds of silence that are never too many: nights are silent."""

_RECENT = 50
"""Alerts of a rule that its habit is read from."""

_AT_ONCE = 500
"""Rules of one transaction, so that none reads for long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Habit:
    """When a rule opened its last alert, and the median of the gaps between its latest ones (microseconds)."""

    last_at: int
    usual_gap: int

    def is_quiet(self, now: int) -> bool:
        """Whether it has been silent for so long that somebody should look."""
        return now - self.last_at > max(LEAST, TIMES * self.usual_gap)


def habit_of(opened: Sequence[int]) -> Habit | None:
    """The habit of a rule that opened alerts at these instants, the latest first; None for fewer than ENOUGH."""
    if len(opened) < ENOUGH:
        return None
    gaps = [later - earlier for later, earlier in pairwise(opened)]
    return Habit(last_at=opened[0], usual_gap=int(median(gaps)))


def notice_quiet_rules(db: Database) -> int:
    """Say of each active rule that has gone quiet that it has, once for each time; returns of how many."""
    with db.read() as connection:
        active = connection.execute(select(rule.c.id, rule.c.title).where(rule.c.active).order_by(rule.c.id)).all()
    titles = {row.id: row.title for row in active}
    ids = list(titles)
    return sum(
        _say(db, titles[id], id, habit)
        for start in range(0, len(ids), _AT_ONCE)
        for id, habit in _quiet(db, ids[start : start + _AT_ONCE])
    )


def _quiet(db: Database, ids: Sequence[str]) -> list[tuple[str, Habit]]:
    with db.read() as connection:
        now = db.now(connection)
        return [(id, habit) for id, habit in _habits(connection, ids) if habit.is_quiet(now)]


def _habits(connection: Connection, ids: Sequence[str]) -> Iterator[tuple[str, Habit]]:
    """A baseline opens many at once and says nothing of a habit, so quiet ones do not count."""
    for id in ids:
        chosen = select(alert.c.opened_at).where(alert.c.rule_id == id, alert.c.quiet.is_(None))
        opened = connection.scalars(chosen.order_by(alert.c.opened_at.desc()).limit(_RECENT)).all()
        if (habit := habit_of(opened)) is not None:
            yield id, habit


def _say(db: Database, title: str, id: str, habit: Habit) -> bool:
    with db.write() as connection:
        now = db.now(connection)
        words = (
            f"The rule {id} has opened no alert for {span(now - habit.last_at)}, since {moment(habit.last_at)}; "
            f"usually one comes every {span(habit.usual_gap)}. See whether the feeds it lives from still bring "
            f"something (`tocsin feeds list`), and whether a change has made it too narrow "
            f"(`tocsin rules backtest {id}`)."
        )
        about = About(what="rule", id=id, name=title, path=f"/rules/{quote(id, safe='')}")
        details = {"silent_s": (now - habit.last_at) // 1_000_000, "usual_gap_s": habit.usual_gap // 1_000_000}
        return add_notice(connection, "rule.quiet", about, words, episode=habit.last_at, now=now, details=details)
