"""Notices: messages about the service itself. Whoever notices something says so in its own transaction; the clock's
leader tells it (`workers.noticing`), so that nothing is lost in between and nobody waits for it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, exists, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from store.database import Database
from store.ids import notice_id
from store.tables import message

KINDS: Mapping[str, str] = {
    "feed.failing": "A feed cannot be read",
    "feed.recovered": "A feed can be read again",
    "feed.silent": "A feed has gone silent",
    "feed.gap": "Articles of a feed may have been missed",
    "feed.moved": "A feed has a new address",
    "feed.gone": "A feed is gone",
    "rule.held": "A rule is held back",
    "rule.quiet": "A rule has gone quiet",
    "endpoint.failing": "An address takes nothing",
    "endpoint.disabled": "An address is not used any more",
    "endpoint.recovered": "An address takes deliveries again",
    "heartbeat": "Still at work",
}
"""Every kind of notice, with the line that heads it."""

VERSION = 1
"""Of the notice's part of the payload's schema."""

MAX_WORDS = 1_000
MAX_NAME = 300

_UNFIT = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]+")
_UNTOLD = (message.c.told_at.is_(None), message.c.alert_id.is_(None))


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """The thing a notice is about: `what` is feed, rule, endpoint or subscription; `path` is its page on the console,
    from the first slash.
    """

    what: str
    id: str
    name: str
    path: str


def add_notice(
    connection: Connection,
    kind: str,
    about: About,
    words: str,
    *,
    episode: int,
    now: int,
    details: Mapping[str, Any] | None = None,
) -> bool:
    """Say in the caller's transaction that something was noticed, to be told within seconds of its commit; False where
    it was said before.

    *words* say what, why and what to do, in one or two sentences. *episode* names the trouble (the instant it began, as
    a rule): the same kind, thing and episode make one notice, however often they are noticed. *details* are for
    programs. Bytes of strangers may stand in all of them: they are cleaned and cut here.
    """
    id = notice_id(kind, about.id, episode)
    place = {"what": about.what, "id": about.id, "name": _clean(about.name, MAX_NAME), "link": about.path}
    notice = {"id": id, "title": KINDS[kind], "about": place, "words": _clean(words, MAX_WORDS)}
    if details is not None:
        notice["details"] = {name: _detail(value) for name, value in details.items()}
    values = {
        "id": id,
        "kind": kind,
        "revision": 1,
        "at": now,
        "facts": {"quiet": None, "entitled": []},
        "data": {"version": VERSION, "notice": notice},
    }
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    added = dialect.insert(message).values(**values).on_conflict_do_nothing(index_elements=["id"])
    return connection.execute(added.returning(message.c.id)).first() is not None


def was_noticed(connection: Connection, kind: str, subject: str, episode: int) -> bool:
    """Whether there is a notice of this kind, thing and episode."""
    return bool(connection.scalar(select(exists().where(message.c.id == notice_id(kind, subject, episode)))))


def any_untold(db: Database) -> bool:
    """Whether a notice waits to be told."""
    with db.read() as connection:
        return connection.execute(select(message.c.id).where(*_UNTOLD).limit(1)).first() is not None


def hold_untold(connection: Connection, limit: int) -> Sequence[Row[Any]]:
    """Up to *limit* untold notices, the oldest first, held against another leader, who passes them over."""
    chosen = select(message).where(*_UNTOLD).order_by(message.c.at, message.c.id).limit(limit)
    return connection.execute(chosen.with_for_update(skip_locked=True)).all()


def wait_at_most(connection: Connection, seconds: int) -> None:
    """Give this transaction up, with an error, where a lock keeps it waiting longer. (SQLite's has its lock by now.)"""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SET LOCAL lock_timeout = '{seconds}s'"))


def stamp_told(connection: Connection, id: str, facts: Mapping[str, Any], data: Mapping[str, Any], now: int) -> None:
    """Say that a held notice was given to those whom *facts* name as entitled, and how it reads for good."""
    values = {"facts": dict(facts), "data": dict(data), "told_at": now}
    connection.execute(update(message).where(message.c.id == id).values(**values))


def _detail(value: Any) -> Any:
    return _clean(value, MAX_WORDS) if isinstance(value, str) else value


def _clean(words: str, longest: int) -> str:
    line = " ".join(_UNFIT.sub(" ", words).split())
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"
