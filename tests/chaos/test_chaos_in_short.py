"""Chaos in short, for every run of the tests; `make chaos` does it at length, with all faults."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.run import maltreat
from tests.postgres import postgres

QUICK = ("kill -9 of the whole tree", "kill -9 of Valkey", "FLUSHALL", "SIGTERM", "receivers answer 500")
"""Faults that need no waiting for leases."""


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_chaos_in_short_loses_nothing_on_sqlite(tmp_path: Path) -> None:
    report = maltreat(tmp_path, times=1, seed=7, only=QUICK)
    assert report.well, report.worded()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_chaos_in_short_loses_nothing_on_postgresql(tmp_path: Path) -> None:
    only = ("kill -9 of the whole tree", "PostgreSQL stopped at once and restarted")
    with postgres() as server:
        report = maltreat(tmp_path, times=1, seed=8, postgres=server, only=only)
    assert report.well, report.worded()
