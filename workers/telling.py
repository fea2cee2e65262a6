"""Messages out: one way from "this happened" to deliveries with frozen bodies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from store import episodes, messages, unsubscribing
from store.ids import delivery_id
from store.subscriptions import Subscription, hold_in_force, in_force
from workers.channels import CHANNELS, Told
from workers.context import Context
from workers.entitlement import too_old
from workers.unsubscribing import link_of

AMENDS = ("alert.corrected", "alert.retracted")
"""Kinds that take back what was told: whoever was told hears them, whatever keeps other messages back."""


@dataclass(slots=True, kw_only=True)
class Telling:
    """The open transaction, in which `tell` makes messages and `finish` inserts their deliveries. `now` is
    microseconds UTC.
    """

    context: Context
    connection: Connection
    now: int
    _held: list[Subscription] | None = None
    _listed: list[Subscription] | None = None
    _link_key: bytes | None = None
    _deliveries: list[dict[str, Any]] = field(default_factory=list)
    _leaving: list[str] = field(default_factory=list)

    def held(self) -> list[Subscription]:
        """The subscriptions in force, held until the end of the transaction, so that numbers can be counted up."""
        if self._held is None:
            self._held = hold_in_force(self.connection)
        return self._held

    def listed(self) -> list[Subscription]:
        """The same without holding them: most sightings entitle nobody new, and must not make others wait."""
        if self._listed is None:
            self._listed = in_force(self.connection)
        return self._listed

    def tell(self, message: dict[str, Any], receivers: Sequence[Subscription]) -> None:
        """Insert *message* (columns, `facts` without `entitled`) and make its deliveries for *receivers*, all of them
        held. It keeps who was entitled, so that the ledger can count deliveries against it; a quiet one goes to nobody.
        """
        facts = {**message["facts"], "entitled": [one.id for one in receivers]}
        messages.add_message(self.connection, {**message, "facts": facts})
        if facts["quiet"] is None:
            self._deliver(message, facts, receivers)

    def finish(self) -> list[str]:
        """Insert the deliveries made; returns the ids of those that can leave."""
        self._insert()
        return self._leaving

    def reached(self, alert_id: str) -> set[str]:
        """The subscriptions that are sent what the alert tells, those of this transaction among them."""
        self._insert()
        return episodes.reached(self.connection, alert_id)

    def too_old_for(self, alert_id: str) -> set[str]:
        """The subscriptions for which only the age of its articles kept the alert back, as `reached`."""
        self._insert()
        return episodes.too_old_for(self.connection, alert_id)

    def _insert(self) -> None:
        messages.add_deliveries(self.connection, self._deliveries)
        self._leaving += [one["id"] for one in self._deliveries if one["status"] == "pending"]
        self._deliveries = []

    def _deliver(self, message: dict[str, Any], facts: Mapping[str, Any], receivers: Sequence[Subscription]) -> None:
        endpoints = [one.endpoint_id for one in receivers]
        disabled = messages.disabled(self.connection, endpoints)
        unwanted = unsubscribing.those_unsubscribed(self.connection, endpoints)
        for one in receivers:
            kept_back = None if message["kind"] in AMENDS else too_old(one.filter, facts, self.now)
            kept_back = unsubscribing.WHY if (one.id, one.endpoint_id) in unwanted else kept_back
            ended = _ended("suppressed", kept_back, self.now) if kept_back else {}
            if not ended and (why := disabled.get(one.endpoint_id)):
                ended = _ended("dead", f"address disabled: {why}", self.now)
            self._deliveries.append(self._delivery(message, one) | ended)

    def _delivery(self, message: dict[str, Any], one: Subscription) -> dict[str, Any]:
        id = delivery_id(message["id"], one.id)
        told = Told(
            delivery_id=id,
            alert_id=message["alert_id"],
            kind=message["kind"],
            at=message["at"],
            seq=messages.next_seq(self.connection, one.id),
            data=message["data"],
            unsubscribe=self._link_to_unsubscribe(id),
        )
        return {
            "id": told.delivery_id,
            "message_id": message["id"],
            "subscription_id": one.id,
            "endpoint_id": one.endpoint_id,
            "channel": one.channel,
            "seq": told.seq,
            "body": CHANNELS[one.channel].freeze(told, one, self.context),
            "status": "pending",
            "why": None,
            "created_at": self.now,
            "next_at": self.now,
            "done_at": None,
        }

    def _link_to_unsubscribe(self, delivery_id: str) -> str:
        if self._link_key is None:
            self._link_key = unsubscribing.link_key(self.connection)
        return link_of(self.context.base_url, delivery_id, self._link_key)


def _ended(status: str, why: str, now: int) -> dict[str, Any]:
    return {"status": status, "why": why, "next_at": None, "done_at": now}
