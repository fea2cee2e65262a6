"""When an entry was published, and how we know: declared, inferred, or only first seen.

Never a part of a date from today's calendar, never a guessed zone that is called declared: a rule that reads the date
must be able to rely on it. The cases are the defects that readers of feeds have had for years (feedparser #75: the
clock's month; epoch stamps as the year 1704; "10:00 PM" as morning; IST as UTC).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from email.utils import parsedate_tz
from typing import Any

from dateutil import parser as dateutil_parser

from watcher.date_names import fillers, months
from watcher.entry import Provenance

FUTURE_S = 26 * 3_600
"""A stamp further ahead than any zone's mistake can explain is not believed."""
_OLDEST = datetime(1990, 1, 1, tzinfo=UTC)
_LONGEST = 80
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Dated = tuple[datetime, Provenance]

# Hours east of UTC. RFC 822's own zones (EST, PDT, GMT …) are known to email.utils.
_ZONES = {"CET": 1, "CEST": 2, "MEZ": 1, "MESZ": 2, "EET": 2, "EEST": 3, "MSK": 3, "WET": 0, "WEST": 1, "JST": 9}
_ZONES |= {"KST": 9, "HKT": 8, "SGT": 8, "AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13, "UTC": 0, "GMT": 0, "Z": 0}
_ZONES |= {"UT": 0, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7}
_GUESSED_ZONES = {"IST": 5.5, "BST": 1.0, "PKT": 5.0, "WIB": 7.0, "SAST": 2.0, "EAT": 3.0, "WAT": 1.0}

_RFC822_ZONE = re.compile(r"(?:[+-]\d{4}|\b(?:UTC?|GMT|Z|[ECMP][SD]T))\)?$")
_FROM_GREENWICH = re.compile(r"\b(?:GMT|UTC)\s?([+-])(\d{1,2})(?::?(\d\d))?$")
_SAID_TWICE = re.compile(r"(?<=\d )[A-Z]{3,5}(?=[+-]\d{4}$)")  # EDT-0400
_COLON = re.compile(r"(?<=[ \d][+-]\d\d):(?=\d\d$)")
_COMMENT = re.compile(r"([+-]\d\d:?\d\d)\s?(?:\([^()]*\)|\[[^\[\]]*\])$")  # +0100 (CET), -05:00[America/New_York]
_SPACED = re.compile(r"\b(\d{1,2})\. (\d{1,2})\. (?=\d{4}\b)")
_FAR_EAST = re.compile(r"^(\d{4})\s?年\s?(\d{1,2})\s?月\s?(\d{1,2})\s?日")
_MONTH = re.compile(r"(\d{4})-(\d\d)")  # as W3C-DTF allows
_FIRST_WORD = re.compile(r"^[^\W\d_]{2,20}(?:-[^\W\d_]{2,10})?\.?,? ")
_YEAR_NONE = re.compile(r"(?<![\w+:-])0\d{3}(?![\d:])")  # 0001: what .NET writes for no date
_ISO = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?)?\s*(?:Z|z|UTC|[+-]\d\d:?\d\d)?")
_BEGINNING = re.compile(r"(\d{4}-\d\d-\d\d)(?!\d)(?:[T ](\d\d):(\d\d)(?::(\d\d))?(?!\d))?(?!.*\d{4}-\d\d)")
_ZONE_NAME = re.compile(r"\b([A-Z]{2,5})\)?\s*$")
_HALF_DAY = re.compile(r"\d\s*[ap]\.?m\b", re.IGNORECASE)
_EPOCH_STAMP = re.compile(r"(\d{9,10})(?:\.\d+)?|(\d{12,13})")
_NUMERIC = re.compile(r"\b(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d{2})\b")


_JUMP: Any = [*dateutil_parser.parserinfo.JUMP, *fillers()]


class _Names(dateutil_parser.parserinfo):
    """English, and the names that feeds of other languages write."""

    MONTHS = months()
    JUMP = _JUMP

    def convertyear(self, year: int, century_specified: bool = False) -> int:
        """Two digits are a year of 1969 to 2068 as in RFC 2822 and POSIX, not a window around today's year."""
        if year >= 100 or century_specified:
            return year
        return year + (2000 if year < 69 else 1900)


_INFO = _Names()
_DEFAULTS = (datetime(2000, 1, 1), datetime(2004, 2, 2))  # noqa: DTZ001 - what a date leaves open shows as a difference


def published(dates: Iterable[str], now: datetime, fallback_at: int | None = None) -> tuple[int | None, Provenance]:
    """The first of *dates* that can be believed at *now*, in microseconds UTC, and where it is from.

    (None, "first_seen") where there is none: whoever stores the entry knows when it was first seen. *fallback_at* is
    what the format's reader made of them, used for writings that nobody else understands.
    """
    foreign = False
    for text in dates:
        foreign = foreign or not text.isascii()
        found = read_date(text)
        if found is not None and _believable(found[0], now):
            return _microseconds(found[0]), found[1]
    if foreign and fallback_at is not None and _believable(_EPOCH + timedelta(microseconds=fallback_at), now):
        return fallback_at, "inferred"
    return None, "first_seen"


