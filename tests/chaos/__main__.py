"""Maltreat Tocsin at length, and count: python -m tests.chaos [sqlite|postgresql …] [--times 20] [--seed 1].

Each fault is done so many times, in random order, while articles keep coming: five more after each. At the end every
article must have reached every receiver, repeats have the same id and bytes, and `tocsin ledger` must be even.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from tests.chaos.run import Report, maltreat
from tests.postgres import postgres


def main() -> int:
    """0 where nothing was lost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("databases", nargs="*", default=["sqlite", "postgresql"])
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    reports = [_run(database, given.times, given.seed) for database in given.databases]
    return 0 if all(report.well for report in reports) else 1


def _run(database: str, times: int, seed: int) -> Report:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tocsin-chaos-")))
        server = stack.enter_context(postgres()) if database == "postgresql" else None
        report = maltreat(folder, times=times, seed=seed, postgres=server, said=_say)
    _say(f"\n{database}\n{report.worded()}")
    return report


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
