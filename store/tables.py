"""The tables of the ledger, in their lasting shape. Instants are integer microseconds UTC, in columns named `…_at`.

Who writes what: the watcher writes feed, feed_entry, article and fetch; the match job writes match, alert, message and
delivery; the deliver job writes attempt, delivery and endpoint; configuration writes feed, subscription and rule.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    literal_column,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
Instant = BigInteger
RowId = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts up by itself only in an INTEGER primary key


def _lease() -> tuple[Column[str], Column[int]]:
    """Who works on the row, and until when; a lease that has run out is nobody's."""
    return Column("lease_owner", Text), Column("lease_until_at", Instant)


def _pruned() -> Column[int]:
    """When the row lost what weighs (a text, a body, evidence); None while it is whole."""
    return Column("pruned_at", Instant)


def _only(where: str) -> dict[str, Any]:
    """Arguments of an index over a part of the rows. A query uses it where it says the same in the same words."""
    return {"sqlite_where": text(where), "postgresql_where": text(where)}


def _whole(name: str, age: str) -> Index:
    """The rows that are whole, by their age: what retention reads, however much was pruned before."""
    return Index(name, age, **_only("pruned_at IS NULL"))


feed = Table(
    "feed",
    metadata,
    Column("id", Text, primary_key=True),  # uuid5 of the URL as declared
    Column("url", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("outlet", Text, nullable=False),
    Column("tier", Text, nullable=False),
    Column("tags", Json, nullable=False),
    Column("lang", Text),
    Column("every", Text, nullable=False),  # "auto" or a duration
    Column("backfill_s", Integer, nullable=False),
    Column("full_text", Boolean, nullable=False),
    Column("origin", Text, nullable=False),  # file | console | demo
    Column("created_at", Instant, nullable=False),
    Column("removed_at", Instant),
    # what fetching has taught us
    Column("status", Text, nullable=False),  # new | ok | failing | gone
    Column("etag", Text),
    Column("last_modified", Text),
    Column("body_hash", Text),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("error_class", Text),
    Column("error", Text),
    Column("last_attempt_at", Instant),
    Column("last_success_at", Instant),
    Column("first_success_at", Instant),
    Column("last_new_at", Instant),
    Column("next_check_at", Instant, nullable=False),
    Column("next_check_why", Text),
    Column("interval_s", Integer),
    Column("moved_to", Text),
    Column("moved_count", Integer, nullable=False, server_default="0"),
    Column("moved_since_at", Instant),
    *_lease(),
    Index("ix_feed_due", "next_check_at", **_only("removed_at IS NULL")),
)

feed_entry = Table(
    "feed_entry",
    metadata,
    # One row for each name by which an entry is known in its feed: its guid, its canonical link, its content.
    Column("feed_id", Text, ForeignKey("feed.id"), primary_key=True),
    Column("key", Text, primary_key=True),
    Column("article_id", Text, nullable=False),
    Column("content_hash", Text, nullable=False),
    Column("seen_at", Instant, nullable=False),
)

fetch = Table(
    "fetch",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("feed_id", Text, ForeignKey("feed.id"), nullable=False),
    Column("at", Instant, nullable=False),
    Column("outcome", Text, nullable=False),  # fetched | not_modified | unchanged | failed | folded
    Column("http_status", Integer),
    Column("bytes", BigInteger),
    Column("elapsed_ms", Integer),
    # entries = new + changed + known + the sum of skipped, for the ledger
    Column("entries", Integer, nullable=False, server_default="0"),
    Column("new", Integer, nullable=False, server_default="0"),
    Column("changed", Integer, nullable=False, server_default="0"),
    Column("known", Integer, nullable=False, server_default="0"),
    Column("skipped", Json),  # {why: count}
    Column("error_class", Text),
    Column("error", Text),
    Index("ix_fetch_feed_at", "feed_id", "at"),
)

article = Table(
    "article",
    metadata,
    Column("id", Text, primary_key=True),
    Column("feed_id", Text, ForeignKey("feed.id"), nullable=False),
    Column("url", Text),  # canonical; None where the feed gives none that is safe
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("author", Text),
    Column("lang", Text),
    Column("outlet", Text, nullable=False),
    Column("tier", Text, nullable=False),
    Column("tags", Json, nullable=False),
    Column("published_at", Instant),
    Column("published_from", Text, nullable=False),  # declared | inferred | first_seen
    Column("first_seen_at", Instant, nullable=False),
    Column("revised_at", Instant, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("content_hash", Text, nullable=False),
    Column("story_id", Text, nullable=False),
    Column("quiet", Text),  # why its matches are shown but not told ("baseline"); None where they are told
    # matching
    Column("evaluated_at", Instant),
    Column("evaluated_with", Text),  # hash of the rule set
    Column("matches", Integer),  # how many the evaluation of this revision found, for the ledger
    Column("match_tries", Integer, nullable=False, server_default="0"),
    Column("parked_at", Instant),
    Column("parked_why", Text),
    _pruned(),
    *_lease(),
    _whole("ix_article_whole", "revised_at"),
    Index("ix_article_waiting", "first_seen_at", **_only("evaluated_at IS NULL AND parked_at IS NULL")),
    Index("ix_article_parked", "parked_at", **_only("parked_at IS NOT NULL")),
    Index("ix_article_url", "url"),
    Index("ix_article_story", "story_id"),
    Index("ix_article_feed_seen", "feed_id", "first_seen_at"),
)

rule = Table(
    "rule",
    metadata,
    # Every version of a rule that was ever active, so that an old alert can still say what it was about.
    Column("hash", Text, primary_key=True),
    Column("id", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("level", Text, nullable=False),
    Column("maturity", Text, nullable=False),
    Column("tags", Json, nullable=False),
    Column("source", Text, nullable=False),
    Column("first_loaded_at", Instant, nullable=False),
    Column("last_loaded_at", Instant, nullable=False),
    Column("active", Boolean, nullable=False),
    Index("ix_rule_id", "id"),
)

match = Table(
    "match",
    metadata,
    Column("id", Text, primary_key=True),  # uuid5 of rule, article and revision
    Column("article_id", Text, ForeignKey("article.id"), nullable=False),
    Column("article_revision", Integer, nullable=False),
    Column("rule_id", Text, nullable=False),
    Column("rule_hash", Text, nullable=False),
    Column("level", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("zone", Text, nullable=False),
    Column("speaker", Json),
    Column("bindings", Json, nullable=False),
    Column("evidence", Json, nullable=False),
    Column("confidence", Float, nullable=False),
    Column("at", Instant, nullable=False),
    Column("outcome", Text, nullable=False),  # opened | sighting | suppressed
    Column("why", Text),  # of a suppression
    Column("alert_id", Text),
    _pruned(),
    _whole("ix_match_whole", "at"),
    Index("ix_match_article", "article_id"),
    Index("ix_match_alert", "alert_id"),
    Index("ix_match_rule_at", "rule_id", "at"),
)

alert = Table(
    "alert",
    metadata,
    Column("id", Text, primary_key=True),  # uuid5 of subject, key and the article that opened the episode
    Column("subject", Text, nullable=False),  # what the key is a key of: a state's name, or the rule's id
    Column("key", Text, nullable=False),  # canonical JSON of the (variable, value) pairs
    Column("episode", Integer, nullable=False),  # 1, 2, … within (subject, key)
    Column("becomes", Text),  # the state that this episode stands for; None for a rule without one
    Column("rule_id", Text, nullable=False),
    Column("rule_hash", Text, nullable=False),
    Column("level", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("zone", Text, nullable=False),
    Column("speaker", Json),
    Column("bindings", Json, nullable=False),
    Column("evidence", Json, nullable=False),
    Column("confidence", Float, nullable=False),
    Column("article_id", Text, ForeignKey("article.id"), nullable=False),
    Column("article_revision", Integer, nullable=False),
    Column("quiet", Text),  # opened by an article that is shown, not told
    Column("opened_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),  # the last sighting
    Column("closed_at", Instant),
    Column("confirmed_at", Instant),  # when as many outlets told of it as its rule asks for
    Column("revision", Integer, nullable=False),  # counts what was told of it
    Column("outlets", Integer, nullable=False),
    Column("verdict", Text),  # useful | false_alarm | duplicate
    Column("verdict_by", Text),
    Column("verdict_at", Instant),
    _pruned(),
    _whole("ix_alert_whole", "seen_at"),
    UniqueConstraint("subject", "key", "episode"),
    Index("uq_alert_open", "subject", "key", unique=True, **_only("closed_at IS NULL")),
    Index("ix_alert_opened_at", "opened_at", "id"),
    Index("ix_alert_rule", "rule_id", "opened_at"),
)

message = Table(
    "message",
    metadata,
    Column("id", Text, primary_key=True),  # uuid5 of alert (or notice), kind and revision
    Column(
        "kind", Text, nullable=False
    ),  # alert.opened | alert.updated | alert.corrected | alert.retracted | feed.failing …
    Column("alert_id", Text, ForeignKey("alert.id")),
    Column("revision", Integer, nullable=False),
    Column("at", Instant, nullable=False),
    Column("facts", Json, nullable=False),  # what filters read: rule, tags, level, tier, confidence
    Column("data", Json, nullable=False),  # the webhook's `data` without `seq`, frozen; empty once pruned
    _pruned(),
    _whole("ix_message_whole", "at"),
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
    Column("origin", Text, nullable=False),  # file | console
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
    Column("disabled_at", Instant),
    Column("disabled_why", Text),
    UniqueConstraint("channel", "address"),
)

delivery = Table(
    "delivery",
    metadata,
    Column("id", Text, primary_key=True),  # uuid5 of message and subscription
    Column("message_id", Text, ForeignKey("message.id"), nullable=False),
    Column("subscription_id", Text, ForeignKey("subscription.id"), nullable=False),
    Column("endpoint_id", Text, ForeignKey("endpoint.id"), nullable=False),
    Column("channel", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),  # 1, 2, … within the subscription, no hole
    Column("body", LargeBinary, nullable=False),  # the very bytes that are sent, frozen; none once pruned
    Column("status", Text, nullable=False),  # pending | delivered | dead | suppressed
    Column("why", Text),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("created_at", Instant, nullable=False),
    Column("next_at", Instant),  # None once the status is final
    Column("done_at", Instant),
    _pruned(),
    *_lease(),
    _whole("ix_delivery_whole", "created_at"),
    UniqueConstraint("message_id", "subscription_id"),
    UniqueConstraint("subscription_id", "seq"),
    Index("ix_delivery_due", "endpoint_id", "next_at", "seq", **_only("status = 'pending'")),
    Index("ix_delivery_created", "created_at"),
    Index("ix_delivery_undelivered", "status", "created_at", "id", **_only("status <> 'delivered'")),
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

lease = Table(
    "lease",
    metadata,
    Column("name", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("until_at", Instant, nullable=False),
)

configuration = Table(
    "configuration",
    metadata,
    # What is in force, and what is wrong with a newer version that was refused: the last good one keeps running.
    Column("kind", Text, primary_key=True),  # rules | feeds | subscriptions
    Column("hash", Text, nullable=False),
    Column("loaded_at", Instant, nullable=False),
    Column("problems", Json, nullable=False),
    Column("problems_at", Instant),
)

service = Table(
    "service",
    metadata,
    # A sign of life of every process, for /readyz and `tocsin doctor`.
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),  # watch | work | serve
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
)

token = Table(
    "token",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),  # reader | analyst | admin
    Column("digest", Text, nullable=False, unique=True),  # SHA-256 of the token
    Column("created_at", Instant, nullable=False),
    Column("used_at", Instant),
    Column("revoked_at", Instant),
)

session = Table(
    "session",
    metadata,
    Column("digest", Text, primary_key=True),  # SHA-256 of the cookie
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
)

signin = Table(
    "signin",
    metadata,
    # One-time links: used once, within their time.
    Column("digest", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
)
