"""What is done to a running Tocsin, one fault at a time: each leaves everything well again, or soon to be so."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import redis
from sqlalchemy import select, text, update

from store import tables
from store.database import Database
from tests.chaos.world import World
from tests.e2e.parts import LEASE_WAIT_S, Tocsin, until
from tocsin.valkey import EmbeddedValkey

OUTAGE_S = 2.0
MAX_REVIVED = 100


@dataclass
class Victim:
    """Tocsin (`tocsin run`) in its world; `data` is its data folder, `postgres` a server that can be restarted. With
    *hasty* the leases of a tree that was killed are taken for run out: nobody is left to hold them.
    """

    tocsin: Tocsin
    world: World
    data: Path
    database_url: str
    postgres: Any = None
    hasty: bool = False
    revived: int = 0
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the tree."""
        self.process = self.tocsin.start("run")

    def supervised(self) -> subprocess.Popen[bytes]:
        """The supervisor, alive: one that ended because its database was away when it started is started again, as
        init systems and container engines do.
        """
        while self.process is None or self.process.poll() is not None:
            self.revived += 1
            assert self.revived < MAX_REVIVED, self.tocsin.logs()
            time.sleep(0.5)
            self.start()
        return self.process

    def children(self, kind: str) -> list[psutil.Process]:
        """The supervisor's children that said they were of this kind; those that have just been killed are gone."""
        children = {child.pid: child for child in psutil.Process(self.supervised().pid).children()}
        if kind == "valkey":
            return [child for child in children.values() if child.name().startswith("valkey")]
        db = Database(self.database_url)
        try:
            with db.read() as connection:
                service = tables.service.c
                pids = connection.scalars(select(service.pid).where(service.kind == kind)).all()
        finally:
            db.close()
        return [children[pid] for pid in pids if pid in children]

    def wait_for(self, kind: str) -> psutil.Process:
        """A child of this kind, when there is one."""
        found: list[psutil.Process] = []

        def there() -> bool:
            try:
                found[:] = self.children(kind)
            except Exception:  # noqa: BLE001 - the ledger, or the process, is away this moment
                return False
            return bool(found)

        until(there, told=self.tocsin.logs, wait_s=LEASE_WAIT_S)
        return found[-1]


def kill_worker(victim: Victim) -> None:
    victim.wait_for("work").kill()


def kill_watcher(victim: Victim) -> None:
    victim.wait_for("watch").kill()


def kill_valkey(victim: Victim) -> None:
    victim.wait_for("valkey").kill()


def kill_tree(victim: Victim) -> None:
    victim.tocsin.kill(victim.supervised())
    if victim.hasty:
        end_leases(victim)
    victim.start()


def end_leases(victim: Victim) -> None:
    """A few minutes later, without waiting for them."""
    db = Database(victim.database_url)
    with db.write() as connection:
        for table in (each for each in tables.metadata.sorted_tables if "lease_owner" in each.c):
            connection.execute(update(table).where(table.c.lease_owner.is_not(None)).values(lease_until_at=1))
    db.close()


def drain(victim: Victim) -> None:
    process = victim.supervised()
    process.send_signal(signal.SIGTERM)
    early = -signal.SIGTERM  # it had not begun to listen
    assert process.wait(LEASE_WAIT_S) in (0, early), victim.tocsin.logs()
    victim.start()


def wipe_valkey(victim: Victim) -> None:
    """FLUSHALL; Valkey may be starting."""
    client = redis.Redis(unix_socket_path=EmbeddedValkey(victim.data).url.removeprefix("unix://"))

    def wiped() -> bool:
        victim.supervised()
        try:
            return bool(client.flushall())
        except redis.RedisError:
            return False

    until(wiped, told=victim.tocsin.logs, wait_s=LEASE_WAIT_S)
    client.close()


def receivers_down(victim: Victim) -> None:
    victim.world.receivers.close()
    time.sleep(OUTAGE_S)
    victim.world.receivers.open()


def receivers_fail(victim: Victim) -> None:
    _receivers(victim, "500")


def receivers_hang(victim: Victim) -> None:
    _receivers(victim, "hang")


def _receivers(victim: Victim, mode: str) -> None:
    victim.world.receivers.mode = mode
    time.sleep(OUTAGE_S)
    victim.world.receivers.mode = "up"


def fill_disk(victim: Victim) -> None:
    """Not a byte is left on the data folder's disk for a while."""
    ballast = victim.data / "ballast"
    try:
        with ballast.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"\0" * 4096)
            except OSError:
                pass
        time.sleep(OUTAGE_S)
    finally:
        ballast.unlink()


def stop_postgres(victim: Victim) -> None:
    """An immediate shutdown, as a crash; then it recovers from its log."""
    from pgserver._commands import pg_ctl

    server = victim.postgres
    pg_ctl(["-w", "-m", "immediate", "stop"], pgdata=server.pgdata, user=server.system_user)
    time.sleep(OUTAGE_S / 2)
    server.ensure_postgres_running()


Fault = Callable[[Victim], None]

FAULTS: dict[str, Fault] = {
    "kill -9 of a worker": kill_worker,
    "kill -9 of the watcher": kill_watcher,
    "kill -9 of Valkey": kill_valkey,
    "kill -9 of the whole tree": kill_tree,
    "SIGTERM": drain,
    "FLUSHALL": wipe_valkey,
    "receivers refuse connections": receivers_down,
    "receivers answer 500": receivers_fail,
    "receivers hang": receivers_hang,
}
ON_SQLITE: dict[str, Fault] = {"disk full": fill_disk}
ON_POSTGRESQL: dict[str, Fault] = {"PostgreSQL stopped at once and restarted": stop_postgres}


def hurry(db: Database, world: World) -> None:
    """Move time on, as far as the ledger knows it: feeds fall due, and waits between tries end while receivers are up.
    Leases are left alone: they must run out by themselves.
    """
    feed, delivery, endpoint = tables.feed, tables.delivery, tables.endpoint
    with db.write() as connection:
        if db.dialect == "sqlite":
            connection.execute(text("PRAGMA busy_timeout = 2000"))
        connection.execute(update(feed).where(feed.c.lease_owner.is_(None)).values(next_check_at=0))
        if world.receivers.mode != "up" or world.receivers.server is None:
            return
        now = db.now(connection)
        waits = (delivery.c.status == "pending") & (delivery.c.next_at > now) & delivery.c.lease_owner.is_(None)
        connection.execute(update(delivery).where(waits).values(next_at=now))
        connection.execute(update(endpoint).values(rest_until_at=None))


def can_mount() -> bool:
    """Whether a small disk can be had here."""
    return hasattr(os, "geteuid") and os.geteuid() == 0 and Path("/bin/mount").exists()
