"""What a further match adds to an open alert: a second voice, a further step of the act, parties known at last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from rules.model import Match
from store import corrections, episodes
from workers import alerts, messages
from workers.alerts import SECOND
from workers.amending import tell_again
from workers.context import Rules
from workers.telling import Telling


@dataclass(frozen=True, slots=True, kw_only=True)
class Updating:
    """A match of an alert that another article opened; `known` where its key says more than the alert's did."""

    telling: Telling
    rules: Rules
    alert: Row[Any]
    article: Row[Any]
    match: Match
    known: bool = False

    def update(self) -> bool:
        """Change the alert, and tell those who were told of it what has changed; returns whether something has. What a
        quiet article says, another rule of the same state, or the alert's own article in a new revision, changes
        nothing here.
        """
        same_rule = self.match.rule == self.alert.rule_id
        if self.article.quiet is not None or not same_rule or self.article.id == self.alert.article_id:
            return False
        confirmed = self._confirmed()
        news = {**self._further(confirmed), **self._confirmation(confirmed)}
        if not news:
            return False
        corrections.rest_on(self.telling.connection, self.alert.id, news)
        told = self.telling.reached(self.alert.id)
        source = corrections.article_row(self.telling.connection, news.get("article_id", self.alert.article_id))
        if told:
            rule = self.rules.rules[self.alert.rule_id]
            tell_again(self.telling, rule, "alert.updated", self.alert.id, source, told, self._words(news))
        return True

    def _confirmed(self) -> bool:
        """Whether as many independent outlets as the rule asks for told of it within its time."""
        confirm = self.match.emit.confirm
        if confirm is None or self.alert.confirmed_at is not None:
            return self.alert.confirmed_at is not None
        first = episodes.first_asserted(self.telling.connection, self.alert.id)
        heard = episodes.heard(self.telling.connection, self.alert.id, first + confirm.within_s * SECOND)
        return alerts.voices(heard) >= confirm.outlets

    def _confirmation(self, confirmed: bool) -> dict[str, Any]:
        if not confirmed or self.alert.confirmed_at is not None:
            return {}
        return {"level": str(self.match.level), "confirmed_at": self.telling.now}

    def _further(self, confirmed: bool) -> dict[str, Any]:
        """The claim of the match, where it is news of the event: never by an article older than the alert's own."""
        present = corrections.article_row(self.telling.connection, self.alert.article_id)
        further = alerts.is_further(str(self.match.status), self.alert.status)
        if messages.asserted_at(self.article) < messages.asserted_at(present) or not (further or self.known):
            return {}
        claim = messages.claim_of(self.match, self.rules.rules[self.match.rule], confirmed=confirmed)
        place = {"article_id": self.article.id, "article_revision": self.article.revision}
        return {name: claim[name] for name in messages.FOLLOWS} | place

    def _words(self, news: dict[str, Any]) -> str:
        """One line for people."""
        words = []
        if "confirmed_at" in news:
            words.append("independent outlets confirm it")
        if news.get("status", self.alert.status) != self.alert.status:
            words.append(f"it was {self.alert.status}, now it is {news['status']}")
        if self.known and "bindings" in news:
            words.append("whom it concerns is known now")
        return "; ".join(words) or "there is more of it"
