"""Words that a set phrase or a hyphen tags, whatever else they may be: 'no longer', 'sends home', 'more than 20'."""

from __future__ import annotations

from collections.abc import Callable

from rules.language.lookahead import Lookahead
from rules.language.words import WEEKDAYS, Tagged, word_set

VERBAL = frozenset({"VB", "VBZ", "VBD", "VBN", "VBG"})
NUMBERS = frozenset(
    {"two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "twenty"}
)
_INNER = frozenset({"by", "to", "of", "in", "for", "on", "and", "the"})
_JOINED = word_set("ever long wide old era backed related range class grade calibre caliber")
# Verbs that say with 'home' that somebody comes back, whatever stands between.
_HOMEWARD = frozenset({"call", "bring", "summon", "send", "order", "recall", "fly", "take"})
_ARMED = word_set(
    "opposition armed security government rebel army air ground naval special peacekeeping coalition defence defense "
    "military occupation allied paramilitary police"
)
_ROUGHLY = frozenset({("more", "than"), ("less", "than"), ("fewer", "than"), ("at", "least"), ("up", "to")})
_PRESS = frozenset(
    ["service", "secretary", "office", "officer", "conference", "statement", "briefing", "centre", "center"]
)
_OF_RIGHTS = frozenset({"human", "civil", "equal", "voting", "minority", "women", "basic", "land", "workers"})
_STARTS = WEEKDAYS | {"today", "tomorrow", "tonight", "midnight", "from", "noon", "at"}
_MONTHS = word_set("jan feb mar apr may jun jul aug sep oct nov dec")
_TIMES = frozenset({"on", "in", "at", "yesterday", "last"})


def in_a_phrase(s: Tagged, i: int, ahead: Lookahead) -> tuple[str, str] | None:
    """(tag, lemma) of word i where a phrase decides it; the words before it have their tags. None where none does."""
    low = s.low[i]
    within = low in _INNER and {i, i + 1} <= s.joined  # 'step-by-step'
    if i in s.joined and (low in _JOINED or within or _is_measure(s, i, ahead)):
        return "ADJ", low
    if i + 1 in s.joined and ahead.is_base(i) and ahead.is_participle(i + 1):
        return "ADJ", low  # 'long-awaited'
    chosen = _BY_WORD[low](s, i, ahead) if low in _BY_WORD else ""
    return (chosen, low) if chosen else None


def _before(s: Tagged, i: int) -> str:
    return s.tags[i - 1] if i else ""


def _next(s: Tagged, i: int) -> str:
    return s.low[i + 1] if i + 1 < len(s.low) else ""


def _is_measure(s: Tagged, i: int, ahead: Lookahead) -> bool:
    """'Medium-range rockets': what a hyphen joins to an adjective before a noun, and no verb."""
    return _before(s, i) == "ADJ" and s.low[i - 1] not in ("co", "re") and ahead.after(i) in ("N", "ADJ")


def _no_longer(s: Tagged, i: int, _: Lookahead) -> str:
    is_phrase = ["no", "longer"] in (s.low[i : i + 2], s.low[max(0, i - 1) : i + 1])
    return "ADV" if is_phrase else ""


def _home(s: Tagged, i: int, _: Lookahead) -> str:
    """'Sends envoys home', 'calls its ambassador home', 'sends home two envoys'."""
    before = _before(s, i)
    many = before == "N" and s.low[i - 1].endswith("s")
    sent = before in ("N", "PR", *VERBAL) and not _HOMEWARD.isdisjoint(s.lemmas[max(0, i - 4) : i])
    return "ADV" if many or sent else ""


def _roughly(s: Tagged, i: int, _: Lookahead) -> str:
    """'More than', 'at least', 'up to' before a number."""
    pairs = (first for first in (i - 1, i) if first >= 0 and tuple(s.low[first : first + 2]) in _ROUGHLY)
    return "ADV" if any(_is_number(_next(s, first + 1)) for first in pairs) else ""


def _about(s: Tagged, i: int, _: Lookahead) -> str:
    """'With over 40 states', 'sent about 200 tanks'."""
    return "ADV" if _is_number(_next(s, i)) and _before(s, i) in ("P", *VERBAL) else ""


def _train(s: Tagged, i: int, ahead: Lookahead) -> str:
    """'Helps Norway train its pilots'."""
    return "VB" if "help" in s.lemmas[max(0, i - 3) : i] and ahead.after(i) in ("D", "N", "ADJ") else ""


def _is_number(word: str) -> bool:
    return word[:1].isdigit() or word in NUMBERS


def _close_to(s: Tagged, i: int, ahead: Lookahead) -> str:
    """'Norway close to lifting the ban', 'Close to lifting …', 'deal near on …'."""
    if s.low[i] == "closer" and ahead.after(i) in ("N", "ADJ"):
        return "ADJ"  # 'discuss closer military, economic ties'
    before = next((tag for tag in reversed(s.tags[:i]) if tag not in ("ADV", "NEG")), "")
    joins = _next(s, i) == "to" or (_next(s, i) in ("on", "over") and s.low[i] in ("close", "near"))
    return "ADJ" if joins and before in ("N", "BE", "VBZ", "VBD", "") else ""


def _due(s: Tagged, i: int, ahead: Lookahead) -> str:
    return "P" if _next(s, i) == "to" and not ahead.is_base(i + 2) else ""


def _late(s: Tagged, i: int, _: Lookahead) -> str:
    """'Agreed to a truce late on Sunday'."""
    is_time = _next(s, i) in _TIMES or _next(s, i).endswith("day")
    return "ADV" if _before(s, i) == "N" and is_time else ""


def _back(s: Tagged, i: int, ahead: Lookahead) -> str:
    """'Pulled back troops', 'are back': a particle or an adverb, no noun."""
    before = _before(s, i)
    if before in VERBAL and ahead.opens_phrase(i + 1):
        return "P"
    follows = before in (*VERBAL, "N", "PR", "BE")
    return "ADV" if follows and ahead.after(i) in ("P", "TO", "", ".", ",", "CC", "SUB") else ""


def _yet(s: Tagged, i: int, _: Lookahead) -> str:
    """'Not yet', 'no plan yet', 'yet another sale'."""
    goes_on = _next(s, i) in ("another", "more", "again")
    return "ADV" if goes_on or _before(s, i) == "NEG" or "no" in s.low[max(0, i - 4) : i] else ""


def _double(s: Tagged, i: int, _: Lookahead) -> str:
    """'Sign double tax pact'."""
    return "ADJ" if _next(s, i) in ("tax", "taxation") else ""


def _else(s: Tagged, i: int, _: Lookahead) -> str:
    return "ADV" if i and s.low[i - 1] == "or" else ""


def _including(s: Tagged, i: int, ahead: Lookahead) -> str:
    """'Curbs, including a ban': what is among the things before it."""
    return "P" if _before(s, i) in ("N", ",", "(") and ahead.opens_phrase(i + 1) else ""


def _face(s: Tagged, i: int, _: Lookahead) -> str:
    """'Leave or face sanctions'."""
    return "VB" if i and s.low[i - 1] == "or" else ""


def _following(s: Tagged, i: int, _: Lookahead) -> str:
    """'Shuts its embassy following a raid'."""
    return "P" if _before(s, i) in ("", "N", ",") else ""


def _month(s: Tagged, i: int, _: Lookahead) -> str:
    """'May 12', 'March 2, 2004', '12 May', 'since May'."""
    if s.words[i] == s.low[i]:
        return ""
    is_behind = not s.words[i].isupper() and _before(s, i) in ("NUM", "P")
    return "N" if is_behind or _is_number(_next(s, i)) else ""


def _prime(s: Tagged, i: int, _: Lookahead) -> str:
    """'Prime minister', 'crown prince'."""
    return "ADJ" if _next(s, i) in ("minister", "ministers", "prince", "princess") else ""


def _rights(s: Tagged, i: int, _: Lookahead) -> str:
    """'Human rights abusers'."""
    return "N" if i and s.low[i - 1] in _OF_RIGHTS else ""


def _each(s: Tagged, i: int, _: Lookahead) -> str:
    """'Norway and Ghana have each expelled an envoy'."""
    return "ADV" if _before(s, i) in ("HAVE", "BE", "M") and _next(s, i) != "other" else ""


def _all(s: Tagged, i: int, ahead: Lookahead) -> str:
    """'The curbs are all lifted', 'have all been lifted'."""
    is_followed = ahead.after(i) in ("V", "VBG", "BE") and _next(s, i) != "of"
    return "ADV" if _before(s, i) in ("BE", "HAVE") and is_followed else ""


def _press(s: Tagged, i: int, _: Lookahead) -> str:
    """'The press service', 'a press secretary'."""
    return "N" if _next(s, i) in _PRESS else ""


def _black(s: Tagged, i: int, ahead: Lookahead) -> str:
    """'Crossed off the EU black list', and not 'they black list firms'."""
    is_list = _next(s, i) in ("list", "lists")
    return "ADJ" if is_list and ahead.after(i + 1) not in ("D", "N", "NUM", "PR", "ADJ") else ""


def _release(s: Tagged, i: int, _: Lookahead) -> str:
    return "N" if i and s.low[i - 1] in ("press", "news", "media") else ""


def _further(s: Tagged, i: int, _: Lookahead) -> str:
    return "ADV" if _before(s, i) in ("BE", "HAVE", "TO", "M") else ""


def _forces(s: Tagged, i: int, _: Lookahead) -> str:
    """'The opposition forces', 'air forces': soldiers, and nobody's act."""
    return "N" if i and s.low[i - 1] in _ARMED else ""


def _moderate(s: Tagged, i: int, ahead: Lookahead) -> str:
    """'Syrian moderate rebels'."""
    return "ADJ" if _before(s, i) == "N" and ahead.after(i) == "N" else ""


def _now(s: Tagged, i: int, _: Lookahead) -> str:
    """'Ruled out for now sending tanks': the two words say only when."""
    return "ADV" if ["for", "now"] in (s.low[i : i + 2], s.low[max(0, i - 1) : i + 1]) else ""


def _effective(s: Tagged, i: int, _: Lookahead) -> str:
    """'Declares a truce effective Monday'."""
    after = _next(s, i)
    return "P" if _before(s, i) == "N" and (after in _STARTS or _is_number(after) or after[:3] in _MONTHS) else ""


def _grata(s: Tagged, i: int, _: Lookahead) -> str:
    return "ADJ" if not {"persona", "personae"}.isdisjoint(s.low[max(0, i - 2) : i + 1]) else ""


_BY_WORD: dict[str, Callable[[Tagged, int, Lookahead], str]] = {
    **dict.fromkeys(("no", "longer"), _no_longer),
    **dict.fromkeys(("more", "less", "fewer", "than", "at", "least", "up", "to"), _roughly),
    **dict.fromkeys(("close", "closer", "near", "ready", "open"), _close_to),
    **dict.fromkeys(("late", "early"), _late),
    **dict.fromkeys(("persona", "personae", "non", "grata", "gratae"), _grata),
    **dict.fromkeys(("over", "about", "around"), _about),
    "train": _train,
    "home": _home,
    "due": _due,
    "back": _back,
    "yet": _yet,
    "double": _double,
    "following": _following,
    "all": _all,
    "press": _press,
    "black": _black,
    "each": _each,
    "both": _each,
    "release": _release,
    "may": _month,
    "march": _month,
    "prime": _prime,
    "forces": _forces,
    "moderate": _moderate,
    **dict.fromkeys(("for", "now"), _now),
    "crown": _prime,
    "rights": _rights,
    "else": _else,
    "including": _including,
    "face": _face,
    "further": _further,
    "effective": _effective,
}
