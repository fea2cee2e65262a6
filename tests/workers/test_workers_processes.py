"""Worker processes that are killed, told to stop, robbed of Redis or handed jobs that are none."""

from __future__ import annotations

import logging
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import redis
from rq import Callback, Queue
from rq.serializers import JSONSerializer
from sqlalchemy import func, select, update
from structlog.testing import capture_logs

from store.database import Database
from store.ledger import ledger
from store.subscriptions import sync
from store.tables import article, attempt, delivery, feed, fetch
from tests.workers.conftest import secrets
from tests.workers.parts import NOW, Receiver, Words, add_articles, eventually, hook
from workers.clock import Clock
from workers.context import Context
from workers.doorbell import DELIVER_QUEUE, MATCH_QUEUE, Doorbell, connect
from workers.reach import Reach
from workers.worker import run_worker

ROOT = Path(__file__).resolve().parents[2]
Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def start(database_url: str) -> Iterator[Start]:
    """Starts worker processes on the test's ledger."""
    running: list[subprocess.Popen[bytes]] = []

    def run(redis_url: str, *options: str, log: int | None = None) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "tests.workers.child", database_url, redis_url, *options]
        running.append(subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log))
        return running[-1]

    yield run
    for process in running:
        process.kill()
        process.wait()


def count(db: Database, column: Any, *where: Any) -> int:
    with db.read() as connection:
        return int(connection.scalar(select(func.count(column)).where(*where)) or 0)


def leases_end(db: Database) -> None:
    """A minute later, without waiting for it."""
    with db.write() as connection:
        for table in (article, delivery):
            connection.execute(update(table).where(table.c.lease_owner.is_not(None)).values(lease_until_at=1))


def client(url: str) -> redis.Redis:
    return connect(url, socket_timeout_s=5, patient=False)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_worker_killed_around_a_send_repeats_the_same_id_and_bytes(
    db: Database, start: Start, valkey_url: str, receiver: Receiver, when: str
) -> None:
    sync(db, [hook(receiver.url())])
    ids = add_articles(db, ["embargo"])
    bell = Doorbell(valkey_url)
    bell.match(ids)
    assert start(valkey_url, f"die={when}").wait(20) == -signal.SIGKILL
    assert len(receiver.got) == (when == "after")
    assert count(db, attempt.c.id) == 0
    leases_end(db)
    assert Clock(db, bell).tick() == 1
    start(valkey_url)
    eventually(lambda: count(db, delivery.c.id, delivery.c.status == "delivered") == 1)
    assert len(receiver.got) == 1 + (when == "after")
    assert len({(one.id, one.body) for one in receiver.got}) == 1


@pytest.mark.slow
def test_what_kills_its_worker_three_times_is_parked_and_the_others_go_on(
    db: Database, start: Start, valkey_url: str
) -> None:
    ids = add_articles(db, ["embargo", "poison", "embargo"])
    bell = Doorbell(valkey_url)
    for _ in range(3):
        leases_end(db)
        bell.match(ids)
        assert start(valkey_url).wait(20) == -signal.SIGKILL
    leases_end(db)
    bell.match(ids)
    start(valkey_url)
    eventually(lambda: count(db, article.c.id, article.c.parked_at.is_not(None)) == 1)
    eventually(lambda: count(db, article.c.id, article.c.evaluated_at.is_not(None)) == 2)


