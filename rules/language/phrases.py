"""Tagged words into chunks: noun phrases with a head, verb groups with voice and tense, what lies between."""

from __future__ import annotations

import re
from typing import NamedTuple

from rules.language.set_phrases import VERBAL
from rules.language.words import WEEKDAYS, Tagged, word_set

_NOMINAL = frozenset({"D", "ADJ", "N", "NUM", "POSS", "JJV", "PR"})
_HEADS = frozenset({"N", "PR", "NUM"})
_GROUP = frozenset({"M", "BE", "HAVE", "DO", "NEG", "ADV", "TO"})
_DAYS = WEEKDAYS | {"today", "yesterday", "tomorrow", "tonight"}
_PERIODS = frozenset({"week", "weekend", "month", "year"})
_CLAUSE = frozenset({"NP", "VG", "AP"})
_GOES_ON = _CLAUSE | {"P", "TO", "SUB", "REL"}
_READY = word_set(
    "close closer near ready set due bound able unable likely unlikely open willing unwilling reluctant hesitant keen"
    " eager poised prepared"
)
_IN_FORCE = frozenset({"place", "force", "effect"})
_OTHER = frozenset({"other", "more", "further", "such"})
_SPANS = frozenset({"hours", "days", "weeks", "months", "years", "hour", "minutes"})
_REFUSING = {
    "can't": "can",
    "cannot": "can",
    "couldn't": "could",
    "won't": "will",
    "wouldn't": "would",
    "shouldn't": "should",
    "mustn't": "must",
}
_YEAR = re.compile(r"(?:19|20)\d\d")
_NEGATIVE = frozenset({"not", "never", "n't", "cannot", "hardly", "barely", "neither"})

CONTROL = word_set(
    "urge ask tell want call press order force push allow persuade help let request require invite expect permit "
    "get lead"
)
"""Verbs whose object does the infinitive that follows: 'urged Norway to lift it'."""


class Chunk(NamedTuple):
    """A stretch of tokens `first` to `last`. kind: NP, AP (predicative adjective), VG, or the tag of a single word."""

    kind: str
    first: int
    last: int
    head: int
    form: str = ""
    """VG: fin, inf, ger, part (participle without auxiliary)."""
    modal: str = ""
    passive: bool = False
    perfect: bool = False
    progressive: bool = False
    negated: bool = False
    copula: bool = False


def chunks_of(sentence: Tagged) -> list[Chunk]:
    """The chunks of a sentence, in order; adverbs that belong to no verb are left out, days in mid-clause as well."""
    found: list[Chunk] = []
    i = 0
    while i < len(sentence.tags):
        chunk = _verb_group(sentence, i) or _noun_phrase(sentence, i)
        if chunk is None:
            tag = sentence.tags[i]
            if tag == "(" and found and found[-1].kind == "NP" and (end := _aside(sentence, i)):
                i = end + 1
                continue
            if tag not in ("ADV", "NEG"):
                found.append(Chunk(tag, i, i, i))
            i += 1
            continue
        found.append(chunk)
        i = chunk.last + 1
    return _without_days(sentence, _with_perfects(sentence, found))


def _with_perfects(s: Tagged, chunks: list[Chunk]) -> list[Chunk]:
    """'Norway has with immediate effect banned imports': a perfect that a phrase parts is one group."""
    found: list[Chunk] = []
    for chunk in chunks:
        is_parted = chunk.form == "part" and [c.kind for c in found[-3:]] == ["VG", "P", "NP"]
        if is_parted and s.tags[found[-3].head] == "HAVE":
            found[-3:] = [found[-3]._replace(last=chunk.last, head=chunk.head, perfect=True, form="fin")]
        else:
            found.append(chunk)
    return found


def _without_days(s: Tagged, chunks: list[Chunk]) -> list[Chunk]:
    """'Plans Thursday for new talks', 'has for the first time met': a time parts no word from what it governs."""
    if _DAYS.isdisjoint(s.low) and _PERIODS.isdisjoint(s.low) and "time" not in s.low:
        return chunks
    left_out: set[int] = set()
    for k, chunk in enumerate(chunks[1:-1], 1):
        if chunk.kind == "NP" and s.low[chunk.first : chunk.last + 1] == ["the", "first", "time"]:
            left_out |= {k - 1, k} if s.low[chunks[k - 1].first] == "for" else set()
        if chunk.kind == "NP" and _says_when(s, chunk):
            first = k - (s.low[chunks[k - 1].first] == "on")
            is_within = first and chunks[first - 1].kind in _CLAUSE and chunks[k + 1].kind in _GOES_ON
            left_out |= set(range(first, k + 1)) if is_within else set()
    return _joined(s, [(k - 1 in left_out, chunk) for k, chunk in enumerate(chunks) if k not in left_out])


