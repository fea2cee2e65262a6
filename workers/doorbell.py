"""Redis as a doorbell: jobs that say "look now", with ids and nothing else. What is lost here, the clock rings anew."""

from __future__ import annotations

from collections.abc import Sequence

import redis
import structlog
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq import Queue
from rq.serializers import JSONSerializer

MATCH_QUEUE = "tocsin-match"
DELIVER_QUEUE = "tocsin-deliver"
MATCH = "workers.jobs.match"
DELIVER = "workers.jobs.deliver"

IDS_PER_JOB = 100
"""A job costs RQ 5 to 15 ms, whatever it carries."""

MAX_JOBS = 500
"""Jobs that may wait in a queue. More tell the workers nothing new: what is not rung now stays in SQL."""

JOB_TIMEOUT_S = 120
_QUEUED_S = 600
_FAILED_S = 3_600

_log = structlog.get_logger("tocsin.doorbell")


class Doorbell:
    """Rings the workers. No method raises for Redis' sake (down, full, read-only): False says that nobody heard it."""

    def __init__(self, redis_url: str) -> None:
        self._redis = connect(redis_url, socket_timeout_s=5.0, patient=False)
        self._quiet = False

    def match(self, ids: Sequence[str]) -> bool:
        """Say that articles wait to be evaluated."""
        return self._ring(MATCH_QUEUE, MATCH, ids)

    def deliver(self, ids: Sequence[str]) -> bool:
        """Say that deliveries are due."""
        return self._ring(DELIVER_QUEUE, DELIVER, ids)

    def close(self) -> None:
        """Close the connections."""
        self._redis.close()

    def _ring(self, name: str, function: str, ids: Sequence[str]) -> bool:
        try:
            heard = self._enqueue(name, function, ids)
        except (redis.RedisError, OSError) as error:
            self._say(error)
            return False
        self._quiet = False
        return heard

    def _enqueue(self, name: str, function: str, ids: Sequence[str]) -> bool:
        queue = Queue(name, connection=self._redis, serializer=JSONSerializer)
        room = MAX_JOBS - queue.count
        for start in range(0, len(ids), IDS_PER_JOB):
            if room <= 0:
                return False
            queue.enqueue_call(
                function,
                args=(list(ids[start : start + IDS_PER_JOB]),),
                timeout=JOB_TIMEOUT_S,
                result_ttl=0,
                failure_ttl=_FAILED_S,
                ttl=_QUEUED_S,
                description=function,
            )
            room -= 1
        return True

    def _say(self, error: Exception) -> None:
        """Once, not at every ring of a long outage."""
        if not self._quiet:
            _log.warning("doorbell.unheard", error=str(error), effect="work waits in the ledger until Redis is back")
        self._quiet = True


def connect(redis_url: str, *, socket_timeout_s: float, patient: bool) -> redis.Redis:
    """A client for redis://, rediss:// or unix://. A *patient* one leaves repeating to its caller's own loop; the other
    tries once more at once, over a fresh connection, since a restarted server leaves dead ones behind.
    """
    return redis.Redis.from_url(
        redis_url,
        socket_connect_timeout=2.0,
        socket_timeout=socket_timeout_s,
        health_check_interval=30,
        retry=Retry(NoBackoff(), 0 if patient else 1),
    )
