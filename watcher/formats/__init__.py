"""The formats of feeds: each reads a body into raw entries, or says that it is another format's.

A new format is a module with `read(body, source) -> RawDocument | None` and a line in `READERS`.
"""

from __future__ import annotations

from collections.abc import Callable

from watcher.entry import RawDocument
from watcher.formats import json_feed, news_sitemap, xml_feed
from watcher.formats.source import Source

Reader = Callable[[bytes, Source], RawDocument | None]

READERS: tuple[Reader, ...] = (json_feed.read, news_sitemap.read, xml_feed.read)
"""Asked in this order; the first that knows the document reads it."""
