"""Makes digests: what waits of a subscription's period, in one message, with one delivery, in one transaction.

Nothing is counted from when a digest was last made: each delivery says itself when its period ends. So one that fell
due while nothing ran is made late, one that was made is never made again, and an empty period makes none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import structlog
from sqlalchemy import Connection

from store import digests, silences
from store.digests import Due, Row
from store.ids import delivery_id, digest_id
from store.notices import wait_at_most
from store.silences import Silence
from store.subscriptions import Subscription
from workers.cadence import Period, cadence_of
from workers.channels import CHANNELS
from workers.context import Context
from workers.messages import VERSION, when
from workers.noticing import PATIENCE_S
from workers.silencing import silence_of, why_silenced
from workers.telling import KEPT_BACK, Telling

KIND = "digest"
AT_ONCE = 20
"""Digests made in one tick of the clock; the others follow a second later."""

_log = structlog.get_logger("tocsin.digest")


def make_due(context: Context) -> list[str]:
    """Make the digests whose periods have ended; returns the ids of their deliveries. One that cannot be made stands in
    nobody's way, and is tried again.
    """
    made: list[str] = []
    for each in digests.due(context.db, AT_ONCE):
        try:
            made += _make(context, each)
        except Exception as error:  # noqa: BLE001  # the ledger may be away, or a digest hit a bug of ours
            _log.warning("digest.failed", subscription=each.subscription_id, error=str(error))
    return made


def _make(context: Context, due: Due) -> list[str]:
    with context.db.write() as connection:
        wait_at_most(connection, PATIENCE_S)
        one = digests.hold(connection, due.subscription_id)
        telling = Telling(context=context, connection=connection, now=context.db.now(connection))
        found = _unsilenced(telling, one, digests.waiting(connection, due, CHANNELS[one.channel].in_digest))
        if not found:
            return []
        part = digests.next_part(connection, due)
        message = _message(one, due, part, found, telling.now)
        telling.tell(message, [one])
        leaving = telling.finish()
        digests.gathered(connection, [row["id"] for row in found], delivery_id(message["id"], one.id))
        _log.info("digest.made", subscription=one.id, messages=len(found), until=when(due.until), part=part)
        return leaving


def _unsilenced(telling: Telling, one: Subscription, found: Sequence[Row]) -> list[Row]:
    """What no silence keeps back by now; the rest is suppressed, and with it what takes back something of it."""
    quiet = silences.in_force(telling.connection, telling.now)
    kept = []
    for row in found:
        why = _why_silent(telling.connection, one, row, quiet)
        if why is None:
            kept.append(row)
        else:
            digests.suppressed(telling.connection, row["id"], *why, telling.now)
    return kept


def _why_silent(
    connection: Connection, one: Subscription, row: Row, quiet: Sequence[Silence]
) -> tuple[str, str | None] | None:
    """Why a message goes into no digest, and by which silence; None where it does."""
    if row["kind"] in KEPT_BACK:
        silence = silence_of(quiet, row)
        return None if silence is None else (why_silenced(silence), silence.id)
    return digests.why_untold(connection, one.id, row["alert_id"], KEPT_BACK)


def _message(one: Subscription, due: Due, part: int, found: Sequence[Row], now: int) -> dict[str, Any]:
    return {
        "id": digest_id(one.id, due.until, part),
        "kind": KIND,
        "alert_id": None,
        "revision": part,
        "at": now,
        "told_at": now,
        "facts": {"quiet": None},
        "data": data_of(one, due, part, found),
    }


def data_of(one: Subscription, due: Due, part: int, found: Sequence[Row]) -> dict[str, Any]:
    """The webhook's `data` of a digest without `seq`: its period, and each message as it would have been sent alone."""
    period, zone = _period(one, due, found)
    items = [{"id": row["id"], "type": row["kind"], "timestamp": when(row["at"]), "data": row["data"]} for row in found]
    digest = {"from": when(period.start), "until": when(period.end), "timezone": zone, "part": part}
    return {"version": VERSION, "digest": digest, "items": items}


def _period(one: Subscription, due: Due, found: Sequence[Row]) -> tuple[Period, str]:
    """By the cadence; where that is another one by now, since the first message."""
    cadence = cadence_of(one.cadence)
    if cadence is not None and (period := cadence.period(due.until - 1)).end == due.until:
        return period, cadence.zone.key
    return Period(start=found[0]["at"], end=due.until), cadence.zone.key if cadence else "UTC"
