"""Runs services as child processes: forked from one warm parent, restarted when they die, told once to stop."""

from __future__ import annotations

import ctypes
import os
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import structlog

GRACE_S = 20.0
"""How long a service may drain after it was told to stop."""

_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.1, 30.0
_SETTLED_S = 60.0  # a service that ran this long has recovered: its next restart is at once again
_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_SIGNALS = {signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP}

log = structlog.get_logger()


def die_with_parent(parent: int) -> None:
    """Ask the kernel to kill this process when *parent* (the process that forked it) dies; a no-op outside Linux.

    Nothing is lost by that death: what was under way is found again in the ledger.
    """
    if hasattr(ctypes.CDLL(None), "prctl"):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before we asked
        os._exit(1)


@dataclass(frozen=True, slots=True)
class Service:
    """A name for the log, and what the child process does until SIGTERM makes it return.

    One that is `last` is told to stop only when all others are gone, because they need it while they drain.
    """

    name: str
    run: Callable[[], None]
    last: bool = False


@dataclass(slots=True)
class _Child:
    service: Service
    pid: int | None = None
    started_at: float = 0.0
    wait_s: float = _FIRST_WAIT_S
    due_at: float = 0.0


@dataclass(slots=True)
class Supervisor:
    """Keeps *services* running until SIGTERM or SIGINT; a second one does not wait for them."""

    services: Sequence[Service]
    grace_s: float = GRACE_S
    _children: list[_Child] = field(default_factory=list)

    def run(self) -> None:
        """Block until told to stop and all children are gone. The caller must be a process without threads."""
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        self._children = [_Child(service) for service in self.services]
        log.info("supervisor.started", services=[service.name for service in self.services])
        try:
            self._keep_running()
            self._drain()
        finally:
            self._signal(signal.SIGKILL, self._children)
            for child in self._children:
                if child.pid is not None:
                    os.waitpid(child.pid, 0)
                    effect = "what it had leased waits until the lease runs out"
                    log.warning("service.killed", service=child.service.name, effect=effect)
            log.info("supervisor.stopped")
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)

    def _keep_running(self) -> None:
        while True:
            self._start_due()
            received = signal.sigtimedwait(_SIGNALS, 0.5)
            if received and received.si_signo in (signal.SIGTERM, signal.SIGINT):
                return
            self._reap()

    def _start_due(self) -> None:
        now = time.monotonic()
        for child in self._children:
            if child.pid is None and child.due_at <= now:
                child.pid, child.started_at = _fork(child.service), now

    def _reap(self) -> None:
        for child in self._children:
            if child.pid is None:
                continue
            pid, state = os.waitpid(child.pid, os.WNOHANG)
            if pid:
                self._bury(child, os.waitstatus_to_exitcode(state))

    def _bury(self, child: _Child, code: int) -> None:
        now = time.monotonic()
        if now - child.started_at > _SETTLED_S:
            child.wait_s = _FIRST_WAIT_S
        child.pid, child.due_at = None, now + child.wait_s
        log.warning("service.ended", service=child.service.name, code=code, restart_in_s=child.wait_s)
        child.wait_s = min(child.wait_s * 2, _LONGEST_WAIT_S)

    def _drain(self) -> None:
        """Tell every child once, then wait for them; who is still there after the grace is killed."""
        log.info("supervisor.draining", grace_s=self.grace_s)
        deadline = time.monotonic() + self.grace_s
        for last in (False, True):
            wave = [child for child in self._children if child.service.last is last]
            self._signal(signal.SIGTERM, wave)
            if not self._gone(wave, deadline):
                return

    def _gone(self, wave: Sequence[_Child], deadline: float) -> bool:
        """Wait for *wave*; False where the time is over or a second signal came."""
        while any(_running(child) for child in wave):
            left = deadline - time.monotonic()
            received = signal.sigtimedwait(_SIGNALS, min(left, 0.2)) if left > 0 else None
            if left <= 0 or (received and received.si_signo in (signal.SIGTERM, signal.SIGINT)):
                return False
        return True

    def _signal(self, number: signal.Signals, children: Sequence[_Child]) -> None:
        for child in children:
            if child.pid is not None:
                os.kill(child.pid, number)


def _running(child: _Child) -> bool:
    if child.pid is not None and os.waitpid(child.pid, os.WNOHANG)[0]:
        child.pid = None
    return child.pid is not None


def _fork(service: Service) -> int:
    parent = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        os.setsid()  # Ctrl-C reaches the supervisor alone, and each service is told once
        die_with_parent(parent)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        service.run()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:  # the last place where the reason can be told
        log.exception("service.failed", service=service.name)
    finally:
        os._exit(code)
