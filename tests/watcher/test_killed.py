"""Two watchers that are killed again and again: nothing is lost, nothing comes twice, and no host is annoyed."""

from __future__ import annotations

import os
import random
import select as readiness
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from typing import Any

import pytest
from feed_server import item, rss
from polling import articles, declared
from sqlalchemy import func, select, update

from store.database import Database
from store.feeds import list_feeds, sync_feeds
from store.tables import feed, fetch
from store.tables import host as host_table
from tests.arrivals import waited_s

SPACING_S = 0.5
"""In place of five seconds."""
LATE_S = 0.15
"""A request may reach the server so much later after its turn than the one before it did."""
RETRY_AFTER_S = 2
HEARD_S = 5.0
"""An answer may be heard so much later than it was given, on a busy machine."""
EVERY_S, VARIES = 3_600, 0.1
"""An interval far from its limits, which cut the variation off; it varies by a tenth to either side."""
KILLS = 20
FEEDS = 3
ONE_IN_100 = 4
"""Of some 120 requests, so many may be without validators: one in a hundred is meant to be."""


@dataclass
class Visit:
    """One request as it came to the server; `end` is when it was answered, or when the client was gone."""

    path: str
    start: float
    validators: tuple[str | None, str | None]
    status: int = 0
    end: float = 0.0


@dataclass
class Host:
    """A host with a few feeds that grow; some of its answers take a while, some say that we ask too often."""

    strict: bool
    slow_s: float = 0.6
    visits: list[Visit] = field(default_factory=list)
    offered: int = 1
    url: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        given = (request.headers.get("if-none-match"), request.headers.get("if-modified-since"))
        visit = Visit(request.path, time.time() - waited_s(request.connection), given)
        with self.lock:
            self.visits.append(visit)
            nth, visit.status = len(self.visits), self._status(visit, len(self.visits))
        self._hold(request, self.slow_s if nth % 4 == 1 else 0.02)
        visit.end = time.time()
        self._send(request, visit)

    def _status(self, visit: Visit, nth: int) -> int:
        if self.strict and nth % 5 == 0:
            return 429
        return 304 if visit.validators == validators(self.offered) else 200

    def _hold(self, request: BaseHTTPRequestHandler, for_s: float) -> None:
        """Take a while, or until the client is gone."""
        readiness.select([request.connection], [], [], for_s)

    def _send(self, request: BaseHTTPRequestHandler, visit: Visit) -> None:
        offered = self.offered
        body = self.document(request.path, offered) if visit.status == 200 else b""
        etag, modified = validators(offered)
        headers = {"ETag": etag, "Last-Modified": modified, "Content-Length": str(len(body))}
        if visit.status == 429:
            headers = {"Retry-After": str(RETRY_AFTER_S), "Content-Length": "0"}
        request.send_response(visit.status)
        for name, value in headers.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(body)

    def document(self, path: str, offered: int) -> bytes:
        return rss(*(item(f"{path[1:]}-{n}", guid=f"{self.url}{path}#{n}") for n in range(offered)))


def validators(offered: int) -> tuple[str, str]:
    """Both validators of a document with so many entries."""
    return f'"{offered}"', f"Tue, 24 Nov 2026 10:{offered // 60:02}:{offered % 60:02} GMT"


@contextmanager
def serving(host: Host) -> Iterator[Host]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one_request(self) -> None:
            try:
                super().handle_one_request()
            except OSError:  # the client was killed
                self.close_connection = True

        def do_GET(self) -> None:
            host.answer(self)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    host.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield host
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def hosts() -> Iterator[list[Host]]:
    with ExitStack() as stack:
        yield [stack.enter_context(serving(Host(strict=nth == 0))) for nth in range(4)]


@contextmanager
def nursery(url: str) -> Iterator[subprocess.Popen[str]]:
    """Where watchers are born; they are all gone at its end."""
    arguments = [sys.executable, "-m", "tests.watcher.watchers", url, str(SPACING_S)]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


