"""The rest that a feed asks for between two looks."""

from __future__ import annotations

_PERIODS_S = {"hourly": 3_600, "daily": 86_400, "weekly": 604_800, "monthly": 2_592_000, "yearly": 31_536_000}


def ttl_s(ttl: str, period: str, frequency: str) -> int | None:
    """Seconds: RSS *ttl* in minutes, or `sy:updatePeriod` divided by `sy:updateFrequency`; None where neither says."""
    minutes, times = _count(ttl, 6), _count(frequency, 4)
    if minutes is not None:
        return minutes * 60
    period_s = _PERIODS_S.get(period.strip().lower())
    return period_s // max(1, 1 if times is None else times) if period_s else None


def _count(text: str, digits: int) -> int | None:
    value = text.strip()
    return int(value) if value.isascii() and value.isdigit() and len(value) <= digits else None
