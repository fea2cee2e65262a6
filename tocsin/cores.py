"""Work over many articles on several cores, in order; rule sets are loaded once and shared where there is fork."""

from __future__ import annotations

import gc
import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any

from rules import RuleSet, load

CHUNK = 500
Places = tuple[tuple[Path, ...], bool]
"""Files and folders, and whether the shipped packs are loaded too: what `load` takes."""

_shared: dict[Places, RuleSet] = {}


def rule_set(places: Places) -> RuleSet:
    """The rule set of these places, loaded once per process. RuleErrors as `load`."""
    if places not in _shared:
        _shared[places] = load(*places[0], packs=places[1])
        # What is loaded lives as long as the process: the collector need not walk it again and again.
        gc.collect()
        gc.freeze()
    return _shared[places]


def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def mapped(work: Callable[[Any, list[Any]], Any], setting: Any, items: Iterable[Any], jobs: int) -> Iterator[Any]:
    """`work(setting, chunk)` for chunks of `items`, in order; `jobs` processes, none of its own for one job."""
    chunks = _chunks(items)
    if jobs <= 1:
        yield from (work(setting, chunk) for chunk in chunks)
        return
    waiting = BoundedSemaphore(jobs * 4)
    with _context().Pool(jobs) as pool:
        for result in pool.imap(_Call(work, setting), _held_back(chunks, waiting)):
            waiting.release()
            yield result


class _Call:
    def __init__(self, work: Callable[[Any, list[Any]], Any], setting: Any) -> None:
        self.work = work
        self.setting = setting

    def __call__(self, chunk: list[Any]) -> Any:
        return self.work(self.setting, chunk)


def _held_back(chunks: Iterator[list[Any]], waiting: BoundedSemaphore) -> Iterator[list[Any]]:
    """Chunks no faster than they are done: a year of articles does not pile up in memory."""
    for chunk in chunks:
        waiting.acquire()
        yield chunk


def _context() -> Any:
    return multiprocessing.get_context("fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn")


def _chunks(items: Iterable[Any]) -> Iterator[list[Any]]:
    source = iter(items)
    while chunk := list(islice(source, CHUNK)):
        yield chunk
