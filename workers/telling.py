"""Messages out: one way from "this happened" to deliveries with frozen bodies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from store import episodes, messages, silences, unsubscribing
from store.ids import delivery_id
from store.notices import stamp_told
from store.silences import Silence
from store.subscriptions import Subscription, hold_in_force, in_force
from workers.cadence import Cadence, cadence_of
from workers.channels import CHANNELS, Told
from workers.context import Context
from workers.entitlement import too_old
from workers.silencing import silence_of, why_silenced
from workers.unsubscribing import link_of

KEPT_BACK = ("alert.opened", "alert.updated")
"""Kinds that a silence or the age of an article keeps back. Who was told hears what takes it back, whatever they do."""


@dataclass(slots=True)
class _Addresses:
    """What keeps deliveries from addresses, each read once in a transaction: `disabled` with the reason, and those
    `unwanted`, as pairs of subscription and address.
    """

    connection: Connection
    read: set[str] = field(default_factory=set)
    disabled: dict[str, str] = field(default_factory=dict)
    unwanted: set[tuple[str, str]] = field(default_factory=set)

    def look_at(self, ids: set[str]) -> None:
        """Read what is known of these, where it was not read before."""
        fresh = ids - self.read
        if not fresh:
            return
        self.disabled |= messages.disabled(self.connection, fresh)
        self.unwanted |= unsubscribing.those_unsubscribed(self.connection, fresh)
        self.read |= fresh


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
    _silences: list[Silence] | None = None
    _addresses: _Addresses = field(init=False)
    _numbers: messages.Numbers = field(init=False)
    _deliveries: list[dict[str, Any]] = field(default_factory=list)
    _leaving: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._addresses = _Addresses(self.connection)
        self._numbers = messages.Numbers(self.connection)

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
        held. It keeps who was entitled, so that the ledger can count deliveries against it; a quiet one goes to nobody,
        and one that is held back to nobody yet.
        """
        facts = {**message["facts"], "entitled": [one.id for one in receivers]}
        messages.add_message(self.connection, {**message, "facts": facts})
        if facts["quiet"] is None and facts.get("held") is None:
            self._deliver({**message, "facts": facts}, receivers)

    def tell_held(self, message: dict[str, Any], receivers: Sequence[Subscription]) -> None:
        """Make the deliveries of a message that was held back, with the columns that it now has."""
        facts = {**message["facts"], "entitled": [one.id for one in receivers]}
        messages.restate(self.connection, message["id"], {"facts": facts, "data": message["data"], "at": message["at"]})
        self._deliver({**message, "facts": facts}, receivers)

    def tell_noticed(self, message: dict[str, Any], receivers: Sequence[Subscription]) -> None:
        """Make the deliveries of a notice (columns) that is there and held, and stamp it told."""
        facts = {**message["facts"], "entitled": [one.id for one in receivers]}
        stamp_told(self.connection, message["id"], facts, message["data"], self.now)
        self._deliver(message, receivers)

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

    def silenced_for(self, alert_id: str) -> set[str]:
        """The subscriptions for which silences kept the whole alert back, as `reached`."""
        self._insert()
        return episodes.silenced_for(self.connection, alert_id)

    def _insert(self) -> None:
        self._numbers.keep()
        messages.add_deliveries(self.connection, self._deliveries)
        self._leaving += [one["id"] for one in self._deliveries if one["status"] == "pending" and one["next_at"]]
        self._deliveries = []

    def _deliver(self, message: dict[str, Any], receivers: Sequence[Subscription]) -> None:
        silenced = self._silenced(message) if receivers else {}
        self._read_once(receivers)
        for one in receivers:
            gone = (one.id, one.endpoint_id) in self._addresses.unwanted
            unsubscribed = _ended("suppressed", unsubscribing.WHY, self.now) if gone else {}
            ended = unsubscribed or silenced or self._too_old(message, one)
            if not ended and (why := self._addresses.disabled.get(one.endpoint_id)):
                ended = _ended("dead", f"address disabled: {why}", self.now)
            self._deliveries.append(self._delivery(message, one) | ended)

    def _read_once(self, receivers: Sequence[Subscription]) -> None:
        """What deliveries need to know of their receivers; with the first of them, of all that are held."""
        unread = [one for one in receivers if one.endpoint_id not in self._addresses.read]
        those = [*receivers, *(self._held or ())] if unread else receivers
        self._addresses.look_at({one.endpoint_id for one in those})
        self._numbers.read(one.id for one in those)

    def _silenced(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """The end of every delivery of a message that a silence keeps back."""
        if message["kind"] not in KEPT_BACK:
            return {}
        if self._silences is None:
            self._silences = silences.in_force(self.connection, self.now)
        found = silence_of(self._silences, message)
        return _ended("suppressed", why_silenced(found), self.now) | {"silence_id": found.id} if found else {}

    def _too_old(self, message: Mapping[str, Any], one: Subscription) -> dict[str, Any]:
        """The end of a delivery of what rests on an article that is too old for its subscription."""
        why = too_old(one.filter, message["facts"], self.now) if message["kind"] in KEPT_BACK else None
        return _ended("suppressed", why, self.now) if why else {}

    def _delivery(self, message: dict[str, Any], one: Subscription) -> dict[str, Any]:
        """An alert for a subscription to digests waits for the next one; everything else leaves at once."""
        cadence = cadence_of(one.cadence) if message["alert_id"] is not None else None
        own = self._frozen(message, one) if cadence is None else self._waiting(cadence)
        return {
            "id": delivery_id(message["id"], one.id),
            "message_id": message["id"],
            "subscription_id": one.id,
            "endpoint_id": one.endpoint_id,
            "channel": one.channel,
            "status": "pending",
            "why": None,
            "silence_id": None,
            "created_at": self.now,
            "done_at": None,
            **own,
        }

    def _frozen(self, message: dict[str, Any], one: Subscription) -> dict[str, Any]:
        id = delivery_id(message["id"], one.id)
        told = Told(
            delivery_id=id,
            alert_id=message["alert_id"],
            kind=message["kind"],
            at=message["at"],
            seq=self._numbers.next(one.id),
            data=message["data"],
            unsubscribe=self._link_to_unsubscribe(id),
        )
        body = CHANNELS[one.channel].freeze(told, one, self.context)
        return {"seq": told.seq, "body": body, "next_at": self.now, "gather_at": None}

    def _waiting(self, cadence: Cadence) -> dict[str, Any]:
        return {"seq": None, "body": b"", "next_at": None, "gather_at": cadence.period(self.now).end}

    def _link_to_unsubscribe(self, delivery_id: str) -> str:
        if self._link_key is None:
            self._link_key = unsubscribing.link_key(self.connection)
        return link_of(self.context.base_url, delivery_id, self._link_key)


def _ended(status: str, why: str, now: int) -> dict[str, Any]:
    return {"status": status, "why": why, "next_at": None, "done_at": now}
