"""Who does what to whom among a sentence's chunks: subjects, objects, complements, and what governs what.

A shallow stand-in for a dependency parse: every relation is found by walking over neighbouring chunks, bounded steps,
so that time stays linear in the length of the sentence.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from rules.language.amounts import meant
from rules.language.between import before_inserted
from rules.language.following import CLAUSAL, REACH, completing, joined_to
from rules.language.phrases import CONTROL, Chunk, chunks_of
from rules.language.vocabulary import Grammar
from rules.language.words import Tagged

# Between an office and a name: 'army chief Gen Ana Rusu'.
_RANKS = frozenset({"gen", "lt", "maj", "col", "adm", "brig", "dr", "mr", "mrs", "ms", "sheikh", "admiral"})
_BREAKS = frozenset({";", ":", "–", "SUB", "REL", "(", ")", "?", "!"})


@dataclass(slots=True)
class Structure:
    """The chunks of one sentence and the relations between them (indices into `chunks`; -1 for none)."""

    tagged: Tagged
    chunks: list[Chunk]
    grammar: Grammar
    headline: bool
    _joined: dict[int, list[int]] = field(default_factory=dict)
    _completing: dict[int, list[tuple[str, int]]] = field(default_factory=dict)
    """Found once for a chunk: in a list of acts each asks for what is joined to the others."""

    # -- words -------------------------------------------------------------------------------------------------
    def lemma(self, k: int) -> str:
        """The lemma of a chunk's head; '' outside the sentence."""
        return self.tagged.lemmas[self.chunks[k].head] if 0 <= k < len(self.chunks) else ""

    def low(self, k: int) -> str:
        """The head of a chunk in lower case; '' outside the sentence."""
        return self.tagged.low[self.chunks[k].head] if 0 <= k < len(self.chunks) else ""

    def kind(self, k: int) -> str:
        """The kind of a chunk; '' outside the sentence."""
        return self.chunks[k].kind if 0 <= k < len(self.chunks) else ""

    def is_number(self, k: int) -> bool:
        """Is the head of chunk k a number?"""
        return self.tagged.tags[self.chunks[k].head] == "NUM"

    def at_token(self, i: int) -> int:
        """The chunk that holds a token, -1 for none."""
        return next((k for k, c in enumerate(self.chunks) if c.first <= i <= c.last), -1)

    def preposition(self, k: int) -> str:
        """The preposition right before chunk k, '' if there is none."""
        return self.low(k - 1) if k > 0 and self.kind(k - 1) in ("P", "TO") else ""

    # -- arguments ---------------------------------------------------------------------------------------------
    def quantity(self, k: int) -> int:
        """'most of the sanctions', 'a series of bans', 'participation in the treaty': the phrase that is meant."""
        return meant(self, k)

    def flow(self, k: int) -> int:
        """'Deliveries of food aid', 'the supply of gas': the phrase that says of what; k itself for any other."""
        is_flow = self.low(k) in self.grammar.nouns["flows"] and self.low(k + 1) == "of" and self.kind(k + 2) == "NP"
        return k + 2 if is_flow else k

    def coordinated(self, k: int) -> list[int]:
        """k and the noun phrases joined to it on its right: 'A, B and C', 'A on B and C'."""
        if k not in self._joined:
            self._joined[k] = joined_to(self, k)
        return self._joined[k][:]

    def related(self, k: int) -> list[int]:
        """'The sanctions that Norway plans to impose': what a relative without an object of its own says is done to."""
        while self.chunks[k].form == "inf" and self.kind(k - 1) == "VG":
            k -= 1
        opens = k - 1
        while self.kind(opens) in ("NP", "CC"):
            opens -= 1
        is_relative = opens < k - 1 and self.low(opens) in ("that", "which") and self.kind(opens - 1) == "NP"
        return [opens - 1] if is_relative else []

    def states(self, k: int) -> list[str]:
        """Ids of the states and bodies named in a phrase."""
        chunk, parties = self.chunks[k], self.tagged.parties
        return [parties[i][1].id for i in range(chunk.first, chunk.last + 1) if i in parties]

    def infinitive_objects(self, k: int) -> list[int]:
        """'Orders Norway to close its embassy': the objects of the infinitive that follows the verb k."""
        to = next((j for j in range(k + 1, min(k + 6, len(self.chunks))) if self.chunks[j].form == "inf"), -1)
        first = to + 1 + (self.kind(to + 1) == "P")
        return self.coordinated(first) if to >= 0 and self.kind(first) == "NP" else []

    def joins(self, k: int) -> bool:
        """Is chunk k a comma or a conjunction?"""
        return self.kind(k) in (",", "CC")

    def left_phrase(self, k: int) -> int:
        """The noun phrase that ends right before chunk k, its own complements skipped to the left; -1 for none."""
        j = before_inserted(self, k - 1)
        if self.kind(j) == ",":
            j = self._before_parenthesis(j)
        if self.kind(j) == "REL":
            j -= 1 + (self.kind(j - 1) == ",")
        if self.kind(j) == "NP" and self.kind(j - 1) == "CC" and self.preposition(j - 2) in ("between", "among"):
            j -= 2  # 'the pact between Norway and Ghana was …'
        while (before := self._completed(j)) != j:
            j = before
        return j if self.kind(j) == "NP" else -1

    def _completed(self, j: int) -> int:
        """The phrase that phrase j completes: 'the ban on arms', 'on supplying arms', 'imposed on arms'; j for none."""
        if self.kind(j) not in ("NP", "AP"):
            return j
        if self.kind(j) == "NP" and self._in_participle(j):
            return j - 2  # 'leaders attending the summit agreed'
        at = j - 1
        if self.kind(at) == "VG" and self.chunks[at].form == "ger":
            at -= 1
        if self.kind(at) != "P" or self.low(at) in CLAUSAL:
            return j
        if self.kind(at - 1) in ("NP", "AP"):
            return at - 1
        is_participle = self.kind(at - 1) == "VG" and self.chunks[at - 1].form in ("part", "ger")
        return at - 2 if is_participle and self.kind(at - 2) == "NP" else j

    def _in_participle(self, k: int) -> bool:
        """Is it the object of what says more of the phrase before ('states backing Norway', 'a deal to save cod')?"""
        if self.kind(k - 1) != "VG" or self.kind(k - 2) != "NP":
            return False
        is_for = self.chunks[k - 1].form == "inf" and self.grammar.noun_class.get(self.low(k - 2)) == "agree"
        return is_for or self.chunks[k - 1].form == "ger"

    def _before_parenthesis(self, comma: int) -> int:
        if (before := self._before_aside(comma)) >= 0:
            return before
        for j in range(comma - 1, max(-1, comma - REACH), -1):
            if self.kind(j) == ",":
                return j - 1
            if self.kind(j) in _BREAKS and self.kind(j) != "REL":
                break
        return comma - 1

    def _before_aside(self, comma: int) -> int:
        """'Norway, arguing that its coast must be watched, plans …': the phrase before that aside, -1 without one."""
        for j in range(comma - 1, max(0, comma - REACH), -1):
            if self.kind(j) == ",":
                is_aside = self.chunks[j + 1].form == "ger" and self.kind(j + 2) == "SUB" and self.kind(j - 1) == "NP"
                return j - 1 if is_aside else -1
        return -1

    def _closes_aside(self, comma: int) -> bool:
        """Does the comma end what is said of the subject between commas?"""
        return self._closes_apposition(comma) or (self.kind(comma) == "," and self._before_aside(comma) >= 0)

    def subject(self, k: int) -> list[int]:
        """The subject of a verb group, with those coordinated to it."""
        relative = self.relative_before(k)
        return self.left_coordinated(self.left_phrase(relative)) if relative >= 0 else self._subject_of(k)

    def _subject_of(self, k: int) -> list[int]:
        chunk = self.chunks[k]
        if chunk.form == "part" and self.kind(k - 1) == "VG" and self.lemma(k - 1) in self.grammar.reporting:
            return self.subject(k - 1)  # 'Norway says no longer bound by the pact'
        if chunk.form == "ger" and (doer := self._doer_before(k)) >= 0:
            return self.left_coordinated(doer)
        if chunk.form in ("inf", "ger") or (self.joins(k - 1) and not self._closes_aside(k - 1)):
            governor = self.verb_left(k - 1)
            if governor >= 0 and self._said_of(k, governor):
                return self.left_coordinated(self.left_phrase(self._past_adjective(k)))
            if governor >= 0 and (chunk.form != "inf" or self.kind(k - 1) != "NP" or self.kind(k - 2) != ""):
                between = [j for j in range(governor + 1, k) if self.kind(j) == "NP"]
                takes_object = chunk.form == "inf" and between and self._is_pressed(governor, between[0])
                return between[:1] if takes_object else self.subject(governor)
        if self._is_helped(k):
            return [*self.subject(k - 2), k - 1]
        left = self.left_phrase(self._past_relative(self._past_adjective(k)))
        if left < 0 and chunk.form == "ger" and self.kind(k - 1) == "P":
            left = self.left_phrase(self.main_verb(k))
        return self.left_coordinated(left) if left >= 0 else []

    def _doer_before(self, k: int) -> int:
        """'Norway closing …', 'blames Norway for closing …', 'keeps it from closing …': who does it; -1 for none."""
        if self.kind(k - 1) == "NP":
            return k - 1 if self.has_party(k - 1) else -1
        governor = self.verb_left(k - 1)
        is_led = self.preposition(k) in ("for", "of", "from", "with") and governor == k - 3 >= 0
        return k - 2 if is_led and not self.chunks[governor].passive and self.has_party(k - 2) else -1

    def _is_helped(self, k: int) -> bool:
        """'Norway helps Ghana build ships': both do it."""
        bare = self.tagged.tags[self.chunks[k].head] == "VB" and self.chunks[k].first == self.chunks[k].head
        return bare and self.kind(k - 1) == "NP" and self.kind(k - 2) == "VG" and self.lemma(k - 2) == "help"

    def main_verb(self, k: int) -> int:
        """'By leaving the pact, Norway has …': the main verb after the phrase of gerund k; -1 for none."""
        comma = next((j for j in range(k + 1, min(len(self.chunks), k + REACH)) if self.kind(j) in (",", "VG")), -1)
        if self.kind(comma) != "," or self.kind(comma + 1) != "NP":
            return -1
        verb = next((j for j in range(comma + 2, min(len(self.chunks), comma + REACH)) if self.kind(j) == "VG"), -1)
        return verb if verb >= 0 and self.chunks[verb].form == "fin" else -1

    def _said_of(self, k: int, governor: int) -> bool:
        """'Norway says Sweden ready to sell': has the predicate a subject of its own after the reporting verb?"""
        adjective = self._past_adjective(k)
        return (
            adjective != k and self.left_phrase(adjective) > governor and self.lemma(governor) in self.grammar.reporting
        )

    def _is_pressed(self, governor: int, k: int) -> bool:
        """'urges Norway to lift', 'pressure mounts on Norway to lift': is it k that is to act?"""
        before = [self.low(j) for j in range(max(0, k - 4), k)]
        return self.lemma(governor) in CONTROL or (before[-1:] == ["on"] and "pressure" in before)

    def _past_adjective(self, k: int) -> int:
        """'Norway ready to sell', 'Norway close to lifting': a headline's predicate stands before the verb."""
        before = k - 1 - (self.kind(k - 1) in ("P", "TO"))
        is_predicate = self.kind(before) == "AP" and self.kind(before - 1) == "NP"
        return before if is_predicate and self.chunks[k].form in ("inf", "ger") else k

    def _closes_apposition(self, comma: int) -> bool:
        """'the minister for trade, Ana Rusu, said': does the comma end a phrase that says more of the one before it?"""
        j = comma - 1
        while self.kind(j) in ("NP", "P", "AP"):
            j -= 1
        return (self.kind(comma), self.kind(j), self.kind(j - 1)) == (",", ",", "NP") and j < comma - 1

    def relative_before(self, k: int) -> int:
        """'The ban, which was set in May after a row, has been lifted': the comma that opens the relative; -1."""
        ends = self.kind(k - 1) == "," and self.chunks[k].form in ("fin", "part")
        if not ends or self.lemma(k) in ("say", "add", "tell"):
            return -1
        verbs = 0
        for j in range(k - 2, max(-1, k - REACH), -1):
            verbs += self.kind(j) == "VG" and self.chunks[j].form == "fin"
            opens = j - 1 - (self.kind(j - 1) == "P")
            if self.kind(j) == "REL":
                return opens if verbs and self.kind(opens) == "," and self.kind(opens - 1) == "NP" else -1
            if self.kind(j) in (",", ";", ":", "–", "CC"):
                break
        return -1

    def apposition(self, k: int) -> list[int]:
        """'Rusu, the trade minister, resigns': the phrase between commas that says more of the subject of k."""
        if self.kind(k - 1) != "," or not self._closes_apposition(k - 1):
            return []
        j = k - 2
        while self.kind(j - 1) != ",":
            j -= 1
        return [j] if self.kind(j) == "NP" else []

    def office(self, k: int) -> list[int]:
        """'Resigns as trade minister', 'named him as envoy': the phrase that says in which office."""
        j = k + 1 + (self.kind(k + 1) == "NP")
        is_office = self.kind(j) == "P" and self.low(j) == "as" and self.kind(j + 1) == "NP"
        return [j + 1] if is_office and not self._is_clause(j + 1) else []

    def _is_clause(self, k: int) -> bool:
        """Does a finite verb follow the phrase k and what completes it?"""
        while self.kind(k + 1) == "P" and self.kind(k + 2) == "NP":
            k += 2
        return self.kind(k + 1) == "VG" and self.chunks[k + 1].form == "fin"

    def before_name(self, k: int) -> int:
        """The last token of what a person is called by before the name ('trade minister Ana Rusu'), -1 without one."""
        chunk, low = self.chunks[k], self.tagged.low
        i = chunk.head
        while i > chunk.first and (self._is_name(i) or low[i] in _RANKS):
            i -= 1
        is_title = self.tagged.words[i].islower() or low[i] in self.grammar.title_ends
        return i if i < chunk.head and is_title else -1

    def _is_name(self, i: int) -> bool:
        """Is the token a capitalised word that is none of the language's own?"""
        low, g = self.tagged.low[i], self.grammar
        known = low in g.verbs or low in g.nouny or low in g.closed or low in g.title_ends
        return self.tagged.words[i][:1].isupper() and not known

    def drafted(self, rel: int) -> int:
        """The text that says what is done ('a bill that …', 'resolution 5, which …') before a relative; -1 for none."""
        k = rel - 1 - (self.kind(rel - 1) == ",")
        words = self.tagged.low[self.chunks[k].first : self.chunks[k].last + 1] if self.kind(k) == "NP" else []
        found = any(self.grammar.noun_class.get(word) in ("bill", "instrument") for word in words[-2:])
        return k if found else -1

    def _past_relative(self, k: int) -> int:
        """'The ban that kept it from arms expired': the verb's subject is before the relative clause."""
        verbs = 0
        for j in range(k - 1, max(-1, k - REACH), -1):
            if self.kind(j) == "VG" and self.chunks[j].form == "fin":
                verbs += 1
            if self.kind(j) == "REL" and verbs == 1 and self.kind(j - 1) == "NP":
                return j
            joins_gerunds = self.kind(j) == "CC" and self.chunks[j + 1].form == "ger"
            if self.kind(j) in (",", "SUB", ";", ":", "–", "CC") and not joins_gerunds:
                break
        return k

    def has_party(self, k: int) -> bool:
        """Does a state or body head the phrase?"""
        return any(first <= self.chunks[k].head <= last for first, (last, _) in self.tagged.parties.items())

    def left_coordinated(self, k: int) -> list[int]:
        """k and the noun phrases joined to it on its left."""
        found = [self.quantity(k)]
        j = k
        while self.joins(j - 1) and len(found) < 6:
            before = j - 2 - (self.joins(j - 2))
            while self.kind(before) == "NP" and self.kind(before - 1) == "P" and self.kind(before - 2) == "NP":
                before -= 2
            is_object = self.kind(before - 1) == "VG" and self.lemma(before - 1) not in self.grammar.reporting
            if self.kind(before) != "NP" or is_object:
                break
            found.insert(0, before)
            j = before
        return found

    def verb_left(self, k: int) -> int:
        """The nearest verb group at or before k in the same stretch of the sentence."""
        for j in range(k, max(-1, k - REACH), -1):
            if self.kind(j) == "VG":
                return j
            if self.kind(j) in (";", ":", "–"):
                break
        return -1

    def complements(self, k: int) -> list[tuple[str, int]]:
        """(preposition, noun phrase) pairs that follow chunk k up to the next verb or break."""
        if k not in self._completing:
            self._completing[k] = completing(self, k)
        return self._completing[k][:]


def structure_of(tagged: Tagged, grammar: Grammar, headline: bool) -> Structure:
    """Chunk a tagged sentence."""
    return Structure(tagged, chunks_of(tagged), grammar, headline)
