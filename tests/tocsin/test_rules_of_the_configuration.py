"""`tocsin rules` in an installation: what is in force there is what it shows and explains, without naming a path."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tocsin.commands.rules import MOST_PROBLEMS, app

RULE = """\
rule: harbour.fee.raised
title: A state raises its harbour fees
claim:
  act: $increase
  object: {head: [harbour fee, port fee], about: [container, ship]}
  by: {is: state, as: BY}
"""


def rules(*arguments: str, text: str | None = None) -> Result:
    """`tocsin rules` with *text* on standard input."""
    return CliRunner().invoke(app, arguments, input=text)


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The configuration of this process, with a rule of its own."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "harbour.yml").write_text(RULE)
    monkeypatch.setenv("TOCSIN_CONFIG", str(tmp_path))
    return tmp_path


@pytest.mark.usefixtures("config")
def test_a_rule_of_the_configuration_is_listed_shown_and_explained() -> None:
    assert "harbour.fee.raised" in rules("list").output
    assert "A state raises its harbour fees" in rules("show", "harbour.fee.raised").output
    explained = rules("explain", "harbour.fee.raised", text="Panama raises port fees for container ships\n")
    assert explained.output.startswith("harbour.fee.raised matches")


@pytest.mark.usefixtures("config")
def test_words_of_a_rule_are_explained_as_they_are_written() -> None:
    explained = rules("explain", "harbour.fee.raised", text="Panama raises port fees for tourists\n")
    assert "wanted harbour fee, port fee;" in explained.output
    assert "wanted about container, ship;" in explained.output


@pytest.mark.usefixtures("config")
def test_rules_that_are_named_stand_in_place_of_those_of_the_configuration(tmp_path: Path) -> None:
    other = tmp_path / "other.yml"
    other.write_text(RULE.replace("harbour.fee.raised", "other.fee"))
    listed = rules("list", str(other), "--no-packs").output
    assert "other.fee" in listed
    assert "harbour.fee.raised" not in listed


def test_a_folder_that_holds_no_rules_is_refused_in_so_many_lines_and_not_in_thousands(tmp_path: Path) -> None:
    (tmp_path / "words.yml").write_text("".join(f"word{number}: 1\n" for number in range(500)))
    refused = rules("test", str(tmp_path))
    assert refused.exit_code == 1
    assert len(refused.output.splitlines()) == MOST_PROBLEMS + 1
    assert "does the path lead to a folder of rules?" in refused.output
