"""A worker process: RQ's SimpleWorker, made to outlive Redis, signals it is not meant for, and jobs it must not run.

It listens on two queues, deliveries first, so that an alert never waits behind a backlog of articles. RQ pops from two
queues with BLPOP, and a worker killed right after that loses the job; the clock rings again within seconds. (With one
queue RQ would keep the job, and find it again only after its maintenance: up to ten minutes.)
"""

from __future__ import annotations

import os
import signal
import time
import uuid
from types import FrameType
from typing import Any

import redis
import structlog
from rq import Queue, SimpleWorker
from rq.exceptions import StopRequested
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.worker.base import WorkerStatus

from workers import context as room
from workers.context import Context
from workers.doorbell import DELIVER_QUEUE, MATCH_QUEUE, connect
from workers.jobs import FUNCTIONS
from workers.reach import Reach
from workers.sender import close_sender, settle_sender

WORKER_TTL_S = 20
"""RQ waits 15 s less than this for a job before it looks around: 5 s."""

BACKOFF_S = (0.2, 0.5, 1.0, 2.0)
"""Waits between attempts to work while Redis is away; the last one repeats for ever."""

_log = structlog.get_logger("tocsin.worker")


def run_worker(context: Context, redis_url: str, name: str, burst: bool = False) -> None:
    """Work until SIGTERM or SIGINT (what is in the air then has 20 s), or with *burst* until the queues are empty.
    Must run in the main thread of its process. While Redis is away it waits for it, for ever.
    """
    room.use(context)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    failures, reach = 0, Reach(name)
    try:
        while not context.stopping.is_set():
            started = time.monotonic()
            if _work(context, redis_url, name, burst, reach) and burst:
                return settle_sender()
            failures = 0 if time.monotonic() - started > WORKER_TTL_S else failures + 1
            context.stopping.wait(BACKOFF_S[min(failures, len(BACKOFF_S) - 1)])
    finally:
        close_sender()


def _work(context: Context, redis_url: str, name: str, burst: bool, reach: Reach) -> bool:
    """One life of an RQ worker; False where Redis ended it."""
    connection = connect(redis_url, socket_timeout_s=WORKER_TTL_S, patient=True)
    try:
        _Worker(context, connection, name, reach).work(burst=burst, logging_level="WARNING")
    except (redis.RedisError, OSError) as error:
        reach.lost(error)
        return False
    finally:
        connection.close()
    return True


class _Worker(SimpleWorker):
    """No scheduler, no commands by publish and subscribe (who can write to Redis could stop us), JSON only."""

    max_connection_wait_time = BACKOFF_S[-1]
    log_result_lifespan = False

    def __init__(self, context: Context, connection: redis.Redis, name: str, reach: Reach) -> None:
        self._context = context
        self._reach = reach
        queues = [
            Queue(each, connection=connection, serializer=JSONSerializer) for each in (DELIVER_QUEUE, MATCH_QUEUE)
        ]
        super().__init__(
            queues,
            name=f"{name}.{os.getpid()}.{uuid.uuid4().hex[:8]}",
            connection=connection,
            serializer=JSONSerializer,
            worker_ttl=WORKER_TTL_S,
            log_job_description=False,
        )
        self.log.addFilter(reach)

    def heartbeat(self, timeout: int | None = None, pipeline: Any = None) -> None:
        """Before every look into the queues, and within transactions of RQ."""
        super().heartbeat(timeout, pipeline)
        if pipeline is None:
            self._reach.found()

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Run one of our functions; drop anything else unseen."""
        if why := _foreign(job):
            _log.warning("job.refused", job=job.id, why=why)
            self.connection.delete(job.key)
            return
        super().execute_job(job, queue)

    def subscribe(self) -> None:
        """Nothing to listen to."""

    def unsubscribe(self) -> None:
        """Nothing to leave."""

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """Stop when the job at hand is done; a second signal ends it, and its leases run out."""
        self._context.stopping.set()
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]

    def _shutdown(self) -> None:
        """As RQ does, but without a word to Redis, which may be away."""
        if self.get_state() != WorkerStatus.BUSY:
            raise StopRequested
        self._stop_requested = True


def _foreign(job: Job) -> str | None:
    """Why a job is not one of ours. RQ would call any importable function, and any callback, that a job names."""
    try:
        function: Any = job.func_name
        arguments = job.args
    except Exception:  # noqa: BLE001  # RQ wraps what a serializer raises, not what follows
        return "its payload is not JSON of ours"
    if function not in FUNCTIONS or job.instance is not None or job.kwargs:
        return "it calls a function that is not a job"
    if len(arguments) != 1 or not isinstance(arguments[0], list) or not all(isinstance(id, str) for id in arguments[0]):
        return "its arguments are not a list of ids"
    callbacks = (job._success_callback_name, job._failure_callback_name, job._stopped_callback_name)
    return "it names callbacks" if any(callbacks) or job.webhooks else None
