"""Where a claim stands: its clause, its span, the dates that are its own, and whether the text marks it as history."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from rules.language.claims import Thing
from rules.language.dates import DAY, Dated, event_age, recent_day
from rules.language.following import REACH
from rules.language.status import FACTUAL, Reading
from rules.language.structure import Structure
from rules.language.text import Sentence
from rules.language.words import word_set
from rules.model import Zone

_WHOLE = {Zone.BACKGROUND: "a column, not a report", Zone.HEADLINE: "the title"}
OLD_S = 75 * DAY
"""Older than this the act is history, wherever it stands."""
FRESH_S = 7 * DAY
"""What is told in passing but dated within this is news."""
_WHEN = frozenset({"after", "as", "while", "when", "amid", "since", "before"})
_IN_FORCE = frozenset({"place", "force", "effect"})
_EXPLAINING = frozenset({"how", "why"})
_LONG = frozenset({"years", "decades", "year", "decade", "months", "century", "centuries"})
_OLD_WORDS = word_set("existing current old longstanding decades-old expired previous earlier 1990s renewed original")
_TELLING = frozenset({"announce", "pledge", "promise", "vow", "declare", "say", "offer", "propose", "call", "urge"})
_BESIDE = word_set("by about over through because with amid after to from in despite under during following")
# 'Defends the decision to leave', 'a visit clouded by the decision': it was taken and told before.
_LOOKING_BACK = frozenset({"defend", "justify", "explain"})
_RUING = frozenset({"regret", "rue"})
_SHADOWED = frozenset({"overshadowed", "clouded", "eclipsed", "marred", "dogged", "soured", "dominated", "darkened"})
_DECISIONS = frozenset({"decision", "decisions", "move", "choice", "agreement", "deal"})
_FEELING = frozenset({"surprise", "anger", "outrage", "dismay", "fury", "disappointment", "surprised", "angered"})
_COMING_AFTER = frozenset({"follow", "accompany", "mark", "crown", "cap"})
# 'The cost of the exit': it took place some time ago.
_ABOUT = word_set(
    "cost costs impact effect effects consequences aftermath legacy lessons anniversary history benefits price "
    "success failure critics meaning background"
)
# 'Fallout from the exit': what an exit of long ago still does.
_HARM = frozenset(
    ["fallout", "damage", "shock", "shocks", "shockwaves", "repercussions", "ramifications", "disruption", "upheaval"]
)
_INQUIRING = frozenset({"find", "hear", "learn", "show", "reveal"})
_EVERY = frozenset({"any", "all", "every", "most", "anyone", "anybody"})
_MOST = frozenset({"most", "many", "numerous", "various"})


@dataclass(frozen=True, slots=True)
class Placing:
    """Answers for the claims of one sentence."""

    sentence: Sentence
    s: Structure
    published: datetime | None

    def clause(self, k: int) -> tuple[int, int]:
        """First and last chunk of the clause around k."""
        relative = self.s.relative_before(k)
        first = relative if relative >= 0 else k
        while first > 0 and self.s.kind(first - 1) not in (";", ":", "–", "SUB", "REL"):
            first -= 1
        last = k
        chunks = self.s.chunks
        while last + 1 < len(chunks) and chunks[last + 1].kind not in (";", ":", "–", "SUB", "REL"):
            is_new = chunks[last + 1].kind in (",", "CC") and any(
                c.kind == "VG" and c.form == "fin" for c in chunks[last + 2 : last + 5]
            )
            if is_new:
                break
            last += 1
        return first, last

    def dated_from(self, first: int, k: int) -> int:
        """The chunk from which on dates are those of verb k: not those of a relative between it and its subject."""
        return k if self.s.relative_before(k) >= 0 else first

    def of_object(self, things: tuple[Thing, ...], k: int) -> range:
        """Tokens whose date belongs to the object: in its phrase, or in a participle after it ('imposed in 2003')."""
        if not things:
            return range(0)
        chunks = self.s.chunks
        thing = chunks[things[0].chunk]
        if things[0].chunk <= k:
            said_of = (
                c for c in chunks[things[0].chunk + 1 : k] if c.form == "part"
            )  # 'the ban set in 2003 was lifted'
            passed = self.s.relative_before(k) >= 0 or (
                chunks[k].form == "fin" and any(said_of)
            )  # '…, set in 2003, was'
            return range(thing.first, chunks[k].first if passed else thing.last + 1)
        end = thing.last
        j = things[0].chunk + 1
        if self.s.low(j) == "of" and self.s.kind(j + 1) == "NP":
            end = chunks[j + 1].last  # 'the limits of the 2015 deal'
        while j < len(chunks) and chunks[j].kind in ("P", "NP"):
            if self.s.low(j) == "since" and self.s.kind(j + 1) == "NP" and self.s.low(j - 1) in _IN_FORCE:
                end = chunks[j + 1].last  # 'lifted a ban in place since 2019'
            j += 1
        j += self.s.kind(j) == "," and self.s.kind(j + 1) == "VG"  # 'relations, severed in 1972'
        if j < len(chunks) and chunks[j].form == "part":
            while j + 1 < len(chunks) and chunks[j + 1].kind in ("P", "NP", "AP", "NUM"):
                j += 1
            end = chunks[j].last
        return range(thing.first, end + 1)

    def span(self, first: int, last: int) -> tuple[int, int]:
        chunks = self.s.chunks
        while last > first and chunks[last].kind in (".", ",", "CC", "?", "!"):
            last -= 1
        while first < last and chunks[first].kind in (",", "CC", "."):
            first += 1
        return self.s.tagged.starts[self._start(chunks[first].first)], self.s.tagged.ends[chunks[last].last]

    def _start(self, token: int) -> int:
        """An adverb that opens the clause ('Currently there is …') belongs to it."""
        while token > 0 and self.s.tagged.tags[token - 1] == "ADV":
            token -= 1
        return token

    def told_long_ago(self, first: int, k: int, reading: Reading) -> Dated | None:
        """'On this day in 1995 the king said that the ban was lifted', 'In 1995 Norway, which …, lifted it'."""
        speaker = next((g for g in reading.governors if self.s.lemma(g) in self.s.grammar.reporting), -1)
        relative = self.s.relative_before(k)
        first, last = (self.clause(speaker)[0], speaker) if speaker >= 0 else (first, relative)
        if last < 0:
            return None
        start, end = self.s.chunks[first].first, self.s.chunks[last].first
        dated = event_age(self.s.tagged, start, end, range(0), self.published)
        return dated if dated and dated.age_s > OLD_S else None

    def zone(self, k: int, token: int, reading: Reading, dated: Dated | None) -> tuple[Zone, str]:
        zone = self.sentence.zone
        chunk = self.s.chunks[k]
        if old := self._history(k, token, dated) or self._looks_back(k, reading, dated):
            return Zone.BACKGROUND, old
        if zone in _WHOLE:
            return zone, _WHOLE[zone]
        if chunk.perfect and self.s.tagged.low[chunk.first] == "had" and not self._reported(reading):
            return Zone.BACKGROUND, "pluperfect"
        mark = self._beside(k, reading) or reading.subordinate
        if mark in ("since", "when", "in passing"):
            return Zone.BACKGROUND, mark
        if (day := self._recent(k, dated)) >= 0:
            return zone, f"sentence {self.sentence.number}, dated by {self.s.tagged.words[day]!r}"
        if reading.subordinate == "REL" and reading.status in FACTUAL and not self._tells(k):
            return Zone.BACKGROUND, "relative clause"
        if chunk.form == "part" and self._main_follows(k):
            return Zone.BACKGROUND, "participle after a noun"
        return zone, f"sentence {self.sentence.number}"

    def _beside(self, k: int, reading: Reading) -> str:
        """'Trade has grown since the lifting of the ban', 'prices fell with the easing of curbs': a noun in passing."""
        if self.s.chunks[k].form == "ger" and self.s.kind(k - 1) == "NP" and self.s.preposition(k - 1) == "over":
            return "in passing"  # 'clash over Norway selling tanks'
        if self.s.chunks[k].form == "ger" and self.s.preposition(k) == "for" and not reading.governors:
            return "in passing"  # 'fined for selling tanks'
        word = self.s.preposition(k) if self.s.kind(k) == "NP" else ""
        whole = k - 2 * (word == "of" and self.s.low(k - 2) in self.s.grammar.nouns["wraps"])
        if self.s.preposition(whole) == "at" and self.s.low(whole - 2) in _FEELING:
            return "in passing"  # 'voiced surprise at the new round of sanctions'
        if self.s.lemma(k - 2) in _COMING_AFTER:
            return ""  # 'the truce was followed by the lifting of the ban'
        return word if word == "since" else "in passing" if word in _BESIDE and not reading.links else ""

    def _looks_back(self, k: int, reading: Reading, dated: Dated | None) -> str:
        """'Defended the decision to sell tanks', 'raids to follow its decision to leave': the news is another one."""
        decided = [g for g in reading.governors if self.s.kind(g) == "NP" and self.s.low(g) in _DECISIONS]
        shadowed = any(self.s.preposition(g) == "by" and self.s.low(g - 2) in _SHADOWED for g in decided)
        is_known = shadowed or any(self._is_stale(g) for g in reading.governors)
        is_known = is_known or any(self._takes_as_known(g, d) for g in reading.governors for d in decided)
        is_known = is_known or self._has_worked(k, reading)
        return "an earlier decision" if is_known and self._recent(k, dated) < 0 else ""

    def _has_worked(self, k: int, reading: Reading) -> bool:
        """'The lifting of the ban has helped exports': what an act has brought about since."""
        verb = reading.governors[0] if reading.governors and self.s.kind(k) == "NP" else -1
        chunk = self.s.chunks[verb]
        works = chunk.perfect and not chunk.passive and not chunk.modal and self.s.lemma(verb) != "take"
        return verb > k and works and self.s.kind(verb + 1) == "NP" and k in self.s.subject(verb)

    def _is_stale(self, governor: int) -> bool:
        """'Despite its order to close the embassy', 'its previous order': is what was decided told in passing?"""
        chunk = self.s.chunks[governor]
        words = self.s.tagged.low[chunk.first : chunk.head]
        is_noun = chunk.kind == "NP" and self.s.low(governor) in self.s.grammar.noun_class
        return is_noun and (self.s.preposition(governor) == "despite" or not _OLD_WORDS.isdisjoint(words))

    def _takes_as_known(self, verb: int, decided: int) -> bool:
        """'Defended', 'to follow': does the verb say nothing new? Who regrets what another has decided answers it."""
        lemma = self.s.lemma(verb)
        chunk = self.s.chunks[decided]
        rues = lemma in _RUING and self.s.tagged.parties.keys().isdisjoint(range(chunk.first, chunk.last + 1))
        follows = lemma == "follow" and self.s.chunks[verb].form == "inf"
        return self.s.kind(verb) == "VG" and (follows or rues or lemma in _LOOKING_BACK)

    def _tells(self, k: int) -> bool:
        """'…, who promised tanks': a clause after a comma whose own verb announces something is news as well."""
        verb = next((j for j in range(k, max(-1, k - REACH), -1) if self.s.chunks[j].form == "fin"), k)
        rel = next((j for j in range(verb - 1, max(0, verb - 4), -1) if self.s.kind(j) == "REL"), -1)
        lemma = self.s.lemma(verb)
        return self.s.low(rel) == "who" and self.s.kind(rel - 1) == "," and lemma in _TELLING

    def _reported(self, reading: Reading) -> bool:
        """Is the clause somebody's words, so that 'had lifted' stands for 'has lifted'?"""
        verbs = [k for k, c in enumerate(self.s.chunks) if c.kind == "VG"]
        return any(self.s.lemma(k) in self.s.grammar.reporting for k in (*reading.governors, *verbs))

    def _recent(self, k: int, dated: Dated | None) -> int:
        """The token that dates the act within the last week, -1 for none: told in passing, it is news all the same."""
        if dated:
            return dated.token if dated.age_s <= FRESH_S else -1
        _, last = self.clause(k)
        return recent_day(self.s.tagged, self.s.chunks[k].first, self.s.chunks[last].last)

    def _history(self, k: int, token: int, dated: Dated | None) -> str:
        """What marks the act as history even in a title; '' if nothing does."""
        if dated and dated.age_s > OLD_S:
            return f"dated by {self.s.tagged.words[dated.token]!r}"
        if self._anniversary(k):
            return "years after"
        if self.s.headline and self._explains():
            return "an explainer"
        if other := self._beside_the_news(k):
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
        chunk, low, now = self.s.chunks[k], self.s.tagged.low, self.published
        years = (i for i in range(chunk.first, token) if chunk.kind == "NP" and _is_year(low[i]))
        return next((i for i in years if now is not None and int(low[i]) < now.year), -1)

    def _explains(self) -> bool:
        """'How the ban was lifted', 'Ten years on: why the troops left'."""
        low = self.s.tagged.low
        return any(word in _EXPLAINING and (i == 0 or low[i - 1] == ":") for i, word in enumerate(low))

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

    def _beside_the_news(self, k: int) -> str:
        """What else than the act the clause is about; '' if it is about the act."""
        if self._of_another(k):
            return "another noun's"
        if self._before_present(k):
            return "a past tense beside a present one"
        return "a summing up" if self._sums_up(k) else ""

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
        return present and not speaks and _WHEN.isdisjoint(self.s.tagged.low[: chunk.first])

    def _sums_up(self, k: int) -> bool:
        """'Norway has given more than any neighbour', 'most countries have banned it': a balance, no event."""
        chunk, low = self.s.chunks[k], self.s.tagged.low
        if chunk.kind != "VG" or chunk.form != "fin":
            return chunk.form == "inf" and self._among_the_last(k - 1)
        after = range(chunk.last, self.s.chunks[self.clause(k)[1]].last + 1)
        compares = any(low[i] == "than" and not _EVERY.isdisjoint(low[i + 1 : i + 3]) for i in after)
        return compares or (chunk.perfect and any(self._is_vague(j) for j in self.s.subject(k)))

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
        ends = (i for i in range(max(1, first - 8), first) if low[i] in ("after", "since") and low[i - 1] in _LONG)
        return any("in" not in low[max(0, i - 3) : i] for i in ends)  # 'the first in ten years after' is news

    def _attributive(self, k: int, token: int) -> bool:
        """'A blacklisted firm': it happened some time ago, unless 'newly'."""
        tagged = self.s.tagged
        is_before = self.s.chunks[k].kind == "NP" and token < self.s.chunks[k].head and tagged.tags[token] == "JJV"
        return is_before and tagged.low[token - 1 : token] not in (["newly"], ["just"], ["freshly"], ["recently"])

    def _main_follows(self, k: int) -> bool:
        """Has the sentence another verb that is its main one? One behind 'after', 'as' or 'while' is none."""
        chunks = self.s.chunks
        end = next((j for j in range(k + 1, len(chunks)) if self.s.low(j) in _WHEN), len(chunks))
        return any(c.kind == "VG" and c.form == "fin" for j, c in enumerate(chunks[:end]) if j != k)

    def old_word(self, things: tuple[Thing, ...]) -> str:
        for thing in things:
            chunk = self.s.chunks[thing.chunk]
            for i in range(chunk.first, chunk.last + 1):
                low = self.s.tagged.low[i]
                if low in _OLD_WORDS or _is_year(low):
                    return low
        return ""


def _is_year(word: str) -> bool:
    return len(word) == 4 and word.isdigit() and word[:2] in ("19", "20")
