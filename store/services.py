"""Signs of life of every process, so that one that is gone is seen."""

from __future__ import annotations

import os
import socket
import threading
from dataclasses import dataclass

import structlog
from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from store.database import Database
from store.tables import service

BEAT_S = 5.0
ALIVE_S = 30.0
"""A process that gave no sign of life for this long counts as gone."""

_FORGOTTEN_S = 86_400

_log = structlog.get_logger("tocsin.heartbeat")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSeen:
    """A process and how long ago it gave a sign of life, in seconds."""

    kind: str
    host: str
    pid: int
    ago_s: float


def beat(db: Database, kind: str) -> None:
    """Write this process's sign of life."""
    host, pid = socket.gethostname(), os.getpid()
    id = f"{host}/{kind}/{pid}"
    with db.write() as connection:
        now = db.now(connection)
        if not connection.execute(update(service).where(service.c.id == id).values(seen_at=now)).rowcount:
            old = service.c.seen_at < now - _FORGOTTEN_S * 1_000_000
            connection.execute(delete(service).where(old))
            connection.execute(
                insert(service).values(id=id, kind=kind, host=host, pid=pid, started_at=now, seen_at=now)
            )


def start_beating(db: Database, kind: str) -> threading.Thread:
    """Give signs of life from a thread, until the process ends; a ledger that is away for a while is waited for."""

    def run() -> None:
        wait = threading.Event()
        while True:
            try:
                beat(db, kind)
            except SQLAlchemyError as error:
                _log.warning("heartbeat.failed", kind=kind, error=str(error).splitlines()[0])
            wait.wait(BEAT_S)

    thread = threading.Thread(target=run, name="heartbeat", daemon=True)
    thread.start()
    return thread


def seen(db: Database) -> list[ServiceSeen]:
    """All processes that gave a sign of life within a day, by kind."""
    with db.read() as connection:
        now = db.now(connection)
        rows = connection.execute(select(service).order_by(service.c.kind, service.c.id)).all()
    return [ServiceSeen(kind=row.kind, host=row.host, pid=row.pid, ago_s=(now - row.seen_at) / 1e6) for row in rows]
