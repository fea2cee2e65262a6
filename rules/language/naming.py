"""Whom noun phrases name: the states and bodies in them, whose they are, and whom 'it' or 'the government' means."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from rules.language.claims import Thing, distinct
from rules.language.phrases import CONTROL, Chunk
from rules.language.status import Reading
from rules.language.structure import Structure
from rules.language.vocabulary import Party, grammar
from rules.language.words import word_set

_BROKERED = (["brokered"], ["mediated"], ["sponsored"], ["facilitated"], ["hosted"])
_MEETING = word_set("meet visit host receive welcome greet telephone phone")
_PRONOUNS = frozenset({"it", "they", "he", "she", "we"})
_OPEN = frozenset({"open", "close", "closer", "near", "ready"})
_POINTING = _PRONOUNS | {"there"}


# Classes of nouns whose maker does what they are about: who signs an accord on it, not who calls for it.
_DEEDS = frozenset({"agree", "announce", "instrument", "plan", "begin"})
# Who drafts, debates or passes a bill is behind it; who criticises it is not.
_DRAFTS = frozenset({"bill", "propose"})
_DRAFTING = frozenset({"propose", "agree", "announce", "plan", "talk"})


@cache
def standing_for_another() -> frozenset[str]:
    """Words that may stand for somebody named before them ('it', 'the government')."""
    return _PRONOUNS | grammar().nouns["stand_ins"]


def may_mean_another(low: list[str]) -> bool:
    """Holds a sentence such a word?"""
    return not standing_for_another().isdisjoint(low)


@dataclass(frozen=True, slots=True)
class Naming:
    """Answers for the chunks of one sentence; `before` gives the parties that an earlier sentence names."""

    s: Structure
    before: Callable[[], tuple[Party, ...]] = tuple

    def parties(self, chunks: list[int], of_firms: bool = False) -> tuple[Party, ...]:
        """The parties that the noun phrases name. 'A Chinese oil giant' is not China, unless *of_firms*: what is done
        to a state's companies is done to the state.
        """
        found: list[Party] = []
        for k in chunks:
            k = self.stands_for(k)
            chunk = self.owner(k)
            here = self._inside(chunk)
            if not of_firms and self.s.tagged.low[chunk.head] in self.s.grammar.nouns["private"]:
                continue  # 'Norwegian dockers' are not Norway
            if not of_firms and self._is_firm(chunk):
                here = [party for party in here if party.kind == "company"]
            all_its = self.s.tagged.low[chunk.first] in ("all", "both", "half")  # 'all its forces'
            if not here and self.s.tagged.low[min(chunk.first + all_its, chunk.last)] in ("its", "their"):
                here = self._named_before(k)
            if not here and (apposed := self._apposed(k)) >= 0:
                here = self._inside(self.owner(apposed))
            found += here
        return distinct(tuple(found))

    def _apposed(self, k: int) -> int:
        """'Ana Rusu, the foreign minister of Norway, met …': the phrase between commas that says who k is; -1."""
        s, end = self.s, k + 2
        if s.kind(k + 1) != "," or s.kind(end) != "NP" or s.tagged.low[s.chunks[end].first] != "the":
            return -1
        while s.kind(end) in ("NP", "P"):
            end += 1
        return k + 2 if s.kind(end) == "," else -1

    def _inside(self, chunk: Chunk) -> list[Party]:
        """The parties of a phrase; who brings others together ('a UN-brokered deal') is none of them."""
        named = [self.s.tagged.parties.get(i) for i in range(chunk.first, chunk.last + 1)]
        return [party for last, party in filter(None, named) if self.s.tagged.low[last + 1 : last + 2] not in _BROKERED]

    def _is_firm(self, chunk: Chunk) -> bool:
        """'A Chinese oil giant', and not 'the World Bank', whose name only holds such a word."""
        spans = self.s.tagged.parties
        inside = {i for a, (b, _) in spans.items() if chunk.first <= a <= chunk.last for i in range(a, b + 1)}
        firms, low = self.s.grammar.nouns["firms"], self.s.tagged.low
        return any(low[i] in firms for i in range(chunk.first, chunk.last + 1) if i not in inside)

    def _named_before(self, k: int) -> list[Party]:
        """'Norway said its troops had left': whose they are."""
        owner = self.s.chunks[self._antecedent(k)]
        parties = self.s.tagged.parties
        return [parties[i][1] for i in range(owner.first, owner.last + 1) if i in parties]

    def owner(self, k: int) -> Chunk:
        """'The Parliament of the Kingdom of Norway': the phrase that names whose it is, where k itself names nobody."""
        for _ in range(3):
            named = any(i in self.s.tagged.parties for i in range(self.s.chunks[k].first, self.s.chunks[k].last + 1))
            if (
                named
                or self.s.kind(k + 2) != "NP"
                or self.s.low(k + 1) not in ("of", "in", "from")
                or self.s.grammar.nouns["offices"].isdisjoint(
                    self.s.tagged.low[self.s.chunks[k].first : self.s.chunks[k].last + 1]
                )
            ):
                break
            k += 2
        return self.s.chunks[k]

    def owners(self, things: tuple[Thing, ...], targets: list[int]) -> tuple[Party, ...]:
        """'A Norwegian ban on trade with Ghana took effect': whose it is, where it says as well whom it is set on.

        Or where somebody else is put on it or under it: 'Ghanaian firm put on Norwegian blacklist'.
        """
        if not things:
            return ()
        chunk = self.s.chunks[things[0].chunk]
        before = [
            self.s.tagged.parties[i][1] for i in range(chunk.first, things[0].token) if i in self.s.tagged.parties
        ]
        joined = self.s.complements(things[0].chunk)
        set_on = [n for p, n in joined] if joined and joined[0][0] in ("on", "against") else []
        beyond = self.parties(set_on or [k for k in targets if k != things[0].chunk], of_firms=True)
        return tuple(before[:1]) if beyond and "anti" not in self.s.tagged.low[chunk.first : chunk.head] else ()

    def stands_for(self, k: int) -> int:
        """The phrase that a pronoun stands for; k itself if it is none."""
        return self._antecedent(k) if self.s.low(k) in _PRONOUNS else k

    def _antecedent(self, k: int) -> int:
        """'Norway said it had left': the subject of the verb before, and not of one whose object the pronoun is."""
        verb = self.s.verb_left(k - 1)
        if verb == k - 1 and self.s.low(k) == "it" and self.s.kind(k + 1) != "VG":
            verb = self.s.verb_left(verb - 1)  # 'Norway asked Ghana to supply it'
        while verb >= 0:
            subject = self.s.subject(verb)
            if subject and self.s.low(subject[0]) not in _POINTING:
                return subject[0]
            verb = self.s.verb_left(verb - 1)
        return k

    def meant(self, doers: list[int]) -> tuple[Party, ...]:
        """Whom 'it' or 'the government' means: the nearest state or body before, here or in an earlier sentence."""
        for k in doers:
            words = self.s.tagged.low[self.s.chunks[k].first : self.s.chunks[k].last + 1]
            stands_alone = self.s.low(k) in _PRONOUNS and self._antecedent(k) == k
            if stands_alone or not self.s.grammar.nouns["stand_ins"].isdisjoint(words):
                here = [p for i, (_, p) in sorted(self.s.tagged.parties.items()) if i < self.s.chunks[k].first]
                found = [p for p in (here[::-1] or self.before()) if p.kind in ("state", "igo")]
                return tuple(found[: 2 if self.s.low(k) == "they" else 1])
        return ()

    def _dealing_with(self, k: int) -> list[int]:
        """'Firms trading with Norway', 'buyers of oil that help Norway': whom those who are hit deal with."""
        j = k + 1
        while self.s.kind(j) == "P" and self.s.kind(j + 1) == "NP":
            j += 2
        j += self.s.kind(j) == "REL"
        if self.s.kind(j) != "VG" or (self.s.chunks[j].form != "ger" and self.s.kind(j - 1) != "REL"):
            return []
        found: list[int] = []
        while self.s.kind(j + 1) in ("NP", "P") and len(found) < 3:
            j += 1
            found += [j] if self.s.kind(j) == "NP" else []
        return found

    def targets(self, objects: list[int], by: tuple[Party, ...], prepositions: frozenset[str]) -> tuple[Party, ...]:
        found: list[Party] = []
        for o in objects:
            joined = [n for w, n in self.s.complements(o) if w in prepositions]
            found += self.parties([*joined, o, *self._dealing_with(o)], of_firms=True)
        return tuple(p for p in distinct(tuple(found)) if p.id not in {b.id for b in by})

    def met(self, verb: int) -> list[int]:
        """'Met his Ghanaian counterpart and agreed …': whom the verb joined to it on its left was about."""
        s = self.s
        return self.met_by(s.verb_left(verb - 2) if s.kind(verb - 1) == "CC" else -1, verb)

    def met_by(self, verb: int, end: int) -> list[int]:
        """Whom a verb of meeting is about, before chunk `end`."""
        s = self.s
        if s.lemma(verb) not in _MEETING:
            return []
        return [j for j in range(verb + 1, end) if s.kind(j) == "NP" and s.preposition(j) in ("", "with")]

    def purpose(self, k: int) -> list[int]:
        """'A deal to supply Norway with oil': the phrases of the infinitive that says what chunk k is for."""
        s, verb = self.s, k + 1
        if s.grammar.noun_class.get(s.low(k)) != "agree":
            return []
        if s.kind(verb) != "VG" or s.chunks[verb].form != "inf" or s.lemma(verb) in CONTROL:
            return []
        end = next((j for j in range(verb + 1, verb + 7) if s.kind(j) not in ("NP", "P")), verb + 7)
        return [j for j in range(verb + 1, end) if s.kind(j) == "NP" and s.has_party(j)]

    def bound(self, k: int) -> list[int]:
        """'Under a deal struck on Monday, Norway and Ghana will …': who is bound by what participle k says was made."""
        if self.s.chunks[k].form != "part" or self.s.low(k - 2) != "under" or k > 3:
            return []
        main = self.s.main_verb(k)
        return self.s.subject(main) if main >= 0 else []

    def above(self, k: int, reading: Reading) -> list[int]:
        """Who acts by what governs the act: the subject of its verb, or the noun's owner ('Norway's plan to …')."""
        if not reading.governors:
            return []
        governor = reading.governors[0]
        if self.s.lemma(governor) in ("face", "risk") and any(self.s.states(j) for j in self.s.subject(governor)):
            return []  # 'Norway faces sanctions'
        if self.s.low(governor) in _OPEN and self.s.kind(governor) == "AP" and self.s.kind(k) == "NP":
            is_verb = self.s.kind(governor - 1) == "VG"  # 'Norway open to arms sales'
            return self.s.subject(governor - 1) if is_verb else self.s.left_coordinated(governor - 1)
        if self.s.kind(governor) == "NP":
            own = [governor, *(n for word, n in self.s.complements(governor) if word == "by")]
            return own + (self.doers(reading.governors[1:2]) if self._is_behind(governor, reading) else [])
        is_noun = self.s.chunks[k].kind != "VG" and self.s.kind(governor) == "VG"
        classes, lemma = self.s.grammar.verb_class, self.s.lemma(governor)
        asks = "demand" in (classes.get(lemma), classes.get(f"{lemma}_for"))
        behind = self.s.subject(governor) if is_noun else []
        private = self.s.grammar.nouns["private"]
        return [j for j in behind if not asks or self.s.low(j) not in private]  # 'bishops call for a ban'

    def doers(self, verbs: tuple[int, ...]) -> list[int]:
        """'Norway signed …', '… was signed by Norway': who does what the first of these chunks says."""
        for v in verbs:
            if self.s.kind(v) == "VG" and self.s.chunks[v].passive:
                return [n for word, n in self.s.complements(v) if word == "by"]
            if self.s.kind(v) == "VG":
                return self.s.subject(v)
        return []

    def _is_behind(self, noun: int, reading: Reading) -> bool:
        """Is the one who does something with a governing noun (signs an order, drafts a bill) behind what it says?"""
        grammar = self.s.grammar
        name = grammar.noun_class.get(self.s.low(noun), "")
        drafts = (grammar.verb_class.get(self.s.lemma(v)) in _DRAFTING for v in reading.governors[1:2])
        return name in _DEEDS or (name in _DRAFTS and any(drafts))
