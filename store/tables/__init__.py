"""The tables of the ledger, in their lasting shape. Instants are integer microseconds UTC, in columns named `…_at`.

Who writes what: the watcher writes feed, host, feed_entry, article,
story_print and fetch; the match job writes match, alert,
message and delivery; the deliver job writes attempt, delivery and endpoint; configuration writes feed, subscription
and rule; people write silence.
"""

from store.tables.matching import alert, held, match, rule
from store.tables.parts import metadata
from store.tables.running import configuration, lease, service, session, signin, signing_key, token
from store.tables.telling import UNDELIVERED, attempt, delivery, endpoint, message, silence, subscription, unsubscribed
from store.tables.watching import article, feed, feed_entry, fetch, host, story_print

__all__ = [
    "UNDELIVERED",
    "alert",
    "article",
    "attempt",
    "configuration",
    "delivery",
    "endpoint",
    "feed",
    "feed_entry",
    "fetch",
    "held",
    "host",
    "lease",
    "match",
    "message",
    "metadata",
    "rule",
    "service",
    "session",
    "signin",
    "signing_key",
    "silence",
    "story_print",
    "subscription",
    "token",
    "unsubscribed",
]
