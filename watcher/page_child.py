"""The child process in which articles' pages are read; trafilatura is loaded here alone, and 29 MB with it."""

from __future__ import annotations

from typing import Any

from watcher.frames import serve
from watcher.page import text_of_page


def _answer(head: dict[str, Any], body: bytes) -> dict[str, Any]:
    try:
        return {"text": text_of_page(body, head["url"])}
    except Exception:  # noqa: BLE001 - of any page: the feed's own text is kept
        return {"text": ""}


if __name__ == "__main__":
    serve(_answer)
