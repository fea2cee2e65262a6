"""What a mail says: subject, thread, and the same in plain text and HTML, evidence first. Pure."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from rules.model import Zone
from store.words import counted, safe_url
from workers.channels.channel import Told
from workers.digest_entries import RETRACTED, entries_of

MAX_SUBJECT = 180
"""Characters: what a mail program shows, and far from any limit of RFC 5322."""

COLUMNS = 72
"""Of the plain text; only addresses are longer."""

WHOLE = 25
"""Entries of a digest that are shown with their evidence; the rest, a line each, keeps a mail under the 100 kB at which
some programs cut it off.
"""

BREAKS = re.compile(r"[\x00-\x20\x7f-\xa0\u1680\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff\ud800-\udfff]+")

_PLACES = {
    Zone.HEADLINE: "in the headline",
    Zone.LEAD: "in the lead",
    Zone.BODY: "in the text",
    Zone.BACKGROUND: "as background",
}

_NOTES = {
    "alert.updated": "Updated: more is known than when you were told.",
    "alert.corrected": "Corrected: the article was changed after you were told. This is what holds now.",
    RETRACTED: "Retracted: the article was changed, and no longer says this.",
}
"""What a mail about an alert that was told before says first; the first word begins its subject."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """`thread` is an id that mails which belong together share; empty for one that stands alone."""

    subject: str
    thread: str
    text: str
    html: str


def letter_of(told: Told, subscription_id: str) -> Letter:
    """The letter for one message."""
    subject, thread, template, shown = next(write for key, write in _KINDS.items() if key in told.data)(told)
    shown = {**shown, "told": told, "subscription": subscription_id, "RETRACTED": RETRACTED}
    text, html = (_templates.get_template(f"{template}.{kind}").render(shown) for kind in ("txt", "html"))
    return Letter(subject=clean(subject), thread=thread, text=text, html=html)


_Written = tuple[str, str, str, Mapping[str, Any]]


def _alert(told: Told) -> _Written:
    data = told.data
    became = f"{_NOTES[told.kind].partition(':')[0]}: " if told.kind in _NOTES else ""
    subject = f"{became}[{data['alert']['rule']['level']}] {data['alert']['rule']['title']}: {data['article']['title']}"
    return subject, f"story.{data['alert']['story']}", "alert", {**data, "data": data, "note": note_of(told.kind, data)}


def _digest(told: Told) -> _Written:
    entries, digest = entries_of(told.data["items"]), told.data["digest"]
    part = f", part {digest['part']}" if digest["part"] > 1 else ""
    headline = f"{len(entries)} {'alert' if len(entries) == 1 else 'alerts'}{part}"
    until, first = moment(digest["until"], digest["timezone"]), entries[0]
    subject = f"[{first.level}] {headline} until {until}: {first.data['article']['title']}"
    shown = {"digest": digest, "headline": headline, "whole": entries[:WHOLE], "brief": entries[WHOLE:]}
    return subject, "", "digest", shown


def _notice(told: Told) -> _Written:
    notice = told.data["notice"]
    about = notice["about"]
    return f"[Tocsin] {notice['title']}: {about['name']}", f"{about['what']}.{about['id']}", "notice", told.data


_KINDS: Mapping[str, Callable[[Told], _Written]] = {"alert": _alert, "items": _digest, "notice": _notice}
"""By what the data of a message hold."""


def note_of(kind: str, data: Mapping[str, Any]) -> str:
    """What became of an alert that was told before; empty for a new one."""
    change = data.get("change")
    return f"Updated: {change}." if change and kind == "alert.updated" else _NOTES.get(kind, "")


def clean(text: str) -> str:
    """*text* as one line that no mail program can take for more: no control or line characters, at most MAX_SUBJECT
    long. Always sent as an encoded word of our own making, so that one in a title (`=?utf-8?q?a=0d=0aBcc:…?=`, which
    Python before 3.11.10 turns into a real Bcc, CVE-2024-6923) is text and nothing else.
    """
    line = BREAKS.sub(" ", text).strip()
    return line if len(line) <= MAX_SUBJECT else line[: MAX_SUBJECT - 1].rstrip() + "…"


def moment(text: str, zone: str) -> str:
    """An RFC 3339 instant for people: `30 Nov 2026, 07:00 CET`."""
    return f"{datetime.fromisoformat(text).astimezone(ZoneInfo(zone)):%d %b %Y, %H:%M %Z}".lstrip("0")


def wrapped(text: str, indent: int = 0) -> str:
    """*text* in lines of COLUMNS, those after the first indented; an address is never broken."""
    later = " " * indent
    lines = textwrap.wrap(text, COLUMNS, subsequent_indent=later, break_long_words=False, break_on_hyphens=False)
    return "\n".join(lines)


def claimed(alert: Mapping[str, Any]) -> str:
    """The claim's status and where it stands: `done, in the lead`."""
    return f"{alert['status']}, {_PLACES[alert['zone']]}"


def voices(data: Mapping[str, Any]) -> str:
    """Whose article it is, and how many others tell of it."""
    others = data["outlets"] - 1
    return f"{data['article']['outlet']}{' and ' + counted(others, 'other outlet') if others else ''}"


def speaker(value: Mapping[str, Any]) -> str:
    """Name and office, as far as they are known."""
    return ", ".join(part for part in (value["name"], value["title"]) if part) or "unnamed"


_templates = Environment(
    loader=PackageLoader("workers.channels", "templates"),
    autoescape=select_autoescape(("html",)),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
_templates.filters |= {
    "claimed": claimed,
    "moment": moment,
    "note": lambda one: note_of(one.kind, one.data),
    "safe_url": safe_url,
    "speaker": speaker,
    "voices": voices,
    "wrapped": wrapped,
}
