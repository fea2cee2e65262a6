"""Silences: what is not told for a while, by whose word and why; and how much each has kept back."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, func, insert, select, update

from store.database import Database
from store.tables import alert, delivery, rule, silence
from store.words import UNFIT

SECOND = 1_000_000
MAX_S = 366 * 86_400
"""The longest silence: one without an end is a filter, and belongs into subscriptions.yml."""

_MAX = {"rule": 200, "outlet": 200, "alert_id": 100, "author": 200, "reason": 500}
_MAX_BINDINGS = 20


class BadSilence(ValueError):  # noqa: N818
    """A silence that cannot be; the message says how to mend it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Which messages: those that fit all that is given. `rule` is an id or a glob, `bindings` are variables of the
    alert with their values, `outlet` is whose article it is.
    """

    rule: str | None = None
    bindings: Mapping[str, str] = field(default_factory=dict)
    outlet: str | None = None
    alert_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """Instants are microseconds UTC. `removed_at` is when somebody ended it early; `suppressed` counts the deliveries
    that were not sent because of it.
    """

    id: str
    scope: Scope
    author: str
    reason: str
    created_at: int
    until_at: int
    removed_at: int | None = None
    removed_by: str | None = None
    suppressed: int = 0


def add(
    db: Database, scope: Scope, *, author: str, reason: str, for_s: int | None = None, until_at: int | None = None
) -> Silence:
    """Silence *scope* from now, for so many seconds or until an instant (microseconds UTC).

    Raises:
        BadSilence: it would silence nothing or everything, says not why, or ends too soon or too late.
    """
    with db.write() as connection:
        now = db.now(connection)
        until = until_at if for_s is None else now + for_s * SECOND
        made = Silence(
            id=secrets.token_hex(4),
            scope=scope,
            author=author.strip(),
            reason=" ".join(reason.split()),
            created_at=now,
            until_at=until or now,
        )
        if why := next(_problems(connection, made), None):
            raise BadSilence(why)
        connection.execute(insert(silence).values(**_columns(made)))
    return made


def remove(db: Database, id: str, by: str) -> bool:
    """End a silence now; False where none of this id is in force."""
    with db.write() as connection:
        now = db.now(connection)
        chosen = and_(silence.c.id == id, silence.c.removed_at.is_(None), silence.c.until_at > now)
        return bool(connection.execute(update(silence).where(chosen).values(removed_at=now, removed_by=by)).rowcount)


def list_silences(db: Database, *, ended: bool = False, alert_id: str | None = None, limit: int = 200) -> list[Silence]:
    """Those in force, the one that ends first first; with *ended* the others, the last one first; with *alert_id* those
    of one alert.
    """
    with db.read() as connection:
        now = db.now(connection)
        chosen = _counted().where(~_holds(now)) if ended else _counted().where(_holds(now))
        if alert_id is not None:
            chosen = chosen.where(silence.c.alert_id == alert_id)
        order = silence.c.until_at.desc() if ended else silence.c.until_at
        return [_of_row(row) for row in connection.execute(chosen.order_by(order, silence.c.id).limit(limit))]


def in_force(connection: Connection, now: int) -> list[Silence]:
    """Those in force, uncounted, the one that ends last first."""
    chosen = select(silence).where(_holds(now)).order_by(silence.c.until_at.desc(), silence.c.id)
    return [_of_row(row) for row in connection.execute(chosen)]


def _holds(now: int) -> Any:
    return and_(silence.c.removed_at.is_(None), silence.c.until_at > now)


def _counted() -> Select[Any]:
    count = select(func.count()).where(delivery.c.silence_id == silence.c.id).scalar_subquery()
    return select(silence, count.label("suppressed"))


def _of_row(row: Row[Any]) -> Silence:
    columns = dict(row._mapping)
    scope = Scope(**{name: columns.pop(name) for name in Scope.__dataclass_fields__})
    return Silence(scope=scope, **columns)


def _columns(made: Silence) -> dict[str, Any]:
    scope = {name: getattr(made.scope, name) for name in Scope.__dataclass_fields__}
    own = {name: getattr(made, name) for name in ("id", "author", "reason", "created_at", "until_at")}
    return {**own, **scope, "bindings": dict(made.scope.bindings)}


def _problems(connection: Connection, made: Silence) -> Iterator[str]:
    scope = made.scope
    if not (scope.rule or scope.bindings or scope.outlet or scope.alert_id):
        yield "this would silence everything: name a rule, a binding, an outlet or an alert"
    if not made.author or not made.reason:
        yield "say who silences it and why: others will ask"
    yield from _misfits(made)
    if made.until_at <= made.created_at:
        yield "the end is past: write a later one"
    if made.until_at > made.created_at + MAX_S * SECOND:
        yield f"it is longer than {MAX_S // 86_400} days; leave out what is never wanted in subscriptions.yml"
    yield from _unknown(connection, scope)


def _misfits(made: Silence) -> Iterator[str]:
    scope = made.scope
    for name, limit in _MAX.items():
        if len(getattr(made, name, None) or getattr(scope, name, None) or "") > limit:
            yield f"{name} is longer than {limit} characters; shorten it"
    if UNFIT.search("".join((made.author, made.reason, *_texts(scope)))):
        yield "it has a character that no text has; type it anew"
    if len(scope.bindings) > _MAX_BINDINGS or any(len(one) > 200 for pair in scope.bindings.items() for one in pair):
        yield f"at most {_MAX_BINDINGS} bindings of at most 200 characters each"


def _texts(scope: Scope) -> Iterator[str]:
    yield from (scope.rule or "", scope.outlet or "", scope.alert_id or "")
    yield from (one for pair in scope.bindings.items() for one in pair)


def _unknown(connection: Connection, scope: Scope) -> Iterator[str]:
    if scope.alert_id and connection.scalar(select(alert.c.id).where(alert.c.id == scope.alert_id)) is None:
        yield f"there is no alert {scope.alert_id}; `tocsin alerts list` shows the newest"
    rules = connection.scalars(select(rule.c.id).where(rule.c.active)).all() if scope.rule else ()
    if scope.rule and rules and not any(fnmatchcase(id, scope.rule) for id in rules):
        yield f"`{scope.rule}` names no rule in force; `tocsin rules list` shows them"