def _says_when(s: Tagged, chunk: Chunk) -> bool:
    """'Thursday', 'early next week'."""
    if chunk.first == chunk.last:
        return s.low[chunk.first] in _DAYS
    return s.low[chunk.head] in _PERIODS and s.low[chunk.first] in ("next", "last", "this", "early", "late")


def _joined(s: Tagged, chunks: list[tuple[bool, Chunk]]) -> list[Chunk]:
    """'The pact was on Monday signed', 'have for the first time met': a group that a time parted is one."""
    found: list[Chunk] = []
    for is_parted, chunk in chunks:
        if is_parted and chunk.form == "part" and found[-1].copula:
            found[-1] = found[-1]._replace(last=chunk.last, head=chunk.head, copula=False, passive=True)
        elif is_parted and chunk.form == "part" and s.tags[found[-1].head] == "HAVE":
            found[-1] = found[-1]._replace(last=chunk.last, head=chunk.head, perfect=True)
        else:
            found.append(chunk)
    return found


def _aside(s: Tagged, i: int) -> int:
    """'The World Health Organization (WHO) …': where a short parenthesis that names ends; 0 for any other."""
    end = next((j for j in range(i + 1, min(i + 8, len(s.tags))) if s.tags[j] == ")"), 0)
    return end if all(tag in (*_NOMINAL, "–", "P", ",") for tag in s.tags[i + 1 : end]) else 0


def _verb_group(s: Tagged, i: int) -> Chunk | None:
    """An auxiliary chain and its main verb, or a bare verb, starting at i."""
    tags = s.tags
    if tags[i] not in _GROUP and tags[i] not in VERBAL:
        return None
    j = i
    while j < len(tags) and tags[j] in _GROUP and not (tags[j] == "TO" and not _chains(s, i, j)):
        j += 1
    main = j if j < len(tags) and tags[j] in VERBAL else -1
    if main < 0 and j < len(tags) and tags[j] == "JJV" and any(t in ("BE", "HAVE") for t in tags[i:j]):
        main = j
    auxiliaries = [k for k in range(i, j) if tags[k] in ("M", "BE", "HAVE", "DO", "TO")]
    if main < 0 and not any(tags[k] != "TO" for k in auxiliaries):
        return None
    if not auxiliaries and tags[i] in ("ADV", "NEG") and main < 0:
        return None
    if main < 0:
        main = next(k for k in reversed(auxiliaries) if tags[k] != "TO")
        j = main
    return _group(s, i, main, [k for k in auxiliaries if k != main])


def _chains(s: Tagged, first: int, to: int) -> bool:
    """'is to be lifted', 'has to lift', 'not to lift' are one group; 'refused to lift' is two."""
    if all(tag in ("NEG", "ADV") for tag in s.tags[first:to]):
        return True
    return s.tags[to - 1] in ("BE", "HAVE") or s.low[to - 1] == "ought"


def _group(s: Tagged, first: int, main: int, auxiliaries: list[int]) -> Chunk:
    tags = [s.tags[k] for k in auxiliaries]
    tag = s.tags[main]
    last_aux = s.tags[auxiliaries[-1]] if auxiliaries else ""
    modal = next((s.low[k] for k in auxiliaries if s.tags[k] == "M"), "")
    modal = modal or next((_REFUSING[w] for w in s.low[first:main] if w in _REFUSING), "")
    if "TO" in tags and tags[0] != "TO":
        modal = modal or ("is to" if "BE" in tags[: tags.index("TO")] else "has to")
    modal = modal or (s.low[main] if tag == "M" else "")
    if s.low[first] == "be" or (main > first and s.low[first : first + 2] == ["not", "be"]):
        modal = "be"  # a subjunctive: 'insisted that the ban be lifted'
    return Chunk(
        kind="VG",
        first=first,
        last=main,
        head=main,
        form=_form(tags, tag, s.low[main]),
        modal=modal,
        passive=last_aux == "BE" and tag in ("VBN", "JJV", "VBD"),
        perfect="HAVE" in tags,
        progressive=last_aux == "BE" and tag == "VBG",
        negated=is_negated(s.low[first : main + 1]),
        copula=tag == "BE",
    )


