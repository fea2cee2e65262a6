"""Maltreat Tocsin at length, and count: python -m tests.chaos [sqlite|postgresql …] [--times 20] [--seed 1].

Each fault is done so many times, in random order, while articles keep coming: five more after each. At the end every
article must have reached every receiver, repeats under the same id with the same bytes, and `tocsin ledger` must be even.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import warnings
from pathlib import Path

from tests.chaos.run import Report, maltreat


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
    with tempfile.TemporaryDirectory(prefix="tocsin-chaos-") as folder:
        if database == "sqlite":
            report = maltreat(Path(folder), times=times, seed=seed)
        else:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                import pgserver
            with tempfile.TemporaryDirectory(prefix="tocsin-pg-", ignore_cleanup_errors=True) as pgdata:
                server = pgserver.get_server(pgdata, cleanup_mode="stop")
                try:
                    report = maltreat(Path(folder), times=times, seed=seed, postgres=server)
                finally:
                    server.cleanup()
    print(f"\n{database}\n{report.worded()}", flush=True)
    return report


if __name__ == "__main__":
    sys.exit(main())
