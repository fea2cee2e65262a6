"""Delivering: rate beside bare RQ, a hanging receiver, a backlog of a million, and latency from fetch to receipt."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Sequence

from benchmarks import _bare
from benchmarks._backlog import backlog
from benchmarks._latency import latency
from benchmarks._receiver import Came, Receiver, receiver
from benchmarks._rows import BODY, add_due, subscribe
from benchmarks._servers import DATABASES, ROOT, Servers, servers, workers
from benchmarks._shared import shown
from workers.doorbell import Doorbell

DELIVERIES = 4_000
ENDPOINTS = 100
BARE_JOBS = 1_000
LIMIT_S = 180.0

HANG_ROUNDS = 3
HANG_S = 12
HANG_PER_S = 100


def main() -> None:
    """Print the figures."""
    with servers() as given, receiver() as hooks:
        rates(given, hooks)
        hanging(given, hooks)
        for kind in DATABASES:
            backlog(given, hooks, kind)
        latency(hooks)


# -- deliveries per second --------------------------------------------------------------------------------------------
def rates(given: Servers, hooks: Receiver) -> None:
    """With 1, 2 and 4 workers on both databases, with bare RQ before, between and after."""
    bare = [_bare_rate(given, hooks)]
    ours: dict[tuple[str, int], float] = {}
    for kind in DATABASES:
        for count in (1, 2, 4):
            ours[kind, count] = _our_rate(given, hooks, kind, count)
        bare.append(_bare_rate(given, hooks))
    per_s = statistics.median(bare)
    shown("bare RQ + httpx, one job per delivery, one worker", f"{per_s:.0f}/s")
    for (kind, count), rate in ours.items():
        target = "at least 3x" if count == 1 else "-"
        shown(f"{kind}, workers: {count}", f"{rate:.0f}/s = {rate / per_s:.1f}x", target)


def _bare_rate(given: Servers, hooks: Receiver) -> float:
    url = given.valkey()
    queue = _bare.queue(url)
    for number in range(BARE_JOBS):
        queue.enqueue_call(
            _bare.post, args=(f"{hooks.url}/{number % ENDPOINTS}", str(number), BODY.decode()), result_ttl=0
        )
    hooks.take()
    subprocess.run([sys.executable, "-m", "benchmarks._bare", url], cwd=ROOT, check=True)
    return _rate(hooks.take())


def _our_rate(given: Servers, hooks: Receiver, kind: str, count: int) -> float:
    db, url = given.ledger(kind)
    addresses = [f"{hooks.url}/{number}" for number in range(ENDPOINTS)]
    subscribe(db, addresses)
    add_due(db, addresses, DELIVERIES)
    db.close()
    hooks.take()
    with workers(url, given.valkey(), count):
        return _rate(_await(hooks, DELIVERIES))


def _await(hooks: Receiver, count: int) -> list[Came]:
    came: list[Came] = []
    deadline = time.monotonic() + LIMIT_S
    while len({id for _, _, id in came}) < count and time.monotonic() < deadline:
        time.sleep(0.5)
        came += hooks.take()
    return came


def _rate(came: Sequence[Came]) -> float:
    """Per second between the first and the last."""
    at = sorted(at for at, _, _ in came)
    return (len(at) - 1) / (at[-1] - at[0]) if len(at) > 1 else 0.0


# -- one that hangs ---------------------------------------------------------------------------------------------------
def hanging(given: Servers, hooks: Receiver) -> None:
    """The others' 95th percentile with and without a hanging address among twenty, in pairs, on both databases."""
    for kind in DATABASES:
        pairs = [
            (_p95_ms(given, hooks, kind, "/well"), _p95_ms(given, hooks, kind, "/hang")) for _ in range(HANG_ROUNDS)
        ]
        changes = [with_it / without - 1 for without, with_it in pairs]
        shown(
            f"{kind}, {HANG_PER_S}/s: others' p95 without and with a hanging address (medians)",
            " ".join(f"{statistics.median(each):.0f} ms" for each in zip(*pairs, strict=True)),
        )
        said = ", ".join(f"{change:+.0%}" for change in changes)
        shown(f"  change in each pair: {said}; median", f"{statistics.median(changes):+.1%}", "under 10 %")


def _p95_ms(given: Servers, hooks: Receiver, kind: str, last: str) -> float:
    db, url = given.ledger(kind)
    addresses = [*(f"{hooks.url}/{number}" for number in range(19)), f"{hooks.url}{last}"]
    subscribe(db, addresses)
    redis_url = given.valkey()
    bell, made = Doorbell(redis_url), {}
    with workers(url, redis_url, 1):
        time.sleep(4.0)
        hooks.take()
        for second in range(HANG_S * 5):
            started = time.time()
            ids = add_due(db, addresses, HANG_PER_S // 5, first_seq=1 + second)
            made |= dict.fromkeys(ids, time.time())
            bell.deliver(ids)
            time.sleep(max(0.0, 0.2 - (time.time() - started)))
        time.sleep(2.0)
    came = [(at, id) for at, path, id in hooks.take() if path not in ("/well", "/hang")]
    db.close()
    waits = sorted((at - made[id]) * 1_000 for at, id in came if id in made)
    return waits[int(len(waits) * 0.95)]
