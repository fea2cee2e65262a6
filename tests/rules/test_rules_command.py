"""`tocsin rules` as a program sees it."""

import json
from pathlib import Path

from typer.testing import CliRunner

from tocsin.commands.rules import app

RUN = CliRunner()


def test_match_writes_one_line_per_line_and_names_bad_ones() -> None:
    lines = [
        json.dumps({"id": "a", "title": "Norway lifts arms embargo on Ghana", "published_at": "2024-05-01"}),
        "{not json",
        json.dumps({"id": "b", "title": 7}),
        json.dumps({"id": "c", "title": "Rain in Oslo", "published_at": "yesterday"}),
        json.dumps({"id": "d", "title": "Rain in Oslo", "text": None}),
    ]
    result = RUN.invoke(app, ["match"], input="\n".join(lines) + "\n")
    found = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.exit_code == 1
    assert [f["id"] for f in found] == ["a", None, None, None, "d"]
    assert [f.get("line") for f in found] == [None, 2, 3, 4, None]
    match = found[0]["matches"][0]
    assert (match["rule"], match["status"], match["bindings"]["TARGET"]) == ("restriction.ended", "done", "GH")
    assert match["evidence"] == [
        {"field": "title", "start": 0, "end": 34, "text": "Norway lifts arms embargo on Ghana"}
    ]


def test_explain_reads_a_plain_text_with_the_title_first(tmp_path: Path) -> None:
    file = tmp_path / "article.txt"
    file.write_text("Oslo notes\nNorway will lift the embargo on Ghana.\n", "utf8")
    result = RUN.invoke(app, ["explain", "restriction.ended", str(file)])
    assert "does not match" in result.stdout
    assert "found planned" in result.stdout
    assert '"will"' in result.stdout


def test_test_exits_with_1_when_a_test_fails_and_names_its_line(tmp_path: Path) -> None:
    file = tmp_path / "r.yml"
    file.write_text(
        "rule: a.b\ntitle: abc\nclaim: {act: lift, object: embargo}\ntests:\n  - {hit: 'Rain fell.'}\n", "utf8"
    )
    result = RUN.invoke(app, ["test", str(file), "--no-packs"])
    assert result.exit_code == 1
    assert f"{file}:5: FAILED a.b" in result.stdout


def test_list_and_show_tell_what_is_loaded() -> None:
    rows = json.loads(RUN.invoke(app, ["list", "--json"]).stdout)
    assert "embargo.ended" in {r["id"] for r in rows}
    shown = json.loads(RUN.invoke(app, ["show", "embargo.ended"]).stdout)
    assert shown["rule"] == "embargo.ended"
    assert RUN.invoke(app, ["show", "nothing.here"]).exit_code == 2
