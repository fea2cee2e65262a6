"""`tocsin rules backtest` and `rules match --jobs` over files and over the ledger, as a user runs them."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

RULE = """rule: camp.closed
title: A refugee camp is closed
claim:
  act: [close, shut down]
  object: refugee camp
  status: [done]
emit: {key: [object]}
"""
TITLES = [
    ("2024-05-06", "Kenya closes refugee camp"),
    ("2024-05-08", "Ghana shuts down refugee camp"),
    ("2024-05-20", "Kenya will close refugee camp"),
    ("2024-05-21", "Kenya may close refugee camp"),
    ("2024-05-22", "Rain in Oslo"),
]


def run(*arguments: str, stdin: bytes = b"", **environment: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "tocsin.commands.rules", *arguments]
    return subprocess.run(command, input=stdin, env={**os.environ, **environment}, capture_output=True)


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    rules, articles = tmp_path / "rules.yml", tmp_path / "articles.jsonl"
    rules.write_text(RULE, "utf8")
    lines = [json.dumps({"id": str(n), "title": t, "published_at": d}) for n, (d, t) in enumerate(TITLES)]
    articles.write_text("\n".join([*lines, "{broken"]) + "\n", "utf8")
    return rules, articles


def backtested(rules: Path, articles: Path, *more: str) -> dict[str, Any]:
    done = run("backtest", "--rules", str(rules), "--articles", str(articles), "--no-packs", "--json", *more)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)  # type: ignore[no-any-return]


def test_it_counts_per_rule_and_week_and_says_what_nearly_fired(files: tuple[Path, Path]) -> None:
    found = backtested(*files)
    assert (found["articles"], found["bad_lines"]) == (5, 1)
    row = next(r for r in found["rules"] if r["rule"] == "camp.closed")
    assert (row["matches"], row["weeks"]) == (2, {"2024-05-06": 2})
    assert row["alerts"] == 1
    assert row["alerts_per_10000"] == 2000.0
    assert [(n["only"], n["count"], n["found"]) for n in row["near"]] == [("status", 2, {"planned": 1, "possible": 1})]
    assert row["near"][0]["examples"][0]["id"] == "2"


def test_it_names_the_articles_by_which_two_versions_differ(files: tuple[Path, Path], tmp_path: Path) -> None:
    other = tmp_path / "other.yml"
    other.write_text(RULE.replace("[done]", "[planned]"), "utf8")
    row = backtested(*files, "--against", str(other))["rules"][0]
    assert [a["id"] for a in row["added"]] == ["0", "1"]
    assert [a["id"] for a in row["removed"]] == ["2"]
    shown = run(
        "backtest", "--rules", str(files[0]), "--articles", str(files[1]), "--no-packs", "--against", str(other)
    ).stdout.decode()
    assert "camp.closed: +2 / -1" in shown
    assert "2 failed only on status (planned 1, possible 1)" in shown


def test_a_sample_is_the_same_for_the_same_seed(files: tuple[Path, Path]) -> None:
    first, again = (backtested(*files, "--sample", "1", "--seed", "7", "--jobs", j)["sample"] for j in ("1", "2"))
    assert first == again
    assert first[0]["rule"] == "camp.closed"
    assert "refugee camp" in first[0]["evidence"]


def test_a_rule_that_is_not_there_and_a_broken_file_are_refused(files: tuple[Path, Path], tmp_path: Path) -> None:
    rules, articles = files
    unknown = run("backtest", "no.rule", "--rules", str(rules), "--articles", str(articles))
    assert unknown.returncode == 2
    assert b"no rule 'no.rule'" in unknown.stderr
    bad = tmp_path / "bad.yml"
    bad.write_text("rule: [\n", "utf8")
    assert run("backtest", "--rules", str(bad), "--articles", str(articles)).returncode == 1


def test_a_ledger_that_is_not_there_is_said_in_a_line(files: tuple[Path, Path], tmp_path: Path) -> None:
    done = run("backtest", "--rules", str(files[0]), TOCSIN_DATA=str(tmp_path), TOCSIN_CONFIG=str(tmp_path))
    assert done.returncode == 1
    assert b"tocsin migrate" in done.stderr
    assert b"Traceback" not in done.stderr


def test_matching_on_two_cores_writes_what_one_writes(files: tuple[Path, Path]) -> None:
    lines = files[1].read_bytes() * 400 + b'{"id": "x", "title": "a \\ud800 b"}\n\xff\n'
    one, two = (run("match", "--jobs", jobs, "--rules", str(files[0]), stdin=lines) for jobs in ("1", "2"))
    assert one.stdout == two.stdout
    assert one.returncode == two.returncode == 1
    assert len(one.stdout.splitlines()) == len(lines.splitlines())
    assert json.loads(one.stdout.splitlines()[5])["line"] == 6
