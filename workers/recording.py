"""One transaction that turns matches into alerts, messages and deliveries, and stamps their articles evaluated."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, Row
from sqlalchemy.exc import IntegrityError, OperationalError

from rules.model import LEVELS, Match
from store import episodes, evaluations, holding
from store.ids import alert_id, match_id, message_id
from store.subscriptions import Subscription
from workers import alerts, amending, messages, updating
from workers.context import Context, Rules
from workers.entitlement import entitled, too_old
from workers.holding import RateGuard
from workers.telling import Telling

RETRIES = 6
"""Times a transaction is tried that lost a race against another one."""

Found = Sequence[tuple[Row[Any], tuple[Match, ...]]]
Silent = Mapping[str, Sequence[Match]]
"""By article the matches of rules that give way there: they tell nothing, and take nothing back."""


def record(context: Context, rules: Rules, found: Found, silent: Silent = MappingProxyType({})) -> list[str]:
    """Record the matches of articles that are still waiting at the revision that was analysed. Returns the ids of the
    deliveries made. Loses no race: the ledger's unique indexes decide, and the loser starts over.
    """
    for attempt in range(RETRIES):
        try:
            with context.db.write() as connection:
                telling = Telling(context=context, connection=connection, now=context.db.now(connection))
                return _Step(rules=rules, telling=telling, silent=silent).record(found)
        except (IntegrityError, OperationalError):
            if attempt == RETRIES - 1:
                raise
            time.sleep(0.02 * 2**attempt)
    raise AssertionError("unreachable")


@dataclass(slots=True, kw_only=True)
class _Step:
    """The open transaction, seen from the matches; `keys` and `stories` are those of which there has been an alert."""

    rules: Rules
    telling: Telling
    silent: Silent
    guard: RateGuard | None = None
    keys: set[tuple[str, str]] = field(default_factory=set)
    stories: set[str] = field(default_factory=set)

    @property
    def connection(self) -> Connection:
        """Of the transaction."""
        return self.telling.connection

    @property
    def now(self) -> int:
        """Microseconds UTC, the same for the whole transaction."""
        return self.telling.now

    def record(self, found: Found) -> list[str]:
        revisions = {row.id: row.revision for row, _ in found}
        waiting = {row.id for row in evaluations.still_waiting(self.connection, revisions)}
        ours = sorted(
            ((row, those) for row, those in found if row.id in waiting), key=lambda one: messages.asserted_at(one[0])
        )
        matches = [(row, match) for row, those in ours for match in _weightiest_first(those)]
        old = amending.resting(self.connection, {row.id: row.revision for row, _ in ours})
        keys = [alerts.place_of(match, row.story_id) for row, match in matches]
        keys += [(subject, row.story_id) for row, match in matches for subject, _ in [alerts.place_of(match, "")]]
        episodes.lock_keys(self.connection, [*keys, *((one.subject, one.key) for one in old)])
        told = {one.id: self.telling.reached(one.id) for one in old}
        known = episodes.known_matches(self.connection, (_match_id(row, match) for row, match in matches))
        self._look_back(matches)
        for row, match in matches:
            if _match_id(row, match) not in known:
                self._decide(row, match)
        self._amend(old, told, ours)
        counts = {row.id: len(those) for row, those in ours}
        evaluations.stamp(self.connection, counts, self.rules.hash, self.now)
        return self.telling.finish()

    def _look_back(self, matches: Sequence[tuple[Row[Any], Match]]) -> None:
        """Read, once all is locked, which keys and stories are known; what is new needs no questions of its own."""
        places = [alerts.place_of(match, row.story_id) for row, match in matches]
        self.keys |= episodes.keys_known(self.connection, places)
        self.stories |= episodes.stories_alerted(self.connection, (row.story_id for row, _ in matches))

    def _amend(self, old: Sequence[Row[Any]], told: Mapping[str, set[str]], ours: Found) -> None:
        found = {row.id: (row, those) for row, those in ours}
        for alert in old:
            article, those = found[alert.article_id]
            one = amending.Amending(
                telling=self.telling,
                rules=self.rules,
                alert=alert,
                article=article,
                matches=[*_weightiest_first(those), *self.silent.get(article.id, ())],
                told=told[alert.id],
            )
            one.amend()

    def _decide(self, row: Row[Any], match: Match) -> None:
        match self._decision(row, match):
            case alerts.Opened(number=number, closes=closes):
                self._open(row, match, number, closes)
            case alerts.Sighting(alert_id=id):
                self._sight(row, match, id)
            case alerts.Joined(alert_id=id, number=number):
                if number is not None:
                    self._rekey(row, match, id, number)
                self._sight(row, match, id, known=number is not None)
            case alerts.Suppressed(why=why):
                self._add_match(row, match, "suppressed", why=why)

    def _decision(self, row: Row[Any], match: Match) -> alerts.Decision:
        subject, key = alerts.place_of(match, row.story_id)
        latest = episodes.latest(self.connection, subject, key) if (subject, key) in self.keys else None
        decision = alerts.decide(match.emit, latest, messages.asserted_at(row), self.now)
        if not isinstance(decision, alerts.Opened) or decision.closes is not None:
            return decision
        if row.story_id not in self.stories:
            return decision
        others = episodes.open_in_story(self.connection, subject, match.emit.becomes, row.story_id)
        return alerts.join(key, row.story_id, others, decision.number) or decision

    def _rekey(self, row: Row[Any], match: Match, alert_id: str, number: int) -> None:
        """Let the alert be known by what the match says more."""
        place = alerts.place_of(match, row.story_id)
        self.keys.add(place)
        episodes.rekey(self.connection, alert_id, place[1], number)

    def _sight(self, row: Row[Any], match: Match, alert_id: str, *, known: bool = False) -> None:
        episodes.sight(self.connection, alert_id, outlet=row.outlet, story_id=row.story_id, now=self.now)
        self._add_match(row, match, "sighting", alert_id=alert_id)
        alert = episodes.alert_row(self.connection, alert_id)
        sighted = updating.Updating(
            telling=self.telling, rules=self.rules, alert=alert, article=row, match=match, known=known
        )
        self._tell_the_untold(row, match, alert_id, news=sighted.update())

    def _open(self, row: Row[Any], match: Match, number: int, closes: str | None) -> None:
        if closes is not None:
            episodes.close(self.connection, closes, self.now)
        alert = self._alert(row, match, number)
        self.keys.add((alert["subject"], alert["key"]))
        episodes.open_alert(self.connection, alert)
        self._add_match(row, match, "opened", alert_id=alert["id"])
        self._tell(row, match, alert)

    def _alert(self, row: Row[Any], match: Match, number: int) -> dict[str, Any]:
        subject, key = alerts.place_of(match, row.story_id)
        return {
            "id": alert_id(subject, key, row.id, number),
            "subject": subject,
            "key": key,
            "episode": number,
            "becomes": match.emit.becomes,
            **self._claim(match),
            "article_id": row.id,
            "article_revision": row.revision,
            "story_id": row.story_id,
            "quiet": row.quiet,
            "opened_at": self.now,
            "seen_at": self.now,
            "revision": 1,
            "outlets": 1,
        }

    def _claim(self, match: Match) -> dict[str, Any]:
        return messages.claim_of(match, self.rules.rules[match.rule])

    def _add_match(
        self, row: Row[Any], match: Match, outcome: str, *, why: str | None = None, alert_id: str | None = None
    ) -> None:
        own = {"id": _match_id(row, match), "article_id": row.id, "article_revision": row.revision, "at": self.now}
        became = {"outcome": outcome, "why": why, "alert_id": alert_id}
        self.stories.add(row.story_id)
        episodes.add_match(self.connection, {**own, **self._claim(match), **became})

    def _tell(self, row: Row[Any], match: Match, alert: dict[str, Any]) -> None:
        """Make the message, and a delivery for everyone entitled; a quiet one is shown and goes to nobody."""
        rule = self.rules.rules[match.rule]
        facts = messages.facts_of(alert, rule, row)
        receivers = entitled(self.telling.held(), facts)
        if row.quiet is None and receivers:
            facts |= _held(self._guard().why_held(alert["id"], rule))
        self._message(row, match, alert, facts, receivers)

    def _guard(self) -> RateGuard:
        if self.guard is None:
            limit = self.telling.context.rule_limit
            self.guard = RateGuard(connection=self.connection, limit=limit, now=self.now)
        return self.guard

    def _tell_the_untold(self, row: Row[Any], match: Match, alert_id: str, *, news: bool) -> None:
        """Tell of an open alert those whom only this sighting entitles: another rule, level or tier than those before,
        or the first match that is not quiet, or not too old. Whoever was told of it is not told again, nor is whoever a
        silence kept it from, unless it is *news*.
        """
        confirm = match.emit.confirm is not None
        confirmed = confirm and episodes.alert_row(self.connection, alert_id).confirmed_at is not None
        claim = messages.claim_of(match, self.rules.rules[match.rule], confirmed=confirmed)
        facts = messages.facts_of(claim, self.rules.rules[match.rule], row)
        wanted = {one.id: one for one in entitled(self.telling.listed(), facts)}
        if row.quiet is not None or not wanted:
            return
        untold = wanted.keys() - episodes.told(self.connection, alert_id) | self._late(wanted, facts, alert_id)
        if news:
            untold |= wanted.keys() & self.telling.silenced_for(alert_id)
        receivers = [one for one in self.telling.held() if one.id in untold] if untold else []
        if receivers:
            facts |= _held(holding.why_held(self.connection, alert_id))
            alert = episodes.next_revision(self.connection, alert_id)
            self._message(row, match, alert | claim, facts, receivers)

    def _late(self, wanted: Mapping[str, Subscription], facts: Mapping[str, Any], alert_id: str) -> set[str]:
        """Those of *wanted* for whom only the age of earlier articles kept the alert back, and for whom this one is
        young enough.
        """
        young = {id for id, one in wanted.items() if one.filter.max_age and not too_old(one.filter, facts, self.now)}
        return young & self.telling.too_old_for(alert_id) if young else young

    def _message(
        self,
        row: Row[Any],
        match: Match,
        alert: dict[str, Any],
        facts: dict[str, Any],
        receivers: Sequence[Subscription],
    ) -> None:
        message = {
            "id": message_id(alert["id"], "alert.opened", alert["revision"]),
            "kind": "alert.opened",
            "alert_id": alert["id"],
            "revision": alert["revision"],
            "at": self.now,
            "facts": facts,
            "data": messages.data_of(alert, self.rules.rules[match.rule], row, self.telling.context.base_url),
        }
        self.telling.tell(message, receivers)


def _held(why: str | None) -> dict[str, str]:
    """The fact that a message is held back."""
    return {"held": why} if why else {}


def _weightiest_first(matches: Sequence[Match]) -> list[Match]:
    """The highest level first, so that of several rules that saw one event each subscription is told the weightiest one
    that its filter lets pass.
    """
    return sorted(matches, key=lambda one: -LEVELS.index(one.level))


def _match_id(row: Row[Any], match: Match) -> str:
    return match_id(match.rule, row.id, row.revision)
