"""The shipped packs: their own tests pass, and each rule carries enough of them."""

import pytest

from rules import load, run_tests

RULES = load()
SIGNALS = [
    "ceasefire.agreed",
    "defence.cooperation.signalled",
    "defence.deal.new",
    "diplomats.expelled",
    "embargo.ended",
    "restriction.ended",
    "sanctions.imposed",
    "sanctions.proposed",
    "treaty.exit",
    "treaty.signed",
]


def test_every_test_inside_the_packs_passes() -> None:
    failed = [f"{r.source}: {r.rule}: {r.message}: {r.text}" for r in run_tests(RULES) if r.failed]
    assert failed == []


@pytest.mark.parametrize("signal", SIGNALS)
def test_a_signal_has_hits_and_misses_with_reasons(signal: str) -> None:
    tests = RULES.rules[signal].document.tests
    assert sum(t.hit is not None for t in tests) >= 4
    assert sum(t.miss is not None and t.because is not None for t in tests) >= 8


def test_a_miss_with_the_wrong_reason_fails(tmp_path) -> None:  # type: ignore[no-untyped-def]
    file = tmp_path / "r.yml"
    file.write_text(
        "rule: a.b\ntitle: abc\nclaim: {act: $end_restriction, object: $embargo}\ntests:\n"
        '  - {miss: "Norway will lift the embargo.", because: status=denied}\n'
        '  - {miss: "Norway will lift the embargo.", because: status=planned}\n'
        '  - {hit: "Norway will lift the embargo."}\n'
        '  - {todo_hit: "Norway will lift the embargo."}\n',
        "utf8",
    )
    results = run_tests(load(file, packs=False))
    assert [(r.passed, r.failed) for r in results] == [(False, True), (True, False), (False, True), (False, False)]
    assert "planned" in results[0].message
