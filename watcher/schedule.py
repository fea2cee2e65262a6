"""When a feed is looked at next, and why. Pure: the clock is an argument, chance is a hash."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

MINUTE_S, HOUR_S, DAY_S = 60, 3_600, 86_400
MIN_S, MAX_S = MINUTE_S, DAY_S
"""No feed is looked at more often, or (while it works) less often."""
AUTO_S = (5 * MINUTE_S, 2 * HOUR_S)
"""Limits of the interval found from a feed's own rhythm."""
UNKNOWN_S = 30 * MINUTE_S
"""Interval of a feed whose rhythm is not known yet."""
CACHE_S = 6 * HOUR_S
"""Longest rest that Cache-Control, Expires or the feed's ttl may ask for: many say a day or a year by mistake, and an
alert must not wait for that. `every` in the feed's settings overrides them."""
RETRY_S = 5 * MINUTE_S
"""Rest after the first failure; doubled after each further one."""
LONG_S = 30 * DAY_S
"""Rest of a feed that has failed for months; it is never given up."""
DOWN_S = MINUTE_S
"""Rest while our own network seems to be down."""
_DAILY_FAILURES = 30
_WEEK_HOURS = 168
_EPOCH_HOUR = 72  # 1 January 1970 was a Thursday
_JITTER = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class NextCheck:
    """Look again after this many seconds; `why` in words; `interval_s` is the feed's own interval without jitter."""

    after_s: int
    why: str
    interval_s: int


