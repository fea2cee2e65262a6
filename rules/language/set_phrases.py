"""Words that a set phrase or a hyphen tags, whatever else they may be: 'no longer', 'sends home', 'more than 20'."""

from __future__ import annotations

from rules.language.lookahead import Lookahead
from rules.language.words import Tagged

VERBAL = frozenset({"VB", "VBZ", "VBD", "VBN", "VBG"})
NUMBERS = frozenset(
    {"two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "twenty"}
)
_JOINED = frozenset({"ever", "long", "wide", "old", "era", "backed", "related"})
_NEAR = frozenset({"close", "closer", "near", "ready", "open"})
# Verbs that say with 'home' that somebody comes back, whatever stands between.
_HOMEWARD = frozenset({"call", "bring", "summon", "send", "order", "recall", "fly", "take"})
_ROUGHLY = frozenset({("more", "than"), ("less", "than"), ("fewer", "than"), ("at", "least"), ("up", "to")})


def in_a_phrase(s: Tagged, i: int, ahead: Lookahead) -> tuple[str, str] | None:
    """(tag, lemma) of word i where a phrase decides it; the words before it have their tags. None where none does."""
    low, after = s.low[i], s.low[i + 1 : i + 2]
    before = s.tags[i - 1] if i else ""
    if low in ("no", "longer") and ["no", "longer"] in (s.low[i : i + 2], s.low[max(0, i - 1) : i + 1]):
        return "ADV", low
    if tag := _homeward(s, i, before, ahead):
        return tag, low
    if low in _NEAR and after == ["to"] and _before_adverbs(s, i) in ("N", "BE", "VBZ", "VBD"):
        return "ADJ", low
    if low == "due" and after == ["to"] and not ahead.is_base(i + 2):
        return "P", low
    if _is_named(s, i):
        return "N", low
    if low == "further" and before in ("BE", "HAVE", "TO", "M"):
        return "ADV", low
    is_prime = low == "prime" and after in (["minister"], ["ministers"])
    is_latin = low in ("persona", "non", "grata") and "persona" in s.low[max(0, i - 2) : i + 1]
    if is_prime or is_latin or (i in s.joined and low in _JOINED):
        return "ADJ", low
    return None


def _is_named(s: Tagged, i: int) -> bool:
    """'May 12', 'a press release'."""
    is_month = s.low[i] == "may" and s.words[i] != "may" and _is_number(s, i + 1)
    return is_month or (s.low[i] == "release" and i > 0 and s.low[i - 1] in ("press", "news", "media"))


def _before_adverbs(s: Tagged, i: int) -> str:
    """The tag before word i, adverbs skipped."""
    return next((tag for tag in reversed(s.tags[:i]) if tag not in ("ADV", "NEG")), "")


def _comes_home(s: Tagged, i: int, before: str) -> bool:
    """'Sends envoys home', 'calls its ambassador home', 'sends home two envoys'."""
    if before == "N" and s.low[i - 1].endswith("s"):
        return True
    return before in ("N", "PR", *VERBAL) and not _HOMEWARD.isdisjoint(s.lemmas[max(0, i - 4) : i])


def _is_rough(s: Tagged, i: int) -> bool:
    """Is it a word of 'more than', 'at least', 'up to' before a number?"""
    return any(
        tuple(s.low[first : first + 2]) in _ROUGHLY and _is_number(s, first + 2) for first in (i - 1, i) if first >= 0
    )


def _is_number(s: Tagged, i: int) -> bool:
    return i < len(s.low) and (s.low[i][0].isdigit() or s.low[i] in NUMBERS)


def _homeward(s: Tagged, i: int, before: str, ahead: Lookahead) -> str:
    """'Sends envoys home', 'pulled back troops', 'are back', 'up to 18': a particle or an adverb, no noun."""
    if (s.low[i] == "home" and _comes_home(s, i, before)) or _is_rough(s, i):
        return "ADV"
    if s.low[i] != "back":
        return ""
    if before in VERBAL and ahead.opens_phrase(i + 1):
        return "P"
    follows = before in (*VERBAL, "N", "PR", "BE")
    return "ADV" if follows and ahead.after(i) in ("P", "TO", "", ".", ",", "CC", "SUB") else ""
