"""The tables of faults and of defects name tests that are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

CASES = {"faults.md": 36, "feeds.md": 25}
LEAST = {"faults.md": 51, "feeds.md": 25}
"""How many tests a table names at least."""


@pytest.mark.parametrize("page", CASES)
def test_every_test_that_a_table_names_is_there(page: str) -> None:
    named = set(re.findall(r"`(test_\w+)`", (ROOT / "docs" / page).read_text(encoding="utf-8")))
    sources = "\n".join(file.read_text(encoding="utf-8") for file in (ROOT / "tests").rglob("test_*.py"))
    there = set(re.findall(r"def (test_\w+)\(", sources))
    assert len(named) >= LEAST[page]
    assert named - there == set()


@pytest.mark.parametrize("page", CASES)
def test_a_table_has_all_of_its_cases(page: str) -> None:
    lines = (ROOT / "docs" / page).read_text(encoding="utf-8").splitlines()
    numbers = [int(line.split("|")[1]) for line in lines if re.match(r"\| \d+ \|", line)]
    assert numbers == list(range(1, CASES[page] + 1))
