"""The text of an article's page, without what stands around it, by trafilatura."""

from __future__ import annotations

from trafilatura import extract

from watcher.clean import MAX_TEXT, plain_line


def text_of_page(body: bytes, url: str) -> str:
    """The article's text, one line for each paragraph; '' where none is found."""
    found = extract(
        body, url=url, favor_precision=True, include_comments=False, include_tables=False, output_format="txt"
    )
    lines = (plain_line(line, MAX_TEXT) for line in (found or "").splitlines())
    return "\n".join(line for line in lines if line)[:MAX_TEXT]
