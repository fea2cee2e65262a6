"""The yardstick: RQ with one job per delivery, which posts it with httpx and forgets it."""

from __future__ import annotations

import logging
import sys

import httpx
import redis
from rq import Queue, SimpleWorker
from rq.serializers import JSONSerializer

QUEUE = "bare"
_client = httpx.Client(timeout=20)


def post(url: str, id: str, body: str) -> None:
    """The job."""
    _client.post(url, content=body.encode(), headers={"webhook-id": id, "content-type": "application/json"})


def queue(redis_url: str) -> Queue:
    """The queue of such jobs."""
    return Queue(QUEUE, connection=redis.Redis.from_url(redis_url), serializer=JSONSerializer)


def main(redis_url: str) -> None:
    """Work until the queue is empty."""
    connection = redis.Redis.from_url(redis_url)
    logging.disable(logging.INFO)
    SimpleWorker([QUEUE], connection=connection, serializer=JSONSerializer).work(burst=True, logging_level="ERROR")


if __name__ == "__main__":
    main(sys.argv[1])
