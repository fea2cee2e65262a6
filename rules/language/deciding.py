"""What is decided, done or left open by what governs an act: bills enacted, promises kept, votes put off."""

from __future__ import annotations

from dataclasses import dataclass

from rules.language.forms import Link
from rules.language.structure import Structure
from rules.language.words import word_set
from rules.model import Status

FACTUAL = frozenset({Status.DONE, Status.AGREED, Status.ANNOUNCED, Status.UNDERWAY})
_DONE_ALONE = word_set(
    "impose slap freeze ban bar sanction blacklist outlaw expel recall close sever cut shut designate "
    "restore reestablish normalise normalize"
)
_ENACTING = frozenset({"sign", "enact", "promulgate", "adopt"})
# 'Made good on its threat to …', 'kept his promise to …': what was only said is now done.
_WORDS_GIVEN = word_set("threat threats promise promises pledge pledges vow vows warning warnings")
_FULFILLING = word_set(
    "fulfil fulfill honour honor keep execute carry_out follow_through act_on deliver_on make_good go_ahead see_through"
)
# Who answers a thing has it before him: 'vowed to respond to the expulsion', 'to announce retaliation for the ban'.
_ANSWERING = word_set("respond response responses retaliate retaliation react reaction answer reply")
_PUTTING_OFF = word_set("delay postpone defer put_off hold_off")


@dataclass(frozen=True, slots=True)
class Deciding:
    """Answers for the governors of one sentence."""

    s: Structure

    def settles(self, governor: int, role: str, k: int) -> bool:
        """'Announced that it will expel him': what one does alone is decided once it is made known."""
        announces = role == "that" and self.s.lemma(governor) == "announce" and not self.s.chunks[governor].modal
        return announces and self.s.chunks[k].modal in ("will", "would") and self.s.lemma(k) in _DONE_ALONE

    def answers(self, governor: int, role: str, k: int) -> bool:
        """Does the governor answer what is there already, and not whatever may come?"""
        chunk, tagged = self.s.chunks[k], self.s.tagged
        is_thing = chunk.kind == "NP" and {"any", "every", "such"}.isdisjoint(tagged.low[chunk.first : chunk.head])
        answers = not _ANSWERING.isdisjoint((self.s.lemma(governor), self.s.low(governor)))
        is_there = answers and role in ("object", "noun") and not self.s.chunks[governor].modal
        return is_thing and is_there and self.s.preposition(k) in ("to", "for")

    def backs(self, governor: int, link: Link, links: list[Link]) -> bool:
        """'Endorsed the decision to leave': what is decided is not asked for."""
        decided = bool(links) and links[-1].role in ("agree", "announce") and links[-1].status in FACTUAL
        return decided and link.role == "demand" and self.s.lemma(governor) in ("endorse", "support", "back", "defend")

    def enacts(self, governor: int, links: list[Link]) -> bool:
        """'signed a bill lifting the ban', and not 'adopted a resolution threatening sanctions'."""
        if not links or links[-1].role != "bill" or any(link.status not in FACTUAL for link in links[:-1]):
            return False
        passes = self.s.lemma(governor) in ("approve", "pass", "okay", "back") and self._is_of_council(governor)
        return passes or self.s.lemma(governor) in _ENACTING

    def _is_of_council(self, verb: int) -> bool:
        """'The Security Council passed a resolution imposing it': that needs nobody's signature."""
        return any(party in ("UNSC", "UN") for j in self.s.subject(verb) for party in self.s.states(j))

    def fulfils(self, governor: int, links: list[Link]) -> bool:
        """'Made good on its threat to leave', 'kept a promise to sign': the word that was given is kept."""
        if not links or any(link.status not in FACTUAL for link in links[:-1]):
            return False
        is_given = self.s.tagged.low[links[-1].token] in _WORDS_GIVEN
        return is_given and not _FULFILLING.isdisjoint(self._verb_forms(governor))

    def puts_off(self, governor: int, links: list[Link]) -> bool:
        """'Postponed the vote on sanctions', 'talks on a pact were delayed': what is put off is open still."""
        is_open = bool(links) and links[-1].role in ("possible", "talk") and not self.s.chunks[governor].negated
        return is_open and not _PUTTING_OFF.isdisjoint(self._verb_forms(governor))

    def _verb_forms(self, k: int) -> tuple[str, str]:
        """A verb alone, and with the word behind it: 'carry', 'carry_out'."""
        return self.s.lemma(k), f"{self.s.lemma(k)}_{self.s.low(k + 1)}"
