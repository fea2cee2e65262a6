"""Who says in a later sentence what the outlet told first: 'The move was announced by X', '"…", the ministry said'."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rules.language.claims import Claim
from rules.language.deciding import FACTUAL
from rules.language.persons import Span
from rules.language.speech import VOICED, Nearby, Speech, Voice
from rules.language.structure import Structure
from rules.language.words import word_set
from rules.model import Role, Zone

_NEXT = (1, 2, 3)
_TOLD = frozenset({Zone.HEADLINE, Zone.LEAD})
_MAKING_KNOWN = word_set("announce confirm report disclose reveal state make say declare communicate tell")
_POINTING = frozenset({"this", "that", "it"})
# What was told in the sentence before, by one word.
_ANAPHORS = _POINTING | word_set(
    "move decision measure measures removal lifting easing step announcement news change changes action suspension"
    " expulsion resumption steps moves imposition"
)
_LAWMAKERS = word_set("senator sen congressman congresswoman representative rep lawmaker lawmakers mp mps mep meps")
_SHORT = 3
"""Words of so few letters say nothing of who somebody is."""
Resolved = Callable[[Structure, list[Span], Claim], Voice | None]
"""Who phrases of a sentence are."""


@dataclass(frozen=True, slots=True)
class Confirmation:
    """Finds the official who says in one of the next sentences what a claim tells in the outlet's own words."""

    speech: Speech
    nearby: Nearby
    resolved: Resolved

    def voice(self, claim: Claim) -> Voice | None:
        """What the outlet tells, and then 'The move was announced by X', 'X confirmed the decision'."""
        if claim.status not in FACTUAL or claim.sentence.zone not in _TOLD:
            return None
        for offset in _NEXT:
            s = self.nearby(claim.sentence.number + offset)
            phrases = (self._of_announcement(s) or self._of_repetition(s, claim)) if s else []
            found = self.resolved(s, phrases, claim) if s and phrases else None
            found = found or (self._doer_quoted(s, claim) if s and offset == 1 else None)
            if found and found.speaker.role is Role.OFFICIAL:
                return found
        return None

    def _of_repetition(self, s: Structure, claim: Claim) -> list[Span]:
        """'Norway lifted the ban. The ministry said it had lifted it …': who tells the act again as done."""
        for k, chunk in enumerate(s.chunks):
            phrases = self.speech.subject(s, k) if self._is_told(s, k) and chunk.form in VOICED else []
            if not phrases or not _LAWMAKERS.isdisjoint(_words(s, phrases)):
                continue
            tells_again = self._tells_again(s, k, claim) and not self._is_of_another(s, phrases, claim)
            is_on_it = _names_its_thing(s, claim) or _tells_the_like(s, k, claim)
            if tells_again or (is_on_it and self._speaks_for_the_doer(s, phrases, claim)):
                return phrases
        return []

    def _is_told(self, s: Structure, k: int) -> bool:
        return s.kind(k) == "VG" and s.lemma(k) in _MAKING_KNOWN

    def _tells_again(self, s: Structure, k: int, claim: Claim) -> bool:
        """Is the verb of the claim behind chunk k, as a thing that was done?"""
        verb = claim.lemma.split()[0]
        again = {h.first for h in s.tagged.hits if h.form.pos == "verb" and s.tagged.lemmas[h.first] == verb}
        told = [c for c in s.chunks[k + 1 :] if c.head in again]
        return bool(told) and not (told[0].modal or told[0].negated)

    def _is_of_another(self, s: Structure, phrases: list[Span], claim: Claim) -> bool:
        """Do the phrases name a state, and none of those that act?"""
        named = _named(s, phrases)
        return bool(named and claim.who.by) and named.isdisjoint(p.id for p in claim.who.by)

    def _is_of_the_doer(self, s: Structure, phrases: list[Span], claim: Claim) -> bool:
        """'Norway lifted …' and 'the Norwegian minister', 'the ministry lifted …' and 'the ministry'?"""
        own = claim.structure
        done_by = {w for k in claim.who.agents for w in own.tagged.low[own.chunks[k].first : own.chunks[k].last + 1]}
        shared = {w for w in done_by & _words(s, phrases) if len(w) > _SHORT}
        return bool(shared) or not _named(s, phrases).isdisjoint(p.id for p in claim.who.by)

    def _doer_quoted(self, s: Structure, claim: Claim) -> Voice | None:
        """'Norway's foreign ministry lifted the ban. "…", the ministry said': who did it is quoted on it."""
        own, doers = claim.structure, claim.who.agents[:1]
        for k in range(len(s.chunks) if s.tagged.quotes else 0):
            phrases = self._quoted_by(s, k)
            is_pronoun = bool(phrases) and s.tagged.low[phrases[0][0]] in ("he", "she")
            if phrases and not is_pronoun and not self._speaks_for_the_doer(s, phrases, claim):
                continue
            found = self.resolved(s, phrases, claim) if phrases and not is_pronoun else None
            if found and found.speaker.role is Role.OFFICIAL:
                return found
            is_open = not found or found.speaker.role is Role.UNKNOWN
            if phrases and doers and is_open:  # 'the council said': which one, the claim says
                return self.resolved(own, self.speech.phrases(own, doers[0], len(own.chunks)), claim)
        return None

    def _speaks_for_the_doer(self, s: Structure, phrases: list[Span], claim: Claim) -> bool:
        return self._is_of_the_doer(s, phrases, claim) and _LAWMAKERS.isdisjoint(_words(s, phrases))

    def _quoted_by(self, s: Structure, k: int) -> list[Span]:
        """'"…," said the ministry', 'the ministry said'."""
        if s.kind(k) != "VG" or s.lemma(k) not in self.speech.grammar.reporting:
            return []
        is_turned = self.speech.ends(s, k - 1) and s.kind(k + 1) == "NP"
        return self.speech.phrases(s, k + 1, len(s.chunks)) if is_turned else self.speech.subject(s, k)

    def _of_announcement(self, s: Structure) -> list[Span]:
        """Who announces in this sentence what the one before told; [] for nobody."""
        for k, chunk in enumerate(s.chunks):
            if self._is_told(s, k) and chunk.form in VOICED:
                is_done = chunk.passive or chunk.form == "part"  # 'the move is part of a plan announced by Norway'
                agent = self.speech.agent(s, k) if is_done else []
                if agent and any(s.low(j) in _ANAPHORS for j in (0, *s.subject(k))):
                    return agent
                opens = s.low(k + 1) in _POINTING and s.kind(k + 2) == "VG"  # 'said it was late'
                if not chunk.passive and (s.low(k + 1) in _ANAPHORS or _in_writing(s, k)) and not opens:
                    return self.speech.subject(s, k)
            if chunk.kind == "NP" and s.low(k) in ("announcement", "statement") and s.preposition(k) != "of":
                agents = [n for word, n in s.complements(k) if word == "by"]
                if agents:
                    return self.speech.phrases(s, agents[0], len(s.chunks))
        return []


