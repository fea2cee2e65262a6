"""What one try means for its delivery and its address: pure."""

from __future__ import annotations

from dataclasses import replace

from store.leases import SECOND
from store.tries import Parcel, Tried
from store.words import fit
from workers.channels.channel import Delivered, Outcome, Refused, TryAgain
from workers.retry import SCHEDULE_S, GiveUp, Wait, after_failure


def tried_of(parcel: Parcel, outcome: Outcome, started_at: int, elapsed_ms: int, chance: float) -> Tried:
    """The ledger's line for a try that ended with *outcome*. *started_at* is microseconds UTC; *chance*, 0 to 1,
    spreads the wait. What a receiver said may be any bytes: one that the ledger cannot keep would stop all outcomes.
    """
    tried = _tried(parcel, outcome, started_at, elapsed_ms, chance)
    response, disable = tried.response, tried.disable
    return replace(
        tried, detail=fit(tried.detail), response=response and fit(response), disable=disable and fit(disable)
    )


def _tried(parcel: Parcel, outcome: Outcome, started_at: int, elapsed_ms: int, chance: float) -> Tried:
    delivered = Tried(
        delivery_id=parcel.id,
        endpoint_id=parcel.endpoint_id,
        number=parcel.attempt,
        started_at=started_at,
        elapsed_ms=elapsed_ms,
        outcome="delivered",
        status="delivered",
        detail=f"accepted with {outcome.code}",
        code=outcome.code,
        response=outcome.response or None,
    )
    match outcome:
        case Delivered():
            return delivered
        case Refused(reason=reason, disable_endpoint=disable):
            disabled = reason if disable else None
            return replace(delivered, outcome="refused", status="dead", detail=reason, disable=disabled)
        case TryAgain():
            failed = replace(delivered, outcome="try_again", detail=outcome.reason, ours=outcome.ours)
            return _again(parcel, outcome, failed, chance)


def _again(parcel: Parcel, outcome: TryAgain, tried: Tried, chance: float) -> Tried:
    age_s = (parcel.leased_at - parcel.since_at) / SECOND
    tries = int(parcel.options.get("tries", len(SCHEDULE_S)))
    match after_failure(parcel.failures + 1, age_s, outcome.after_s, chance, tries):
        case Wait(after_s=wait_s):
            return replace(tried, status="pending", wait_s=wait_s, asked_s=outcome.after_s)
        case GiveUp(why=why):
            return replace(tried, status="dead", detail=f"{why}; the last: {outcome.reason}", asked_s=outcome.after_s)
