"""What comes after a word, as far as it can be told before the words are tagged."""

from __future__ import annotations

import re
from collections.abc import Mapping, Set
from dataclasses import dataclass

from rules.language.vocabulary import Party, Vocabulary
from rules.language.words import Tagged, word_set

ADJECTIVE = re.compile(r"(?:ous|ive|al|ic|able|ible|ful|less|ary|ern|ese|ish|ed)\Z")

_PARTICLES = frozenset({"up", "off", "out", "down", "back", "away"})
_OF_SOMETHING = word_set(
    "approve dispose consist hear learn think dream speak warn complain boast accuse despair tire rid"
)
_SHORES = frozenset({"coast", "coasts", "shore", "shores", "coastline", "cape", "island", "islands", "isle", "port"})
_PACTS = frozenset({"agreement", "agreements", "deal", "deals", "pact", "pacts", "accord", "accords", "treaty"})


@dataclass(frozen=True, slots=True)
class Lookahead:
    """Answers about the words of one sentence; `inside` holds the tokens of parties, `fixed` those of known phrases."""

    s: Tagged
    v: Vocabulary
    inside: Mapping[int, Party]
    fixed: Set[int]

    def is_agreement(self, i: int) -> bool:
        """Is word i what states agree on ('agreement', 'pact')?"""
        return i < len(self.s.low) and self.s.low[i] in _PACTS

    def is_base(self, i: int) -> bool:
        """May word i be the base form of a verb?"""
        return i < len(self.s.low) and any(tag == "VB" for tag, _ in self.v.verbs.get(self.s.low[i], ()))

    def is_participle(self, i: int) -> bool:
        """May word i be a verb's participle?"""
        return any(tag in ("VBN", "VBG") for tag, _ in self.v.verbs.get(self.s.low[i], ()))

    def next_is_base(self, i: int) -> bool:
        for j in range(i + 1, min(i + 4, len(self.s.low))):
            low = self.s.low[j]
            forms = self.v.verbs.get(low, ())
            if low == "be" or low in ("have", "do") or (any(t == "VB" for t, _ in forms) and j not in self.inside):
                return low in ("be", "have", "do") or not self.noun_after_to(i, j)
            adverb = self.v.grammar.closed.get(low) in ("ADV", "NEG") or low.endswith("ly") or low == "further"
            if not adverb:
                return False
        return False

    def noun_after_to(self, i: int, j: int) -> bool:
        """'access to trade and aid' against 'to trade arms': a noun if it may be one and nothing to act on follows."""
        if self.s.low[j] not in self.v.noun_heads:
            return False
        before = self.s.lemmas[i - 1] if i else ""
        adds = "add" in self.s.lemmas[max(0, i - 12) : i]
        if adds and (j in self.fixed or self.after(j) in ("", "P", ".", ",")):
            return True  # 'adds four ships to blacklist'
        return before in (
            "end",
            "due",
            "opposed",
            "according",
            "return",
            "response",
            "access",
            "subject",
            "related",
            "key",
            "close",
            "closer",
            "accede",
            "adhere",
        )

    def after(self, i: int) -> str:
        """A guess at what follows: a closed class, N for a party or word, V for a sure verb, '' at the end."""
        j = i + 1
        while j < len(self.s.low) and (
            self.v.grammar.closed.get(self.s.low[j]) == "ADV" or self.s.low[j].endswith("ly")
        ):
            j += 1
        if j >= len(self.s.low):
            return ""
        low = self.s.low[j]
        if j in self.inside or j in self.fixed:
            return "N"
        if low == "to":
            return "TO"
        closed = self.v.grammar.closed.get(low)
        if closed:
            return closed
        if low == "double" and self.s.low[j + 1 : j + 2] in (["tax"], ["taxation"]):
            return "ADJ"
        if low in self.v.verbs and low not in self.v.noun_heads:
            tags = {t for t, _ in self.v.verbs[low]}
            return "V" if tags & {"VBZ", "VBD"} else "VBG" if "VBG" in tags else "V"
        return low if not low[0].isalnum() else "NUM" if low[0].isdigit() else "N"

    def verb_follows(self, i: int, clause: bool = True) -> bool:
        """Does a word that can only be a finite verb follow, in the same clause or in the whole sentence?"""
        for j in range(i + 1, len(self.s.low)):
            low = self.s.low[j]
            closed = self.v.grammar.closed.get(low)
            if clause and (closed in ("SUB", "REL", ",") or not low[0].isalnum()):
                return False
            tags = {tag for tag, _ in self.v.verbs.get(low, ())}
            if not clause and self.after(j) not in ("D", "N", "NUM", "PR", "ADJ"):
                tags.discard("VBD")  # 'imposed on Norway' may be a participle, 'hurt farmers' is none
            sure = tags & {"VBZ", "VBD"} and low not in self.v.noun_heads
            if closed in ("M", "BE", "HAVE", "DO") or (sure and j not in self.inside):
                return True
        return False

    def opens_phrase(self, i: int) -> bool:
        """Does a noun phrase, and no preposition, begin at i?"""
        low = self.s.low[i] if i < len(self.s.low) else ""
        return bool(low) and low[0].isalnum() and self.v.grammar.closed.get(low) in (None, "D", "ADJ", "PR")

    def is_one_of_two(self, i: int) -> bool:
        """'A Norwegian-flagged, Ghanaian-owned ship': are this and the next but one both parts of longer words?"""
        return self.s.low[i + 1 : i + 2] in ([","], ["and"]) and i + 3 in self.s.joined

    def is_board(self, i: int, lemma: str) -> bool:
        """'The safety board of Norway': is a word that seldom is a noun no verb, as 'of' follows?"""
        return self.s.low[i + 1 : i + 2] == ["of"] and lemma not in _OF_SOMETHING

    def has_particle(self, i: int) -> bool:
        """Is the word behind verb i its particle? Not 'off' before a coast ('seized off Norway', 'off the coast')."""
        if self.s.low[i + 1] not in _PARTICLES or not self.opens_phrase(i + 2):
            return False
        known = any(h.first == i and h.last == i + 1 and h.form.pos == "verb" for h in self.s.hits)  # 'cut off Norway'
        return known or self.s.low[i + 1] != "off" or not self.is_shore(i + 2)

    def lacks_object(self, i: int) -> bool:
        """May word i be a verb of some lexicon whose subject is what it is done to ('collapse', 'clash')?"""
        return any(h.first == i and h.form.pos == "verb" and not h.form.transitive for h in self.s.hits)

    def is_shore(self, i: int) -> bool:
        """Does word i begin what a ship is off: a state's name and no more, or a coast?"""
        rest = self.s.low[i : i + 3]
        if not _SHORES.isdisjoint(rest):
            return True
        last = next((last for first, (last, p) in self.s.parties.items() if first == i and not p.adjective), -1)
        return last >= 0 and self.after(last) != "N"

    def acts_only(self, i: int) -> bool:
        """Is word i the base form of a verb, and no noun?"""
        return self.is_base(i) and self.s.low[i] not in self.v.noun_heads

    def governs(self, i: int) -> bool:
        """Is it a noun that says what becomes of the noun before it ('threat', 'package')?"""
        low = self.s.low[i] if i < len(self.s.low) else ""
        return low in self.v.grammar.noun_class or low in self.v.grammar.nouns["wraps"]

    def acts_next(self, i: int) -> bool:
        """May the next word be the verb, an object being right behind it?"""
        if i + 2 >= len(self.s.low) or not self.is_base(i + 1) or i + 1 in self.inside or i + 1 in self.fixed:
            return False
        if self.s.low[i + 1] == "last":
            return False  # 'kidnappers release last 3 hostages'
        if self.s.low[i + 1] == "back":
            return False  # 'scales back its duties'
        low = self.s.low[i + 2]
        is_adjective = bool(ADJECTIVE.search(low)) and len(low) > 4 and low not in self.v.noun_heads
        return self.v.grammar.closed.get(low) in ("D", "ADJ", "PR") or low[0].isdigit() or is_adjective