def _words(s: Structure, phrases: list[Span]) -> set[str]:
    return {word for first, last in phrases for word in s.tagged.low[first : last + 1]}


def _named(s: Structure, phrases: list[Span]) -> set[str]:
    """Ids of the parties in the phrases."""
    inside = {i for first, last in phrases for i in range(first, last + 1)}
    return {party.id for i, (_, party) in s.tagged.parties.items() if i in inside}


def _names_its_thing(s: Structure, claim: Claim) -> bool:
    """Holds the sentence the word of what the claim is about ('the ban')?"""
    return any(claim.structure.tagged.low[thing.token] in s.tagged.low for thing in claim.things)


def _tells_the_like(s: Structure, k: int, claim: Claim) -> bool:
    """'… lifted sanctions. Its president said it has reopened the border too': an act of the same kind behind k?"""
    heads = {c.head for c in s.chunks[k + 1 :] if c.kind == "VG" and not (c.modal or c.negated)}
    return any(h.first in heads and h.names & claim.acts for h in s.tagged.hits if h.form.pos == "verb")


def _in_writing(s: Structure, k: int) -> bool:
    """'The decision was unanimous, a statement said': what was told before, in the words of a paper."""
    is_paper = any(s.low(j) in ("statement", "communique", "communiqué") for j in s.subject(k))
    return is_paper and not _ANAPHORS.isdisjoint(s.tagged.low)
