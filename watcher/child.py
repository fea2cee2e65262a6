"""The child process in which documents are parsed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from watcher.entry import NotAFeed
from watcher.formats.source import Source
from watcher.frames import serve
from watcher.parse import parse


def _answer(head: dict[str, Any], body: bytes) -> dict[str, Any]:
    now = datetime.fromtimestamp(head.pop("now_s"), UTC)
    try:
        read = parse(body, Source(**head), now)
    except MemoryError:
        read = NotAFeed(error_class="too_large", message="the document needs too much memory to be read")
    except RecursionError:
        read = NotAFeed(error_class="not_a_feed", message="the document is nested too deeply to be read")
    except Exception as error:  # noqa: BLE001 - a bug; it must show at the feed and cost this document alone
        read = NotAFeed(error_class="parser", message=f"the parser failed on this document: {error!r}"[:500])
    return {"kind": type(read).__name__, "value": read}


if __name__ == "__main__":
    serve(_answer)
