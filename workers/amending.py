"""Articles that changed after an alert was told: corrections and retractions, to those who were told and no others."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row

from rules.engine import Rule
from rules.model import Match
from store import corrections, episodes
from store.ids import message_id
from workers import alerts, messages
from workers.context import Rules
from workers.telling import Telling


def resting(connection: Connection, revisions: Mapping[str, int]) -> Sequence[Row[Any]]:
    """The alerts that rest on older revisions of these articles."""
    changed = {id: revision for id, revision in revisions.items() if revision > 1}
    return corrections.resting_on(connection, changed) if changed else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Amending:
    """One alert, the article behind it as it now stands, and what that matches, what is silent there last: a rule that
    gives way to another one still holds. A rule that is no longer loaded says nothing about its alerts.
    """

    telling: Telling
    rules: Rules
    alert: Row[Any]
    article: Row[Any]
    matches: Sequence[Match]
    told: set[str]

    def amend(self) -> None:
        """Tell those who were told what no longer holds."""
        if self.alert.rule_id not in self.rules.rules:
            return
        held, other = self._held(), self._other()
        match alerts.revise(dict(self.alert._mapping), held, other):
            case alerts.Retracted():
                episodes.close(self.telling.connection, self.alert.id, self.telling.now)
                self._rest({}, self.article)
                self._tell("alert.retracted", self.article)
            case alerts.Corrected(claim=claim) if claim is held:
                self._rest(claim, self.article)
                self._tell("alert.corrected", self.article)
            case alerts.Corrected(claim=claim):
                source = corrections.article_row(self.telling.connection, claim["article_id"])
                self._rest(claim, source)
                self._tell("alert.corrected", source)
            case alerts.Kept():
                self._rest(held or {}, self.article)

    def _held(self) -> alerts.Claim | None:
        """What the revision claims of the alert's event, by the alert's own rule where that still matches."""
        now = episodes.alert_row(self.telling.connection, self.alert.id)
        same = [one for one in self.matches if self._is_of(one, now)]
        same.sort(key=lambda one: one.rule != self.alert.rule_id)
        confirmed = now.confirmed_at is not None
        return messages.claim_of(same[0], self.rules.rules[same[0].rule], confirmed=confirmed) if same else None

    def _is_of(self, match: Match, alert: Row[Any]) -> bool:
        subject, key = alerts.place_of(match, self.article.story_id)
        same = (subject, match.emit.becomes) == (alert.subject, alert.becomes)
        return same and alerts.compatible(key, alert.key, self.article.story_id)

    def _other(self) -> alerts.Claim | None:
        outlet, story = self.article.outlet, self.article.story_id
        row = corrections.supporter(self.telling.connection, self.alert.id, outlet=outlet, story_id=story)
        return None if row is None else {**row._mapping, "level": self.alert.level}

    def _rest(self, claim: alerts.Claim, article: Row[Any]) -> None:
        """The rule of the alert stays: the ledger counts openings by it."""
        values = {name: claim[name] for name in messages.FOLLOWS if name in claim}
        place = {"article_id": article.id, "article_revision": article.revision}
        corrections.rest_on(self.telling.connection, self.alert.id, values | place)

    def _tell(self, kind: str, article: Row[Any]) -> None:
        rule = self.rules.rules[self.alert.rule_id]
        tell_again(self.telling, rule, kind, self.alert.id, article, self.told)


def tell_again(
    telling: Telling,
    rule: Rule,
    kind: str,
    alert_id: str,
    article: Row[Any],
    told: Collection[str],
    change: str | None = None,
) -> None:
    """Make the next message of an alert, as it now stands, for the subscriptions that were *told* of it: they must hear
    of it, whatever their filters say now. *change* says in words what is new.
    """
    alert = corrections.count_message(telling.connection, alert_id)
    data = messages.data_of(alert, rule, article, telling.context.base_url)
    message = {
        "id": message_id(alert_id, kind, alert["revision"]),
        "kind": kind,
        "alert_id": alert_id,
        "revision": alert["revision"],
        "at": telling.now,
        "facts": {**messages.facts_of(alert, rule, article), "quiet": None},
        "data": {**data, "change": change} if change else data,
    }
    telling.tell(message, [one for one in telling.held() if one.id in told] if told else [])
