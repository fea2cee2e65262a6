"""A million deliveries done and 100,000 due, nearly all for one dead address: the others must not feel it."""

from __future__ import annotations

import statistics
import time

from sqlalchemy import Connection, text

from benchmarks._receiver import Receiver
from benchmarks._rows import add_due, subscribe
from benchmarks._servers import Servers
from benchmarks._shared import shown
from store.database import Database
from store.deliveries import exchange, waiting
from store.ids import endpoint_id
from store.leases import lead
from store.tables import message

DONE = 1_000_000
DUE_DEAD = 99_900
DUE = 100
OTHERS = 99

_NUMBERS = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT :first UNION ALL SELECT i + 1 FROM n WHERE i < :last)",
    "postgresql": "WITH n(i) AS (SELECT generate_series(CAST(:first AS bigint), :last))",
}
_BODY = {"sqlite": "zeroblob(1000)", "postgresql": "decode(repeat('00', 1000), 'hex')"}
_MESSAGES = """
INSERT INTO message (id, kind, revision, at, facts, data{more})
{numbers} SELECT 'm-' || i, 'alert.opened', 1, i, '{{"rule": "x", "quiet": null, "entitled": []}}', '{{}}'{at} FROM n
"""
_DELIVERIES = """
INSERT INTO delivery (id, message_id, subscription_id, endpoint_id, channel, seq, body, status, attempts, created_at,
                      next_at, done_at)
{numbers} SELECT 'd-' || i, 'm-' || i, CAST(:subscription AS text), CAST(:endpoint AS text), 'webhook', i, {body},
                 CAST(:status AS text), 1, {made}, {next_at}, {done_at} FROM n
"""


def backlog(given: Servers, hooks: Receiver, kind: str) -> None:
    """Print how long the clock's tick and the leasing take, and whether the others are served in the next one."""
    db, _ = given.ledger(kind)
    addresses = ["http://127.0.0.1:1/dead", *(f"{hooks.url}/{number}" for number in range(OTHERS))]
    subscribe(db, addresses)
    _fill(db, addresses)
    add_due(db, addresses[1:], DUE, first_seq=2 * DONE)
    ticks = [_tick_ms(db) for _ in range(30)]
    shown(f"{kind}, {DONE:,} done, {DUE + DUE_DEAD:,} due: a tick", f"{statistics.median(ticks):.1f} ms", "under 50 ms")
    shown("  the slowest of 30", f"{max(ticks):.1f} ms")
    started = time.perf_counter()
    taken = exchange(db, "bench", [], OTHERS * 4)
    took_ms = (time.perf_counter() - started) * 1_000
    others = {one.endpoint_id for one in taken} - {endpoint_id("webhook", addresses[0])}
    shown(f"  leasing {len(taken)} of them in one transaction", f"{took_ms:.0f} ms")
    served = sum(1 for one in taken if one.endpoint_id in others)
    shown("  of the 100 for others, in the next tick", f"{served}", "100")
    db.close()


def _tick_ms(db: Database) -> float:
    started = time.perf_counter()
    assert lead(db, "clock", "bench", 10)
    waiting(db, 500)
    return (time.perf_counter() - started) * 1_000


def _fill(db: Database, addresses: list[str]) -> None:
    with db.write() as connection:
        now = db.now(connection)
        done = {"status": "delivered", "made": "1000000 + i", "next_at": "NULL", "done_at": "2000000 + i"}
        _insert(connection, 1, DONE, "s1", addresses[1], done)
        old = f"{now} - 3000000 + (i - {DONE})"
        dead = {"status": "pending", "made": old, "next_at": old, "done_at": "NULL"}
        _insert(connection, DONE + 1, DONE + DUE_DEAD, "s0", addresses[0], dead)
    with db.engine.connect() as connection:
        connection.execute(text("ANALYZE"))
        connection.commit()


def _insert(
    connection: Connection, first: int, last: int, subscription: str, address: str, columns: dict[str, str]
) -> None:
    dialect = connection.dialect.name
    parts = {"numbers": _NUMBERS[dialect], "body": _BODY[dialect], **columns}
    told = "told_at" in message.c
    messages = _MESSAGES.format(**parts, more=", told_at" * told, at=", 1" * told)
    values = {"first": first, "last": last}
    connection.execute(text(messages), values)
    given = {"subscription": subscription, "endpoint": endpoint_id("webhook", address), "status": columns["status"]}
    connection.execute(text(_DELIVERIES.format(**parts)), values | given)
