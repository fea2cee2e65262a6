"""What `python -m benchmarks watching` calls growth."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks._trend import Sample, trend

MB = 1e6
ALLOWED = 2 * MB


def measured(*, leak_per_minute: float = 0.0, noise: float = 0.0, warm_up: float = 0.0, seed: int = 1) -> list[Sample]:
    """Ten minutes, a sample every five seconds, around 60 MB."""
    chance = random.Random(seed)  # noqa: S311
    return [
        (at, 60 * MB + leak_per_minute * at / 60 - warm_up * math.exp(-at / 60) + chance.gauss(0, noise))
        for at in range(0, 600, 5)
    ]


def test_a_level_is_no_growth_and_a_leak_is_in_however_much_noise() -> None:
    for seed in range(20):
        assert not trend(measured(noise=2 * MB, seed=seed)).grows(ALLOWED)
        assert trend(measured(noise=2 * MB, leak_per_minute=1 * MB, seed=seed)).grows(ALLOWED)


def test_what_fills_up_at_the_beginning_is_no_growth() -> None:
    filled = trend(measured(warm_up=20 * MB, noise=0.2 * MB))
    assert not filled.grows(ALLOWED)
    assert filled.level == pytest.approx(60 * MB, rel=0.01)


def test_a_few_large_documents_are_no_growth_wherever_they_come() -> None:
    for first in (0, 60, 90, 110):
        samples = [(at, value + 30 * MB * (first <= nth < first + 8)) for nth, (at, value) in enumerate(measured())]
        assert not trend(samples).grows(ALLOWED)


def test_a_descriptor_that_is_lost_now_and_then_is_growth() -> None:
    samples = [(at, 40.0 + at // 60) for at in range(0, 600, 5)]
    assert trend(samples).grows(1.0)
    assert not trend([(at, 40.0 + (at // 5) % 3) for at in range(0, 600, 5)]).grows(1.0)


def test_a_rise_is_told_in_its_unit_over_the_second_half() -> None:
    assert trend(measured(leak_per_minute=2 * MB)).rise == pytest.approx(9.8 * MB, rel=0.03)


def test_too_few_samples_say_nothing() -> None:
    with pytest.raises(ValueError, match="measure for longer"):
        trend(measured()[:12])
    with pytest.raises(ValueError, match="measure for longer"):
        trend([])


@given(st.lists(st.floats(0, 1e9), min_size=30, max_size=60))
def test_what_never_rises_never_grows(values: list[float]) -> None:
    falling = [(float(nth), value) for nth, value in enumerate(sorted(values, reverse=True))]
    assert not trend(falling).grows(0.0)
