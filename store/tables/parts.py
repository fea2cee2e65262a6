"""What the tables are made of: the metadata, the column types, the columns and indexes that many tables share."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Index, Integer, MetaData, Text, text
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


def lease_columns() -> tuple[Column[str], Column[int]]:
    """Who works on the row, and until when; a lease that has run out is nobody's."""
    return Column("lease_owner", Text), Column("lease_until_at", Instant)


def pruned_column() -> Column[int]:
    """When the row lost what weighs (a text, a body, evidence); None while it is whole."""
    return Column("pruned_at", Instant)


def only(where: str) -> dict[str, Any]:
    """Arguments of an index over a part of the rows. A query uses it where it says the same in the same words."""
    return {"sqlite_where": text(where), "postgresql_where": text(where)}


def whole(name: str, age: str) -> Index:
    """The rows that are whole, by their age: what retention reads, however much was pruned before."""
    return Index(name, age, **only("pruned_at IS NULL"))
