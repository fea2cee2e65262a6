"""How a feed fares, and what is told of it: each trouble once when it begins, and that it is over. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from store.database import instant
from store.feeds import FeedState
from store.fetches import FeedUpdate, Notice
from store.words import span
from watcher.schedule import DAY_S, words

SECOND = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """What is called trouble: so many failures in a row, over so many seconds (a server that is started anew is none);
    so many times the usual time between two entries without a new one (but never less than a day: nights are silent).
    """

    failures: int = 5
    failing_s: int = 3_600
    gaps: int = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """What one look showed. `overlap`: does the document hold entries that were known? None where it cannot say;
    `moved_to`: the new address, in the look that confirms it.
    """

    overlap: bool | None = None
    new: int = 0
    moved_to: str | None = None


def told(
    state: FeedState, update: FeedUpdate, signs: Signs, now: int, patience: Patience
) -> tuple[FeedUpdate, tuple[Notice, ...]]:
    """The *update* with the troubles that are open after it, and the notices of those that begin or end with it."""
    before = set(state.troubles)
    after = _troubles(before, state, update, signs, now, patience)
    episodes = dict(state.episodes)
    notices = []
    for kind, text, details in _events(before, after, state, update, signs, now):
        episodes[kind] = episodes.get(kind, 0) + 1
        words = f"{state.feed.name} {text}"
        notices.append(Notice(kind=f"feed.{kind}", number=episodes[kind], words=words, details=details))
    return replace(update, troubles=tuple(sorted(after)), episodes=episodes), tuple(notices)


def _troubles(
    before: set[str], state: FeedState, update: FeedUpdate, signs: Signs, now: int, patience: Patience
) -> set[str]:
    if update.status == "gone":
        return (before - {"failing"}) | {"gone"}
    if update.status == "failing":
        return before | ({"failing"} if _is_failing(update, now, patience) and "gone" not in before else set())
    after = before - {"failing", "gone"}
    if signs.overlap is not None:
        after = after - {"gap"} if signs.overlap else after | {"gap"}
    if signs.new:
        return after - {"silent"}
    return after | ({"silent"} if _is_silent(state, update, now, patience) else set())


def _is_failing(update: FeedUpdate, now: int, patience: Patience) -> bool:
    since_at = now if update.failing_since_at is None else update.failing_since_at
    return update.failures >= patience.failures and now - since_at >= patience.failing_s * SECOND


def _is_silent(state: FeedState, update: FeedUpdate, now: int, patience: Patience) -> bool:
    since_at = update.last_new_at or state.first_success_at
    if since_at is None or not update.usual_gap_s:
        return False
    return now - since_at > max(DAY_S, patience.gaps * update.usual_gap_s) * SECOND


Event = tuple[str, str, dict[str, Any]]
"""Kind, what the feed does or did, and details for programs."""


def _events(
    before: set[str], after: set[str], state: FeedState, update: FeedUpdate, signs: Signs, now: int
) -> Iterator[Event]:
    if (over := before - after - {"gap"}) and "gone" not in after:
        yield _recovered(over, state, now)
    for trouble in sorted(after - before):
        yield _BEGUN[trouble](state, update, now)
    if signs.moved_to:
        text = f"has moved for good to {signs.moved_to}, and is fetched from there; change its URL when you can."
        yield "moved", text, {"to": signs.moved_to}


def _recovered(over: set[str], state: FeedState, now: int) -> Event:
    since_at = state.failing_since_at if over != {"silent"} else state.last_new_at
    after_text = f" after {_since(since_at, now)}" if since_at else ""
    text = f"brings new entries again{after_text}" if over == {"silent"} else f"works again{after_text}"
    return "recovered", f"{text}; there is nothing to do.", {"from": sorted(over)}


def _failing(state: FeedState, update: FeedUpdate, now: int) -> Event:
    since = _since(update.failing_since_at, now)
    why = (update.error or "").rstrip(".")
    text = (
        f"has failed {update.failures} times in a row, for {since}: {why}. It is asked again by itself, ever more "
        "rarely; look at its address, and correct or remove it where it is wrong."
    )
    return "failing", text, {"error_class": update.error_class, "failures": update.failures}


def _gone(state: FeedState, update: FeedUpdate, now: int) -> Event:
    text = "is gone for good, says the server (410); it is asked again in 30 days. Remove it, or give its new address."
    return "gone", text, {"error_class": update.error_class}


def _silent(state: FeedState, update: FeedUpdate, now: int) -> Event:
    usual_s = update.usual_gap_s or 0
    since = _since(update.last_new_at or state.first_success_at, now)
    text = (
        f"has brought nothing new for {since}, though it answers; usually something comes every {words(usual_s)}. See "
        "whether it has been given up, or replaced by another feed."
    )
    return "silent", text, {"usual_gap_s": usual_s}


def _gap(state: FeedState, update: FeedUpdate, now: int) -> Event:
    since = _since(state.last_success_at, now)
    every = state.feed.every
    oftener = "it is looked at oftener now"
    mend = f"a shorter `every` than {words(int(every))} would help" if every.isdigit() else oftener
    text = f"has none of the entries of {since} ago any more: articles may have been missed; {mend}."
    return "gap", text, {"looked_at_before": _stamp(state.last_success_at)}


_BEGUN = {"failing": _failing, "gone": _gone, "silent": _silent, "gap": _gap}


def _stamp(at: int | None) -> str | None:
    """RFC 3339 in UTC, to the second."""
    return None if at is None else f"{instant(at):%Y-%m-%dT%H:%M:%SZ}"


def _since(at: int | None, now: int) -> str:
    """How long ago, roughly."""
    return span(0 if at is None else now - at)
