from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.dates import published, read_date

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "instant", "provenance"),
    [
        ("Tue, 24 Nov 2026 10:00:00 GMT", "2026-11-24T10:00", "declared"),
        ("Tue, 24 Nov 2026 10:00:00 +0530", "2026-11-24T04:30", "declared"),
        ("Tue, 24 Nov 2026 10:00:00 EST", "2026-11-24T15:00", "declared"),
        ("Tue, 24 Nov 2026 10:00:00 CET", "2026-11-24T09:00", "declared"),
        ("Tue, 24 Nov 2026 10:00:00 GMT+3", "2026-11-24T07:00", "declared"),
        ("Tue, 24 Nov 2026 10:00 PM EST", "2026-11-25T03:00", "declared"),
        ("Thu Jan 4 10:00:00 MSK 2024", "2024-01-04T07:00", "declared"),
        ("2024-01-03T10:00:00Z", "2024-01-03T10:00", "declared"),
        ("2024-01-03T10:00:00.5+02:00", "2024-01-03T08:00:00.5", "declared"),
        ("2024-01-03 10:00:00 +0200", "2024-01-03T08:00", "declared"),
        ("Mo, 03 Jan 2024 10:00:00 +0100", "2024-01-03T09:00", "declared"),
        ("Tue, 24 Nov 2026 10:00:00", "2026-11-24T10:00", "inferred"),
        ("Tue, 24 Nov 2026 10:00:00 IST", "2026-11-24T04:30", "inferred"),
        ("Tue, 24 Nov 2026 10:00:00 BST", "2026-11-24T09:00", "inferred"),
        ("Tue, 24 Nov 2026 10:00:00 Europe/Berlin", "2026-11-24T10:00", "inferred"),
        ("2024-01-03", "2024-01-03T00:00", "inferred"),
        ("2024-01-03T10:00:00", "2024-01-03T10:00", "inferred"),
        ("2016/6/29", "2016-06-29T00:00", "inferred"),
        ("1704276000", "2024-01-03T10:00", "inferred"),
        ("1704276000000", "2024-01-03T10:00", "inferred"),
        ("03.04.2024 12:00", "2024-04-03T12:00", "inferred"),
        ("25/04/2024 10:00", "2024-04-25T10:00", "inferred"),
        ("mercredi 3 janvier 2024 10:00", "2024-01-03T10:00", "inferred"),
        ("Sonntag, 3. März 2024 10:00 Uhr", "2024-03-03T10:00", "inferred"),
        ("Wed, 03 Jan 2024 10:00:00 +05:30", "2024-01-03T04:30", "declared"),
        ("Wed Jan 03 2024 10:00:00 GMT+0100 (Central European Standard Time)", "2024-01-03T09:00", "declared"),
        ("2024-01-03T10:00:00-05:00[America/New_York]", "2024-01-03T15:00", "declared"),
        ("Wed, 03 Jan 2024 10:00:00 EDT-0400", "2024-01-03T14:00", "declared"),
        ("Seg, 24 Set 2018 19:42:40 -0300", "2018-09-24T22:42:40", "declared"),
        ("sexta-feira, 5 de abril de 2024 10:00", "2024-04-05T10:00", "inferred"),
        ("Ср, 03 Янв 2024 10:00:00 +0300", "2024-01-03T07:00", "declared"),
        ("3 января 2024 г. 10:00", "2024-01-03T10:00", "inferred"),
        ("śr., 03 sty 2024 10:00:00 +0100", "2024-01-03T09:00", "declared"),
        ("Çar, 03 Oca 2024 10:00:00 +0300", "2024-01-03T07:00", "declared"),
        ("ons, 03 maj 2024 10:00:00 +0200", "2024-05-03T08:00", "declared"),
        ("mar., 05 mars 2024 10:00:00 +0100", "2024-03-05T09:00", "declared"),
        ("Τετ, 03 Ιαν 2024 10:00:00 EET", "2024-01-03T08:00", "declared"),
        ("2024年1月3日 10:00", "2024-01-03T10:00", "inferred"),
        ("3. 1. 2024 10:00", "2024-01-03T10:00", "inferred"),
        ("2024-01", "2024-01-01T00:00", "inferred"),
        ("2024-01-03T24:00:00Z", "2024-01-04T00:00", "inferred"),
        ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59", "inferred"),
        ("2024-01-03T10:00:00Z>", "2024-01-03T10:00", "inferred"),
        ("2024-01-03 10:00:00 Europe/Berlin", "2024-01-03T10:00", "inferred"),
        ("2024-01-03T1o:00", "2024-01-03T00:00", "inferred"),
        ("2024-01-03T25:00:00Z", "2024-01-03T00:00", "inferred"),
    ],
)
def test_a_date_is_read_and_says_how_sure_it_is(text: str, instant: str, provenance: str) -> None:
    assert read_date(text) == (datetime.fromisoformat(instant).replace(tzinfo=UTC), provenance)


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "Invalid Date", "0000-00-00", "0000-00-00 00:00:00", "03/04/2024", "10", "1", "Monday", "June"),
        *(
            "2024",
            "10:00",
            "Wed, 31 Dec 0001 23:59:59 GMT",
            "2024-13-45",
            "2024-01-03 or 2024-01-04",
            "9999-12-31T24:00:00Z",
            "2024-02-30T10:00:00Z",
            "yesterday",
            "3 listopada 2024",
            "9" * 20,
            "x" * 1000,
            "32 May",
        ),
    ],
)
def test_what_is_no_date_or_could_be_two_is_none(text: str) -> None:
    assert read_date(text) is None


@pytest.mark.parametrize(
    "text",
    ["Thu, 01 Jan 1970 00:00:00 GMT", "0001-01-01T00:00:00Z", "2041-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "0"],
)
def test_a_date_that_cannot_be_is_not_believed(text: str) -> None:
    assert published([text], NOW) == (None, "first_seen")


def test_the_first_date_that_can_be_believed_counts() -> None:
    at, provenance = published(["2041-01-01T00:00:00Z", "2024-01-03T10:00:00Z"], NOW)
    assert (at, provenance) == (1_704_276_000_000_000, "declared")


def test_a_stamp_a_few_hours_ahead_is_a_mistaken_zone_and_kept() -> None:
    assert published(["2026-11-25T00:00:00Z"], NOW)[1] == "declared"


def test_what_only_the_format_understood_is_inferred() -> None:
    assert published(["2024년 01월 03일"], NOW, fallback_at=1_704_276_000_000_000) == (
        1_704_276_000_000_000,
        "inferred",
    )
    assert published(["nonsense"], NOW, fallback_at=1_704_276_000_000_000) == (None, "first_seen")


@given(st.datetimes(datetime(1991, 1, 1), datetime(2026, 1, 1)), st.integers(-14 * 60, 14 * 60))  # noqa: DTZ001
def test_every_iso_date_with_a_zone_is_read_exactly(naive: datetime, minutes: int) -> None:
    stamp = naive.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    assert read_date(stamp.isoformat()) == (stamp, "declared")


@given(st.text(max_size=60))
def test_no_text_makes_reading_fail(text: str) -> None:
    published([text, text + " 2024"], NOW)
