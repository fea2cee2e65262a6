"""When an RSS feed asks not to be asked: `skipHours` and `skipDays` (rssboard.org/rss-specification, channel elements).
feedparser keeps the last of each alone.
"""

from __future__ import annotations

import re

_HEAD_BYTES = 50_000
_HOURS = re.compile(rb"<skipHours\s*>(.{1,2000}?)</skipHours\s*>", re.IGNORECASE | re.DOTALL)
_HOUR = re.compile(rb"<hour\s*>\s*(\d{1,2})\s*</hour\s*>", re.IGNORECASE)
_DAYS = re.compile(rb"<skipDays\s*>(.{1,1000}?)</skipDays\s*>", re.IGNORECASE | re.DOTALL)
_DAY = re.compile(rb"<day\s*>\s*([a-z]{6,9})\s*</day\s*>", re.IGNORECASE)
_NAMES = (b"monday", b"tuesday", b"wednesday", b"thursday", b"friday", b"saturday", b"sunday")


def rests(body: bytes) -> tuple[int, ...]:
    """Hours of the week (UTC, from Monday 0:00) in which the feed asks for rest, in order. Both elements come before
    the items or after them; one that leaves no hour is not taken seriously.
    """
    ends = body if len(body) <= 2 * _HEAD_BYTES else body[:_HEAD_BYTES] + b"\n" + body[-_HEAD_BYTES:]
    found = _HOURS.search(ends)
    hours = {int(hour) % 24 for hour in _HOUR.findall(found[1]) if int(hour) <= 24} if found else set()
    found = _DAYS.search(ends)
    days = {_NAMES.index(day.lower()) for day in _DAY.findall(found[1]) if day.lower() in _NAMES} if found else set()
    resting = tuple(hour for hour in range(168) if hour % 24 in hours or hour // 24 in days)
    return resting if len(resting) < 168 else ()
