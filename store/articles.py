"""An article of the ledger as rules read it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import RowMapping

from rules.model import Article
from store.database import instant


def article_of(row: RowMapping | Mapping[str, Any]) -> Article:
    """From the columns of table article. The clock is the article's own: where the feed gives no date, the instant at
    which it was first seen.
    """
    published = row["published_at"] if row["published_at"] is not None else row["first_seen_at"]
    return Article(
        id=row["id"],
        title=row["title"],
        text=row["text"],
        url=row["url"],
        source=row["outlet"],
        published_at=instant(published),
        lang=row["lang"],
    )
