"""What the README shows is tried as it stands there."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from rules import load, run_tests
from tocsin.cli import COMMANDS
from workers.subscriptions import read_subscriptions

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)


def test_the_rule_in_the_readme_passes_its_own_tests(tmp_path: Path) -> None:
    (block,) = [block for block in BLOCKS if block.startswith("rule:")]
    (tmp_path / "rule.yml").write_text(block, encoding="utf-8")
    results = run_tests(load(tmp_path), ["grain.ban.ended"])
    assert [result.message for result in results] == ["", ""]


def test_the_subscriptions_in_the_readme_are_taken() -> None:
    (block,) = [block for block in BLOCKS if block.startswith("subscriptions:")]
    found, problems = read_subscriptions(block, "README.md", rule_ids=load().rules)
    assert problems == []
    assert [each.id for each in found] == [each["id"] for each in yaml.safe_load(block)["subscriptions"]]


def test_every_command_that_the_readme_names_exists() -> None:
    named = set(re.findall(r"`?(?:\.venv/bin/)?tocsin ([a-z]+)", README))
    assert named - {"run"} <= set(COMMANDS)


def test_every_file_that_the_readme_links_to_is_there() -> None:
    links = re.findall(r"\]\((docs/[^)]+)\)", README)
    assert links
    assert [link for link in links if not (Path(__file__).parent.parent / link).exists()] == []