@pytest.mark.slow
def test_a_wiped_redis_and_a_killed_worker_lose_nothing(
    db: Database, start: Start, valkey_url: str, receiver: Receiver
) -> None:
    sync(db, [hook(receiver.url(f"/{n}"), f"s{n}") for n in range(5)])
    receiver.answer = lambda path, before: (503, {}) if before % 10 == 3 else (200, {})
    bell = Doorbell(valkey_url)
    worker = start(valkey_url, "clock=yes")
    for batch in range(6):
        bell.match(add_articles(db, ["embargo"] * 10, prefix=f"b{batch}-"))
        time.sleep(0.15)
        client(valkey_url).flushall()
        if batch % 2:
            worker.kill()
            worker.wait()
            leases_end(db)
            worker = start(valkey_url, "clock=yes")

    def done() -> bool:
        with db.write() as connection:
            # what is due already is left to the workers: they pass by what is locked, and this asks all the time
            later = (delivery.c.status == "pending", delivery.c.next_at > db.now(connection))
            waiting = select(delivery.c.id).where(*later).with_for_update(skip_locked=True)
            ids = connection.execute(waiting).scalars().all()
            connection.execute(update(delivery).where(delivery.c.id.in_(ids)).values(next_at=1))
        leases = count(db, delivery.c.id, delivery.c.status == "delivered")
        return leases == 300

    eventually(done, within_s=40)
    assert len({one.id for one in receiver.got}) == 300
    assert len({(one.id, one.body) for one in receiver.got}) == 300
    assert all(one.valid for one in receiver.got)
    with db.write() as connection:
        connection.execute(fetch.insert().values(feed_id="feed-1", at=NOW, outcome="fetched", entries=60, new=60))
    assert ledger(db).balanced
    assert count(db, feed.c.id) == 1


def test_a_job_lost_after_it_was_popped_is_rung_again(
    db: Database, make_context: Callable[..., Context], valkey_url: str
) -> None:
    ids = add_articles(db, ["embargo"])
    bell = Doorbell(valkey_url)
    bell.match(ids)
    assert client(valkey_url).lpop("rq:queue:" + MATCH_QUEUE)  # and the worker that popped it is dead
    Clock(db, bell).tick()
    run_worker(make_context(doorbell=bell), valkey_url, "w", burst=True)
    assert count(db, article.c.id, article.c.evaluated_at.is_not(None)) == 1


