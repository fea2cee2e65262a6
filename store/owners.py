"""Who holds a lease: a process under a name by which others on the same machine can tell whether it still lives."""

from __future__ import annotations

import os
import socket
import uuid
from functools import cache
from pathlib import Path


def new_owner() -> str:
    """A name for who takes leases in this process: place, process id, its start, and a part never used twice."""
    return f"{_place()} {os.getpid()} {_started(os.getpid()) or '-'} {uuid.uuid4().hex[:8]}"


def is_dead(owner: str) -> bool:
    """Whether the process of *owner* is known to have ended. False where it cannot be known: it ran elsewhere, in
    another container, or before a restart of the machine; its leases end by themselves.
    """
    place, pid, started, *_ = [*owner.rsplit(" ", 3), "", "", ""]
    if place != _place() or not pid.isdigit():
        return False
    if (now_started := _started(int(pid))) is not None:
        return now_started != started  # another process has the number now
    return not _runs(int(pid))


@cache
def _place() -> str:
    """Where process ids mean the same: host, boot and, in containers, their namespace."""
    return "/".join((socket.gethostname(), _boot(), _namespace()))


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()[:8]
    except OSError:
        return "-"


def _namespace() -> str:
    try:
        return str(Path("/proc/self/ns/pid").stat().st_ino)
    except OSError:
        return "-"


def _started(pid: int) -> str | None:
    """When process *pid* began, in the kernel's ticks; None where there is none, or no /proc. A dead process that its
    parent has not buried has no start either.
    """
    try:
        state, *fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    except (OSError, ValueError):
        return None
    return None if state in "ZX" else fields[18]  # the 22nd of proc_pid_stat(5)


def _runs(pid: int) -> bool:
    if Path("/proc/self/stat").exists():
        return False  # it had shown itself there
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
