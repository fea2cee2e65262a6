"""Rules, their matches, and the alerts that matches become."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, ForeignKey, Index, Integer, Table, Text, UniqueConstraint

from store.tables.parts import Instant, Json, RowId, metadata, only, pruned_column, whole

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
    pruned_column(),
    whole("ix_match_whole", "at"),
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
    Column("story_id", Text, nullable=False),  # of the article that opened it, for good: what tells of it is one thread
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
    pruned_column(),
    whole("ix_alert_whole", "seen_at"),
    UniqueConstraint("subject", "key", "episode"),
    Index("uq_alert_open", "subject", "key", unique=True, **only("closed_at IS NULL")),
    Index("ix_alert_opened_at", "opened_at", "id"),
    Index("ix_alert_rule", "rule_id", "opened_at"),
)

held = Table(
    "held",
    metadata,
    # Alerts that are opened and not told, because their rule opened too many.
    Column("id", RowId, primary_key=True, autoincrement=True),  # in the order in which they are told
    Column("alert_id", Text, ForeignKey("alert.id"), nullable=False, unique=True),
    Column("rule_id", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("released_at", Instant),  # an operator lets it go
    Column("released_by", Text),
    Column("ended_at", Instant),
    Column("outcome", Text),  # told | suppressed; None while it waits
    Index("ix_held_waiting", "rule_id", "id", **only("ended_at IS NULL")),
    Index("ix_held_ended", "rule_id", "ended_at"),
)
