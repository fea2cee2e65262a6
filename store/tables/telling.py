"""What is told: messages, who wants them, and every try to deliver them."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    literal_column,
)

from store.tables.parts import Instant, Json, RowId, lease_columns, metadata, only, pruned_column, whole

message = Table(
    "message",
    metadata,
    Column("id", Text, primary_key=True),  # uuid5 of alert (or notice), kind and revision
    Column("kind", Text, nullable=False),  # alert.opened, …; the kinds of notices
    Column("alert_id", Text, ForeignKey("alert.id")),
    Column("revision", Integer, nullable=False),
    Column("at", Instant, nullable=False),
    Column("facts", Json, nullable=False),  # what filters read: rule, tags, level, tier, confidence; who is entitled
    Column("data", Json, nullable=False),  # the webhook's `data` without `seq`, frozen; empty once pruned
    Column(
        "told_at", Instant
    ),  # when a notice (or digest) was given to those who want it; an alert's has its deliveries
    pruned_column(),
    whole("ix_message_whole", "at"),
    Index("ix_message_notice", "at", "id", **only("alert_id IS NULL")),
    Index("ix_message_untold", "at", **only("told_at IS NULL AND alert_id IS NULL")),
    Index("ix_message_alert", "alert_id"),
    Index("ix_message_at", "at"),
)

subscription = Table(
    "subscription",
    metadata,
    Column("id", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("filter", Json, nullable=False),
    Column("channel", Text, nullable=False),  # webhook | email
    Column("address", Text, nullable=False),
    Column("secret", Text),  # a reference (env:NAME, file:PATH), never the secret itself
    Column("cadence", Json, nullable=False),  # {"instant": true} | {"daily": "07:00", "timezone": …}
    Column("options", Json, nullable=False),
    Column("origin", Text, nullable=False),  # file | console | owner: made for notices
    Column("created_at", Instant, nullable=False),
    Column("removed_at", Instant),
    Column("last_seq", BigInteger, nullable=False, server_default="0"),
)

endpoint = Table(
    "endpoint",
    metadata,
    Column("id", Text, primary_key=True),  # uuid5 of channel and address
    Column("channel", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("failures", Integer, nullable=False, server_default="0"),  # in a row
    Column("failing_since_at", Instant),
    Column("last_success_at", Instant),
    Column("last_error", Text),
    Column("rest_until_at", Instant),  # circuit breaker or Retry-After: nothing is sent before
    Column("rests", Integer, nullable=False, server_default="0"),  # of the circuit breaker, since the last success
    Column("spacing", Instant),  # microseconds between two tries, from the strictest `rate` of its subscriptions
    Column("at_once", Integer),  # tries at once, from the strictest `concurrency` of its subscriptions
    Column("slot_at", Instant),  # when the next try may begin, where there is a spacing
    Column("disabled_at", Instant),
    Column("disabled_why", Text),
    UniqueConstraint("channel", "address"),
)

unsubscribed = Table(
    "unsubscribed",
    metadata,
    # Who wants no mail of a subscription at an address any more. No file changes it: an operator does, when asked.
    Column("subscription_id", Text, ForeignKey("subscription.id"), primary_key=True),
    Column("endpoint_id", Text, ForeignKey("endpoint.id"), primary_key=True),
    Column("at", Instant, nullable=False),
)

silence = Table(
    "silence",
    metadata,
    Column("id", Text, primary_key=True),
    # what it keeps back: messages that fit all of these that are given
    Column("rule", Text),  # an id or a glob
    Column("bindings", Json, nullable=False),
    Column("outlet", Text),
    Column("alert_id", Text, ForeignKey("alert.id")),
    Column("author", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("until_at", Instant, nullable=False),
    Column("removed_at", Instant),  # ended early
    Column("removed_by", Text),
    Index("ix_silence_until", "until_at", **only("removed_at IS NULL")),
)

delivery = Table(
    "delivery",
    metadata,
    Column("id", Text, primary_key=True),  # uuid5 of message and subscription
    Column("message_id", Text, ForeignKey("message.id"), nullable=False),
    Column("subscription_id", Text, ForeignKey("subscription.id"), nullable=False),
    Column("endpoint_id", Text, ForeignKey("endpoint.id"), nullable=False),
    Column("channel", Text, nullable=False),
    Column("seq", BigInteger),  # 1, 2, … within the subscription, no hole; None of what goes into a digest
    Column(
        "body", LargeBinary, nullable=False
    ),  # the very bytes that are sent, frozen; none once pruned, or in a digest
    Column("status", Text, nullable=False),  # pending | delivered | dead | suppressed
    Column("why", Text),
    Column("silence_id", Text, ForeignKey("silence.id")),  # what suppressed it
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("created_at", Instant, nullable=False),
    Column("next_at", Instant),  # None once the status is final, and of what goes into a digest
    Column("done_at", Instant),
    Column("replayed_at", Instant),  # sent again by hand: its tries count from here
    Column("gather_at", Instant),  # when its digest is made; None of what is sent on its own
    Column("digest_id", Text, ForeignKey("delivery.id")),  # the digest that it went into, whose status it shares
    pruned_column(),
    *lease_columns(),
    whole("ix_delivery_whole", "created_at"),
    UniqueConstraint("message_id", "subscription_id"),
    UniqueConstraint("subscription_id", "seq"),
    Index("ix_delivery_due", "endpoint_id", "next_at", "seq", **only("status = 'pending'")),
    Index("ix_delivery_created", "created_at"),
    Index("ix_delivery_gather", "gather_at", "subscription_id", **only("digest_id IS NULL AND status = 'pending'")),
    Index("ix_delivery_digest", "digest_id", **only("digest_id IS NOT NULL")),
    Index("ix_delivery_silence", "silence_id", **only("silence_id IS NOT NULL")),
    Index("ix_delivery_undelivered", "status", "created_at", "id", **only("status <> 'delivered'")),
)
UNDELIVERED = delivery.c.status != literal_column("'delivered'")
"""In the words of its index."""

attempt = Table(
    "attempt",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("delivery_id", Text, ForeignKey("delivery.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("elapsed_ms", Integer, nullable=False),
    Column("outcome", Text, nullable=False),  # delivered | try_again | refused
    Column("code", Integer),  # of HTTP or SMTP
    Column("detail", Text, nullable=False),
    Column("response", Text),  # the beginning of what the receiver answered, for diagnosis
    Index("ix_attempt_delivery", "delivery_id"),
)
