"""Which story an article is of: that of an earlier one that is a copy of the same text, within a sliding window.

Each article leaves a few numbers (its sketch); who shares several of them is a candidate, and *kin* says by the texts
which one it is. A copy that comes while another one is being stored waits for it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, insert, select

from store.tables import article, story_print

WINDOW = 3 * 24 * 3_600 * 1_000_000
"""Microseconds for which a copy is looked for: as long as agencies' texts are passed on."""

_SHARED = 2
_CANDIDATES = 5
_AT_ONCE = 400
_MOST_ROWS = 5_000
_TEXT_CHARACTERS = 2_000
_LOCK = 7_130_531
"""Any number, as long as nothing else locks it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fresh:
    """An article that has no story yet."""

    id: str
    title: str
    text: str
    sketch: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An article of a story."""

    id: str
    story_id: str
    title: str
    text: str


Kin = Callable[[str, str, Sequence[Told]], str | None]
"""(title, text, candidates) → the story it is of, or None for a story of its own."""


def alone(_title: str, _text: str, _others: Sequence[Told]) -> None:
    """Every article is a story of its own."""


def stories_of(connection: Connection, rows: Sequence[Fresh], kin: Kin, now: int) -> dict[str, str]:
    """The story of each of *rows*, in their order: article id → story id. Remembers them with `remember`."""
    sketched = [row for row in rows if row.sketch]
    if sketched and connection.dialect.name == "postgresql":  # SQLite has one writer anyhow
        connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    known = _Known(connection, [number for row in sketched for number in row.sketch], now)
    stories = {row.id: row.id for row in rows}
    for row in sketched:
        stories[row.id] = kin(row.title, row.text, known.near(row)) or row.id
        known.add(row, stories[row.id])
    return stories


def remember(connection: Connection, rows: Sequence[Fresh], stories: dict[str, str], now: int) -> None:
    """Keep the sketches of *rows*, which are stored now, and drop those that have left the window."""
    connection.execute(delete(story_print).where(story_print.c.seen_at < now - WINDOW))
    values = [
        {"number": number, "article_id": row.id, "story_id": stories[row.id], "seen_at": now}
        for row in rows
        for number in row.sketch
    ]
    if values:
        connection.execute(insert(story_print), values)


class _Known:
    """The articles of the window that share numbers with those that are being stored."""

    def __init__(self, connection: Connection, numbers: Iterable[int], now: int) -> None:
        self._connection = connection
        self._by_number: dict[int, list[str]] = defaultdict(list)
        self._story: dict[str, str] = {}
        self._fresh: dict[str, Told] = {}
        wanted = list(dict.fromkeys(numbers))
        for start in range(0, len(wanted), _AT_ONCE):
            self._load(wanted[start : start + _AT_ONCE], now - WINDOW)

    def _load(self, numbers: Sequence[int], since: int) -> None:
        chosen = select(story_print.c.number, story_print.c.article_id, story_print.c.story_id)
        chosen = chosen.where(story_print.c.number.in_(numbers), story_print.c.seen_at >= since)
        newest = chosen.order_by(story_print.c.seen_at.desc(), story_print.c.article_id).limit(_MOST_ROWS)
        for number, article_id, story_id in reversed(self._connection.execute(newest).all()):
            self._by_number[number].append(article_id)
            self._story[article_id] = story_id

    def near(self, row: Fresh) -> list[Told]:
        """Those that share most with *row*, at most five, the first that came first."""
        shared = Counter(id for number in row.sketch for id in self._by_number.get(number, ()))
        least = min(_SHARED, len(row.sketch))
        order = {id: nth for nth, id in enumerate(self._story)}
        near = sorted((id for id, count in shared.items() if count >= least), key=lambda id: (-shared[id], order[id]))
        return self._told(near[:_CANDIDATES])

    def _told(self, ids: Sequence[str]) -> list[Told]:
        text = func.substr(article.c.text, 1, _TEXT_CHARACTERS).label("text")
        chosen = select(article.c.id, article.c.title, text).where(article.c.id.in_(ids))
        stored = [id for id in ids if id not in self._fresh]
        rows = {row.id: row for row in self._connection.execute(chosen)} if stored else {}
        told = {
            id: Told(id=id, story_id=self._story[id], title=row.title, text=row.text) for id, row in rows.items()
        } | self._fresh
        return [told[id] for id in ids if id in told]

    def add(self, row: Fresh, story_id: str) -> None:
        """From now on *row* is known too."""
        self._story[row.id] = story_id
        self._fresh[row.id] = Told(id=row.id, story_id=story_id, title=row.title, text=row.text[:_TEXT_CHARACTERS])
        for number in row.sketch:
            self._by_number[number].append(row.id)
