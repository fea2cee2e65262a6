"""Feeds, what is fetched of them, and the articles that come of it."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, Table, Text

from store.tables.parts import Instant, Json, RowId, lease_columns, metadata, only, pruned_column, whole

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
    Column("proxy", Text),  # a URL, or a reference (env:NAME, file:PATH) where it holds a password
    Column("origin", Text, nullable=False),  # file | console | demo
    Column("created_at", Instant, nullable=False),
    Column("removed_at", Instant),
    # what fetching has taught us
    Column("fetch_from", Text),  # where a confirmed permanent redirect leads; None: the URL as declared
    Column("host", Text, nullable=False, server_default=""),  # name and port that is to be spared
    Column("also_host", Text),  # where its last look was led, if elsewhere; where it is now, while it is leased
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
    Column("usual_gap_s", Integer),  # between two entries, usually
    Column("failing_since_at", Instant),
    Column("rests", Json),  # hours of the week (UTC) in which the feed asks not to be asked
    Column("troubles", Json),  # what was told and is not over: failing, silent, gap, gone
    Column("episodes", Json),  # how often each kind of notice was told
    Column("moved_to", Text),
    Column("moved_count", Integer, nullable=False, server_default="0"),
    Column("moved_since_at", Instant),
    *lease_columns(),
    Index("ix_feed_host", "host"),
    Index("ix_feed_leased", "lease_until_at", **only("lease_until_at IS NOT NULL")),
    Index("ix_feed_due", "next_check_at", **only("removed_at IS NULL")),
)

host = Table(
    "host",
    metadata,
    # No request to the host starts before, whoever watches: the spacing after the last one, or what the host asked for.
    Column("name", Text, primary_key=True),
    Column("next_start_at", Instant, nullable=False),
    Column("started_at", Instant),  # when the last request to it began
    Column("why", Text),  # of a rest that the host asked for; None for the spacing
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
    Column("quiet", Json),  # {why: count} of the new ones that must not alert
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
    Column("feed_text", Text),  # what the feed said, where the text is from the article's page
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
    pruned_column(),
    *lease_columns(),
    whole("ix_article_whole", "revised_at"),
    Index("ix_article_waiting", "first_seen_at", **only("evaluated_at IS NULL AND parked_at IS NULL")),
    Index("ix_article_parked", "parked_at", **only("parked_at IS NOT NULL")),
    Index("ix_article_url", "url"),
    Index("ix_article_story", "story_id"),
    Index("ix_article_feed_seen", "feed_id", "first_seen_at"),
)

story_print = Table(
    "story_print",
    metadata,
    # A few numbers of each article of the last days, by which copies of it are found.
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("article_id", Text, ForeignKey("article.id"), primary_key=True),
    Column("story_id", Text, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Index("ix_story_print_seen_at", "seen_at"),
)
