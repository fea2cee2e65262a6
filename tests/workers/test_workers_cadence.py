"""Periods of digests tile time, whatever clocks do: laws over instants and zones, and the two nights of the year."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from store.database import instant, microseconds
from workers.cadence import DAYS, Cadence, Daily, cadence_of, read_cadence

ZONES = (
    *("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe"),
    *("Pacific/Apia", "Pacific/Kiritimati", "America/St_Johns", "Africa/Casablanca", "Europe/Dublin", "Asia/Gaza"),
)
DAY = 86_400_000_000

times = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.integers(0, 59))
zones = st.sampled_from(ZONES)
stored = st.one_of(
    st.just({"hourly": True}),
    st.builds(lambda at, zone: {"daily": at, "timezone": zone}, times, zones),
    st.builds(
        lambda at, zone, day: {"weekly": {"day": day, "at": at}, "timezone": zone}, times, zones, st.sampled_from(DAYS)
    ),
)
# from 2010: Samoa leaves out the 30th of December 2011
instants = st.integers(microseconds(datetime(2010, 1, 1, tzinfo=UTC)), microseconds(datetime(2040, 1, 1, tzinfo=UTC)))


def cadence(written: dict[str, Any]) -> Cadence:
    found = cadence_of(written)
    assert found is not None
    return found


@given(stored, instants)
def test_every_instant_belongs_to_one_period_and_the_next_one_begins_where_it_ends(
    written: dict[str, Any], at: int
) -> None:
    one = cadence(written)
    period = one.period(at)
    assert period.start <= at < period.end
    assert one.period(period.start) == one.period(period.end - 1) == period
    assert one.period(period.end).start == period.end
    assert one.period(period.start - 1).end == period.start


@given(stored, instants)
def test_no_period_is_much_longer_or_shorter_than_its_name(written: dict[str, Any], at: int) -> None:
    period = cadence(written).period(at)
    length = period.end - period.start
    if "hourly" in written:
        assert length == DAY / 24
    else:
        days = 7 if "weekly" in written else 1
        slack = DAY if written["timezone"] == "Pacific/Apia" else DAY / 12
        assert abs(length - days * DAY) <= slack


@given(st.builds(lambda at, zone: {"daily": at, "timezone": zone}, times, zones), instants)
def test_a_day_ends_when_the_clock_on_the_wall_says_so(written: dict[str, Any], at: int) -> None:
    local = instant(cadence(written).period(at).end).astimezone(ZoneInfo(written["timezone"]))
    hour, minute = map(int, written["daily"].split(":"))
    naive = local.replace(hour=hour, minute=minute, tzinfo=None)
    in_gap = naive.replace(tzinfo=local.tzinfo).astimezone(UTC).astimezone(local.tzinfo).replace(tzinfo=None) != naive
    assert f"{local:%H:%M}" == written["daily"] or in_gap


@given(st.sampled_from(DAYS), zones, times, instants)
def test_a_week_ends_on_its_day(day: str, zone: str, at_time: str, at: int) -> None:
    end = cadence({"weekly": {"day": day, "at": at_time}, "timezone": zone}).period(at).end
    weekday = instant(end).astimezone(ZoneInfo(zone)).weekday()
    # a gap around midnight, or a date that is left out, moves it to the next day
    assert (weekday - DAYS.index(day)) % 7 in (0, 1)


def ends(written: dict[str, Any], first: str, count: int) -> list[str]:
    at, found = microseconds(datetime.fromisoformat(first)), []
    for _ in range(count):
        at = cadence(written).period(at).end
        found.append(instant(at).astimezone(ZoneInfo(written["timezone"])).strftime("%d %H:%M %Z"))
    return found


def test_a_time_that_the_clock_leaps_over_comes_once_when_the_leap_is_over() -> None:
    written = {"daily": "02:30", "timezone": "Europe/Berlin"}
    assert ends(written, "2026-03-28T00:00+01:00", 3) == ["28 02:30 CET", "29 03:30 CEST", "30 02:30 CEST"]


def test_a_time_that_comes_twice_counts_the_first_time() -> None:
    written = {"daily": "02:30", "timezone": "Europe/Berlin"}
    assert ends(written, "2026-10-24T00:00+02:00", 3) == ["24 02:30 CEST", "25 02:30 CEST", "26 02:30 CET"]


def test_a_date_that_is_left_out_makes_no_digest() -> None:
    written = {"daily": "07:00", "timezone": "Pacific/Apia"}
    assert ends(written, "2011-12-28T12:00-10:00", 3) == ["29 07:00 -10", "31 07:00 +14", "01 07:00 +14"]


def test_what_is_told_at_once_has_no_periods() -> None:
    assert cadence_of(read_cadence("instant")) is None
    assert isinstance(cadence_of(read_cadence({"daily": "07:00"})), Daily)
