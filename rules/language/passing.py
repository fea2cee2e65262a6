"""What a text tells only in passing: an act that is known already, named beside the news that its clause is about."""

from __future__ import annotations

from dataclasses import dataclass

from rules.language.deciding import FACTUAL
from rules.language.status import Reading
from rules.language.structure import Structure
from rules.language.words import word_set

_BEHIND = frozenset({"after", "following", "since", "amid", "amidst", "despite"})
_AMID = frozenset({"amid", "amidst", "despite"})
_THEN = frozenset({"after", "following", "since"})
_OWNED = frozenset({"of", "from"})
_RECENT = frozenset({"recent", "recently", "past", "earlier"})
# 'A day after', 'shortly after': the same news.
_SOON = word_set("minutes hour hours day days week shortly soon just immediately")
# 'The first of its kind since May' tells of today.
_RANKING = word_set(
    "first last time only best worst biggest largest most least highest lowest latest new fresh second third another"
)
# 'The withdrawal began', 'the truce took effect': what a noun does itself is the news.
_HAPPENING = word_set(
    "begin start take come enter go be become follow happen occur end complete conclude finish proceed continue"
    " announce confirm say"
)
# 'The warning comes after …', 'flights resumed after …': the two belong together.
_TOGETHER = word_set(
    "come follow be resume reopen restart restore begin start return arrive sail open flow stop cease halt"
    " reciprocate retaliate"
)
# What answers a deed or trades on it does so at once.
_AT_ONCE = word_set(
    "reciprocate respond retaliate react answer welcome hail condemn denounce protest"
    " rise fall jump surge drop plunge slide gain climb soar tumble rally slip sink rebound"
)
# 'This comes after …': the pronoun is the news, and what it comes after was told before.
_POINTING = frozenset({"this", "it", "that"})
# 'After a leaked paper said …': what is in a paper, nobody says today.
_PAPERS = word_set("report reports paper papers document documents memo memos leak leaks file files dossier book")
# 'The accord follows …' tells of another deed; 'the move follows …' may tell of the same.
_OTHER_NEWS = word_set("agreement deal accord pact treaty talks meeting visit trip summit election attack strike raid")
# 'The reopening of the border stirs fears': what somebody makes of a thing that has been done.
_STIRRING = word_set(
    "exacerbate stir stoke fuel worsen deepen aggravate inflame complicate overshadow haunt strain embitter unsettle"
)
_GUESSING = frozenset({"may", "might", "could"})
_FAR = 12
"""Chunks behind a verb in which 'since' is looked for."""
_SO = frozenset({"without", "with", "as", "to"})
# 'Likens a possible delivery of arms to …': what is only compared.
_COMPARING = word_set("compare equate liken contrast juxtapose")
_EFFORTS = word_set("effort efforts attempt attempts push drive decision decisions plan plans")
_LAWS = word_set("resolutions laws statutes treaties conventions")
_COUNTING = word_set("number numbers share proportion percentage rate")


