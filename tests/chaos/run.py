"""One run of chaos: faults in random order while articles come, then peace, then the count."""

from __future__ import annotations

import random
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from store import tables
from store.database import Database
from tests.chaos.faults import FAULTS, ON_POSTGRESQL, ON_SQLITE, Fault, Victim, can_mount, hurry
from tests.chaos.world import World, world
from tests.e2e.parts import Tocsin, free_port

PEACE_S = 400.0
"""How long all may take that the last faults left behind: leases of feeds end after 150 s."""

DISK = "96m"


@dataclass(frozen=True, kw_only=True)
class Report:
    """What came of it. `statuses` are the deliveries' in the ledger."""

    faults: Counter[str]
    expected: int
    lost: int
    repeats: int
    unlike: int
    twofold: int
    forged: int
    why: list[str]
    cut_off: int
    revived: int
    statuses: dict[str, int]
    ledger: str
    balanced: bool
    seconds: float

    @property
    def well(self) -> bool:
        """Nothing lost, repeats under the same id and bytes, the ledger even."""
        wrong = self.lost or self.unlike or self.twofold or self.forged
        return not wrong and self.balanced and self.statuses == {"delivered": self.expected}

    def worded(self) -> str:
        """For people."""
        faults = "".join(f"  {count:4} x {name}\n" for name, count in sorted(self.faults.items()))
        forged = "".join(f"bad signature: {why}\n" for why in self.why)
        return (
            f"{faults}{self.expected} deliveries expected, {self.lost} lost; {self.repeats} repeats, "
            f"{self.unlike} of them with other bytes, {self.twofold} events under two ids, {self.forged} with a bad "
            f"signature, {self.cut_off} cut off by a kill; {self.revived} starts in vain while the database was away\n"
            f"{forged}in the ledger: {self.statuses}\n{self.ledger.strip()}\n"
            f"{'WELL' if self.well else 'NOT WELL'} after {self.seconds:.0f} s"
        )


def maltreat(
    folder: Path,
    *,
    times: int,
    seed: int,
    postgres: Any = None,
    only: Collection[str] = (),
    said: Callable[[str], None] = lambda _: None,
) -> Report:
    """Do every fault (or *only* those, and hastily) so many *times* to a Tocsin in *folder*, on SQLite or on the server
    *postgres*; *said* is told what is done.
    """
    chance = random.Random(seed)  # noqa: S311 - repeatable
    started = time.monotonic()
    faults = FAULTS | (ON_SQLITE if postgres is None and can_mount() else ON_POSTGRESQL if postgres else {})
    plan = [name for name in faults for _ in range(times) if not only or name in only]
    chance.shuffle(plan)
    with world(seed) as around, _disk(folder / "data", small="disk full" in plan) as data:
        victim = _victim(folder, data, around, postgres)
        victim.hasty = bool(only)
        try:
            victim.start()
            victim.wait_for("watch")  # the ledger has its tables
            with _hurrying(victim):
                for number, name in enumerate(plan, 1):
                    _one(victim, faults[name], chance)
                    said(f"{number}/{len(plan)} {name}")
                _peace(victim)
            return _count(victim, Counter(plan), time.monotonic() - started)
        finally:
            victim.tocsin.stop()


def _victim(folder: Path, data: Path, around: World, postgres: Any) -> Victim:
    logs, config = folder / "logs", folder / "config"
    logs.mkdir()
    around.configure(config, folder / "secret")
    url = postgres.get_uri() if postgres else f"sqlite:///{data / 'tocsin.sqlite3'}"
    environment = {"TOCSIN_DATA": str(data), "TOCSIN_PORT": str(free_port()), "TOCSIN_DATABASE_URL": url}
    environment |= {"TOCSIN_RULE_LIMIT": "0"}  # one rule opens a thousand alerts in minutes here
    return Victim(Tocsin(config, logs, environment), around, data, url, postgres)


def _one(victim: Victim, fault: Fault, chance: random.Random) -> None:
    victim.world.offer()
    time.sleep(chance.uniform(0.2, 1.6))
    fault(victim)


@contextmanager
def _disk(data: Path, *, small: bool) -> Iterator[Path]:
    """The data folder, on a small disk of its own where it is to be filled."""
    data.mkdir()
    if small:
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(data)], check=True)
    try:
        yield data
    finally:
        if small:
            subprocess.run(["umount", "--lazy", str(data)], check=True)


@contextmanager
def _hurrying(victim: Victim) -> Iterator[None]:
    """Let time go faster, once a second."""
    stop = threading.Event()

    def run() -> None:
        db = Database(victim.database_url)
        while not stop.wait(1.0):
            try:
                hurry(db, victim.world)
            except Exception:  # noqa: BLE001, S112 - the ledger is away, as it is meant to be
                continue
        db.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _peace(victim: Victim) -> None:
    """Wait until everything that was offered is delivered, or until it is clear that it will not be."""
    victim.world.receivers.fickle = False
    deadline = time.monotonic() + PEACE_S
    while time.monotonic() < deadline:
        time.sleep(0.3)
        victim.supervised()
        if _statuses(victim) == {"delivered": victim.world.expected} and not victim.world.lost():
            return


def _statuses(victim: Victim) -> dict[str, int]:
    delivery = tables.delivery.c
    db = Database(victim.database_url)
    try:
        with db.read() as connection:
            counted = connection.execute(select(delivery.status, func.count()).group_by(delivery.status))
            return {status: count for status, count in counted}
    except Exception:  # noqa: BLE001 - the ledger is away
        return {}
    finally:
        db.close()


def _count(victim: Victim, faults: Counter[str], seconds: float) -> Report:
    around, book = victim.world, victim.world.receivers.book
    audit = victim.tocsin.call("ledger")
    return Report(
        faults=faults,
        expected=around.expected,
        lost=len(around.lost()),
        repeats=book.repeats,
        unlike=book.unlike,
        twofold=len(around.twofold()),
        forged=book.forged,
        why=book.why,
        cut_off=book.cut_off,
        revived=victim.revived,
        statuses=_statuses(victim),
        ledger=audit.stdout + audit.stderr,
        balanced=audit.returncode == 0,
        seconds=seconds,
    )
