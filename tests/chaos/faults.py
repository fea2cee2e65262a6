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
from tests.e2e.parts import Tocsin, until
from tocsin.valkey import EmbeddedValkey

OUTAGE_S = 2.0


@dataclass
class Victim:
    """Tocsin (`tocsin run`) in its world; `data` is its data folder, `postgres` a server that can be restarted."""

    tocsin: Tocsin
    world: World
    data: Path
    database_url: str
    postgres: Any = None
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the tree."""
        self.process = self.tocsin.start("run")

    def supervised(self) -> subprocess.Popen[bytes]:
        """The supervisor, alive."""
        assert self.process is not None
        assert self.process.poll() is None, self.tocsin.logs()
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

    def kill_child(self, kind: str) -> None:
        """`kill -9` of one process."""
        found: list[psutil.Process] = []

        def there() -> bool:
            try:
                found[:] = self.children(kind)
            except Exception:  # noqa: BLE001 - the ledger, or the process, is away this moment
                return False
            return bool(found)

        until(there, told=self.tocsin.logs)
        found[-1].kill()


def kill_worker(victim: Victim) -> None:
    victim.kill_child("work")


def kill_watcher(victim: Victim) -> None:
    victim.kill_child("watch")


def kill_valkey(victim: Victim) -> None:
    victim.kill_child("valkey")


def kill_tree(victim: Victim) -> None:
    victim.tocsin.kill(victim.supervised())
    victim.start()


def drain(victim: Victim) -> None:
    process = victim.supervised()
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0, victim.tocsin.logs()
    victim.start()


def wipe_valkey(victim: Victim) -> None:
    """FLUSHALL; Valkey may be starting."""
    client = redis.Redis(unix_socket_path=EmbeddedValkey(victim.data).url.removeprefix("unix://"))

    def wiped() -> bool:
        try:
            return bool(client.flushall())
        except redis.RedisError:
            return False

    until(wiped, told=victim.tocsin.logs)
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