def born(process: subprocess.Popen[str]) -> int:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("one\n")
    process.stdin.flush()
    return int(process.stdout.readline())


def make_due(db: Database) -> None:
    """As if every interval were over; what hosts have asked for still holds."""
    with db.write() as connection:
        now = db.now(connection)
        connection.execute(update(feed).where(feed.c.next_check_at > now).values(next_check_at=now))


def live(db: Database, for_s: float) -> None:
    """Time goes by: feeds fall due."""
    end = time.monotonic() + for_s
    while (left_s := end - time.monotonic()) > 0:
        time.sleep(min(left_s, 0.2))
        make_due(db)


def settle(db: Database, hosts: list[Host], rests: dict[int, float]) -> None:
    """Until all that is offered has come in, a host has been let rest, and some look has brought nothing new: on a busy
    machine the watchers were killed before they had done much.
    """
    offered = sum(FEEDS * host.offered for host in hosts)
    deadline = time.monotonic() + 60
    while len(articles(db)) < offered or not rests or not any_unchanged(hosts):
        assert time.monotonic() < deadline, f"{len(articles(db))} of {offered}, {len(rests)} rests"
        make_due(db)
        time.sleep(0.2)


def any_unchanged(hosts: list[Host]) -> bool:
    return any(visit.status == 304 for host in hosts for visit in host.visits)


def test_two_watchers_killed_twenty_times_lose_nothing_repeat_nothing_and_stay_polite(
    db: Database, database_url: str, hosts: list[Host]
) -> None:
    chance = random.Random(20261130)  # noqa: S311 - the moments of the kills, repeatable
    sync_feeds(db, [declared(f"{host.url}/{n}", every="60") for host in hosts for n in range(FEEDS)])
    with rests_noted(db) as rests, nursery(database_url) as process:
        watchers = [born(process), born(process)]
        for nth in range(KILLS):
            live(db, chance.uniform(0.05, 0.9))
            for host in hosts[nth % 4 :: 4]:
                host.offered += 1
            os.kill(watchers[nth % 2], signal.SIGKILL)
            watchers[nth % 2] = born(process)
        settle(db, hosts, rests)
    assert_all_came_once(db, hosts)
    assert_polite(db, hosts)
    assert_let_rest(hosts[0], rests)


def assert_all_came_once(db: Database, hosts: list[Host]) -> None:
    titles = Counter(row.title for row in articles(db))
    assert titles == Counter(
        f"Ministers met in round {n}-{number}" for host in hosts for n in range(FEEDS) for number in range(host.offered)
    )
    with db.read() as connection:
        lines = connection.execute(select(fetch)).all()
    assert sum(line.new for line in lines) == titles.total()
    assert all(line.entries == line.new + line.changed + line.known for line in lines)


def assert_polite(db: Database, hosts: list[Host]) -> None:
    ids = {state.feed.url: state.id for state in list_feeds(db)}
    assert sum(forgot(db, ids[host.url + visit.path], visit) for host in hosts for visit in host.visits) <= ONE_IN_100
    for host in hosts:
        starts = sorted(visit.start for visit in host.visits)
        assert min(later - earlier for earlier, later in pairwise(starts)) > SPACING_S - LATE_S
        assert most_at_once(host.visits) <= 2
        assert all(two == (None, None) or None not in two for two in (visit.validators for visit in host.visits))
    assert any_unchanged(hosts)


def forgot(db: Database, feed_id: str, visit: Visit) -> bool:
    """Whether a feed was asked without validators though its document had come in before."""
    came = select(func.min(fetch.c.at)).where(fetch.c.feed_id == feed_id, fetch.c.outcome == "fetched")
    with db.read() as connection:
        first_at = connection.scalar(came)
    return visit.validators == (None, None) and first_at is not None and first_at < (visit.start - LATE_S) * 1e6


