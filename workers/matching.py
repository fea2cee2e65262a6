"""Articles in, alerts out: claim, analyse outside of any transaction, then record everything found in one."""

from __future__ import annotations

import time
import uuid
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog
from rq.timeouts import JobTimeoutException
from sqlalchemy import Row

from rules.model import Match
from store import evaluations
from store.articles import article_of
from workers.context import Context, Rules
from workers.recording import record

ANALYSIS_S = 20
"""Seconds of analysis after which what is found is recorded and the rest given back: a third of a lease."""

_log = structlog.get_logger("tocsin.match")


@dataclass(slots=True)
class _Analysis:
    """What became of a group of claimed rows."""

    found: list[tuple[Row[Any], tuple[Match, ...]]] = field(default_factory=list)
    silent: dict[str, tuple[Match, ...]] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)


def match_articles(context: Context, ids: Sequence[str]) -> int:
    """Evaluate those of the articles that still wait; returns how many. What others have evaluated, or work on now, is
    left alone.
    """
    owner = f"match-{uuid.uuid4()}"
    return sum(_evaluate(context, group, owner) for group in _groups(context, ids, owner))


def _groups(context: Context, ids: Sequence[str], owner: str) -> Iterator[Sequence[Row[Any]]]:
    """Claim chunk by chunk, each only when its turn comes, so that no lease and no try is spent on waiting."""
    chunks: deque[Sequence[str]] = deque(_batched(ids, evaluations.CHUNK))
    while chunks and not context.stopping.is_set():
        claimed = evaluations.claim(context.db, chunks.popleft(), owner)
        chunks.extend([id] for id in claimed.alone)
        if claimed.rows:
            yield claimed.rows


def _batched(ids: Sequence[str], size: int) -> list[Sequence[str]]:
    """*ids* in pieces of at most *size*."""
    return [ids[start : start + size] for start in range(0, len(ids), size)]


def _evaluate(context: Context, rows: Sequence[Row[Any]], owner: str) -> int:
    rules = context.rules()
    analysis = _analyse(context, rules, rows)
    if analysis.left:
        evaluations.release(context.db, analysis.left, owner)
    if analysis.failures:
        evaluations.failed(context.db, analysis.failures, owner)
    told = record(context, rules, analysis.found, analysis.silent)
    _say(analysis.found)
    if told:
        context.doorbell.deliver(told)
    return len(analysis.found)


def _say(found: Sequence[tuple[Row[Any], tuple[Match, ...]]]) -> None:
    for row, matches in found:
        if matches:
            _log.info("article.matched", url=row.url, article=row.id, rules=sorted({one.rule for one in matches}))


def _analyse(context: Context, rules: Rules, rows: Sequence[Row[Any]]) -> _Analysis:
    analysis = _Analysis()
    deadline = time.monotonic() + ANALYSIS_S
    for row in rows:
        if context.stopping.is_set() or time.monotonic() > deadline:
            analysis.left.append(row.id)
            continue
        try:
            held = rules.held(article_of(row._mapping))
            analysis.found.append((row, held.standing))
            analysis.silent[row.id] = held.silent
        except JobTimeoutException:
            raise
        except Exception as error:  # noqa: BLE001  # one article must not stop the others
            _log.warning("match.failed", article=row.id, error=repr(error))
            analysis.failures[row.id] = f"its analysis raised {type(error).__name__}: {error}"[:500]
    return analysis
