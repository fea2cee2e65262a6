"""What configuration is in force, and what is wrong with a newer version that was refused."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, insert, select, update

from store.database import Database
from store.locks import CONFIGURE, one_at_a_time
from store.tables import configuration, rule


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleVersion:
    """A version of a rule that is active now; `hash` names it for ever."""

    hash: str
    id: str
    version: str
    title: str
    level: str
    maturity: str
    tags: tuple[str, ...]
    source: str


def accept(db: Database, kind: str, hash: str) -> None:
    """Say that version *hash* of *kind* (rules, feeds, subscriptions) is in force, with no problem."""
    with db.write() as connection:
        one_at_a_time(connection, CONFIGURE)
        _put(connection, kind, hash=hash, loaded_at=db.now(connection), problems=[], problems_at=None)


def refuse(db: Database, kind: str, problems: Sequence[str]) -> None:
    """Say that a newer version of *kind* was not taken, and why; the one in force stays."""
    with db.write() as connection:
        one_at_a_time(connection, CONFIGURE)
        now = db.now(connection)
        values = {"problems": list(problems), "problems_at": now}
        if not connection.execute(update(configuration).where(configuration.c.kind == kind).values(**values)).rowcount:
            connection.execute(insert(configuration).values(kind=kind, hash="", loaded_at=now, **values))


def is_accepted_since(db: Database, kind: str, at: int) -> bool:
    """Whether a version of *kind* has come into force at or after the instant *at* (microseconds UTC)."""
    kept = configuration.c
    chosen = select(kept.kind).where(kept.kind == kind, kept.hash != "", kept.loaded_at >= at)
    with db.read() as connection:
        return connection.scalar(chosen) is not None


def record_rules(db: Database, versions: Iterable[RuleVersion]) -> None:
    """Make *versions* the active ones. Older versions stay, so that an old alert can still say what it was about."""
    active = {version.hash: version for version in versions}
    with db.write() as connection:
        one_at_a_time(connection, CONFIGURE)
        now = db.now(connection)
        known = set(connection.scalars(select(rule.c.hash)))
        connection.execute(update(rule).where(rule.c.active, rule.c.hash.not_in(list(active))).values(active=False))
        for hash in sorted(known & set(active)):
            values = {"active": True, "last_loaded_at": now, "source": active[hash].source}
            connection.execute(update(rule).where(rule.c.hash == hash).values(**values))
        fresh = [_row(active[hash], now) for hash in sorted(set(active) - known)]
        if fresh:
            connection.execute(insert(rule), fresh)


def _row(version: RuleVersion, now: int) -> dict[str, object]:
    return {
        "hash": version.hash,
        "id": version.id,
        "version": version.version,
        "title": version.title,
        "level": version.level,
        "maturity": version.maturity,
        "tags": list(version.tags),
        "source": version.source,
        "first_loaded_at": now,
        "last_loaded_at": now,
        "active": True,
    }


def _put(connection: Connection, kind: str, **values: object) -> None:
    if not connection.execute(update(configuration).where(configuration.c.kind == kind).values(**values)).rowcount:
        connection.execute(insert(configuration).values(kind=kind, **values))
