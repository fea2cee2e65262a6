"""A feed that brings its archive again, under new names, must not alert again: what it brings is stored and shown, but
kept quiet. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from watcher.decide import Decided, Seen
from watcher.entry import Entry

QUIET = "archive"
"""Why such an article is quiet."""
MANY = 10
"""New entries that look old, from which on a feed is thought to bring its archive; fewer are late ones."""
MANY_UNDATED = 100
"""New entries without a date, from which on they are taken for old ones."""
LATE = 2 * 86_400 * 1_000_000
"""Microseconds before the last look that a new entry may be dated."""


def calmed(new: Sequence[Decided], seen: Mapping[str, Seen], looked_at: int) -> tuple[Decided, ...]:
    """The *new* entries, those of a republished archive made quiet. *seen* are the names known before; *looked_at* is
    when the feed was last read (microseconds UTC).
    """
    undated = sum(one.entry.published_at is None for one in new)
    old = {
        one.article_id
        for one in new
        if _is_old(one.entry, seen, looked_at) or (one.entry.published_at is None and undated >= MANY_UNDATED)
    }
    if len(old) < MANY or 2 * len(old) < len(new):
        return tuple(new)
    return tuple(replace(one, quiet=one.quiet or QUIET) if one.article_id in old else one for one in new)


def _is_old(entry: Entry, seen: Mapping[str, Seen], looked_at: int) -> bool:
    """Dated long before the last look, or known by its words: those of an undated entry's title are enough."""
    names = entry.names
    if names.content in seen:
        return True
    return names.title in seen if entry.published_at is None else entry.published_at < looked_at - LATE
