"""Alerts, and what is told of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def partial(where: str) -> dict[str, sa.TextClause]:
    """Index arguments for both databases."""
    return {"sqlite_where": sa.text(where), "postgresql_where": sa.text(where)}


def upgrade() -> None:
    op.create_table(
        "alert",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("episode", sa.Integer(), nullable=False),
        sa.Column("becomes", sa.Text(), nullable=True),
        sa.Column("rule_id", sa.Text(), nullable=False),
        sa.Column("rule_hash", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("speaker", JSON, nullable=True),
        sa.Column("bindings", JSON, nullable=False),
        sa.Column("evidence", JSON, nullable=False),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("article_id", sa.Text(), nullable=False),
        sa.Column("article_revision", sa.Integer(), nullable=False),
        sa.Column("story_id", sa.Text(), nullable=False),
        sa.Column("quiet", sa.Text(), nullable=True),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.Column("confirmed_at", sa.BigInteger(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("outlets", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=True),
        sa.Column("verdict_by", sa.Text(), nullable=True),
        sa.Column("verdict_at", sa.BigInteger(), nullable=True),
        sa.Column("pruned_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_alert_article_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert")),
        sa.UniqueConstraint("subject", "key", "episode", name=op.f("uq_alert_subject_key_episode")),
    )
    with op.batch_alter_table("alert", schema=None) as batch_op:
        batch_op.create_index("ix_alert_whole", ["seen_at"], unique=False, **partial("pruned_at IS NULL"))
        batch_op.create_index("ix_alert_opened_at", ["opened_at", "id"], unique=False)
        batch_op.create_index("ix_alert_rule", ["rule_id", "opened_at"], unique=False)
        batch_op.create_index("uq_alert_open", ["subject", "key"], unique=True, **partial("closed_at IS NULL"))
    op.create_table(
        "match",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("article_id", sa.Text(), nullable=False),
        sa.Column("article_revision", sa.Integer(), nullable=False),
        sa.Column("rule_id", sa.Text(), nullable=False),
        sa.Column("rule_hash", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("speaker", JSON, nullable=True),
        sa.Column("bindings", JSON, nullable=False),
        sa.Column("evidence", JSON, nullable=False),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("alert_id", sa.Text(), nullable=True),
        sa.Column("pruned_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_match_article_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_match")),
    )
    with op.batch_alter_table("match", schema=None) as batch_op:
        batch_op.create_index("ix_match_whole", ["at"], unique=False, **partial("pruned_at IS NULL"))
        batch_op.create_index("ix_match_alert", ["alert_id"], unique=False)
        batch_op.create_index("ix_match_article", ["article_id"], unique=False)
        batch_op.create_index("ix_match_rule_at", ["rule_id", "at"], unique=False)
    op.create_table(
        "held",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("alert_id", sa.Text(), nullable=False),
        sa.Column("rule_id", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("released_at", sa.BigInteger(), nullable=True),
        sa.Column("released_by", sa.Text(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], name=op.f("fk_held_alert_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_held")),
        sa.UniqueConstraint("alert_id", name=op.f("uq_held_alert_id")),
    )
    with op.batch_alter_table("held", schema=None) as batch_op:
        batch_op.create_index("ix_held_ended", ["rule_id", "ended_at"], unique=False)
        batch_op.create_index("ix_held_waiting", ["rule_id", "id"], unique=False, **partial("ended_at IS NULL"))
    op.create_table(
        "message",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("alert_id", sa.Text(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("facts", JSON, nullable=False),
        sa.Column("data", JSON, nullable=False),
        sa.Column("told_at", sa.BigInteger(), nullable=True),
        sa.Column("pruned_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], name=op.f("fk_message_alert_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
    )
    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.create_index("ix_message_whole", ["at"], unique=False, **partial("pruned_at IS NULL"))
        batch_op.create_index("ix_message_notice", ["at", "id"], unique=False, **partial("alert_id IS NULL"))
        untold = partial("told_at IS NULL AND alert_id IS NULL")
        batch_op.create_index("ix_message_untold", ["at"], unique=False, **untold)
        batch_op.create_index("ix_message_alert", ["alert_id"], unique=False)
        batch_op.create_index("ix_message_at", ["at"], unique=False)
    op.create_table(
        "silence",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=True),
        sa.Column("bindings", JSON, nullable=False),
        sa.Column("outlet", sa.Text(), nullable=True),
        sa.Column("alert_id", sa.Text(), nullable=True),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("until_at", sa.BigInteger(), nullable=False),
        sa.Column("removed_at", sa.BigInteger(), nullable=True),
        sa.Column("removed_by", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], name=op.f("fk_silence_alert_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_silence")),
    )
    with op.batch_alter_table("silence", schema=None) as batch_op:
        batch_op.create_index("ix_silence_until", ["until_at"], unique=False, **partial("removed_at IS NULL"))
    op.create_table(
        "delivery",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("subscription_id", sa.Text(), nullable=False),
        sa.Column("endpoint_id", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("silence_id", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=True),
        sa.Column("done_at", sa.BigInteger(), nullable=True),
        sa.Column("replayed_at", sa.BigInteger(), nullable=True),
        sa.Column("gather_at", sa.BigInteger(), nullable=True),
        sa.Column("digest_id", sa.Text(), nullable=True),
        sa.Column("pruned_at", sa.BigInteger(), nullable=True),
        sa.Column("lease_owner", sa.Text(), nullable=True),
        sa.Column("lease_until_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["digest_id"], ["delivery.id"], name=op.f("fk_delivery_digest_id")),
        sa.ForeignKeyConstraint(["endpoint_id"], ["endpoint.id"], name=op.f("fk_delivery_endpoint_id")),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_delivery_message_id")),
        sa.ForeignKeyConstraint(["silence_id"], ["silence.id"], name=op.f("fk_delivery_silence_id")),
        sa.ForeignKeyConstraint(["subscription_id"], ["subscription.id"], name=op.f("fk_delivery_subscription_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
        sa.UniqueConstraint("message_id", "subscription_id", name=op.f("uq_delivery_message_id_subscription_id")),
        sa.UniqueConstraint("subscription_id", "seq", name=op.f("uq_delivery_subscription_id_seq")),
    )
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.create_index("ix_delivery_whole", ["created_at"], unique=False, **partial("pruned_at IS NULL"))
        batch_op.create_index("ix_delivery_created", ["created_at"], unique=False)
        ungathered = partial("digest_id IS NULL AND status = 'pending'")
        batch_op.create_index("ix_delivery_gather", ["gather_at", "subscription_id"], unique=False, **ungathered)
        batch_op.create_index("ix_delivery_digest", ["digest_id"], unique=False, **partial("digest_id IS NOT NULL"))
        batch_op.create_index("ix_delivery_silence", ["silence_id"], unique=False, **partial("silence_id IS NOT NULL"))
        undelivered = partial("status <> 'delivered'")
        batch_op.create_index("ix_delivery_undelivered", ["status", "created_at", "id"], unique=False, **undelivered)
        batch_op.create_index(
            "ix_delivery_due", ["endpoint_id", "next_at", "seq"], unique=False, **partial("status = 'pending'")
        )
    op.create_table(
        "attempt",
        sa.Column("id", ROW_ID, autoincrement=True, nullable=False),
        sa.Column("delivery_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("elapsed_ms", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("code", sa.Integer(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("response", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name=op.f("fk_attempt_delivery_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempt")),
    )
    with op.batch_alter_table("attempt", schema=None) as batch_op:
        batch_op.create_index("ix_attempt_delivery", ["delivery_id"], unique=False)
    op.create_table(
        "unsubscribed",
        sa.Column("subscription_id", sa.Text(), nullable=False),
        sa.Column("endpoint_id", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["endpoint_id"], ["endpoint.id"], name=op.f("fk_unsubscribed_endpoint_id")),
        sa.ForeignKeyConstraint(["subscription_id"], ["subscription.id"], name=op.f("fk_unsubscribed_subscription_id")),
        sa.PrimaryKeyConstraint("subscription_id", "endpoint_id", name=op.f("pk_unsubscribed")),
    )