def _form(tags: list[str], tag: str, low: str) -> str:
    if tags and tags[0] == "TO":
        return "inf"
    if any(t in ("M", "BE", "HAVE", "DO") for t in tags):
        return "ger" if tags[0] == "HAVE" and low == "having" else "fin"
    return {"VBG": "ger", "VBN": "part", "JJV": "part"}.get(tag, "ger" if low in ("being", "having") else "fin")


def _noun_phrase(s: Tagged, i: int) -> Chunk | None:
    tags = s.tags
    if tags[i] not in _NOMINAL:
        return None
    j = i
    while j + 1 < len(tags) and _goes_on(s, i, j):
        j += 1
    heads = [k for k in range(i, j + 1) if tags[k] in _HEADS]
    if heads:
        return Chunk("NP", i, j, heads[-1])
    kind = "AP" if tags[j] in ("ADJ", "JJV") else "NP"
    return Chunk(kind, i, j, j)


def _goes_on(s: Tagged, first: int, j: int) -> bool:
    here, after = s.tags[j], s.tags[j + 1]
    if here == "PR" or (here == "N" and _ends_at(s, j)):
        return False
    if after == "D" or after == "PR":
        return here == "D" or (here == "NUM" and s.low[j + 1] in _OTHER)
    if after in _NOMINAL:
        return True
    if after == "CC" and here == "ADJ" and j + 2 < len(s.tags) and s.tags[j + 2] in ("ADJ", "N"):
        return not any(s.tags[k] == "N" for k in range(first, j))
    return here in ("CC", ",") or _lists_on(s, j)


def _ends_at(s: Tagged, j: int) -> bool:
    """Does a phrase end at its noun j, though what follows could go on with it?"""
    after, low = s.tags[j + 1], s.low[j + 1]
    is_time = low in _DAYS or (low in ("next", "last", "late", "early") and after == "ADJ")
    leads_on = s.low[j + 2 : j + 3] in (["to"], ["on"], ["over"])
    is_ready = after == "ADJ" and leads_on and low in _READY  # 'Norway close to lifting …', 'deal near on …'
    is_span = after == "NUM" and s.tags[j + 2 : j + 3] == ["N"] and s.low[j + 2] in _SPANS  # 'the diplomat 48 hours'
    is_predicate = (
        after == "ADJ"
        and j + 1 not in s.joined
        and s.tags[j + 2 : j + 3]
        in (
            [],
            ["SUB"],
            [","],
            ["–"],
            [":"],
        )
    )  # 'sanctions possible if …'
    is_put = s.low[j] in _IN_FORCE and s.low[j - 1] in ("in", "into") and s.lemmas[j - 2] in ("put", "bring", "set")
    return is_time or is_ready or is_span or is_predicate or is_put or _receives(s, j)  # 'put in place sanctions'


def _receives(s: Tagged, j: int) -> bool:
    """'Sends Norway 31 tanks', 'has sent to Norway a million shells': a state's name ends where an amount begins."""
    if s.tags[j + 1] != "NUM" or _YEAR.fullmatch(s.low[j + 1]):
        return False
    first = next((first for first, (last, party) in s.parties.items() if last == j and not party.adjective), -1)
    return first > 0 and (s.tags[first - 1] in VERBAL or s.low[first - 1] == "to")


def _lists_on(s: Tagged, j: int) -> bool:
    """'Immediate, full lifting', 'a newly agreed deal'."""
    here, after, beyond = s.tags[j], s.tags[j + 1], s.tags[j + 2 : j + 4]
    if after in (",", "CC") and here == "ADJ" and j in s.joined and beyond == ["N", "ADJ"]:
        return j + 3 in s.joined  # 'a Norwegian-flagged, Ghanaian-owned ship'
    if after == ",":
        known = beyond == ["N", "N"] and s.words[j + 2].islower()  # 'closer military, economic ties'
        return here == "ADJ" and (known or beyond in (["ADJ", "N"], ["ADJ", "ADJ"]))
    return after == "ADV" and here in ("D", "ADV") and beyond[:1] in (["JJV"], ["ADJ"], ["ADV"])


def is_negated(words: list[str]) -> bool:
    """Is there a 'not', or a 'no longer'?"""
    no_longer = [word for word in words if word in ("no", "longer")] == ["no", "longer"]
    return no_longer or any(word in _NEGATIVE or word.endswith("n't") for word in words)
