"""What marks an act as history wherever it stands: dates, anniversaries, explainers, asides, summings up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from rules.language.claims import Thing
from rules.language.dates import DAY, Dated
from rules.language.structure import Structure
from rules.language.words import word_set

OLD_S = 75 * DAY
"""Older than this the act is history, wherever it stands."""
WHEN = frozenset({"after", "as", "while", "when", "amid", "since", "before"})
"""Words behind which a clause says when."""
OLD_WORDS = word_set("existing current old longstanding decades-old expired previous earlier 1990s renewed original")
"""What is called so was there before."""
_EXPLAINING = frozenset({"how", "why"})
_BEFORE_HOW = frozenset({":", "on", "show", "shows", "reveal", "reveals", "unveil", "unveils", "explain", "explains"})
_LONG = frozenset({"years", "decades", "year", "decade", "months", "century", "centuries"})
# 'The cost of the exit': it took place some time ago.
_ABOUT = word_set(
    "cost costs impact effect effects consequences aftermath legacy lessons anniversary history benefits price "
    "success failure critics meaning background strategy policy practice habit tradition"
)
# 'Fallout from the exit': what an exit of long ago still does.
_HARM = frozenset(
    ["fallout", "damage", "shock", "shocks", "shockwaves", "repercussions", "ramifications", "disruption", "upheaval"]
)
_INQUIRING = frozenset({"find", "hear", "learn", "show", "reveal"})
_EVERY = frozenset({"any", "all", "every", "most", "anyone", "anybody"})
_MOST = frozenset({"most", "many", "numerous", "various"})


@dataclass(frozen=True, slots=True)
class History:
    """Answers for the claims of one sentence."""

    s: Structure
    published: datetime | None

    def mark(self, k: int, token: int, dated: Dated | None, last: int) -> str:
        """What marks the act as history even in a title; '' if nothing does. `last`: the last chunk of its clause."""
        if dated and dated.age_s > OLD_S:
            return f"dated by {self.s.tagged.words[dated.token]!r}"
        if self._anniversary(k):
            return "years after"
        if self.s.headline and self._explains():
            return "an explainer"
        if other := self._beside_the_news(k, last):
            return other
        if not self.s.headline and self._is_sequel(k):
            return "later, in a tale"
        if self._is_aside(k):
            return "participle in passing"
        if (year := self._dated_noun(k, token)) >= 0:
            return f"dated by {self.s.tagged.words[year]!r}"
        return "participle before its noun" if self._attributive(k, token) else ""

    def _dated_noun(self, k: int, token: int) -> int:
        """'The 2021 withdrawal': the year before a noun that is the act, if it is a past one; -1 for none."""
        chunk, low = self.s.chunks[k], self.s.tagged.low
        years = (i for i in range(chunk.first, token) if chunk.kind == "NP" and self.is_past_year(low[i]))
        return next(years, -1) if self.published is not None else -1

    def is_past_year(self, word: str) -> bool:
        """Is it a year before that of the article, which any year is of an article without a date?"""
        is_year = len(word) == 4 and word.isdigit() and word[:2] in ("19", "20")
        return is_year and (self.published is None or int(word) < self.published.year)

    def _explains(self) -> bool:
        """'How the ban was lifted', 'Ten years on: why the troops left', 'Files show how Norway planned …'."""
        low = self.s.tagged.low
        return any(w in _EXPLAINING and (i == 0 or low[i - 1] in _BEFORE_HOW) for i, w in enumerate(low))

    def _is_sequel(self, k: int) -> bool:
        """'A month later both opened embassies': what a tale of the past goes on with."""
        low, first = self.s.tagged.low, self.s.chunks[k].first
        spans = _LONG | {"month"}
        return any(low[i] == "later" and low[i - 1] in spans for i in range(max(1, first - 8), first))

    def _is_aside(self, k: int) -> bool:
        """'The envoy, expelled over a row, returns': a participle between commas, the main verb behind them."""
        if self.s.chunks[k].form != "part" or self.s.kind(k - 1) != "," or self.s.kind(k - 2) != "NP":
            return False
        end = k + 1
        while self.s.kind(end) in ("NP", "P"):
            end += 1
        return self.s.kind(end) == "," and self.s.kind(end + 1) == "VG" and self.s.chunks[end + 1].form == "fin"

    def _of_another(self, k: int) -> bool:
        """'The cost of Norway's exit', 'anniversary of opening it': the act is what something else is about."""
        is_noun = self.s.kind(k) == "NP" or self.s.chunks[k].form == "ger"
        if not is_noun or self.s.kind(k - 2) != "NP":
            return False
        word, other = self.s.preposition(k), self.s.low(k - 2)
        return (word == "of" and other in _ABOUT) or (word in ("of", "from") and other in _HARM)

    def _beside_the_news(self, k: int, last: int) -> str:
        """What else than the act the clause is about; '' if it is about the act."""
        if self._of_another(k):
            return "another noun's"
        if entry := self._entry():
            return entry
        if self._before_present(k):
            return "a past tense beside a present one"
        return "a summing up" if self._sums_up(k, last) else ""

    def _entry(self) -> str:
        """'1980: London expels 15 diplomats': a line of a chronicle of past years."""
        low = self.s.tagged.low
        is_entry = not self.s.headline and low[1:2] == [":"] and self.is_past_year(low[0])
        return f"dated by {low[0]!r}" if is_entry else ""

    def _before_present(self, k: int) -> bool:
        """'Norway sent tanks without a licence, auditors find': titles tell their news in the present tense."""
        chunk, tags = self.s.chunks[k], self.s.tagged.tags
        is_past = chunk.form == "fin" and chunk.first == chunk.head and tags[chunk.head] == "VBD"
        is_past = is_past and self.s.low(k) != self.s.lemma(k)  # 'put' and 'cut' are present as well
        return self.s.headline and is_past and any(self._is_news(j) for j in range(len(self.s.chunks)) if j != k)

    def _is_news(self, j: int) -> bool:
        """Is it the present tense of a main clause? One that only says who speaks is not."""
        chunk = self.s.chunks[j]
        present = chunk.form == "fin" and not chunk.modal and self.s.tagged.tags[chunk.first] in ("VBZ", "VB")
        speaks = self.s.lemma(j) in self.s.grammar.reporting and self.s.lemma(j) not in _INQUIRING
        return present and not speaks and WHEN.isdisjoint(self.s.tagged.low[: chunk.first])

    def _sums_up(self, k: int, last: int) -> bool:
        """'Norway has given more than any neighbour', 'most countries have banned it': a balance, no event."""
        chunk, low = self.s.chunks[k], self.s.tagged.low
        if chunk.kind != "VG" or chunk.form != "fin":
            return chunk.form == "inf" and self._among_the_last(k - 1)
        after = range(chunk.last, self.s.chunks[last].last + 1)
        compares = any(low[i] == "than" and not _EVERY.isdisjoint(low[i + 1 : i + 3]) for i in after)
        compares = compares or any(self._in_the_past(i) for i in after)
        return compares or (chunk.perfect and any(self._is_vague(j) for j in self.s.subject(k)))

    def _in_the_past(self, i: int) -> bool:
        """'Norway has imposed sanctions in the past': not 'in the past week'."""
        low = self.s.tagged.low
        return low[i : i + 3] == ["in", "the", "past"] and low[i + 3 : i + 4] in ([], ["."], [","], ["and"], ["but"])

    def _among_the_last(self, k: int) -> bool:
        """'It is one of the last countries to lift the ban': others have, and when it does is not said."""
        chunk, low = self.s.chunks[k], self.s.tagged.low
        is_last = self.s.kind(k) == "NP" and "last" in low[chunk.first : chunk.head]
        return is_last and self.s.low(k - 1) in ("of", "among") and low[chunk.head] in self.s.grammar.nouns["unnamed"]

    def _is_vague(self, k: int) -> bool:
        """'Most countries', and 'others' at the end of a list."""
        chunk, low = self.s.chunks[k], self.s.tagged.low
        are_states = low[chunk.head] in self.s.grammar.nouns["unnamed"]
        return low[chunk.head] == "others" or (are_states and not _MOST.isdisjoint(low[chunk.first : chunk.head]))

    def _anniversary(self, k: int) -> bool:
        """'Ten years after the troops left …'."""
        low = self.s.tagged.low
        first = self.s.chunks[k].first
        spans = _LONG | {"month", "weeks"}
        ends = [i for i in range(max(1, first - 8), first) if low[i] in ("after", "since") and low[i - 1] in spans]
        ends = [i for i in ends if "," not in low[i:first]]  # 'years after the war, Norway has lifted it' is news
        return any("in" not in low[max(0, i - 3) : i] for i in ends)  # 'the first in ten years after' is news

    def _attributive(self, k: int, token: int) -> bool:
        """'A blacklisted firm': it happened some time ago, unless 'newly'."""
        tagged = self.s.tagged
        is_before = self.s.chunks[k].kind == "NP" and token < self.s.chunks[k].head and tagged.tags[token] == "JJV"
        return is_before and tagged.low[token - 1 : token] not in (["newly"], ["just"], ["freshly"], ["recently"])

    def old_word(self, things: tuple[Thing, ...]) -> str:
        """What says that a thing was there before ('existing'), or the past year that it is of; '' for neither."""
        for thing in things:
            chunk = self.s.chunks[thing.chunk]
            for i in range(chunk.first, chunk.last + 1):
                low = self.s.tagged.low[i]
                if low in OLD_WORDS or self.is_past_year(low):
                    return low
        return ""
