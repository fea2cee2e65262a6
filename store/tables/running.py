"""What keeps the service itself: leases, configuration in force, signs of life, who may come in."""

from __future__ import annotations

from sqlalchemy import Column, Integer, LargeBinary, Table, Text

from store.tables.parts import Instant, Json, metadata

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

signing_key = Table(
    "signing_key",
    metadata,
    # Made at first use and never changed: links that were sent must stay good, and a copy of the ledger knows them too.
    Column("name", Text, primary_key=True),  # unsubscribe
    Column("key", LargeBinary, nullable=False),
)
