"""Which story an article is of: that of an earlier one that is a copy of the same text, within a sliding window.

Each article leaves a few numbers (its sketch); who shares several of them is a candidate, and *kin* says by the texts
which one it is. A copy that comes while another one is being stored waits for it.
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from sqlalchemy import BindParameter, Connection, bindparam, delete, func, select

from store.many import delete_rows, insert_rows
from store.tables import article, story_print

WINDOW = 3 * 24 * 3_600 * 1_000_000
"""Microseconds for which a copy is looked for: as long as agencies' texts are passed on."""

_SHARED = 2
_CANDIDATES = 5
_AT_ONCE = 400
_OF_ONE_NUMBER = 20
"""So many articles hold a number, the newest ones: copies of one text are one story anyhow, and a number that hundreds
share says little.
"""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The story of each article: article id → story id; the numbers that they leave, and the places that others lose
    to them, as (number, article id).
    """

    stories: Mapping[str, str]
    left: Sequence[tuple[int, str]]
    lost: Sequence[tuple[int, str]]


def stories_of(connection: Connection, rows: Sequence[Fresh], kin: Kin, now: int) -> Found:
    """The story of each of *rows*, found in their order. Remember them with `remember`."""
    sketched = [row for row in rows if row.sketch]
    if sketched and connection.dialect.name == "postgresql":  # SQLite has one writer anyhow
        connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    known = _Known(connection, [number for row in sketched for number in row.sketch], now)
    known.read(sketched)
    stories = {row.id: row.id for row in rows}
    for row in sketched:
        stories[row.id] = kin(row.title, row.text, known.near(row)) or row.id
        known.add(row, stories[row.id])
    return known.found(stories)


def remember(connection: Connection, found: Found, now: int) -> None:
    """Keep the numbers of articles, which are stored now, and drop those that left the window or lost their place."""
    connection.execute(delete(story_print).where(story_print.c.seen_at < now - WINDOW))
    if found.lost:
        delete_rows(connection, story_print, [{"number": number, "article_id": id} for number, id in found.lost])
    values = [
        {"number": number, "article_id": id, "story_id": found.stories[id], "seen_at": now} for number, id in found.left
    ]
    if values:
        insert_rows(connection, story_print, values)


class _Known:
    """The articles of the window that share numbers with those that are being stored."""

    def __init__(self, connection: Connection, numbers: Iterable[int], now: int) -> None:
        self._connection = connection
        self._by_number: dict[int, list[str]] = defaultdict(list)
        self._story: dict[str, str] = {}
        self._order: dict[str, int] = {}
        self._told: dict[str, Told] = {}
        self._stored: set[tuple[int, str]] = set()
        wanted = list(dict.fromkeys(numbers))
        for start in range(0, len(wanted), _AT_ONCE):
            self._load(wanted[start : start + _AT_ONCE], now - WINDOW)

    def _load(self, numbers: Sequence[int], since: int) -> None:
        given = {"some": list(numbers), "since": since}
        for number, article_id, story_id in self._connection.execute(_PRINTS, given):
            self._place(number, article_id, story_id)
            self._stored.add((number, article_id))

    def _place(self, number: int, article_id: str, story_id: str) -> None:
        self._by_number[number].append(article_id)
        self._story[article_id] = story_id
        self._order.setdefault(article_id, len(self._order))

    def read(self, rows: Iterable[Fresh]) -> None:
        """Read the texts of what is near *rows* among the stored, all at once; what is added only stands before it."""
        wanted = list(dict.fromkeys(id for row in rows for id in self._near(row)))
        for start in range(0, len(wanted), _AT_ONCE):
            for id, title, text in self._connection.execute(_TEXTS, {"some": wanted[start : start + _AT_ONCE]}):
                self._told[id] = Told(id=id, story_id=self._story[id], title=title, text=text)

    def near(self, row: Fresh) -> list[Told]:
        """Those that share most with *row*, at most five, the first that came first."""
        return [self._told[id] for id in self._near(row) if id in self._told]

    def _near(self, row: Fresh) -> list[str]:
        shared = Counter(chain.from_iterable(self._by_number.get(number, ()) for number in row.sketch))
        least = min(_SHARED, len(row.sketch))
        near = (id for id, count in shared.items() if count >= least)
        return heapq.nsmallest(_CANDIDATES, near, key=lambda id: (-shared[id], self._order[id]))

    def add(self, row: Fresh, story_id: str) -> None:
        """From now on *row* is known too."""
        self._told[row.id] = Told(id=row.id, story_id=story_id, title=row.title, text=row.text[:_TEXT_CHARACTERS])
        for number in row.sketch:
            self._place(number, row.id, story_id)
            del self._by_number[number][:-_OF_ONE_NUMBER]

    def found(self, stories: Mapping[str, str]) -> Found:
        """What has come of it, *stories* being those of the articles that were to be stored."""
        now = {(number, id) for number, ids in self._by_number.items() for id in ids}
        return Found(stories=stories, left=sorted(now - self._stored), lost=sorted(self._stored - now))


_SOME: BindParameter[Any] = bindparam("some", expanding=True)
"""A list as one parameter: SQLAlchemy looks at each of them where they are given to `in_`."""
_PRINTS = (
    select(story_print.c.number, story_print.c.article_id, story_print.c.story_id)
    .where(story_print.c.number.in_(_SOME), story_print.c.seen_at >= bindparam("since"))
    .order_by(story_print.c.seen_at, story_print.c.article_id.desc())
)
_TEXTS = select(article.c.id, article.c.title, func.substr(article.c.text, 1, _TEXT_CHARACTERS)).where(
    article.c.id.in_(_SOME)
)
