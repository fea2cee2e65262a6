"""When an event took place, from the words of its clause, against the article's own date."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from rules.language.words import WEEKDAYS, Tagged

DAY = 86_400
_UNITS = {"day": DAY, "week": 7 * DAY, "month": 30 * DAY, "year": 365 * DAY, "decade": 3650 * DAY}
_UNITS |= {f"{u}s": s for u, s in list(_UNITS.items())}
_MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
_SHORT = {m[:3]: i + 1 for i, m in enumerate(_MONTHS)} | {"sept": 9} | {m: i + 1 for i, m in enumerate(_MONTHS)}
_YEAR = re.compile(r"(?:1\d|20)\d\d\Z")
_MEASURES = frozenset(["first", "most", "record", "worst", "best", "only", "least", "high", "low", "latest"])
_RECENT = WEEKDAYS | {"today", "yesterday", "tonight", "overnight", "weekend"}
_COUNTS = {
    w: i for i, w in enumerate(["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"])
} | {"a": 1, "an": 1}


@dataclass(frozen=True, slots=True)
class Dated:
    """How long before publication, in seconds (negative: still to come), and the token that says so."""

    age_s: int
    token: int


def event_age(
    s: Tagged, first: int, last: int, skip: range, published: datetime | None, *, ahead: bool = False
) -> Dated | None:
    """The first date among tokens first to last, those in `skip` (another noun's date) left out; None if undated.

    A month without its year is the last one of that name, or, of what lies `ahead`, no date of the past.
    """
    for i in range(first, last + 1):
        if not _may_date(s.low[i]) or i in skip or _compares(s, first, i):
            continue
        age = _relative(s, i) if not s.low[i][0].isdigit() else _absolute(s, i, published)
        if age is None and s.low[i] in _SHORT and published and not ahead:
            age = _month(s, i, published)
        if age is not None:
            return Dated(age, i)
    return None


def _may_date(low: str) -> bool:
    return low in _UNITS or low in _SHORT or low == "last" or low[0].isdigit()


def _compares(s: Tagged, first: int, i: int) -> bool:
    """'The highest level since 2001', 'the first since its launch in May', 'most in recent years': what measures."""
    since = next((j for j in range(i - 1, max(first, i - 5) - 1, -1) if s.low[j] == "since"), i if _spans(s, i) else -1)
    measured = s.low[max(first, since - 6) : max(since, 0)]
    return any(w in _MEASURES or (w.endswith("est") and len(w) > 5) for w in measured)


def recent_day(s: Tagged, first: int, last: int) -> int:
    """The token that names a day of the last week ('on Saturday', 'yesterday') among first to last; -1 for none."""
    return next((i for i in range(first, last + 1) if s.low[i] in _RECENT), -1)


def to_come(s: Tagged, first: int, last: int) -> int:
    """The token of a time to come that nothing but the verb can bear ('expires next month'), -1 for none."""
    for i in range(first, last + 1):
        is_owner = s.tags[i + 2 : i + 3] == ["POSS"]  # 'before next month's summit'
        is_next = s.low[i] == "next" and s.low[i + 1 : i + 2] and (s.low[i + 1] in _UNITS or s.low[i + 1] in _SHORT)
        if s.low[i] == "tomorrow" or (is_next and not is_owner and s.tags[i - 1 : i] != ["P"]):
            return i
    return -1


def _relative(s: Tagged, i: int) -> int | None:
    """'last year', 'three years ago', 'decades ago'."""
    low = s.low[i]
    after = s.low[i + 1] if i + 1 < len(s.low) else ""
    if low == "last" and after in _UNITS:
        return _UNITS[after]
    if low in _UNITS and after in ("ago", "earlier", "before"):
        before = s.low[i - 1] if i else ""
        count = int(before) if before.isdigit() and len(before) < 5 else _COUNTS.get(before, 3)
        return count * _UNITS[low]
    if low in _UNITS and _spans(s, i):
        before = s.low[i - 1]
        return _UNITS[low] * (int(before) if before.isdigit() and len(before) < 4 else _COUNTS.get(before, 1))
    return None


def _spans(s: Tagged, i: int) -> bool:
    """'Over the past decade', 'in the last 10 years', 'in recent years': does word i end a stretch of time gone by?"""
    before = s.low[max(0, i - 4) : i]
    at = next((j for j, word in enumerate(before) if word in ("past", "last", "recent")), -1)
    return at > 0 and not {"in", "over", "during", "for", "within"}.isdisjoint(before[:at])


def _absolute(s: Tagged, i: int, published: datetime | None) -> int | None:
    """A year, with the month before it if there is one."""
    low = s.low[i]
    if not _YEAR.match(low) or published is None:
        return None
    before = [w for w in s.low[max(0, i - 3) : i] if w in _SHORT]
    if not before and (
        i == 0
        or s.low[i - 1] not in ("in", "since", "of", "from", "during", "until", ",", "late", "early", "mid", "by")
    ):
        return None
    month = _SHORT[before[-1]] if before else 0
    if not month:
        return (published.year - int(low)) * _UNITS["year"]
    return int((published - datetime(int(low), month, 15, tzinfo=UTC)).total_seconds())


def _month(s: Tagged, i: int, published: datetime) -> int | None:
    """'in September': the nearest one before publication; 'next May' and bare 'may' are none."""
    if i == 0 or s.low[i - 1] not in ("in", "last", "since", "early", "late", "back") or not s.words[i][0].isupper():
        return None
    if any(_YEAR.match(w) for w in s.low[i + 1 : i + 4]):
        return None
    months = (published.month - _SHORT[s.low[i]]) % 12
    return months * _UNITS["month"]
