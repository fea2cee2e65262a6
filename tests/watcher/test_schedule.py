from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from net.client import Hop
from watcher import moved
from watcher.fetch import fresh_for, retry_after
from watcher.moved import Moved
from watcher.schedule import AUTO_S, CACHE_S, DAY_S, LONG_S, MAX_S, MIN_S, after_failure, after_success, rhythm_s, words

NOW = 1_800_000_000_000_000
HOUR = 3_600 * 1_000_000


def success_s(**given_: object) -> int:
    arguments: dict[str, object] = {"every_s": None, "published": (), "now": NOW, "seed": "s", **given_}
    return after_success(**arguments).after_s  # type: ignore[arg-type]


def near(seconds: int, wanted: int) -> bool:
    return 0.9 * wanted <= seconds <= 1.1 * wanted


def test_a_declared_interval_is_kept_within_a_tenth() -> None:
    assert near(success_s(every_s=600), 600)
    assert near(success_s(every_s=600, cache_s=7_200, ttl_s=7_200), 600)


def test_the_interval_follows_the_rhythm_of_the_feed() -> None:
    hourly = [NOW - n * HOUR for n in range(20)]
    busy = [NOW - n * HOUR // 60 for n in range(20)]
    assert near(success_s(published=hourly), 1_800)
    assert near(success_s(published=busy), AUTO_S[0])
    assert near(success_s(published=[at - 200 * HOUR for at in hourly]), AUTO_S[1])
    assert rhythm_s([NOW], NOW) == rhythm_s([], NOW)
    assert rhythm_s([NOW + 10**15, *hourly], NOW) == rhythm_s(hourly, NOW)


def test_declared_limits_hold_for_the_rhythm_and_for_what_feed_and_server_ask_for() -> None:
    limits = (900, 1_800)
    busy = [NOW - n * HOUR // 60 for n in range(20)]
    daily = [NOW - n * 24 * HOUR for n in range(20)]
    assert near(success_s(published=busy, limits=limits), 900)
    assert near(success_s(published=daily, limits=limits), 1_800)
    assert near(success_s(published=daily, limits=(60, 36_000)), 36_000)
    assert near(success_s(published=busy, cache_s=86_400, limits=limits), 1_800)
    assert near(success_s(previous_s=7_200, limits=limits), 1_800)
    assert near(success_s(previous_s=1_000, gap=True, limits=limits), 900)


def test_a_304_keeps_the_interval_so_far() -> None:
    assert near(success_s(previous_s=420), 420)


def test_what_feed_and_server_ask_for_is_honoured_within_reason() -> None:
    assert near(success_s(previous_s=600, ttl_s=3_600), 3_600)
    assert near(success_s(previous_s=600, cache_s=7_200, ttl_s=3_600), 7_200)
    assert near(success_s(previous_s=600, cache_s=31_536_000), CACHE_S)
    assert near(success_s(previous_s=3_600, cache_s=60), 3_600)


def test_retry_after_is_a_floor_even_under_a_declared_interval() -> None:
    check = after_success(every_s=60, published=(), now=NOW, retry_after_s=7_200, seed="s")
    assert 7_200 <= check.after_s <= 7_920
    assert "Retry-After" in check.why


def test_failures_double_the_rest_to_a_day_and_then_to_a_month_and_never_stop() -> None:
    rests = [after_failure(interval_s=1_800, failures=n, seed="s").after_s for n in range(1, 60)]
    assert near(rests[0], 300)
    assert near(rests[1], 600)
    assert near(rests[20], DAY_S)
    assert near(rests[-1], LONG_S)
    assert rests == sorted(rests)


def test_a_failure_never_rests_shorter_than_retry_after() -> None:
    assert after_failure(interval_s=60, failures=1, retry_after_s=3_600, seed="s").after_s >= 3_600
    assert after_failure(interval_s=60, failures=1, retry_after_s=10**9, seed="s").after_s <= 1.1 * DAY_S


def test_a_feed_that_is_gone_is_asked_again_after_a_month() -> None:
    assert near(after_failure(interval_s=60, failures=1, gone=True, seed="s").after_s, LONG_S)


@given(
    st.none() | st.integers(1, 10**9),
    st.lists(st.integers(-(10**18), 10**18), max_size=30),
    st.none() | st.integers(0, 10**9),
    st.text(max_size=5),
)
def test_every_rest_is_within_the_limits(
    every_s: int | None, published: list[int], asked_s: int | None, seed: str
) -> None:
    check = after_success(
        every_s=every_s, published=published, now=NOW, ttl_s=asked_s, cache_s=asked_s, retry_after_s=asked_s, seed=seed
    )
    assert MIN_S <= check.after_s <= 1.1 * MAX_S
    assert check.why


def test_jitter_spreads_feeds_that_started_together() -> None:
    rests = {success_s(every_s=3_600, seed=str(n)) for n in range(100)}
    assert len(rests) > 80


def test_durations_are_said_as_people_say_them() -> None:
    assert [words(s) for s in (45, 90, 300, 5_400, 7_200, 86_400, 1_234)] == [
        "45s",
        "90s",
        "5m",
        "90m",
        "2h",
        "1d",
        "21m",
    ]


WHEN = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        ("0", 0),
        ("99999999999999", 86_400),
        ("Tue, 24 Nov 2026 12:01:00 GMT", 60),
        ("Tue, 24 Nov 2020 12:01:00 GMT", 0),
        ("-1", None),
        ("nan", None),
        ("1e99", None),
        ("soon", None),
        ("", None),
        ("²", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str, seconds: int | None) -> None:
    assert retry_after({"retry-after": value}, WHEN) == seconds


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"cache-control": "public, max-age=600"}, 600),
        ({"cache-control": "max-age=600", "age": "500"}, 100),
        ({"cache-control": "s-maxage=5, max-age=600, no-cache"}, None),
        ({"cache-control": "s-maxage=5"}, None),
        ({"expires": "Tue, 24 Nov 2026 12:10:00 GMT", "date": "Tue, 24 Nov 2026 12:00:00 GMT"}, 600),
        ({"expires": "0"}, None),
        ({}, None),
    ],
)
def test_freshness_is_read_as_a_cache_would(headers: dict[str, str], seconds: int | None) -> None:
    assert fresh_for(headers, WHEN) == seconds


def test_a_permanent_redirect_is_believed_after_ten_sightings_over_a_day() -> None:
    new = "https://a.example/new"
    seen = Moved()
    for n in range(9):
        seen = moved.after_answer(seen, [Hop(status=301, url=new)], NOW + n * HOUR)
    assert moved.confirmed(seen, NOW + 100 * HOUR) is None
    seen = moved.after_answer(seen, [Hop(status=301, url=new)], NOW + 10 * HOUR)
    assert moved.confirmed(seen, NOW + 23 * HOUR) is None
    assert moved.confirmed(seen, NOW + 25 * HOUR) == new


def test_a_new_address_that_fails_is_given_up_after_the_third_time() -> None:
    assert [moved.kept("https://a.example/new", failures) for failures in (1, 2, 3)] == [
        "https://a.example/new"
    ] * 2 + [None]


def test_a_redirect_that_flaps_or_is_temporary_is_forgotten() -> None:
    seen = moved.after_answer(Moved(), [Hop(status=301, url="https://a.example/new")], NOW)
    assert moved.after_answer(seen, [], NOW) == Moved()
    assert moved.after_answer(seen, [Hop(status=302, url="https://a.example/new")], NOW) == Moved()
    assert moved.after_answer(seen, [Hop(status=301, url="https://b.example/")], NOW).count == 1
