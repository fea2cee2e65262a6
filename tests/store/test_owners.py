from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
from sqlalchemy import select

from store.database import Database
from store.feeds import Feed, FeedState, sync_feeds
from store.owners import is_dead, new_owner
from store.tables import feed
from store.turns import lease_due, renew, take_back


@contextmanager
def somebody() -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A process that lives, and the name under which it holds leases."""
    code = "from store.owners import new_owner; print(new_owner(), flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield process, process.stdout.readline().strip()
        process.kill()


def test_a_process_lives_until_it_ends_also_where_nobody_has_buried_it() -> None:
    with somebody() as (process, owner):
        assert not is_dead(owner)
        process.kill()
        while psutil.Process(process.pid).status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.01)
        assert is_dead(owner)
        process.wait()
        assert is_dead(owner)


def test_a_number_that_another_process_has_now_does_not_bring_an_owner_back() -> None:
    place, pid, _started, rest = new_owner().rsplit(" ", 3)
    assert is_dead(f"{place} {pid} 1 {rest}")


def test_nobody_knows_what_lives_elsewhere() -> None:
    _place, _pid, started, rest = new_owner().rsplit(" ", 3)
    assert not is_dead(f"elsewhere/1/2 4194305 {started} {rest}")
    assert not is_dead("not a name")
    assert not is_dead("")


def test_leases_of_the_dead_are_taken_back_and_those_of_the_living_are_not(db: Database) -> None:
    sync_feeds(db, [Feed(url=f"https://{n}.example/", name="A", outlet="a.example") for n in range(4)])
    with somebody() as (process, dead):
        for owner in (dead, new_owner(), "elsewhere 1 1 x"):
            assert len(lease_due(db, owner, limit=1, lease_s=30, per_host=2).feeds) == 1
        assert take_back(db, is_dead) == 0
        process.kill()
        process.wait()
    assert take_back(db, is_dead) == 1
    assert len(lease_due(db, "next", limit=9, lease_s=30, per_host=2).feeds) == 2


def test_what_is_under_way_is_held_on(db: Database) -> None:
    sync_feeds(db, [Feed(url=f"https://{n}.example/", name="A", outlet="a.example") for n in range(2)])
    at, second = 10**16, 1_000_000
    first, over = lease_due(db, "me", limit=2, lease_s=30, per_host=2, now=at).feeds
    renew(db, "me", {first.id}, 30, now=at + 20 * second)
    renew(db, "you", {first.id, over.id}, 30, now=at + 40 * second)
    with db.read() as connection:
        assert connection.scalar(select(feed.c.lease_until_at).where(feed.c.id == first.id)) == at + 50 * second
    assert [found.id for found in leased(db, at + 49 * second)] == [over.id]
    assert [found.id for found in leased(db, at + 50 * second)] == [first.id]


def leased(db: Database, now: int) -> tuple[FeedState, ...]:
    return lease_due(db, "you", limit=2, lease_s=30, per_host=2, now=now).feeds
