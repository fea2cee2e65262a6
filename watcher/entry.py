"""What reading a feed gives: entries made clean, or the reason why the document is no feed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Provenance = Literal["declared", "inferred", "first_seen"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RawEntry:
    """An entry as its format gives it. `bodies` may be HTML, best first; `dates` are as written, publication first;
    `fallback_at` (microseconds UTC) is a date that the format's own reader understood.
    """

    guid: str | None = None
    link: str | None = None
    title: str = ""
    bodies: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()
    fallback_at: int | None = None
    author: str | None = None
    lang: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RawDocument:
    """A feed as its format gives it. `complete` is False where it broke off; `ttl_s` is the rest it asks for, `rests`
    are the hours of the week (UTC, from Monday 0:00) in which it asks not to be asked; `beyond` entries were more than
    wanted.
    """

    format: str
    entries: tuple[RawEntry, ...]
    complete: bool = True
    title: str = ""
    lang: str | None = None
    ttl_s: int | None = None
    rests: tuple[int, ...] = ()
    base: str | None = None
    beyond: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """The names by which an entry may be known in its feed; None where it has no such name."""

    guid: str | None
    link: str | None
    title: str | None
    content: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One item, clean: plain text with a newline between paragraphs, a safe absolute link or None, the date in
    microseconds UTC or None, and where the date is from.
    """

    names: Names
    url: str | None
    title: str
    text: str
    author: str | None
    lang: str | None
    published_at: int | None
    published_from: Provenance
    content_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A feed that could be read. `beyond` entries were left out because there are too many."""

    format: str
    title: str
    entries: tuple[Entry, ...]
    beyond: int
    complete: bool
    ttl_s: int | None
    rests: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NotAFeed:
    """What came cannot be read as a feed. `error_class` is for programs, `message` for people."""

    error_class: str
    message: str


def value_of(answer: dict[str, Any]) -> Document | NotAFeed:
    """The value that an answer's JSON stands for."""
    value = answer["value"]
    if answer["kind"] == "NotAFeed":
        return NotAFeed(**value)
    entries = tuple(Entry(**(entry | {"names": Names(**entry["names"])})) for entry in value["entries"])
    return Document(**(value | {"entries": entries, "rests": tuple(value["rests"])}))