@dataclass(frozen=True, slots=True)
class Passing:
    """Answers for the acts of one sentence."""

    s: Structure

    def mark(self, k: int, token: int, reading: Reading) -> str:
        """Why the act at `token` in chunk k is told in passing; '' where it may be the news."""
        if self._is_recent(k, token):
            return "called recent"
        if self._lasts(k):
            return "since then"
        if self._counts(k):
            return "a count"
        if self._stands_behind(k, reading):
            return "after it"
        if there := self._was_there(k, reading):
            return there
        if self._is_left_so(k):
            return "how it is left"
        if self._has_effects(k, reading):
            return "what has come of it"
        return self._of_title(k, reading) if self.s.headline else self._of_text(k, reading)

    def _of_title(self, k: int, reading: Reading) -> str:
        """'Whalers put to sea after Norway's exit from the pact': a noun that says whose deed it was."""
        if self.s.kind(k) != "NP" or reading.links or self.s.preposition(k) not in _BEHIND:
            return ""
        chunk = self.s.chunks[k]
        named = any(i in self.s.tagged.parties for i in range(chunk.first, chunk.head))
        main = self.s.verb_left(k - 1)
        told = main >= 0 and self.s.lemma(main) not in _AT_ONCE and not self._soon(chunk.first - 1)
        return "behind the news" if told and (named or self.s.preposition(k + 2) in _OWNED) else ""

    def _of_text(self, k: int, reading: Reading) -> str:
        if self._is_supposed(k, reading):
            return "supposed"
        if self._is_followed(k):
            return "what the news follows"
        is_clause = bool(reading.subordinate) and not reading.governors and reading.status in FACTUAL
        is_behind = reading.subordinate in _THEN and self._is_behind(k)
        return "a clause behind the news" if is_clause and (is_behind or self._is_setting(k, reading)) else ""

    def _is_followed(self, k: int) -> bool:
        """'The accord follows Norway's exit from the pact': the news is what follows."""
        verb = self.s.verb_left(k - 1)
        is_object = self.s.kind(k) == "NP" and verb == k - 1 and self.s.lemma(verb) == "follow"
        is_other = is_object and any(self.s.low(j) in _OTHER_NEWS for j in self.s.subject(verb))
        return is_other and self.s.chunks[verb].form == "fin" and not self.s.chunks[verb].passive

    def _is_on_paper(self, governor: int) -> bool:
        """'After a leaked paper said that …': is it a paper that says so, behind the news?"""
        if self.s.kind(governor) != "VG" or self.s.lemma(governor) not in self.s.grammar.reporting:
            return False
        return any(self.s.low(j) in _PAPERS and self.s.preposition(j) in _THEN for j in self.s.subject(governor))

    def _is_setting(self, k: int, reading: Reading) -> bool:
        """'Hotels hire as travel curbs are lifted': a side clause of nobody's deed, and no state in the sentence."""
        is_nobodys = self.s.chunks[k].passive or self.s.kind(k + 1) != "NP"
        return reading.subordinate in ("as", "while", "where") and is_nobodys and not self.s.tagged.parties

    def _soon(self, token: int) -> bool:
        """'A day after': do words before the preposition say that little time lies between?"""
        return not _SOON.isdisjoint(self.s.tagged.low[max(0, token - 3) : token])

    def _is_behind(self, k: int) -> bool:
        """'The trader was held after Norway lifted the ban': is the main clause about something else?

        What has just been done ('has voiced concern after …') is near to what it follows.
        """
        first, tags = self.s.chunks[k].first, self.s.tagged.tags
        at = next((i for i in range(first, -1, -1) if self.s.tagged.low[i] in _THEN), -1)
        if at < 0 or tags[first] in ("VBZ", "VB") or self._soon(at):
            return False
        main = self._main(k, at)
        if main < 0:
            return at > 0  # 'After talks in Oslo the sides signed a truce' is the news itself
        points = self.s.lemma(main) == "come" and any(self.s.low(j) in _POINTING for j in self.s.subject(main))
        goes_with = (self.s.lemma(main) in _TOGETHER and not points) or self.s.chunks[main].perfect
        return not goes_with or self.s.chunks[main].negated

    def _main(self, k: int, at: int) -> int:
        """The main verb beside a side clause that begins at token `at`: before it, or behind it; -1 for none."""
        before = self.s.verb_left(self.s.at_token(at))
        later = (j for j in range(k + 1, len(self.s.chunks)) if self.s.chunks[j].form == "fin")
        tells = (j for j in later if self.s.lemma(j) not in self.s.grammar.reporting)
        return before if before >= 0 else next(tells, -1)

    def _is_recent(self, k: int, token: int) -> bool:
        """'The recent withdrawal', 'the recently signed pact': it was told before."""
        chunk = self.s.chunks[k]
        is_of = self.s.preposition(k) == "of" and self.s.kind(k - 2) == "NP"  # 'the recent resumption of tests'
        first = self.s.chunks[k - 2].first if is_of else chunk.first
        return chunk.kind == "NP" and not _RECENT.isdisjoint(self.s.tagged.low[first:token])

    def _has_effects(self, k: int, reading: Reading) -> bool:
        """'The withdrawal has left a void': the news is what came of it."""
        verb = reading.governors[0] if reading.governors and self.s.kind(k) == "NP" else -1
        if verb < k or self.s.lemma(verb) in _HAPPENING or self.s.kind(verb + 1) != "NP":
            return False
        chunk = self.s.chunks[verb]
        is_past = chunk.perfect or (self.s.tagged.tags[chunk.head] == "VBD" and not self.s.headline)
        is_past = is_past or self.s.lemma(verb) in _STIRRING
        return is_past and chunk.form == "fin" and not (chunk.passive or chunk.copula or chunk.modal)

    def _lasts(self, k: int) -> bool:
        """'Has banned flour since the quarrel': how things have stood for long."""
        chunk = self.s.chunks[k]
        since = next((j for j in range(k + 1, k + _FAR) if self.s.kind(j) not in ("NP", "NUM", "AP", "P")), k + _FAR)
        since = next((j for j in range(k + 1, since) if self.s.low(j) == "since"), -1)
        if since < 0 or chunk.kind != "VG" or not (chunk.perfect or chunk.form == "part"):
            return False
        return _RANKING.isdisjoint(self.s.tagged.low[chunk.first : self.s.chunks[since].first])

    def _stands_behind(self, k: int, reading: Reading) -> bool:
        """'Will train more judges after leaving the court', 'amid attempts to close a deal': neither is told as new."""
        if self.s.chunks[k].form == "ger" and self.s.preposition(k) in _THEN:
            main = self.s.verb_left(k - 2)
            return main >= 0 and self.s.chunks[main].modal == "will"
        outer = reading.governors[-1] if reading.governors else -1
        if any(self.s.preposition(g) == "from" and self.s.low(g) in _EFFORTS for g in reading.governors):
            return True  # 'stocks run low from efforts to arm it'
        return self.s.kind(outer) == "NP" and self.s.preposition(outer) in _AMID

    def _was_there(self, k: int, reading: Reading) -> str:
        """What says that the act was there before the news; '' for nothing."""
        if any(self._is_on_paper(g) for g in reading.governors):
            return "what a paper said before"
        return "there already" if self._is_standing(k, reading) or self._is_compared(k) else ""

    def _is_standing(self, k: int, reading: Reading) -> bool:
        """'Norway already bars its ships', where nobody says so; 'is still weighing it': how things stand."""
        chunk = self.s.chunks[k]
        words = self.s.tagged.low[max(0, chunk.first - 1) : chunk.head]
        is_so = chunk.kind == "VG" and "already" in words and reading.status in FACTUAL
        weighs = any(self._still_weighs(j) for j in (k, *reading.governors))
        return weighs or (is_so and not reading.governors) or self._is_law(k)

    def _still_weighs(self, k: int) -> bool:
        chunk = self.s.chunks[k]
        weighs = self.s.grammar.verb_class.get(self.s.lemma(k)) == "possible" and chunk.kind == "VG"
        return weighs and "still" in self.s.tagged.low[max(0, chunk.first - 1) : chunk.head]

    def _is_law(self, k: int) -> bool:
        """'Several resolutions bar it from trade', 'having barred it, Norway …': what holds before the news."""
        chunk = self.s.chunks[k]
        is_present = chunk.form == "fin" and chunk.first == chunk.head and self.s.tagged.tags[chunk.head] == "VB"
        bars = is_present and any(self.s.low(j) in _LAWS for j in self.s.subject(k))
        return bars or (k == 0 and chunk.perfect and self.s.tagged.low[chunk.first] == "having")

    def _is_compared(self, k: int) -> bool:
        """'Likens a delivery of arms to the raid': is the act what a verb sets beside another?"""
        verb = self.s.verb_left(k - 1) if self.s.kind(k) == "NP" else -1
        return verb >= 0 and self.s.lemma(verb) in _COMPARING

    def _is_left_so(self, k: int) -> bool:
        """'…, leaving the bloc with empty hands': in which state somebody is left, and nobody leaves."""
        chunk = self.s.chunks[k]
        is_result = chunk.form == "ger" and self.s.kind(k - 1) == "," and self.s.lemma(k) == "leave"
        after = self.s.chunks[k + 2] if is_result and k + 2 < len(self.s.chunks) else chunk
        return is_result and (self.s.low(k + 2) in _SO or after.kind == "AP" or after.form in ("ger", "part"))

    def _counts(self, k: int) -> bool:
        """'The number of people denied visas': a statistic, and not one deed."""
        is_said = self.s.kind(k) == "VG" and self.s.preposition(k - 1) == "of" and self.s.kind(k - 1) == "NP"
        return is_said and self.s.low(k - 3) in _COUNTING

    def _is_supposed(self, k: int, reading: Reading) -> bool:
        """'Norway may tighten its curbs', where nobody says so: the outlet supposes it."""
        if self.s.chunks[k].modal not in _GUESSING or reading.governors or self.s.tagged.quotes:
            return False
        verbs = [c.head for c in self.s.chunks if c.kind == "VG"]
        told = any(self.s.tagged.lemmas[i] in self.s.grammar.reporting for i in verbs)
        return not told and "according" not in self.s.tagged.low
