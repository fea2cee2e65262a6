"""Whether two articles are copies of one text: syndicated, cut, or with another headline. Pure.

Copies share most runs of three words at their beginning; where a name or a number stands in one and another one in its
place, they are two events told in the same words ("X expels two diplomats", "Y expels two diplomats"). A doubt is
decided for two stories: a false copy would hide an event, a missed one only counts a voice twice.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property

from store.stories import Told

LEAD_WORDS = 100
"""Words of the text that are looked at: a teaser and its whole article begin alike, and end differently."""
RUN = 3
SKETCH = 12
"""So many of an article's runs are kept: those with the smallest hashes, which are the same ones in a copy."""
ALIKE, FEW_ALIKE = 0.55, 0.8
"""Share of the shorter one's runs that both have, from which on they are copies; of few runs more must agree."""
FEW = 20
SAID = 0.34
"""Share of a title's words, without the little ones, that the other article has too."""
_LEAST = 4

_DATELINE = re.compile(
    r"^\s*(?:[^.!?\n]{0,80}?\([A-Z][\w ./&’'-]{1,40}\)\s*[-–—]{0,2}"
    r"|[A-Z][A-Z ,.’'/-]{2,40}(?:,[^.!?\n]{1,30})?\s[-–—]{1,2}\s)"
)
_WORD = re.compile(r"[^\W_]+(?:[.,’'][^\W_]+)*")
_LITTLE_WORDS = (
    "a an and after amid are as at before but by for from has have he her his i if in into is it its more new no not "
    "of on or our over she since so than that the their there these they this those to under until up was we were what "
    "when which while who will with says said"
)
_NO_NAMES = frozenset(_LITTLE_WORDS.split())


@dataclass(frozen=True)
class Telling:
    """A title and the beginning of its text, as words."""

    title: str
    text: str

    @cached_property
    def headline(self) -> list[str]:
        """The words of the title."""
        return _WORD.findall(self.title)

    @cached_property
    def lead(self) -> list[str]:
        """The first words of the text, without the place and the agency before it."""
        return _WORD.findall(_DATELINE.sub("", self.text[: LEAD_WORDS * 20]))[:LEAD_WORDS]

    @cached_property
    def runs(self) -> frozenset[str]:
        """All runs of three words, title and text apart."""
        return frozenset((*_runs(self.headline), *_runs(self.lead)))

    @cached_property
    def words(self) -> frozenset[str]:
        """Every word, folded."""
        return frozenset(_folded([*self.headline, *self.lead]))


def _folded(words: Sequence[str]) -> list[str]:
    """In small letters, without the endings of possession; all at once, since words come by the thousand."""
    ended = "".join(f"{word}\n" for word in words)
    return ended.casefold().replace("'s\n", "\n").replace("’s\n", "\n").split("\n")[:-1]


def _runs(words: Sequence[str]) -> Iterator[str]:
    folded = _folded(words)
    return map(" ".join, zip(*(folded[at:] for at in range(RUN)), strict=False))


def sketch(title: str, text: str) -> tuple[int, ...]:
    """A few numbers, many of which a copy has too. None where there are too few words to tell."""
    runs = Telling(title, text).runs
    return tuple(sorted(map(_hash, runs))[:SKETCH]) if len(runs) >= _LEAST else ()


def _hash(run: str) -> int:
    """32 bits: who shares numbers is compared word by word, so that two runs with one number cost a comparison."""
    return zlib.crc32(run.encode())


def kin(title: str, text: str, others: Sequence[Told]) -> str | None:
    """The story of the one of *others* that the article is most like; the first one where several are. None where it
    is a copy of none.
    """
    one = Telling(title, text)
    found = [(alike(one, Telling(other.title, other.text)), other) for other in others]
    best = max((score for score, _ in found), default=0.0)
    return next(other.story_id for score, other in found if score == best) if best else None


def alike(one: Telling, other: Telling) -> float:
    """The share of runs that both have, of the shorter one's; 0 where that is too little or they tell of two events."""
    fewer = min(len(one.runs), len(other.runs))
    share = len(one.runs & other.runs) / fewer if fewer >= _LEAST else 0.0
    enough = share >= (ALIKE if fewer >= FEW else FEW_ALIKE)
    return share if enough and _same_topic(one, other) and not _other_names(one, other) else 0.0


def _same_topic(one: Telling, other: Telling) -> bool:
    """Whether what either title says is in the other article too: many texts share what a site writes below each."""
    return all(_said(mine.headline, theirs.words) >= SAID for mine, theirs in ((one, other), (other, one)))


def _said(title: Sequence[str], words: frozenset[str]) -> float:
    telling = set(_folded(title)) - _NO_NAMES
    return len(telling & words) / len(telling) if telling else 1.0


def _other_names(one: Telling, other: Telling) -> bool:
    """Whether a name or number of one stands in the place of another one of the other."""
    one, other = sorted((one, other), key=lambda telling: (telling.title, telling.text))  # the same from either side
    swaps = [*_swaps(one.lead, other.lead)]
    if _framed(one.headline, other.headline):
        swaps += _swaps(one.headline, other.headline, to_the_end=True)
    return any(_names(mine, other.words) and _names(theirs, one.words) for mine, theirs in swaps)


def _framed(mine: Sequence[str], theirs: Sequence[str]) -> bool:
    """Whether two titles are the same but for few words; of others nothing stands in another's place."""
    return _steps(mine, theirs).ratio() >= 0.6


def _swaps(
    mine: Sequence[str], theirs: Sequence[str], *, to_the_end: bool = False
) -> Iterator[tuple[Sequence[str], Sequence[str]]]:
    """Words that stand before the same words as other ones do. At the end of a text each outlet has its own."""
    steps = _steps(mine, theirs).get_opcodes()
    for nth, (what, i, i_end, j, j_end) in enumerate(steps, 1):
        if what == "replace" and (to_the_end or nth < len(steps)):
            yield mine[i:i_end], theirs[j:j_end]


def _steps(mine: Sequence[str], theirs: Sequence[str]) -> SequenceMatcher[str]:
    return SequenceMatcher(None, _folded(mine), _folded(theirs), autojunk=False)


def _names(words: Sequence[str], there: frozenset[str]) -> bool:
    """Whether *words* have a name or a number that is not *there*."""
    return any(
        (word[0].isupper() or word[0].isdigit()) and folded not in there and folded not in _NO_NAMES
        for word, folded in zip(words, _folded(words), strict=True)
    )