def read_date(text: str) -> Dated | None:
    """The instant that *text* names, if it names one: "declared" with its zone, "inferred" where zone or time of day
    had to be assumed (UTC, midnight). None for what is no date, or could be two.
    """
    value = " ".join(text.split()).strip(" .,;")
    if not value or len(value) > _LONGEST or _YEAR_NONE.search(value):
        return None
    value = _plain_zone(_SPACED.sub(r"\1.\2.", _FAR_EAST.sub(r"\1-\2-\3", value)))
    for reader in (_epoch, _iso, _rfc822, _anything, _beginning):
        if (found := reader(value)) is not None:
            return found
    return None


def _plain_zone(text: str) -> str:
    """*text* with its distance from Greenwich as RFC 822 writes it, +0530, where it says one."""
    text = _SAID_TWICE.sub("", _COMMENT.sub(r"\1", text))
    text = _FROM_GREENWICH.sub(lambda zone: f"{zone[1]}{int(zone[2]):02}{zone[3] or '00'}", text)
    return text if _ISO.fullmatch(text) else _COLON.sub("", text)


def _epoch(text: str) -> Dated | None:
    if (stamp := _EPOCH_STAMP.fullmatch(text)) is None:
        return None
    seconds = int(stamp[1]) if stamp[1] else int(stamp[2]) // 1_000
    return datetime.fromtimestamp(seconds, UTC), "inferred"


def _iso(text: str) -> Dated | None:
    text = _MONTH.sub(r"\g<0>-01", text) if _MONTH.fullmatch(text) else text
    if not _ISO.fullmatch(text):
        return None
    try:
        found = datetime.fromisoformat(text.replace("UTC", "Z").replace("z", "Z").replace(" Z", "Z").replace(" +", "+"))
    except ValueError:
        return None
    return _with_zone(found)


def _beginning(text: str) -> Dated | None:
    """Of what only begins as ISO 8601 wants it, the day, and the time of day where that is whole; 24:00 is the next
    day's beginning, and a leap second the one before it.
    """
    if (found := _BEGINNING.match(text)) is None:
        return None
    hour, minute, second = (int(part or 0) for part in found.groups()[1:])
    whole = (hour, minute, second) <= (24, 0, 0) and minute < 60 and second <= 60
    time_of_day = timedelta(hours=hour, minutes=minute, seconds=min(second, 59)) if whole else timedelta()
    try:
        return datetime.fromisoformat(found[1]).replace(tzinfo=UTC) + time_of_day, "inferred"
    except (ValueError, OverflowError):
        return None


def _rfc822(text: str) -> Dated | None:
    if _HALF_DAY.search(text) or "," not in text[:12]:
        return None
    zone = _RFC822_ZONE.search(text)
    if zone is None and _ZONE_NAME.search(text):
        return None  # a zone that email.utils would silently read as UTC
    try:
        parts = parsedate_tz(text)
        found = datetime(*parts[:6], tzinfo=UTC) if parts else None
    except (ValueError, TypeError, IndexError):
        return None
    if found is None or parts is None or abs(parts[9] or 0) > 15 * 3_600:
        return None
    return found - timedelta(seconds=parts[9] or 0), "declared" if zone and ":" in text else "inferred"


def _anything(text: str) -> Dated | None:
    """By dateutil; what begins with a word that it does not know, without that word: a day of the week."""
    return _agreed(text) or _agreed(_FIRST_WORD.sub("", text))


def _agreed(text: str) -> Dated | None:
    """By dateutil, with two sets of defaults and both orders of day and month: where they differ, *text* does not say
    enough, or says two things.
    """
    numeric = _NUMERIC.search(text)
    orders = (False,) if numeric is None else (True,) if numeric[2] == "." else (False, True)
    readings = {_parse(text, default, dayfirst=order) for default in _DEFAULTS for order in orders}
    found = readings.pop()
    if readings or found is None:
        return None
    return _with_zone(found, guessed=_guessed(text), timeless=":" not in text)


def _parse(text: str, default: datetime, *, dayfirst: bool) -> datetime | None:
    try:
        return dateutil_parser.parse(text, parserinfo=_INFO, default=default, dayfirst=dayfirst, tzinfos=_zone)
    except (ValueError, OverflowError, TypeError, AttributeError):
        return None


def _zone(name: str | None, offset_s: int | None) -> tzinfo | None:
    """The zone that a date names; never the machine's own, which dateutil would otherwise try."""
    hours = _ZONES.get(name or "", _GUESSED_ZONES.get(name or ""))
    seconds = offset_s if offset_s is not None else None if hours is None else hours * 3_600
    return timezone(timedelta(seconds=seconds)) if seconds is not None and abs(seconds) < 86_400 else None


def _guessed(text: str) -> bool:
    named = _ZONE_NAME.search(text)
    return bool(named and named[1] in _GUESSED_ZONES)


def _with_zone(found: datetime, *, guessed: bool = False, timeless: bool = False) -> Dated | None:
    if found.tzinfo is None:
        return found.replace(tzinfo=UTC), "inferred"
    try:
        return found.astimezone(UTC), "inferred" if guessed or timeless else "declared"
    except (OverflowError, ValueError):
        return None


def _believable(found: datetime, now: datetime) -> bool:
    return _OLDEST <= found <= now + timedelta(seconds=FUTURE_S)


def _microseconds(instant: datetime) -> int:
    return (instant - _EPOCH) // timedelta(microseconds=1)
