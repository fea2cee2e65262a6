"""What Tocsin and plain feedparser read in every document of the measuring data: `python -m tests.watcher.corpus`.

Plain feedparser has the same switches (no sanitising, no resolving) and its own XML parser. Titles and texts are
compared as plain text, links as canonical absolute ones; what is left is a real difference, and has a kind.
"""

from __future__ import annotations

import calendar
import sys
import tarfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import feedparser
import feedparser.api

from watcher.clean import plain_line, plain_text, safe_link
from watcher.entry import Document, Entry
from watcher.formats.source import Source
from watcher.identity import canonical_url
from watcher.parse import parse

ARCHIVES = ("feeds.tar.gz", "real-feeds.tar.gz")
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
SOURCE = Source(url="https://feed.example/dir/feed")
WORSE = ("fewer entries", "title lost", "link lost", "date lost", "text lost", "text shorter")
"""Kinds of difference that must not be."""

_OURS = list(feedparser.api.PREFERRED_XML_PARSERS)
_ITS_OWN = ["drv_libxml2"]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_DAY = datetime(1990, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Differences:
    """kind → the (document, what feedparser has, what we have) of each; entries that are the same are counted."""

    found: dict[str, list[tuple[str, Any, Any]]] = field(default_factory=lambda: defaultdict(list))
    same: int = 0
    slowest_s: float = 0.0

    def add(self, kind: str, name: str, theirs: object, ours: object) -> None:
        self.found[kind].append((name, theirs, ours))


def documents(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every document of the archives below *folder*, with its name."""
    for archive in ARCHIVES:
        with tarfile.open(folder / archive) as files:
            for member in files:
                opened = files.extractfile(member) if member.isfile() else None
                if opened is not None:
                    yield member.name, opened.read()


def compare(every: Iterator[tuple[str, bytes]]) -> Differences:
    """The differences between what both read."""
    differences = Differences()
    for name, body in every:
        theirs = feedparsers(body)
        started = time.perf_counter()
        document = parse(body, SOURCE, NOW)
        differences.slowest_s = max(differences.slowest_s, time.perf_counter() - started)
        ours = document.entries if isinstance(document, Document) else ()
        if len(theirs) != len(ours):
            kind = "fewer entries" if len(ours) < len(theirs) else "more entries"
            differences.add(kind, name, len(theirs), len(ours))
        else:
            _compare_entries(differences, name, theirs, ours)
    return differences


def feedparsers(body: bytes) -> list[Any]:
    """The entries that plain feedparser finds; none where it raises."""
    feedparser.api.PREFERRED_XML_PARSERS = _ITS_OWN
    try:
        found = feedparser.parse(BytesIO(body), response_headers={}, sanitize_html=False, resolve_relative_uris=False)
    except Exception:  # noqa: BLE001 - KeyError, TypeError …
        return []
    finally:
        feedparser.api.PREFERRED_XML_PARSERS = _OURS
    return list(found["entries"])


def _compare_entries(differences: Differences, name: str, theirs: Sequence[Any], ours: Sequence[Entry]) -> None:
    for one, other in zip(theirs, ours, strict=True):
        kinds = [*_title(one, other), *_link(one, other), *_date(one, other), *_text(one, other)]
        differences.same += not kinds
        for kind, their_value, our_value in kinds:
            differences.add(kind, name, their_value, our_value)


Kinds = Iterator[tuple[str, object, object]]


def _title(theirs: Any, ours: Entry) -> Kinds:
    title = plain_line(dict.get(theirs, "title") or "")
    if title != ours.title:
        yield ("title lost" if not ours.title else "title read otherwise"), title, ours.title


def _link(theirs: Any, ours: Entry) -> Kinds:
    link = dict.get(theirs, "link")
    safe = safe_link(link, SOURCE.url)
    absolute = canonical_url(safe) if safe else None
    if absolute == ours.url:
        return
    if not link:
        yield "link found where feedparser has none", link, ours.url
    elif ours.url is None:
        yield "link lost", link, ours.url
    elif link != dict.get(theirs, "id") and str(link).startswith(("http:", "https:")):
        yield "link read otherwise", link, ours.url
    else:
        yield "link absolute by the feed's own base, or in place of a guid", link, ours.url


def _date(theirs: Any, ours: Entry) -> Kinds:
    parsed = [dict.get(theirs, f"{name}_parsed") for name in ("published", "created", "updated")]
    found = next(
        (_EPOCH + timedelta(seconds=calendar.timegm(stamp)) for stamp in parsed if stamp and stamp[0] > 0), None
    )
    written = next((text for name in ("published", "created", "updated") if (text := dict.get(theirs, name))), None)
    date = None if ours.published_at is None else _EPOCH + timedelta(microseconds=ours.published_at)
    if found is None and date is not None:
        yield "date read where feedparser has none", written, f"{date:%Y-%m-%d %H:%M} ({ours.published_from})"
    elif found is not None and date is None:
        kind = "date that cannot be, not believed" if not _FIRST_DAY < found < NOW + timedelta(days=2) else "date lost"
        yield kind, written, None
    elif found is not None and date is not None and abs(found - date) > timedelta(seconds=1):
        yield "date read otherwise", f"{written} → {found:%Y-%m-%d %H:%M}", f"{date:%Y-%m-%d %H:%M}"


def _text(theirs: Any, ours: Entry) -> Kinds:
    bodies = [dict.get(theirs, "summary"), *(dict.get(part, "value") for part in dict.get(theirs, "content") or ())]
    text = max((plain_text(body) for body in bodies if body), key=len, default="")
    if len(ours.text) < len(text):
        yield ("text lost" if not ours.text else "text shorter"), text[:60], ours.text[:60]
    elif text != ours.text:
        yield (
            ("text longer" if len(ours.text) > len(text) else "another text of the same length"),
            text[:60],
            ours.text[:60],
        )


def report(differences: Differences, *, every: bool) -> Iterator[str]:
    """The lines of the table, with *every* difference where that is wanted."""
    yield f"entries that are the same: {differences.same}; slowest document: {differences.slowest_s:.2f} s\n"
    yield "| difference | times | documents | for instance |\n|---|---|---|---|"
    for kind, found in sorted(differences.found.items()):
        name, theirs, ours = found[0]
        told = f"{theirs!s:.60} → {ours!s:.60} ({name})"
        yield f"| {kind} | {len(found)} | {len({name for name, *_ in found})} | {told} |"
    for kind, found in sorted(differences.found.items()) if every else ():
        yield f"\n{kind}"
        yield from (f"  {name}: {theirs!r:.100} → {ours!r:.100}" for name, theirs, ours in found)


if __name__ == "__main__":
    data = Path(__file__).resolve().parents[3] / "shared" / "corpora"
    sys.stdout.writelines(f"{line}\n" for line in report(compare(documents(data)), every="-v" in sys.argv))
