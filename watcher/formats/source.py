"""Where a body is from, as far as reading it needs to know."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The URL that answered, the Content-Type it gave, and how many entries are wanted at most."""

    url: str
    content_type: str = ""
    max_entries: int = 10_000
