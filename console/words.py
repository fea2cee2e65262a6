"""Values in words, as templates show them. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from store.database import instant

FILTERS: dict[str, Callable[..., Any]] = {}


def iso(microseconds: int) -> str:
    """RFC 3339 in UTC, to the second."""
    return instant(microseconds).strftime("%Y-%m-%dT%H:%M:%SZ")


FILTERS |= {"iso": iso}
