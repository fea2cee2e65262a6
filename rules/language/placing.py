"""Where a claim stands: its clause, its span, the dates that are its own, and what is told only in passing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from rules.language.claims import Thing
from rules.language.dates import DAY, Dated, event_age, recent_day
from rules.language.deciding import FACTUAL
from rules.language.following import REACH
from rules.language.history import OLD_S, OLD_WORDS, WHEN, History
from rules.language.passing import Passing
from rules.language.status import Reading
from rules.language.structure import Structure
from rules.language.text import Sentence
from rules.language.words import word_set
from rules.model import Status, Zone

_WHOLE = {Zone.BACKGROUND: "a column, not a report", Zone.HEADLINE: "the title"}
FRESH_S = 7 * DAY
"""What is told in passing but dated within this is news."""
_IN_FORCE = frozenset({"place", "force", "effect"})
_CONTRASTING = frozenset({"while", "although", "though", "as"})
_TELLING = frozenset({"announce", "pledge", "promise", "vow", "declare", "say", "offer", "propose", "call", "urge"})
_BESIDE = word_set("by about over through because with amid after to from in despite under during following")
# 'Defends the decision to leave', 'a visit clouded by the decision': it was taken and told before.
_LOOKING_BACK = frozenset({"defend", "justify", "explain"})
_RUING = frozenset({"regret", "rue"})
_SHADOWED = frozenset({"overshadowed", "clouded", "eclipsed", "marred", "dogged", "soured", "dominated", "darkened"})
_DECISIONS = frozenset({"decision", "decisions", "move", "choice", "agreement", "deal"})
_FEELING = frozenset({"surprise", "anger", "outrage", "dismay", "fury", "disappointment", "surprised", "angered"})
# 'Was blamed over the departure': whatever the verb asserts, it asserts of something else.
_REGARDLESS = frozenset({"over", "despite", "amid", "during"})
_COMING_AFTER = frozenset({"follow", "accompany", "mark", "crown", "cap"})


@dataclass(frozen=True, slots=True)
class Placing:
    """Answers for the claims of one sentence."""

    sentence: Sentence
    s: Structure
    published: datetime | None
    history: History

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
        old = self._told_as_history(k, token, dated) or self._looks_back(k, reading, dated)
        if old := old or self._passed_over(k, token, reading, dated):
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
        if reading.subordinate == "REL" and self._is_known(reading) and not self._tells(k):
            return Zone.BACKGROUND, "relative clause"
        if chunk.form == "part" and self._main_follows(k):
            return Zone.BACKGROUND, "participle after a noun"
        return zone, f"sentence {self.sentence.number}"

    def _told_as_history(self, k: int, token: int, dated: Dated | None) -> str:
        return self.history.mark(k, token, dated, self.clause(k)[1])

    def _has_been(self, k: int) -> bool:
        """Is it a perfect: one with 'already', or one of a clause that opens the sentence?"""
        chunk = self.s.chunks[k]
        opens = self.s.tagged.low[0] in _CONTRASTING and all(c.kind != "VG" for c in self.s.chunks[:k])
        return chunk.perfect and (opens or "already" in self.s.tagged.low[chunk.first : chunk.last])

    def _beside(self, k: int, reading: Reading) -> str:
        """'Trade has grown since the lifting of the ban', 'prices fell with the easing of curbs': a noun in passing."""
        if self.s.chunks[k].form == "ger" and self.s.kind(k - 1) == "NP" and self.s.preposition(k - 1) == "over":
            return "in passing"  # 'clash over Norway selling tanks'
        if self.s.chunks[k].form == "ger" and self.s.preposition(k) == "for" and not reading.governors:
            return "in passing"  # 'fined for selling tanks'
        if reading.subordinate in _CONTRASTING and self._has_been(k):
            return "in passing"  # 'while Norway has banned it, Ghana …'
        word = self.s.preposition(k) if self.s.kind(k) == "NP" else ""
        whole = k - 2 * (word == "of" and self.s.low(k - 2) in self.s.grammar.nouns["wraps"])
        if self.s.preposition(whole) == "at" and self.s.low(whole - 2) in _FEELING:
            return "in passing"  # 'voiced surprise at the new round of sanctions'
        is_predicate = self.s.kind(k - 2) == "VG" and self.s.chunks[k - 2].copula  # 'are in talks on arms'
        if is_predicate or self.s.lemma(k - 2) in _COMING_AFTER:
            return ""  # 'the truce was followed by the lifting of the ban'
        told = not reading.links or (word in _REGARDLESS and all(link.status is Status.DONE for link in reading.links))
        return word if word == "since" else "in passing" if word in _BESIDE and told else ""

    def _looks_back(self, k: int, reading: Reading, dated: Dated | None) -> str:
        """'Defended the decision to sell tanks', 'raids to follow its decision to leave': the news is another one."""
        decided = [g for g in reading.governors if self.s.kind(g) == "NP" and self.s.low(g) in _DECISIONS]
        shadowed = any(self.s.preposition(g) == "by" and self.s.low(g - 2) in _SHADOWED for g in decided)
        is_known = shadowed or any(self._is_stale(g) for g in reading.governors)
        is_known = is_known or any(self._takes_as_known(g, d) for g in reading.governors for d in decided)
        return "an earlier decision" if is_known and self._recent(k, dated) < 0 else ""

    def _is_stale(self, governor: int) -> bool:
        """'Despite its order to close the embassy', 'its previous order': is what was decided told in passing?"""
        chunk = self.s.chunks[governor]
        words = self.s.tagged.low[chunk.first : chunk.head]
        is_noun = chunk.kind == "NP" and self.s.low(governor) in self.s.grammar.noun_class
        is_old = not OLD_WORDS.isdisjoint(words) or any(self.history.is_past_year(word) for word in words)
        return is_noun and (is_old or self.s.preposition(governor) == "despite")

    def _passed_over(self, k: int, token: int, reading: Reading, dated: Dated | None) -> str:
        """What is told in passing, unless it is of this week."""
        return Passing(self.s).mark(k, token, reading) if self._recent(k, dated) < 0 else ""

    def _takes_as_known(self, verb: int, decided: int) -> bool:
        """'Defended', 'to follow': does the verb say nothing new? Who regrets what another has decided answers it."""
        lemma = self.s.lemma(verb)
        chunk = self.s.chunks[decided]
        rues = lemma in _RUING and self.s.tagged.parties.keys().isdisjoint(range(chunk.first, chunk.last + 1))
        follows = lemma == "follow" and self.s.chunks[verb].form == "inf"
        reacts = lemma == "react" and not any(self.s.states(j) for j in self.s.subject(verb))
        return self.s.kind(verb) == "VG" and (follows or rues or reacts or lemma in _LOOKING_BACK)

    def _tells(self, k: int) -> bool:
        """'…, who promised tanks': a clause after a comma whose own verb announces something is news as well."""
        verb = next((j for j in range(k, max(-1, k - REACH), -1) if self.s.chunks[j].form == "fin"), k)
        rel = next((j for j in range(verb - 1, max(0, verb - 4), -1) if self.s.kind(j) == "REL"), -1)
        lemma = self.s.lemma(verb)
        return self.s.low(rel) == "who" and self.s.kind(rel - 1) == "," and lemma in _TELLING

    def _is_known(self, reading: Reading) -> bool:
        """Is what a relative says a fact, a word once given ('the tanks that it promised to send'), or a lot?"""
        verb = reading.governors[-1] if reading.governors else -1
        chunk = self.s.chunks[verb]
        if reading.status in FACTUAL or verb < 0 or chunk.form != "fin":
            return reading.status in FACTUAL
        opens = next((j for j in range(verb, 0, -1) if self.s.kind(j) == "REL"), 0)
        is_past = self.s.tagged.tags[chunk.head] == "VBD" and self.s.kind(opens - 1) != ","
        return is_past or self.s.lemma(verb) == "face"  # 'firms that face sanctions'

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

    def _main_follows(self, k: int) -> bool:
        """Has the sentence another verb that is its main one? One behind 'after', 'as' or 'while' is none."""
        chunks = self.s.chunks
        opens = k == 1 and not self.s.headline  # 'The sanctions set on Norway after the raid hurt …'
        end = next((j for j in range(k + 1, len(chunks)) if self.s.low(j) in WHEN and not opens), len(chunks))
        return any(c.kind == "VG" and c.form == "fin" for j, c in enumerate(chunks[:end]) if j != k)
