"""Redis as one worker sees it: that it is away is said once, when it has lasted, and so is that it is back."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

import redis
import structlog

AWAY_S = 3.0
"""Outages shorter than this are not worth a line: an embedded server starts, or is restarted, in less than a second."""

_OF_OUTAGES = ("could not connect to Redis", "Redis connection timeout")
"""How RQ 3 words an attempt that failed, and an answer that never came."""

_log = structlog.get_logger("tocsin.worker")


class Reach(logging.Filter):
    """Told of every success and failure; as a filter of RQ's log it takes over what RQ writes of an outage: a line at
    each of its own attempts to connect, every two seconds for ever, and a traceback where Redis goes between two jobs.
    """

    def __init__(self, worker: str, clock_s: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._worker = worker
        self._clock_s = clock_s
        self._away_since_s: float | None = None
        self._said = False

    def lost(self, error: object) -> None:
        """Redis did not answer."""
        if self._away_since_s is None:
            self._away_since_s = self._clock_s()
        if not self._said and self._clock_s() - self._away_since_s >= AWAY_S:
            self._said = True
            effect = "work waits in the ledger until it is back"
            _log.warning("worker.redis_away", worker=self._worker, error=str(error), effect=effect)

    def found(self) -> None:
        """Redis answered."""
        if self._said and self._away_since_s is not None:
            _log.info("worker.redis_back", worker=self._worker, after_s=round(self._clock_s() - self._away_since_s))
        self._away_since_s, self._said = None, False

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether RQ's line is written."""
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, (redis.ConnectionError, redis.TimeoutError)):
            self.lost(error)
            return False
        if not any(words in str(record.msg) for words in _OF_OUTAGES):
            return True
        self.lost(record.args[1] if isinstance(record.args, tuple) and len(record.args) > 1 else record.getMessage())
        return False
