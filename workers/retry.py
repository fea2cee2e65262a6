"""When to try again: pure decisions about one failed try, without a clock or chance of their own."""

from __future__ import annotations

from dataclasses import dataclass

from store.tries import GIVE_UP_S
from store.words import counted

MINUTE_S = 60
HOUR_S = 3_600
DAY_S = 24 * HOUR_S

SCHEDULE_S = (
    0,
    5,
    5 * MINUTE_S,
    30 * MINUTE_S,
    2 * HOUR_S,
    5 * HOUR_S,
    10 * HOUR_S,
    14 * HOUR_S,
    20 * HOUR_S,
    24 * HOUR_S,
)
"""Wait before each try, as the example in Standard Webhooks 1.0: ten tries in 75 h 35 m."""

JITTER = 0.2
MAX_AFTER_S = DAY_S
"""A receiver's Retry-After is obeyed up to this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Try again in `after_s` seconds."""

    after_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveUp:
    """No automatic try any more."""

    why: str


def after_failure(
    failures: int, age_s: float, asked_s: float | None, chance: float, tries: int = len(SCHEDULE_S)
) -> Wait | GiveUp:
    """What follows the *failures*-th failed try of a delivery made *age_s* seconds ago. *asked_s* is the receiver's
    Retry-After; *chance*, from 0 to 1, spreads the waits by ±20 %, so that what failed together is not tried together;
    *tries* are how many there are in all, those of the schedule at most.
    """
    if failures >= min(tries, len(SCHEDULE_S)):
        return GiveUp(why=f"{counted(failures, 'try', 'tries')} failed")
    planned_s = SCHEDULE_S[failures] * (1 - JITTER + 2 * JITTER * chance)
    wait_s = max(planned_s, min(asked_s or 0.0, MAX_AFTER_S))
    if age_s + wait_s > GIVE_UP_S:
        return GiveUp(why=f"still failing {GIVE_UP_S // DAY_S} days after it was made")
    return Wait(after_s=wait_s)