class Bomb:
    """Leaves a file behind where it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (open, (str(self.path), "w"))


def test_a_pickle_pushed_into_redis_is_never_loaded(valkey_url: str, tmp_path: Path, db_context: Context) -> None:
    exploded = tmp_path / "exploded"
    server = client(valkey_url)
    job = {"data": pickle.dumps(Bomb(exploded)), "created_at": "2026-11-23T09:30:00.000000Z", "status": "queued"}
    job |= {"origin": MATCH_QUEUE, "description": "x"}
    server.hset("rq:job:evil", mapping=job)  # type: ignore[arg-type]
    server.rpush("rq:queue:" + MATCH_QUEUE, "evil")
    run_worker(db_context, valkey_url, "w", burst=True)
    assert not exploded.exists()
    assert not server.exists("rq:job:evil")


@pytest.fixture
def db_context(sqlite_db: Database, valkey_url: str) -> Context:
    return Context(db=sqlite_db, doorbell=Doorbell(valkey_url), rules=Words, secrets=secrets)


@pytest.mark.parametrize(
    ("function", "args", "more"),
    [
        ("os.mkdir", (["x"],), {}),
        ("workers.jobs.match", ("a", "b"), {}),
        ("workers.jobs.match", ([1],), {}),
        ("workers.jobs.match", ([],), {"on_success": "os.getpid"}),
    ],
)
def test_a_job_that_is_none_of_ours_is_dropped_unseen(
    db_context: Context, valkey_url: str, function: str, args: tuple[Any, ...], more: dict[str, str]
) -> None:
    server = client(valkey_url)
    callbacks = {name: Callback(path) for name, path in more.items()}
    queue = Queue(DELIVER_QUEUE, connection=server, serializer=JSONSerializer)
    job = queue.enqueue_call(function, args=args, **callbacks)  # type: ignore[arg-type]
    run_worker(db_context, valkey_url, "w", burst=True)
    assert not server.exists(job.key)


def test_a_worker_told_to_stop_finishes_what_is_in_the_air(
    db: Database, start: Start, valkey_url: str, receiver: Receiver
) -> None:
    receiver.hold_s["/hook"] = 1.0
    sync(db, [hook(receiver.url())])
    Doorbell(valkey_url).match(add_articles(db, ["embargo"]))
    worker = start(valkey_url)
    eventually(lambda: len(receiver.got) == 1, within_s=20)
    worker.send_signal(signal.SIGHUP)  # not meant for us
    worker.terminate()
    assert worker.wait(20) == 0
    assert count(db, delivery.c.id, delivery.c.status == "delivered") == 1


def test_a_worker_outlives_redis_and_works_on_when_it_is_back(
    db: Database, start: Start, start_valkey: Callable[..., Any], receiver: Receiver
) -> None:
    url, server = start_valkey("one")
    sync(db, [hook(receiver.url())])
    worker = start(url, "clock=yes")
    eventually(lambda: bool(client(url).keys("rq:worker:*")), within_s=20)
    server.kill()
    server.wait()
    assert Doorbell(url).match(add_articles(db, ["embargo"])) is False
    time.sleep(1.5)
    assert worker.poll() is None
    start_valkey("one")
    eventually(lambda: count(db, delivery.c.id, delivery.c.status == "delivered") == 1, within_s=20)
    worker.terminate()
    assert worker.wait(20) == 0
    assert not psutil.pid_exists(worker.pid)


def test_a_long_outage_of_redis_is_said_once_and_so_is_its_end(
    start: Start, start_valkey: Callable[..., Any], tmp_path: Path
) -> None:
    url, server = start_valkey("two")
    log = tmp_path / "log"
    with log.open("wb") as file:
        worker = start(url, log=file.fileno())
    eventually(lambda: bool(client(url).keys("rq:worker:*")), within_s=20)
    server.kill()
    server.wait()
    eventually(lambda: "redis_away" in log.read_text(), within_s=20)
    time.sleep(4.0)  # RQ tries again every two seconds
    start_valkey("two")
    eventually(lambda: "redis_back" in log.read_text(), within_s=20)
    worker.terminate()
    assert worker.wait(20) == 0
    said = log.read_text().splitlines()
    assert [line.count("redis_away") + 2 * line.count("redis_back") for line in said] == [1, 2], said


@pytest.mark.parametrize(("away_s", "lines"), [(2.9, []), (3.1, ["worker.redis_away", "worker.redis_back"])])
def test_an_outage_of_redis_is_said_when_it_has_lasted(away_s: float, lines: list[str]) -> None:
    times = [0.0]
    reach = Reach("w", lambda: times[0])
    with capture_logs() as said:
        for times[0] in (0.0, away_s, away_s):
            reach.lost("refused")
        reach.found()
        reach.found()
    assert [line["event"] for line in said] == lines


@pytest.mark.parametrize(
    ("error", "is_written"),
    [(redis.ConnectionError("gone"), False), (redis.TimeoutError("mute"), False), (KeyError("bug"), True)],
)
def test_a_traceback_of_rq_is_written_unless_it_only_says_that_redis_is_away(
    error: Exception, is_written: bool
) -> None:
    reach = Reach("w")
    log = logging.getLogger("a worker of rq")
    record = log.makeRecord(
        log.name, logging.ERROR, __file__, 1, "Worker %s: quitting...", ("w",), (type(error), error, None)
    )
    assert reach.filter(record) is is_written


def test_a_full_or_read_only_redis_does_not_stop_who_rings(valkey_url: str) -> None:
    bell = Doorbell(valkey_url)
    assert bell.match(["a"])
    client(valkey_url).config_set("maxmemory", "1")
    assert bell.match(["a"]) is False
    client(valkey_url).config_set("maxmemory", "0")
    assert bell.match(["a"])
    assert Doorbell("redis://127.0.0.1:1/0").deliver(["a"]) is False


def test_a_queue_that_nobody_empties_stops_growing(valkey_url: str) -> None:
    bell = Doorbell(valkey_url)
    bell.match([f"a{n}" for n in range(100_000)])
    assert client(valkey_url).llen("rq:queue:" + MATCH_QUEUE) == 500
    assert bell.match(["a"]) is False
