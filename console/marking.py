"""Evidence in its place: texts split into paragraphs, and those into pieces that are marked or not. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a paragraph; `marked` where it is evidence."""

    text: str
    marked: bool


Paragraph = tuple[Piece, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """An article with its evidence marked. `missing` are quotations that the article no longer has: it was revised."""

    title: Paragraph
    paragraphs: tuple[Paragraph, ...]
    missing: tuple[str, ...]


def mark(title: str, text: str, evidence: Iterable[Mapping[str, Any]]) -> Marked:
    """Mark what *evidence* quotes (`field`, `start`, `end` in code points, `text`). A quotation that is not where it
    says stands somewhere else since the article was revised, or nowhere.
    """
    fields: dict[str, str] = {"title": title, "text": text}
    spans: dict[str, list[Span]] = {"title": [], "text": []}
    missing: list[str] = []
    for one in evidence:
        place = _place(fields.get(one["field"], ""), one["start"], one["end"], one["text"])
        if place is None:
            missing.append(one["text"])
        else:
            spans[one["field"]].append(place)
    whole = _merged(spans["title"])
    return Marked(
        title=tuple(_pieces(title, 0, len(title), whole)),
        paragraphs=tuple(_paragraphs(text, _merged(spans["text"]))),
        missing=tuple(missing),
    )


def _place(whole: str, start: int, end: int, quoted: str) -> Span | None:
    if whole[start:end] == quoted:
        return (start, end)
    found = whole.find(quoted) if quoted else -1
    return None if found < 0 else (found, found + len(quoted))


def _merged(spans: Sequence[Span]) -> list[Span]:
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        elif end > start:
            merged.append((start, end))
    return merged


def _paragraphs(text: str, spans: Sequence[Span]) -> Iterable[Paragraph]:
    start = 0
    for line in text.split("\n"):
        if line.strip():
            yield tuple(_pieces(text, start, start + len(line), spans))
        start += len(line) + 1


def _pieces(text: str, start: int, end: int, spans: Sequence[Span]) -> Iterable[Piece]:
    at = start
    for first, last in spans:
        first, last = max(first, at), min(last, end)
        if first >= last:
            continue
        if first > at:
            yield Piece(text[at:first], False)
        yield Piece(text[first:last], True)
        at = last
    if at < end:
        yield Piece(text[at:end], False)