def after_success(
    *,
    every_s: int | None,
    limits: tuple[int, int] | None = None,
    published: Sequence[int],
    now: int,
    previous_s: int | None = None,
    ttl_s: int | None = None,
    cache_s: int | None = None,
    retry_after_s: int | None = None,
    rests: Collection[int] = (),
    gap: bool = False,
    seed: str,
) -> NextCheck:
    """The next look after one that worked.

    *every_s* is the declared interval (None: auto), *limits* are those declared for auto, in seconds; *published* the
    dates of the entries, microseconds UTC; *previous_s* the interval so far, kept where a fetch shows no entries (304);
    *rests* the hours of the week in which the feed asks not to be asked; *gap* says that entries seem to have been
    missed.
    """
    if every_s is not None:
        return _rested(_clamped(every_s), "every " + words(_clamped(every_s)), retry_after_s, seed)
    if gap:
        own_s = max(_clamped((previous_s or UNKNOWN_S) // 2), limits[0] if limits else MIN_S)
        return _rested(own_s, f"entries seem to have been missed: {words(own_s)}", retry_after_s, seed)
    check = _rested(*_interval(limits, published, now, previous_s, ttl_s, cache_s), retry_after_s, seed)
    return _outside(rests, now, check)


def _interval(
    limits: tuple[int, int] | None,
    published: Sequence[int],
    now: int,
    previous_s: int | None,
    ttl_s: int | None,
    cache_s: int | None,
) -> tuple[int, str]:
    lowest_s, highest_s = limits or (MIN_S, MAX_S)
    own_s = _eased(rhythm_s(published, now, limits or AUTO_S), previous_s) if published else previous_s or UNKNOWN_S
    own_s = min(max(own_s, lowest_s), highest_s)
    asked_s, who = max((ttl_s or 0, "the feed asks for"), (cache_s or 0, "the server asks for"))
    if (granted_s := min(asked_s, limits[1] if limits else CACHE_S)) > own_s:
        return granted_s, f"{who} {words(asked_s)}"
    return own_s, f"its rhythm: {words(own_s)}" if published or previous_s else "no rhythm known yet"


def _eased(own_s: int, previous_s: int | None) -> int:
    """An interval grows by a quarter at most, so that what a gap has shortened does not jump back to the next gap."""
    return own_s if previous_s is None else min(own_s, max(previous_s * 5 // 4, MIN_S))


def _outside(rests: Collection[int], now: int, check: NextCheck) -> NextCheck:
    """The check moved behind the hours in which the feed asks for rest, but no further than a day."""
    at_s = now // 1_000_000 + check.after_s
    hour = at_s // HOUR_S
    while (hour + _EPOCH_HOUR) % _WEEK_HOURS in rests and (hour - at_s // HOUR_S) < DAY_S // HOUR_S:
        hour += 1
    if hour == at_s // HOUR_S:
        return check
    after_s = min(hour * HOUR_S - now // 1_000_000 + check.after_s % HOUR_S, MAX_S)
    return replace(check, after_s=max(after_s, check.after_s), why=f"{check.why}; the feed rests in between")


def usual_gap_s(published: Sequence[int], now: int) -> int | None:
    """The usual time between the last entries, in seconds; None where fewer than three have a date that can be so."""
    stamps = _last(published, now)
    if len(stamps) < 3:
        return None
    return round(median(later - earlier for later, earlier in pairwise(stamps)) / 1_000_000)


def _last(published: Sequence[int], now: int) -> list[int]:
    return sorted((at for at in published if at <= now), reverse=True)[:20]


def rhythm_s(published: Sequence[int], now: int, limits: tuple[int, int] = AUTO_S) -> int:
    """Half the usual time between the last entries, longer the longer the feed has been silent, within *limits*
    (seconds). *published* and *now* in microseconds UTC.
    """
    stamps = _last(published, now)
    if len(stamps) < 2:
        return UNKNOWN_S
    gap_s = median(later - earlier for later, earlier in pairwise(stamps)) / 1_000_000
    silent_s = (now - stamps[0]) / 1_000_000
    return round(min(max(gap_s / 2, silent_s / 20, limits[0]), limits[1]))


def after_failure(
    *, interval_s: int | None, failures: int, retry_after_s: int | None = None, gone: bool = False, seed: str
) -> NextCheck:
    """The next look after *failures* (1 or more) failures in a row: rests double up to a day, and after a month of
    days up to 30 days. *gone* says that the server answered 410.
    """
    own_s = interval_s or UNKNOWN_S
    if gone:
        return _rested(LONG_S, "gone (410); asked again in case it comes back", None, seed, own_s)
    rest_s = min(min(RETRY_S, own_s) * 2 ** min(failures - 1, 20), DAY_S)
    if failures > _DAILY_FAILURES:
        rest_s = min(DAY_S * 2 ** min(failures - _DAILY_FAILURES, 20), LONG_S)
    return _rested(
        max(rest_s, MIN_S), f"failed {failures} time{'s' * (failures > 1)} in a row", retry_after_s, seed, own_s
    )


def while_down(*, interval_s: int | None, seed: str) -> NextCheck:
    """The next look at a feed that failed because our own network seems to be down: soon, and not all at once."""
    after_s = round(DOWN_S * (1.5 + _chance(seed) / 2))
    return NextCheck(
        after_s=after_s,
        why="our own network seems to be down; the feed is not to blame",
        interval_s=interval_s or UNKNOWN_S,
    )


def _rested(base_s: int, why: str, retry_after_s: int | None, seed: str, interval_s: int | None = None) -> NextCheck:
    """With jitter, so that feeds that were started together drift apart; a Retry-After is a floor for it."""
    after_s = round(base_s * (1 + _JITTER * _chance(seed)))
    floor_s = min(retry_after_s or 0, MAX_S)
    if floor_s > after_s:
        after_s, why = (
            round(floor_s * (1 + _JITTER * abs(_chance(seed)))),
            f"the server said Retry-After: {words(floor_s)}",
        )
    return NextCheck(after_s=max(after_s, MIN_S), why=why, interval_s=interval_s or base_s)


def one_in(times: int, seed: str) -> bool:
    """True for one *seed* in so many."""
    return int(hashlib.sha256(b"one in" + seed.encode()).hexdigest(), 16) % times == 0


def _chance(seed: str) -> float:
    """A number from -1 to 1 that depends on *seed* alone."""
    return int.from_bytes(hashlib.sha256(seed.encode()).digest()[:4], "big") / 0x7FFFFFFF - 1


def _clamped(seconds: int) -> int:
    return min(max(seconds, MIN_S), MAX_S)


def words(seconds: int) -> str:
    """A duration as people write it: 90 → "90s", 5400 → "90m", 7200 → "2h"."""
    for unit_s, unit in ((DAY_S, "d"), (HOUR_S, "h"), (MINUTE_S, "m")):
        if seconds >= unit_s and seconds % unit_s == 0:
            return f"{seconds // unit_s}{unit}"
    return f"{round(seconds / 60)}m" if seconds >= 600 else f"{seconds}s"
