"""All formats. Only what parses imports this: the libraries below it are for the child processes alone."""

from __future__ import annotations

from collections.abc import Callable

from watcher.entry import RawDocument
from watcher.formats import json_feed, news_sitemap, usual_feed, xml_feed
from watcher.formats.source import Source

Reader = Callable[[bytes, Source], RawDocument | None]

READERS: tuple[Reader, ...] = (json_feed.read, news_sitemap.read, usual_feed.read, xml_feed.read)
"""Asked in this order; the first that knows the document reads it."""