def assert_let_rest(strict: Host, rests: dict[int, float]) -> None:
    """Nobody asks a host between the moment at which its rest stands in the ledger and its end. Who had a turn before
    that moment may still ask.
    """
    assert rests
    for until_at, seen_s in rests.items():
        too_soon = [one.start for one in strict.visits if seen_s + LATE_S < one.start < until_at / 1e6 - LATE_S]
        assert too_soon == [], f"the rest seen at {seen_s} lasts until {until_at / 1e6}"
        refused = [one.end for one in strict.visits if one.status == 429]
        assert any(-LATE_S < until_at / 1e6 - RETRY_AFTER_S - end < HEARD_S for end in refused)


@contextmanager
def rests_noted(db: Database) -> Iterator[dict[int, float]]:
    """When (seconds) each rest was first seen in the ledger, by when it ends (microseconds): whoever died before he had
    written one down has heard of none.
    """
    rests: dict[int, float] = {}
    stop = threading.Event()

    def look() -> None:
        while not stop.wait(0.02):
            with db.read() as connection:
                found = connection.scalars(
                    select(host_table.c.next_start_at).where(host_table.c.why.is_not(None))
                ).all()
            for until_at in found:
                rests.setdefault(until_at, time.time())

    looking = threading.Thread(target=look, daemon=True)
    looking.start()
    try:
        yield rests
    finally:
        stop.set()
        looking.join()


def most_at_once(visits: list[Visit]) -> int:
    moments = sorted([(visit.start, 1) for visit in visits] + [(visit.end, -1) for visit in visits])
    return max(sum(step for _, step in moments[: n + 1]) for n in range(len(moments)))


def test_watchers_that_start_with_everything_overdue_ask_no_host_faster_for_that(
    sqlite_db: Database, hosts: list[Host]
) -> None:
    sync_feeds(sqlite_db, [declared(f"{host.url}/{n}", every=str(EVERY_S)) for host in hosts[1:] for n in range(FEEDS)])
    with sqlite_db.write() as connection:
        connection.execute(update(feed).values(next_check_at=sqlite_db.now(connection) - 86_400_000_000))
    with nursery(str(sqlite_db.engine.url)) as process:
        for _ in range(3):
            born(process)
        for host in hosts[1:]:
            asked(host, FEEDS)
        checks = next_checks(sqlite_db)
        time.sleep(SPACING_S)
    for host in hosts[1:]:
        assert len(host.visits) == FEEDS
        starts = sorted(visit.start for visit in host.visits)
        assert min(later - earlier for earlier, later in pairwise(starts)) > SPACING_S - LATE_S
    # what was looked at together is not looked at together again
    assert (max(checks) - min(checks)) / 1e6 > 2 * VARIES * EVERY_S * hardly_ever_within(len(checks))


def next_checks(db: Database) -> list[int]:
    """When each feed is looked at next, once all have been looked at."""
    deadline = time.monotonic() + 15
    while any(state.last_success_at is None for state in list_feeds(db)):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return [state.next_check_at for state in list_feeds(db)]


def hardly_ever_within(count: int) -> float:
    """The share of their range within which so many numbers drawn by chance lie all together once in a million times:
    that all lie within the share s is as likely as count * s ** (count - 1), at most.
    """
    return float((1e-6 / count) ** (1 / (count - 1)))


def asked(host: Host, times: int) -> None:
    """Until the host was asked so often."""
    deadline = time.monotonic() + 15  # half of a lease
    while len(host.visits) < times:
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("survivors", [0, 1])
def test_what_a_killed_watcher_held_is_taken_over_long_before_its_lease_ends(
    db: Database, database_url: str, survivors: int
) -> None:
    with serving(Host(strict=False, slow_s=60)) as host, nursery(database_url) as process:
        sync_feeds(db, [declared(f"{host.url}/1")])
        watchers = [born(process) for _ in range(1 + survivors)]
        asked(host, 1)
        with db.read() as connection:
            (owner,) = connection.scalars(select(feed.c.lease_owner)).all()
        holder = next(pid for pid in watchers if f" {pid} " in owner)
        os.kill(holder, signal.SIGKILL)
        if not survivors:
            born(process)
        asked(host, 2)
