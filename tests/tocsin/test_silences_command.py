"""`tocsin silences` and `tocsin alerts snooze`, run as their users run them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from store import tables
from store.database import Database
from store.subscriptions import sync
from tests.workers.conftest import Silent, secrets
from tests.workers.parts import Words, add_articles, hook
from workers.context import Context
from workers.matching import match_articles

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def tocsin(sqlite_db: Database, tmp_path: Path) -> Run:
    """Runs a command on the test's ledger."""
    (tmp_path / "config").mkdir()
    environment = {"PATH": "", "TOCSIN_DATABASE_URL": str(sqlite_db.engine.url), "COLUMNS": "200"}
    environment["TOCSIN_CONFIG"] = str(tmp_path / "config")

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "tocsin", *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)

    return run


def alert_of(db: Database, prefix: str) -> str:
    """The alert that a new article opens."""
    words = Words()
    match_articles(
        Context(db=db, doorbell=Silent(), rules=lambda: words, secrets=secrets), add_articles(db, ["embargo"], prefix)
    )
    with db.read() as connection:
        return str(connection.scalar(select(tables.alert.c.id).where(tables.alert.c.article_id == f"{prefix}0")))


def test_a_silence_is_made_counted_traced_and_removed(tocsin: Run, sqlite_db: Database) -> None:
    sync(sqlite_db, [hook("http://127.0.0.1:1/a", "desk")])
    named = ("--rule", "embargo.*", "--binding", "TARGET=IR", "--outlet", "example.org", "--author", "Ana")
    made = tocsin("silences", "add", *named, "--for", "8h", "--reason", "known", "--json")
    assert made.returncode == 0, made.stderr
    id = json.loads(made.stdout)["id"]
    alert_of(sqlite_db, "a")
    listed = tocsin("silences", "list").stdout
    assert listed.startswith(f"{id}  rule embargo.*, TARGET IR, outlet example.org: until 2")
    assert listed.endswith(" UTC, by Ana: known; kept back 1\n")
    traced = tocsin("trace", "a0").stdout
    assert "not told  desk by webhook to http://127.0.0.1:1/a\n          suppressed: silenced by Ana until 2" in traced
    assert f": known (silence {id}) (id " in traced
    assert tocsin("silences", "remove", id, "--author", "Ben").returncode == 0
    assert tocsin("silences", "list").stdout == "nothing is silenced\n"
    assert ", ended by Ben, by Ana: known; kept back 1" in tocsin("silences", "list", "--ended").stdout
    assert tocsin("silences", "remove", id).returncode == 1


def test_an_alert_is_snoozed_until_a_time(tocsin: Run, sqlite_db: Database) -> None:
    id = alert_of(sqlite_db, "a")
    snoozed = tocsin("alerts", "snooze", id, "--until", "2027-01-01T09:00+01:00", "--reason", "read", "--author", "Ana")
    assert snoozed.returncode == 0, snoozed.stderr
    assert f"alert {id}: until 2027-01-01 08:00 UTC, by Ana: read; kept back 0" in snoozed.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "problem"),
    [
        (("--rule", "*"), 2, "say how long: either --for 8h or --until 2026-12-01T08:00"),
        (("--rule", "*", "--for", "8h", "--until", "2026-12-01"), 2, "say how long"),
        (("--rule", "*", "--for", "8"), 2, "write a duration such as 30m, 24h, 14d, 2w or 1y"),
        (("--rule", "*", "--until", "tonight"), 2, "--until 'tonight': write a time such as 2026-12-01T08:00"),
        (("--rule", "*", "--until", "2020-01-01"), 1, "the end is past"),
        (("--binding", "TARGET", "--for", "8h"), 2, "--binding 'TARGET': write NAME=VALUE, such as TARGET=IR"),
        (("--for", "8h"), 1, "this would silence everything"),
        (("--alert", "nope", "--for", "8h"), 1, "there is no alert nope"),
    ],
)
def test_what_is_wrong_with_a_silence_is_said_in_one_line(
    tocsin: Run,
    sqlite_db: Database,
    arguments: tuple[str, ...],
    code: int,
    problem: str,
) -> None:
    refused = tocsin("silences", "add", *arguments, "--reason", "r", "--author", "Ana")
    assert (refused.returncode, refused.stdout) == (code, "")
    assert refused.stderr.count("\n") == 1
    assert problem in refused.stderr
