"""When a digest is due: periods that tile time, whatever clocks do in the subscriber's zone. Pure.

A period ends at each boundary: every full hour in UTC, or a time of day on every day or on one weekday, in a zone.
Each date has that hour once: where the clock is set forward over it, when the gap is over; where it comes twice, the
first time (PEP 495, fold 0). An instant belongs to the period that ends at the first boundary after it.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from store.database import instant, microseconds

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
INSTANT: Mapping[str, Any] = {"instant": True}

_HOUR = 3_600_000_000
_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)\Z")
_AT: dict[str, Any] = {"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$", "examples": ["07:00"]}
_ZONE: dict[str, Any] = {"type": "string", "default": "UTC", "examples": ["Europe/Berlin"]}


def _timed(name: str, at: Mapping[str, Any]) -> dict[str, Any]:
    properties = {name: at, "timezone": _ZONE}
    return {"type": "object", "properties": properties, "required": [name], "additionalProperties": False}


_WEEKLY = {
    "type": "object",
    "properties": {"day": {"enum": list(DAYS)}, "at": _AT},
    "required": ["day", "at"],
    "additionalProperties": False,
}
CADENCE_SCHEMA: dict[str, Any] = {
    "description": "when it is told: at once, or in digests",
    "anyOf": [{"enum": ["instant", "hourly"]}, _timed("daily", _AT), _timed("weekly", _WEEKLY)],
    "default": "instant",
}
"""JSON Schema of what read_cadence reads."""

_HOW = (
    'write `instant`, `hourly`, `{daily: "07:00", timezone: Europe/Berlin}` or '
    '`{weekly: {day: monday, at: "07:00"}, timezone: Europe/Berlin}`'
)


class BadCadence(ValueError):  # noqa: N818
    """A cadence that cannot be; the message says how to mend it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """From `start` until before `end`, microseconds UTC."""

    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Daily:
    """A boundary on every date, or on every date with this weekday (0 is Monday), at a wall-clock time in a zone."""

    at: time
    zone: ZoneInfo
    weekday: int | None = None

    def period(self, at: int) -> Period:
        """The period that the instant *at* (microseconds UTC) belongs to."""
        reach = 9 if self.weekday is not None else 3
        today = instant(at).astimezone(self.zone).date()
        dates = [today + timedelta(days=number) for number in range(-reach, reach + 1)]
        boundaries = sorted({self._boundary(each) for each in dates if self.weekday in (None, each.weekday())})
        end = next(one for one in boundaries if one > at)
        return Period(start=boundaries[boundaries.index(end) - 1], end=end)

    def _boundary(self, on: date) -> int:
        return microseconds(datetime.combine(on, self.at, tzinfo=self.zone).astimezone(UTC))


@dataclass(frozen=True, slots=True)
class Hourly:
    """A boundary at every full hour in UTC."""

    @property
    def zone(self) -> ZoneInfo:
        """In which times are shown."""
        return ZoneInfo("UTC")

    def period(self, at: int) -> Period:
        """The period that the instant *at* (microseconds UTC) belongs to."""
        start = at - at % _HOUR
        return Period(start=start, end=start + _HOUR)


Cadence = Hourly | Daily


def cadence_of(stored: Mapping[str, Any]) -> Cadence | None:
    """The digest that a subscription's column `cadence` asks for; None: everything is told at once."""
    if "daily" in stored:
        return Daily(at=time.fromisoformat(stored["daily"]), zone=ZoneInfo(stored["timezone"]))
    if "weekly" in stored:
        weekly = stored["weekly"]
        at, weekday = time.fromisoformat(weekly["at"]), DAYS.index(weekly["day"])
        return Daily(at=at, zone=ZoneInfo(stored["timezone"]), weekday=weekday)
    return Hourly() if "hourly" in stored else None


def read_cadence(value: object) -> Mapping[str, Any]:
    """What a file says, as it is stored.

    Raises:
        BadCadence: it is none.
    """
    if value == "instant":
        return INSTANT
    if value == "hourly":
        return {"hourly": True}
    if not isinstance(value, Mapping) or len(value.keys() & {"daily", "weekly"}) != 1:
        raise BadCadence(_HOW)
    if unknown := sorted(value.keys() - {"daily", "weekly", "timezone"}):
        raise BadCadence(f"unknown key `{unknown[0]}`; {_HOW}")
    zone = _zone(value.get("timezone", "UTC"))
    if "daily" in value:
        return {"daily": _time(value["daily"]), "timezone": zone}
    return {"weekly": _weekly(value["weekly"]), "timezone": zone}


def _weekly(value: object) -> Mapping[str, str]:
    if not isinstance(value, Mapping) or value.keys() != {"day", "at"}:
        raise BadCadence('write `weekly: {day: monday, at: "07:00"}`')
    if value["day"] not in DAYS:
        near = difflib.get_close_matches(str(value["day"]).lower(), DAYS, 1, 0.4)
        raise BadCadence(f"{value['day']!r} is no day; " + (f"did you mean {near[0]}?" if near else "write monday"))
    return {"day": value["day"], "at": _time(value["at"])}


def _time(value: object) -> str:
    if not isinstance(value, str) or not _TIME.match(value):
        raise BadCadence(f'{value!r} is no time of day; write hours and minutes of 24 hours, such as "07:00"')
    return value


def _zone(name: object) -> str:
    try:
        return ZoneInfo(str(name)).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        near = difflib.get_close_matches(str(name), available_timezones(), 1, 0.6)
        how = f"did you mean {near[0]}?" if near else "write one such as Europe/Berlin"
        raise BadCadence(f"{str(name)[:100]!r} is no time zone of the IANA database; {how}") from None
