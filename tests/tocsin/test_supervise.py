"""Services as child processes, with real forks and real signals."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

PROGRAM = """
import pathlib, signal, sys, time
from tocsin.supervise import Service, Supervisor

folder = pathlib.Path(sys.argv[1])

def note(name, word):
    with (folder / name).open("a") as file:
        file.write(word + "\\n")

def polite(name):
    def run():
        import os
        note(name, f"started {os.getpid()}")
        stopped = []
        signal.signal(signal.SIGTERM, lambda *_: stopped.append(1))
        while not stopped:
            time.sleep(0.02)
        note(name, "stopped")
    return run

def stubborn():
    import os
    note("stubborn", f"started {os.getpid()}")
    signal.signal(signal.SIGTERM, lambda *_: note("stubborn", "told"))
    while True:
        time.sleep(0.02)

services = {
    "polite": [Service("server", polite("server"), last=True), Service("polite", polite("polite"))],
    "stubborn": [Service("stubborn", stubborn)],
}[sys.argv[2]]
Supervisor(services, grace_s=float(sys.argv[3])).run()
note("supervisor", "done")
"""

Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    running: list[subprocess.Popen[bytes]] = []

    def go(kind: str, grace_s: float = 5) -> subprocess.Popen[bytes]:
        with (tmp_path / "log").open("wb") as log:
            command = [sys.executable, "-c", PROGRAM, str(tmp_path), kind, str(grace_s)]
            running.append(subprocess.Popen(command, stdout=log))
        return running[-1]

    yield go
    for process in running:
        process.kill()
        process.wait()


def lines(file: Path, count: int) -> list[str]:
    """The first *count* lines of *file*, waited for."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        found = file.read_text().splitlines() if file.exists() else []
        if len(found) >= count:
            return found
        time.sleep(0.02)
    raise TimeoutError(f"{file.name} has not {count} lines")


def said(folder: Path) -> list[str]:
    """The events of the supervisor's log."""
    return re.findall(r"(?:supervisor|service)\.\w+", (folder / "log").read_text())


def pid_in(line: str) -> int:
    return int(line.split()[1])


def gone(pid: int) -> bool:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.02)
    return False


def test_a_service_that_is_killed_is_started_again(start: Start, tmp_path: Path) -> None:
    start("polite")
    first = pid_in(lines(tmp_path / "polite", 1)[0])
    os.kill(first, signal.SIGKILL)
    assert pid_in(lines(tmp_path / "polite", 2)[1]) != first


def test_sigterm_drains_all_services_and_the_last_one_last(start: Start, tmp_path: Path) -> None:
    process = start("polite")
    lines(tmp_path / "polite", 1), lines(tmp_path / "server", 1)
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    assert lines(tmp_path / "polite", 2)[1] == "stopped"
    assert lines(tmp_path / "server", 2)[1] == "stopped"
    assert (tmp_path / "server").stat().st_mtime_ns >= (tmp_path / "polite").stat().st_mtime_ns
    assert said(tmp_path) == ["supervisor.started", "supervisor.draining", "supervisor.stopped"]


def test_a_service_that_does_not_stop_is_told_once_and_killed_after_the_grace(start: Start, tmp_path: Path) -> None:
    process = start("stubborn", grace_s=0.5)
    pid = pid_in(lines(tmp_path / "stubborn", 1)[0])
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    assert lines(tmp_path / "stubborn", 2)[1:] == ["told"]
    assert gone(pid)
    assert said(tmp_path)[2:] == ["service.killed", "supervisor.stopped"]


def test_a_second_signal_does_not_wait_for_the_grace(start: Start, tmp_path: Path) -> None:
    process = start("stubborn", grace_s=60)
    lines(tmp_path / "stubborn", 1)
    process.send_signal(signal.SIGINT)
    lines(tmp_path / "stubborn", 2)
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 0


def test_when_the_supervisor_is_killed_no_child_is_left(start: Start, tmp_path: Path) -> None:
    process = start("polite")
    children = [pid_in(lines(tmp_path / name, 1)[0]) for name in ("polite", "server")]
    process.kill()
    assert all(gone(pid) for pid in children)


def test_services_live_in_sessions_of_their_own(start: Start, tmp_path: Path) -> None:
    process = start("polite")
    pid = pid_in(lines(tmp_path / "polite", 1)[0])
    assert os.getsid(pid) == pid != os.getsid(process.pid)
