"""What a look at a feed found, for programs and for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from store.database import instant
from watcher.checking import Checked, Found, remarks
from watcher.entry import Document, Entry
from watcher.fetch import Fetched, FetchFailed, Validators
from watcher.identity import article_id
from watcher.mending import how_to_mend

SHOWN = 5
"""Entries that are shown to people; programs get all."""


def report(checked: Checked, found: Sequence[Found], watched: str) -> dict[str, Any]:
    """What a look found, as `tocsin feeds check --json` prints it; *watched* is the origin of its declaration."""
    log, update = checked.reading.outcome.log, checked.reading.outcome.update
    return {
        "url": checked.look.state.feed.url,
        "asked": checked.look.asked,
        "watched": watched or None,
        "answer": _answer(checked),
        "problem": _problem(checked),
        "feed": _feed(checked),
        "entries": [_entry(entry, checked) for entry in _entries(checked)],
        "next_check": {"at": _instant(update.next_check_at), "why": update.next_check_why},
        "outcome": log.outcome,
        "remarks": list(remarks(checked)),
        "candidates": [_candidate(one) for one in found],
    }


def _answer(checked: Checked) -> dict[str, Any] | None:
    result = checked.result
    if not isinstance(result, Fetched):
        status = result.status if isinstance(result, FetchFailed) else 304
        return {"status": status, "elapsed_ms": result.elapsed_ms} if status else None
    return {
        "status": result.status,
        "elapsed_ms": result.elapsed_ms,
        "url": result.url,
        "redirects": [asdict(hop) for hop in result.hops],
        "content_type": result.content_type,
        "bytes": len(result.body),
        "conditional": result.validators != Validators(),
    }


def _problem(checked: Checked) -> dict[str, Any] | None:
    log = checked.reading.outcome.log
    if log.error_class is None:
        return None
    return {"class": log.error_class, "message": log.error, "mend": how_to_mend(log.error_class)}


def _feed(checked: Checked) -> dict[str, Any] | None:
    document, decision = checked.reading.document, checked.reading.decision
    if document is None or decision is None:
        return None
    return {
        "format": document.format,
        "title": document.title,
        "language": _language(document),
        "entries": len(document.entries),
        "new": len(decision.new),
        "quiet": dict(Counter(one.quiet for one in decision.new if one.quiet)),
        "changed": len(decision.changed),
        "known": decision.known,
        "skipped": dict(decision.skipped),
    }


def _language(document: Document) -> str | None:
    """That of most entries."""
    found = Counter(entry.lang for entry in document.entries if entry.lang).most_common(1)
    return found[0][0] if found else None


def _entries(checked: Checked) -> tuple[Entry, ...]:
    return checked.reading.document.entries if checked.reading.document else ()


def _entry(entry: Entry, checked: Checked) -> dict[str, Any]:
    names = {
        "guid": entry.names.guid,
        "link": entry.names.link,
        "title": entry.names.title,
        "text": entry.names.content,
    }
    return {
        "title": entry.title,
        "url": entry.url,
        "published_at": _instant(entry.published_at) if entry.published_at is not None else None,
        "published_from": entry.published_from,
        "characters": len(entry.text),
        "known_by": [name for name, key in names.items() if key],
        "id": article_id(checked.look.state.id, entry.names),
    }


def _candidate(one: Found) -> dict[str, Any]:
    place = {"url": one.candidate.url, "how": one.candidate.how, "title": one.candidate.title or None}
    return place | {"problem": _problem(one.checked), "feed": _feed(one.checked)}


def lines(whole: dict[str, Any]) -> Iterator[str]:
    """A report for people, one thing a line, however narrow the screen is."""
    yield f"{whole['url']} ({'watched already' if whole['watched'] else 'not watched yet'})"
    yield from _way(whole)
    yield from _found_wrong(whole) if whole["problem"] else _found_right(whole)
    yield from (f"  note: {remark}" for remark in whole["remarks"])
    yield f"  next look: {whole['next_check']['at']}, {whole['next_check']['why']}"
    yield from _offered(whole["candidates"])


def _way(whole: dict[str, Any]) -> Iterator[str]:
    if whole["asked"] != whole["url"]:
        yield f"  has moved for good, and is asked at {whole['asked']}"
    if (answer := whole["answer"]) is None:
        return
    for hop in answer.get("redirects", ()):
        yield f"  redirect {hop['status']} to {hop['url']}"
    took = f"in {answer['elapsed_ms']} ms"
    size = f", {answer['bytes']} bytes of {answer['content_type'] or 'no type'}" if "bytes" in answer else ""
    yield f"  answered {answer['status']} {took}{size}"
    if "bytes" in answer and not answer["conditional"]:
        yield "  gives neither ETag nor Last-Modified: every look fetches the whole of it"


def _found_wrong(whole: dict[str, Any]) -> Iterator[str]:
    problem = whole["problem"]
    yield f"  problem ({problem['class']}): {problem['message']}"
    yield f"  to mend it: {problem['mend']}"


def _found_right(whole: dict[str, Any]) -> Iterator[str]:
    feed = whole["feed"]
    yield f'  is {feed["format"]}, "{feed["title"]}", language {feed["language"] or "unknown"}'
    parts = [f"{feed['new']} new", f"{feed['changed']} changed", f"{feed['known']} known"]
    parts += [f"{count} skipped ({why})" for why, count in feed["skipped"].items()]
    quiet = [f"{count} of the new ones kept quiet ({why})" for why, count in feed["quiet"].items()]
    yield f"  {feed['entries']} entries: {', '.join(parts + quiet)}"
    for entry in whole["entries"][:SHOWN]:
        date = f"{entry['published_at'] or 'no date'} ({entry['published_from']})"
        yield f"    {date} {entry['title'] or '(no title)'}"
        yield f"      {entry['url'] or 'no link'}; told apart by {', '.join(entry['known_by'])}"
    if len(whole["entries"]) > SHOWN:
        yield f"    and {len(whole['entries']) - SHOWN} more (--json shows all)"


def _offered(candidates: list[dict[str, Any]]) -> Iterator[str]:
    for one in candidates:
        feed, problem = one["feed"], one["problem"]
        what = f"{feed['format']}, {feed['entries']} entries" if feed else problem["message"]
        yield f"  candidate {one['url']} ({one['how']}): {what}"
    if first := next((one for one in candidates if one["feed"]), None):
        yield f"  to watch it: tocsin feeds add {first['url']}"


def _instant(at: int) -> str:
    return f"{instant(at):%Y-%m-%dT%H:%M:%SZ}"
