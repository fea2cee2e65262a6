"""The jobs of the room, as RQ calls them: ids in, nothing out. A job that finds its work done does nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from workers import context
from workers.matching import match_articles
from workers.nearest import Nearest
from workers.sender import sender

FUNCTIONS = frozenset(("workers.jobs.match", "workers.jobs.deliver"))
"""All that a worker calls. Whoever writes to Redis names a function by its import path; no other one is run."""


def match(article_ids: Sequence[str]) -> None:
    """Evaluate those of the articles that still wait."""
    here = context.current()
    match_articles(replace(here, doorbell=Nearest(here)), list(article_ids))


def deliver(delivery_ids: Sequence[str]) -> None:
    """Let this process's sender take up what is due. The ids say why the bell rang; what is sent is decided by the
    ledger, fairly between addresses, and goes on after the job has ended: a hanging receiver holds no job up.
    """
    sender(context.current()).take_up()
