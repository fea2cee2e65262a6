"""Alerts for people to read: the inbox, one alert with all that is known of it, and verdicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, or_, select, tuple_, update

from rules.model import LEVELS, Level
from store.database import Database
from store.tables import alert, article, attempt, delivery, endpoint, feed, held, match, message, rule

VERDICTS = ("useful", "false_alarm", "duplicate")
MAX_LIMIT = 200
MAX_WORDS = 8
"""Of a search; further ones are ignored."""

COMMIT_US = 15_000_000
"""An instant is taken before its transaction is committed, so an alert may appear a little behind a newer one. Whoever
asks for what is new asks from this much earlier, and knows what it has by its id.
"""

_CHANGES_US = 7 * 86_400_000_000
"""Alerts older than this are no longer looked at for sightings and verdicts that should appear live."""

_MANY = 200

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which alerts. `rule` is an id or a glob such as `embargo.*`; `level` the least one; `words` must all occur in the
    article's title, text or outlet, or in the rule's id or title; `verdict` one of VERDICTS or "none"; `quiet` False
    leaves out those that were shown and not told.
    """

    rule: str | None = None
    level: str | None = None
    words: str | None = None
    verdict: str | None = None
    quiet: bool = True


@dataclass(frozen=True, slots=True, order=True)
class Cursor:
    """A place between alerts: by when they were opened, then by id."""

    opened_at: int
    id: str

    def __str__(self) -> str:
        return f"{self.opened_at}.{self.id}"

    @classmethod
    def read(cls, text: str) -> Cursor:
        """ValueError for what no page gave."""
        instant, _, id = text.partition(".")
        if not (instant.isascii() and instant.isdigit() and len(instant) < 19 and id):
            raise ValueError("is no cursor: take it from `next_after` or `next_before` of an answer")
        return cls(int(instant), id)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertLine:
    """An alert with the article that opened it. Instants are microseconds UTC; `rule_title` is None where the ledger
    does not know the rule; `held` is why it is not told yet.
    """

    id: str
    rule_id: str
    rule_hash: str
    rule_title: str | None
    level: str
    status: str
    zone: str
    speaker: Row | None
    bindings: Row
    evidence: Sequence[Row]
    confidence: float
    episode: int
    becomes: str | None
    opened_at: int
    seen_at: int
    closed_at: int | None
    quiet: str | None
    held: str | None
    outlets: int
    verdict: str | None
    verdict_by: str | None
    verdict_at: int | None
    article_id: str
    article_revision: int
    title: str
    url: str | None
    outlet: str
    tier: str
    published_at: int | None
    first_seen_at: int

    @property
    def cursor(self) -> Cursor:
        """Its place."""
        return Cursor(self.opened_at, self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Newest first. `more` says whether there are further ones in the direction that was asked for; `now` is the
    ledger's clock when it was asked.
    """

    alerts: tuple[AlertLine, ...]
    more: bool
    now: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertDetail:
    """All that is known of an alert; rows are mappings of their columns. `rule` is the version that matched, None where
    the ledger does not know it; `sightings` are its matches, each with its article's title, url, outlet, tier,
    published_at and story_id; `copies` are the other articles of its article's story, the first ones first; `episodes`
    those of the same key, itself included; `deliveries` have the address and state of their endpoint, and their tries
    as `tries`.
    """

    line: AlertLine
    article: Row
    rule: Row | None
    sightings: tuple[Row, ...]
    copies: tuple[Row, ...]
    episodes: tuple[Row, ...]
    messages: tuple[Row, ...]
    deliveries: tuple[Row, ...]


_OF_ALERT = [alert.c[name] for name in AlertLine.__dataclass_fields__ if name in alert.c]
_OF_ARTICLE = [article.c[name] for name in AlertLine.__dataclass_fields__ if name in article.c and name not in alert.c]
_LINES = (
    select(*_OF_ALERT, *_OF_ARTICLE, rule.c.title.label("rule_title"), held.c.why.label("held"))
    .join(article, article.c.id == alert.c.article_id)
    .outerjoin(rule, rule.c.hash == alert.c.rule_hash)
    .outerjoin(held, and_(held.c.alert_id == alert.c.id, held.c.ended_at.is_(None)))
)
_TOLD_BY = (article.c.title, article.c.url, article.c.outlet, article.c.tier, article.c.published_at)
_ended = held.alias("ended")
_NEWEST_FIRST = (alert.c.opened_at.desc(), alert.c.id.desc())


def list_alerts(
    db: Database, wanted: Wanted, *, after: Cursor | None = None, before: Cursor | None = None, limit: int = 50
) -> Page:
    """Those next to the cursor: with *after* the oldest of the newer ones, else the newest (of the older ones)."""
    chosen = _LINES.where(*_conditions(wanted))
    place = tuple_(alert.c.opened_at, alert.c.id)
    if after is not None:
        chosen = chosen.where(place > tuple_(after.opened_at, after.id))
    if before is not None:
        chosen = chosen.where(place < tuple_(before.opened_at, before.id))
    upwards = after is not None and before is None
    chosen = chosen.order_by(alert.c.opened_at, alert.c.id) if upwards else chosen.order_by(*_NEWEST_FIRST)
    size = max(1, min(limit, MAX_LIMIT))
    with db.read() as connection:
        now = db.now(connection)
        found = _read(connection, chosen.limit(size + 1))
    kept = found[:size]
    return Page(alerts=kept[::-1] if upwards else kept, more=len(found) > size, now=now)


def list_changed(db: Database, wanted: Wanted, since: int, limit: int = 50) -> Page:
    """Those opened, seen again, judged or no longer held back since an instant (microseconds UTC), newest first. Ask
    the next time since `now` less COMMIT_US, and nothing is missed.
    """
    recent = alert.c.opened_at >= since - _CHANGES_US
    let_go = exists().where(_ended.c.alert_id == alert.c.id, _ended.c.ended_at >= since)
    changed = or_(alert.c.opened_at >= since, alert.c.seen_at >= since, alert.c.verdict_at >= since, let_go)
    chosen = _LINES.where(recent, changed, *_conditions(wanted)).order_by(*_NEWEST_FIRST)
    with db.read() as connection:
        now = db.now(connection)
        found = _read(connection, chosen.limit(limit + 1))
    return Page(alerts=found[:limit], more=len(found) > limit, now=now)


def read_alert(db: Database, id: str) -> AlertDetail | None:
    """One alert with its article, rule, sightings, episodes, messages and deliveries; None where there is none."""
    with db.read() as connection:
        found = _read(connection, _LINES.where(alert.c.id == id))
        return _detail(connection, found[0]) if found else None


def read_line(db: Database, id: str) -> AlertLine | None:
    """One alert as the inbox shows it; None where there is none."""
    with db.read() as connection:
        found = _read(connection, _LINES.where(alert.c.id == id))
    return found[0] if found else None


def read_article(db: Database, id: str) -> Row | None:
    """All columns of an article, and its feed's name as `feed`; None where there is none."""
    with db.read() as connection:
        return next(iter(_rows(connection, _article(id))), None)


def give_verdict(db: Database, id: str, verdict: str | None, by: str) -> bool:
    """Say what an analyst thinks of an alert, or take it back with None; False where there is no such alert.

    Raises:
        ValueError: it is none of VERDICTS.
    """
    if verdict is not None and verdict not in VERDICTS:
        raise ValueError(f"{verdict!r} is no verdict; write one of {', '.join(VERDICTS)}")
    with db.write() as connection:
        values = {"verdict": verdict, "verdict_by": by, "verdict_at": db.now(connection)}
        return bool(connection.execute(update(alert).where(alert.c.id == id).values(values)).rowcount)


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.rule:
        conditions.append(_matches_glob(wanted.rule))
    if wanted.level:
        conditions.append(alert.c.level.in_([str(level) for level in LEVELS[LEVELS.index(Level(wanted.level)) :]]))
    if wanted.verdict:
        conditions.append(alert.c.verdict.is_(None) if wanted.verdict == "none" else alert.c.verdict == wanted.verdict)
    if not wanted.quiet:
        conditions.append(alert.c.quiet.is_(None))
    conditions += [_occurs(word) for word in (wanted.words or "").split()[:MAX_WORDS]]
    return conditions


def _matches_glob(glob: str) -> ColumnElement[bool]:
    if "*" not in glob:
        return alert.c.rule_id == glob
    pattern = glob.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_").replace("*", "%")
    return alert.c.rule_id.like(pattern, escape="\\")


def _occurs(word: str) -> ColumnElement[bool]:
    places = (article.c.title, alert.c.rule_id, rule.c.title, article.c.outlet, article.c.text)
    return or_(*(place.icontains(word, autoescape=True) for place in places))


def _read(connection: Connection, chosen: Select[Any]) -> tuple[AlertLine, ...]:
    return tuple(AlertLine(**row) for row in connection.execute(chosen).mappings())


def _rows(connection: Connection, chosen: Select[Any]) -> tuple[Row, ...]:
    return tuple(dict(row) for row in connection.execute(chosen.limit(_MANY)).mappings())


def _article(id: str) -> Select[Any]:
    return (
        select(article, feed.c.name.label("feed")).join(feed, feed.c.id == article.c.feed_id).where(article.c.id == id)
    )


def _detail(connection: Connection, line: AlertLine) -> AlertDetail:
    told = _rows(connection, select(message).where(message.c.alert_id == line.id).order_by(message.c.at, message.c.id))
    return AlertDetail(
        line=line,
        article=_rows(connection, _article(line.article_id))[0],
        rule=next(iter(_rows(connection, select(rule).where(rule.c.hash == line.rule_hash))), None),
        sightings=_rows(connection, _sightings(line.id)),
        copies=_rows(connection, _copies(line.article_id)),
        episodes=_rows(connection, _episodes(line.id)),
        messages=told,
        deliveries=_deliveries(connection, [one["id"] for one in told]),
    )


def _sightings(id: str) -> Select[Any]:
    chosen = select(match, *_TOLD_BY, article.c.story_id).join(article, article.c.id == match.c.article_id)
    return chosen.where(match.c.alert_id == id).order_by(match.c.at, match.c.id)


def _copies(id: str) -> Select[Any]:
    this = article.alias("this")
    chosen = select(article.c.id, article.c.first_seen_at, article.c.quiet, *_TOLD_BY)
    chosen = chosen.join(this, and_(this.c.story_id == article.c.story_id, this.c.id != article.c.id))
    return chosen.where(this.c.id == id).order_by(article.c.first_seen_at, article.c.id)


def _episodes(id: str) -> Select[Any]:
    this = alert.alias("this")
    same = and_(this.c.subject == alert.c.subject, this.c.key == alert.c.key)
    columns = (alert.c.id, alert.c.episode, alert.c.rule_id, alert.c.becomes, alert.c.opened_at, alert.c.closed_at)
    return select(*columns).join(this, same).where(this.c.id == id).order_by(alert.c.episode.desc())


def _deliveries(connection: Connection, message_ids: Sequence[str]) -> tuple[Row, ...]:
    columns = [column for column in delivery.c if column.name != "body"]
    chosen = select(*columns, endpoint.c.address, endpoint.c.disabled_why, endpoint.c.rest_until_at)
    chosen = chosen.join(endpoint, endpoint.c.id == delivery.c.endpoint_id)
    chosen = chosen.where(delivery.c.message_id.in_(message_ids)).order_by(delivery.c.created_at, delivery.c.id)
    rows = _rows(connection, chosen)
    of_these = attempt.c.delivery_id.in_([row["id"] for row in rows])
    tries = _rows(connection, select(attempt).where(of_these).order_by(attempt.c.id))
    return tuple({**row, "tries": [one for one in tries if one["delivery_id"] == row["id"]]} for row in rows)
