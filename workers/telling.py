"""Messages out: one way from "this happened" to deliveries with frozen bodies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from store import messages
from store.ids import delivery_id
from store.subscriptions import Subscription, hold_in_force, in_force
from workers.channels import CHANNELS, Told
from workers.context import Context


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
    _deliveries: list[dict[str, Any]] = field(default_factory=list)

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
            self._deliver(message, receivers)

    def finish(self) -> list[str]:
        """Insert the deliveries made; returns the ids of those that can leave."""
        messages.add_deliveries(self.connection, self._deliveries)
        return [one["id"] for one in self._deliveries if one["status"] == "pending"]

    def _deliver(self, message: dict[str, Any], receivers: Sequence[Subscription]) -> None:
        disabled = messages.disabled(self.connection, [one.endpoint_id for one in receivers])
        for one in receivers:
            why = disabled.get(one.endpoint_id)
            self._deliveries.append(self._delivery(message, one) | (_dead(why, self.now) if why else {}))

    def _delivery(self, message: dict[str, Any], one: Subscription) -> dict[str, Any]:
        told = Told(
            delivery_id=delivery_id(message["id"], one.id),
            alert_id=message["alert_id"],
            kind=message["kind"],
            at=message["at"],
            seq=messages.next_seq(self.connection, one.id),
            data=message["data"],
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


def _dead(why: str, now: int) -> dict[str, Any]:
    return {"status": "dead", "why": f"address disabled: {why}", "next_at": None, "done_at": now}
