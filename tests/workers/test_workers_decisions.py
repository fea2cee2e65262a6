"""Laws of the pure decisions: keys, episodes, waits, filters."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from rules.model import LEVELS, Emit
from store.endpoints import rest_s
from store.episodes import Episode
from store.subscriptions import Filter
from store.tries import GIVE_UP_S, Parcel
from workers import alerts
from workers.alerts import Opened, Sighting, Suppressed, decide, key_of, subject_of
from workers.channels import Delivered, Refused, TryAgain
from workers.entitlement import passes
from workers.fate import tried_of
from workers.retry import JITTER, MAX_AFTER_S, SCHEDULE_S, GiveUp, Wait, after_failure

SECOND = 1_000_000
instants = st.integers(0, 4_000_000_000_000_000)
values = st.none() | st.text(max_size=5)
keys = st.lists(st.tuples(st.sampled_from(["by", "on", "object"]), values), max_size=3, unique_by=lambda pair: pair[0])
states = st.sampled_from(["in_force", "ended"])


def episode(*, becomes: str | None = None, closed: bool = False, asserted_at: int = 0, opened_at: int = 0) -> Episode:
    return Episode(id="e1", number=1, becomes=becomes, opened_at=opened_at, asserted_at=asserted_at, closed=closed)


@given(keys, st.text(), st.text())
def test_an_unbound_part_never_merges_two_stories(pairs: list[tuple[str, str | None]], one: str, other: str) -> None:
    emit = Emit(key=tuple(pairs))
    unbound = not pairs or any(value is None for _, value in pairs)
    assert (key_of(emit, one) == key_of(emit, other)) == (one == other or not unbound)


@given(keys, st.text())
def test_the_order_of_a_key_does_not_matter(pairs: list[tuple[str, str | None]], story: str) -> None:
    assert key_of(Emit(key=tuple(pairs)), story) == key_of(Emit(key=tuple(reversed(pairs))), story)
    json.loads(key_of(Emit(key=tuple(pairs)), story))


def test_a_bound_value_cannot_pretend_to_be_a_story() -> None:
    bound = key_of(Emit(key=(("by", "s1"),)), "s2")
    assert bound != key_of(Emit(key=(("by", None),)), "s1")


def test_rules_that_share_a_state_share_its_episodes() -> None:
    emit = Emit(state="restriction", becomes="ended")
    assert subject_of("embargo.ended", emit) == subject_of("sanctions.lifted", emit)
    assert subject_of("embargo.ended", Emit()) == "embargo.ended"


@given(states, instants, instants)
def test_the_first_match_of_a_key_opens_episode_one(becomes: str, asserted_at: int, now: int) -> None:
    assert decide(Emit(state="s", becomes=becomes), None, asserted_at, now) == Opened(number=1)


@given(states, states, instants, instants, instants)
def test_a_state_changes_only_by_news_that_is_not_older(
    before: str, after: str, then: int, asserted_at: int, now: int
) -> None:
    latest = episode(becomes=before, asserted_at=then)
    decision = decide(Emit(state="s", becomes=after), latest, asserted_at, now)
    if before == after:
        assert decision == Sighting(alert_id="e1")
    elif asserted_at < then:
        assert decision == Suppressed(why=alerts.OLDER)
    else:
        assert decision == Opened(number=2, closes="e1")


@given(st.lists(states, min_size=1, max_size=12))
def test_every_change_of_a_state_is_one_episode(news: list[str]) -> None:
    latest: Episode | None = None
    for at, becomes in enumerate(news):
        match decide(Emit(state="s", becomes=becomes), latest, at, at):
            case Opened(number=number):
                latest = replace(episode(becomes=becomes, asserted_at=at), number=number)
    assert latest is not None
    assert latest.number == 1 + sum(a != b for a, b in pairwise(news))


@given(st.integers(1, 10**6), instants, st.integers(0, 10**6))
def test_within_once_per_a_match_is_a_sighting(once_per_s: int, opened_at: int, later_s: int) -> None:
    latest = episode(opened_at=opened_at)
    decision = decide(Emit(once_per_s=once_per_s), latest, 0, opened_at + later_s * SECOND)
    assert isinstance(decision, Sighting) == (later_s < once_per_s)


def test_a_closed_episode_is_followed_by_the_next() -> None:
    assert decide(Emit(), episode(closed=True), 0, 0) == Opened(number=2)


@given(st.integers(1, 9), st.floats(0, 1), st.none() | st.floats(0, 10**7))
def test_a_wait_is_the_planned_one_within_its_jitter_or_what_was_asked(
    failures: int, chance: float, asked_s: float | None
) -> None:
    decision = after_failure(failures, 0, asked_s, chance)
    assert isinstance(decision, Wait)
    planned_s = SCHEDULE_S[failures]
    assert decision.after_s >= planned_s * (1 - JITTER) - 1e-6
    assert decision.after_s <= max(planned_s * (1 + JITTER), min(asked_s or 0, MAX_AFTER_S)) + 1e-6


def test_the_schedule_spans_75_hours_and_35_minutes() -> None:
    assert sum(SCHEDULE_S) == 75 * 3_600 + 35 * 60 + 5


@given(st.integers(1, 9), st.floats(0, 1), st.floats(0, GIVE_UP_S))
def test_no_automatic_try_is_later_than_five_days(failures: int, chance: float, age_s: float) -> None:
    match after_failure(failures, age_s, None, chance):
        case Wait(after_s=after_s):
            assert age_s + after_s <= GIVE_UP_S
        case GiveUp(why=why):
            assert "5 days" in why


def test_the_tenth_failure_is_the_last() -> None:
    assert isinstance(after_failure(9, 0, None, 0.5), Wait)
    assert after_failure(10, 0, None, 0.5) == GiveUp(why="10 tries failed")


def test_an_address_rests_when_it_asks_to_or_its_breaker_is_open() -> None:
    assert rest_s(0, None) == 0
    assert rest_s(0, 30) == 30
    assert [rest_s(rests, None) / 60 for rests in range(1, 9)] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert rest_s(1, 300) == 300
    assert rest_s(1, 10**9) == MAX_AFTER_S


@given(st.integers(0, 10_000), st.none() | st.floats(allow_nan=False))
def test_no_rest_is_longer_than_a_day(rests: int, asked_s: float | None) -> None:
    assert 0 <= rest_s(rests, asked_s) <= MAX_AFTER_S


PARCEL = Parcel(
    id="d1",
    subscription_id="s",
    endpoint_id="e",
    channel="webhook",
    address="https://x.example.org/",
    secret=None,
    body=b"",
    attempt=3,
    failures=2,
    since_at=0,
    leased_at=10 * SECOND,
    message_at=0,
)


def test_what_a_try_means_for_its_delivery() -> None:
    delivered = tried_of(PARCEL, Delivered(code=204), 5, 7, 0.5)
    assert (delivered.status, delivered.outcome, delivered.number, delivered.code) == ("delivered", "delivered", 3, 204)
    again = tried_of(PARCEL, TryAgain(reason="HTTP 500", code=500), 5, 7, 0.5)
    assert (again.status, again.wait_s, again.detail) == ("pending", SCHEDULE_S[3], "HTTP 500")
    gone = tried_of(PARCEL, Refused(reason="HTTP 410", disable_endpoint=True), 5, 7, 0.5)
    assert (gone.status, gone.disable) == ("dead", "HTTP 410")
    last = tried_of(replace(PARCEL, failures=9), TryAgain(reason="HTTP 500"), 5, 7, 0.5)
    assert (last.status, last.detail) == ("dead", "10 tries failed; the last: HTTP 500")


FACTS = {"rule": "embargo.ended", "tags": ["energy"], "level": "high", "tier": "press", "confidence": 0.8}


def test_a_filter_lets_pass_what_all_its_parts_let_pass() -> None:
    assert passes(Filter(rules=("embargo.*",)), FACTS)
    assert not passes(Filter(rules=("sanctions.*",)), FACTS)
    assert passes(Filter(rules=("sanctions.*", "*.ended"), tags=("energy", "x"), tiers=("press",)), FACTS)
    assert not passes(Filter(rules=("*",), tags=("x",)), FACTS)
    assert not passes(Filter(rules=("*",), tiers=("official",)), FACTS)
    assert not passes(Filter(rules=("*",), confidence=0.9), FACTS)
    assert not passes(Filter(rules=()), FACTS)


@given(st.sampled_from(LEVELS), st.sampled_from(LEVELS))
def test_a_filter_takes_its_level_and_those_above(level: str, minimum: str) -> None:
    taken = passes(Filter(rules=("*",), level=str(minimum)), {**FACTS, "level": str(level)})
    assert taken == (LEVELS.index(level) >= LEVELS.index(minimum))  # type: ignore[arg-type]
