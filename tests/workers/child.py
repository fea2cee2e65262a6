"""A worker in a process of its own, for tests that kill it: python child.py DATABASE REDIS [key=value …]."""

from __future__ import annotations

import os
import signal
import sys
import threading

from rules.model import Article, Match
from store.database import Database
from tests.workers.conftest import secrets
from tests.workers.parts import LOOPBACK, Words
from workers.channels import CHANNELS, Channel, Outcome, Parcel
from workers.clock import start_clock
from workers.context import Context
from workers.doorbell import Doorbell
from workers.worker import run_worker


class Deadly(Words):
    """Dies like a worker that ran out of memory, on the word "poison"."""

    def match(self, article: Article) -> tuple[Match, ...]:
        if "poison" in article.text:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().match(article)


def die_around_sending(when: str) -> None:
    """Replace the webhook by one that dies before it sends, or after the receiver said 200."""
    real = CHANNELS["webhook"]

    async def send(parcel: Parcel, context: Context, client: object) -> Outcome:
        if when == "after":
            await real.send(parcel, context, client)  # type: ignore[arg-type]
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError

    CHANNELS["webhook"] = Channel(freeze=real.freeze, send=send, in_digest=real.in_digest)


def main(database_url: str, redis_url: str, *options: str) -> None:
    settings = dict(option.split("=") for option in options)
    if "die" in settings:
        die_around_sending(settings["die"])
    db = Database(database_url)
    bell = Doorbell(redis_url)
    rules = Deadly()
    context = Context(db=db, doorbell=bell, rules=lambda: rules, secrets=secrets, allow=LOOPBACK)
    if "clock" in settings:
        start_clock(db, bell, threading.Event())
    run_worker(context, redis_url, "child")


if __name__ == "__main__":
    main(*sys.argv[1:])
