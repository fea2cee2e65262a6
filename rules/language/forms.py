"""What a word says of an act by its own form: modal, negation, aspect, the word that opens its clause, modifiers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rules.language.following import REACH
from rules.language.governing import AFTER
from rules.language.phrases import Chunk
from rules.language.structure import Structure
from rules.model import Status

_MODALS = {
    "will": Status.PLANNED,
    "'ll": Status.PLANNED,
    "wo": Status.PLANNED,
    "shall": Status.PLANNED,
    "would": Status.PLANNED,
    "is to": Status.PLANNED,
    "may": Status.POSSIBLE,
    "might": Status.POSSIBLE,
    "could": Status.POSSIBLE,
    "can": Status.POSSIBLE,
    "ca": Status.POSSIBLE,
    "be": Status.DEMANDED,
    "must": Status.DEMANDED,
    "should": Status.DEMANDED,
    "has to": Status.DEMANDED,
}
CLASSES = {
    "plan": Status.PLANNED,
    "planned": Status.PLANNED,
    "propose": Status.PROPOSED,
    "bill": Status.PROPOSED,
    "demand": Status.DEMANDED,
    "threaten": Status.THREATENED,
    "possible": Status.POSSIBLE,
    "strive": Status.POSSIBLE,
    "refuse": Status.REFUSED,
    "deny": Status.DENIED,
    "talk": Status.TALKS,
    "dread": Status.UNKNOWN,
    "conditional": Status.CONDITIONAL,
}
_SUBORDINATE = {
    "if": Status.CONDITIONAL,
    "unless": Status.CONDITIONAL,
    "until": Status.CONDITIONAL,
    "whether": Status.POSSIBLE,
    "before": Status.PLANNED,
    "provided": Status.CONDITIONAL,
    "lest": Status.POSSIBLE,
}
_BEFORE_NOUN = {
    "before": Status.PLANNED,
    "ahead of": Status.PLANNED,
    "pending": Status.PLANNED,
    "until": Status.CONDITIONAL,
    "without": Status.DENIED,
    "instead of": Status.DENIED,
}
# A parliament's committee, by its head and by the chamber that it is one of.
_PANELS = frozenset({"panel", "committee", "subcommittee", "committees", "panels"})
_CHAMBERS = frozenset(
    ["house", "senate", "congressional", "parliamentary", "commons", "congress", "bundestag", "duma", "subcommittee"]
)
# One of two chambers: what it votes for is the other's to decide.
# 'MPs vote to brand it a terrorist group': what only a government does, a parliament asks it to do.
_LEGISLATORS = frozenset({"mps", "meps", "lawmakers", "legislators", "deputies", "senators", "parliament", "congress"})
_EXECUTIVE = frozenset({"designate", "classify", "label", "brand", "list", "name", "blacklist", "proscribe", "outlaw"})
_HOUSES = frozenset({"house", "senate", "commons", "lords", "chamber"})
_LATER = frozenset(
    {"after", "since", "because", "although", "though", "while", "as", "once", "when", "despite", "following"}
)
_NOBODY = frozenset({"neither", "none", "nobody", "no"})
_AUXILIARY = frozenset({"M", "HAVE", "DO", "BE"})
_EXCLUDING = frozenset({"exclude", "preclude", "discount"})
_SHRINKING = frozenset({"hesitate", "shrink", "shy", "balk", "baulk", "flinch"})
_TIMED = frozenset({"after", "once", "when"})
_GUESSED = frozenset({"possibly", "perhaps", "maybe", "allegedly", "supposedly", "purportedly", "presumably"})
_AHEAD = frozenset({"will", "'ll", "wo", "would", "could", "can", "may", "is to", "must", "should"})


@dataclass(frozen=True, slots=True)
class Link:
    """One step outward: the token that decides, its class, and what it makes of the act."""

    token: int
    role: str
    status: Status


class Forms:
    """Answers for the words of one sentence."""

    def __init__(self, structure: Structure) -> None:
        self.s = structure
        self.panel = not _PANELS.union(_HOUSES, _LEGISLATORS).isdisjoint(structure.tagged.low)

    def own(self, k: int, token: int) -> tuple[list[Link], str]:
        """The links of the word's own form, and the word that makes its clause a side clause ('' for none)."""
        chunk = self.s.chunks[k]
        if chunk.kind != "VG" or token != chunk.head:
            return [*self.modifiers(k, token), *self._introduced(k)], ""
        found = [*self._of_mood(k), *self._of_aspect(k)]
        mark = self.subordinator(k) if chunk.form in ("fin", "part") else ""
        aside = _SUBORDINATE.get(mark) or (Status.CONDITIONAL if self._is_awaited(k, mark) else None)
        if aside:
            found.append(Link(chunk.first, mark, aside))
        return found, mark if mark in _LATER or mark == "REL" else ""

    def _of_mood(self, k: int) -> Iterator[Link]:
        chunk = self.s.chunks[k]
        if chunk.modal in _MODALS:
            yield Link(chunk.first, "modal", self._of_modal(chunk))
        if self.panel and self._of_panel(k):
            yield Link(chunk.first, "panel", Status.PROPOSED)
        if not chunk.modal and not _GUESSED.isdisjoint(self.s.tagged.low[chunk.first : chunk.head]):
            yield Link(chunk.first, "guess", Status.UNKNOWN)  # 'possibly withdrew'
        if self._is_subjunctive(k):
            yield Link(chunk.first, "subjunctive", Status.DEMANDED)
        if not chunk.negated and (nobody := self._nobody(k)) >= 0:
            yield Link(nobody, "negation", _negated(chunk.modal))
        if chunk.negated and not self.leaves_open(k) and not self.is_ready(k):
            yield Link(chunk.first, "negation", _negated(chunk.modal))
        if (auxiliary := self._inverted(k)) >= 0:
            yield Link(self.s.chunks[auxiliary - 1].head, "negation", _negated(self.s.chunks[auxiliary].modal))

    def _inverted(self, k: int) -> int:
        """'Nor will it send tanks': the chunk of the auxiliary that 'nor' sets before its subject; -1 for none."""
        is_nor = self.s.kind(k - 1) == "NP" and self.s.kind(k - 2) == "VG" and self.s.low(k - 3) in ("nor", "neither")
        return k - 2 if is_nor and self.s.tagged.tags[self.s.chunks[k - 2].head] in _AUXILIARY else -1

    def _nobody(self, k: int) -> int:
        """'Neither Norway nor Ghana has signed', 'no state has signed': the word that says so; -1 for none."""
        words = self.s.tagged.low
        if _NOBODY.isdisjoint(words) or self.s.chunks[k].form != "fin" or self.s.chunks[k].passive:
            return -1
        first = next((self.s.chunks[j].first for j in self.s.subject(k)), -1)
        return next((i for i in (first, first - 1) if i >= 0 and words[i] in _NOBODY), -1)

    def _is_supposed(self) -> bool:
        """'Says that Norway would leave': under a present tense 'would' reports no plan, it supposes."""
        says = [c for c in self.s.chunks if c.kind == "VG" and self.s.tagged.lemmas[c.head] in self.s.grammar.reporting]
        tags = {self.s.tagged.tags[c.head] for c in says}
        return "VBZ" in tags and not tags & {"VBD", "VBN"}

    def _of_modal(self, chunk: Chunk) -> Status:
        """What a modal makes of its verb; 'may have left' is a guess."""
        if chunk.perfect and _MODALS[chunk.modal] is Status.POSSIBLE:
            return Status.UNKNOWN
        return Status.POSSIBLE if chunk.modal == "would" and self._is_supposed() else _MODALS[chunk.modal]

    def _of_aspect(self, k: int) -> Iterator[Link]:
        chunk, before = self.s.chunks[k], self.s.preposition(k)
        if chunk.progressive and not chunk.modal:
            yield Link(chunk.first, "progressive", Status.UNDERWAY)
        if chunk.form == "ger" and before in AFTER:
            yield Link(chunk.first - 1, before, self._after(k, before))
        elif chunk.form == "ger" and self.s.kind(k - 1) == ",":
            yield Link(chunk.first, "participle", self._beside_main(k))

    def _beside_main(self, k: int) -> Status:
        """'They ended the war, signing a pact': what goes with a past main verb is past as well."""
        main = self.s.verb_left(k - 2)
        if main < 0 or self.s.chunks[main].form != "fin":
            return Status.UNDERWAY
        return Status.DONE if self.s.tagged.tags[self.s.chunks[main].head] == "VBD" else Status.UNDERWAY

    def _after(self, k: int, preposition: str) -> Status:
        """What a preposition makes of the gerund k; 'by lifting it, Norway would …' supposes it, 'not by' denies it."""
        if preposition == "by" and self.s.tagged.low[max(0, self.s.chunks[k].first - 2)] == "not":
            return Status.DENIED
        main = self.s.main_verb(k)
        is_supposed = preposition == "by" and main >= 0 and bool(self.s.chunks[main].modal)
        return Status.POSSIBLE if is_supposed else AFTER[preposition]

    def _introduced(self, k: int) -> list[Link]:
        """'Before the lifting of the ban', 'ahead of', 'instead of': what a preposition makes of a noun."""
        word = self.s.preposition(k)
        if word == "of" and self.s.kind(k - 2) in ("P", "ADV", "AP", "NP", "VG"):
            word = f"{self.s.tagged.low[self.s.chunks[k - 1].first - 1]} of"
        status = _BEFORE_NOUN.get(word)
        return [Link(self.s.chunks[k - 1].first, word, status)] if status else []

    def _of_panel(self, k: int) -> bool:
        """'A House panel approved lifting it', 'the Senate voted to lift it': a committee, or one chamber, proposes."""
        chunk, low = self.s.chunks[k], self.s.tagged.low
        if chunk.form != "fin" or chunk.passive or self.s.lemma(k) in self.s.grammar.reporting:
            return False
        phrases = [self.s.chunks[j] for j in self.s.subject(k)]
        if self._is_one_house(k, phrases):
            return True
        words = {w for c in phrases if low[c.head] in _PANELS for w in low[c.first : c.last + 1]}
        return bool(words & _CHAMBERS)

    def _is_one_house(self, k: int, phrases: list[Chunk]) -> bool:
        """'The Senate voted to lift it' waits for the other chamber; to approve a pact its vote is enough."""
        low = self.s.tagged.low
        is_house = any(low[c.head] in _HOUSES and "white" not in low[c.first : c.head] for c in phrases)
        to_do = next((j for j in range(k + 1, len(self.s.chunks)) if self.s.chunks[j].form == "inf"), -1)
        is_asked = any(low[c.head] in _LEGISLATORS for c in phrases) and self.s.lemma(to_do) in _EXECUTIVE
        decides = is_house and self.s.lemma(to_do) not in ("approve", "ratify")
        return self.s.lemma(k) == "vote" and (decides or is_asked)

    def _is_subjunctive(self, k: int) -> bool:
        """'… that Norway lift the ban': a base form after one state that follows 'that'."""
        chunk = self.s.chunks[k]
        if chunk.form != "fin" or chunk.first != chunk.head or self.s.tagged.tags[chunk.head] != "VB":
            return False
        return self.s.kind(k - 2) == "SUB" and self.s.low(k - 2) == "that" and self.s.has_party(k - 1)

    def leaves_open(self, k: int) -> bool:
        """'Did not rule out', 'does not exclude': what is not refused is possible."""
        lemma = self.s.lemma(k)
        excludes = lemma in _EXCLUDING or (lemma == "rule" and self.s.low(k + 1) == "out")
        return excludes and self.s.kind(k) == "VG" and (self.s.chunks[k].negated or self._refused(k))

    def is_ready(self, k: int) -> bool:
        """'Will not hesitate to leave': who does not shrink from a thing does it, or means to."""
        return self.s.chunks[k].negated and self.s.lemma(k) in _SHRINKING

    def _refused(self, k: int) -> bool:
        """'Declined to rule out': an infinitive under a verb that refuses."""
        return self.s.chunks[k].form == "inf" and self.s.grammar.verb_class.get(self.s.lemma(k - 1)) == "refuse"

    def _is_awaited(self, k: int, mark: str) -> bool:
        """'will sign once the ban is lifted': a present tense after a word of time, another verb looking ahead."""
        if mark not in _TIMED or (self.s.headline and mark == "after"):
            return False
        first = self.s.chunks[k].first
        present = self.s.tagged.tags[first] in ("VBZ", "VB") or self.s.tagged.low[first] in ("is", "are", "'re")
        return present and any(c.modal in _AHEAD for j, c in enumerate(self.s.chunks) if j != k and c.kind == "VG")

    def modifiers(self, k: int, token: int) -> list[Link]:
        """Words inside the phrase: 'threatened sanctions', 'the planned lifting', 'no deal'."""
        chunk, tagged = self.s.chunks[k], self.s.tagged
        grammar = self.s.grammar
        found = []
        for i in range(chunk.first, min(token, chunk.last) if token > chunk.first else chunk.first):
            low = tagged.low[i]
            role = grammar.adjective_class.get(low, "") if tagged.tags[i] in ("ADJ", "JJV") else ""
            if tagged.tags[i] == "JJV" and not role:
                role = grammar.verb_class.get(tagged.lemmas[i], "")
            if low == "no" and tagged.low[i + 1 : i + 2] != ["fly"]:
                found.append(Link(i, "negation", Status.DENIED))
            elif low == "any":
                found.append(Link(i, "any", Status.UNKNOWN))  # 'concern over any delivery': there may be none
            elif role in CLASSES:
                found.append(Link(i, role, CLASSES[role]))
        if chunk.kind == "NP" and token < chunk.head:
            role = grammar.noun_class.get(tagged.low[chunk.head], "")  # 'a sanctions bill', 'the ceasefire talks'
            if role in CLASSES:
                found.append(Link(chunk.head, role, CLASSES[role]))
        return found + (self._ahead(k) if chunk.kind == "NP" else [])

    def _ahead(self, k: int) -> list[Link]:
        """What stands behind a noun without a verb: 'sanctions on the table', 'more sanctions coming'."""
        if self.s.low(k - 1) == "including" and (name := self._said_of(k - 2 - (self.s.kind(k - 2) == ","))):
            return [Link(self.s.chunks[k - 1].first, name, CLASSES[name])]
        j = k + 1
        while self.s.kind(j) == "P" and self.s.kind(j + 1) == "NP":
            name = self.s.grammar.predicate_class.get(f"{self.s.low(j)}_{self.s.low(j + 1)}", "")
            if name:
                return [Link(self.s.chunks[j + 1].head, name, CLASSES[name])]
            j += 2
        comes = self.s.kind(j) == "VG" and self.s.chunks[j].form == "ger" and self.s.lemma(j) in ("come", "loom")
        return [Link(self.s.chunks[j].head, "plan", Status.PLANNED)] if comes else []

    def _said_of(self, k: int) -> str:
        """'All options are on the table, including …': the class of the predicate that phrase k ends; '' for none."""
        return self.s.grammar.predicate_class.get(f"{self.s.preposition(k)}_{self.s.low(k)}", "")

    def subordinator(self, k: int) -> str:
        """The word that opens the clause of verb group k, if it is a side clause."""
        for j in range(self._clause_end(k) - 1, max(-1, k - REACH), -1):
            kind, low = self.s.kind(j), self.s.low(j)
            if kind == "SUB":
                return "REL" if low == "where" and self.s.kind(j - 1) == "NP" else low
            if kind == "REL":
                return "REL" if self.s.drafted(j) < 0 and self.s.kind(j - 1) in ("NP", ",", "P") else ""
            if (
                kind == "P"
                and low in _LATER | {"before", "until"}
                and self.s.kind(j + 1) == "NP"
                and self.clause_from(j + 1, k)
            ):
                return low
            if kind == "VG" and self.s.chunks[j].form == "part" and self.s.kind(j - 1) == "NP":
                continue  # 'until the hostages taken by rebels are freed'
            if kind in ("VG", ";", ":", "–") or (kind == "," and self.s.kind(j + 1) not in ("VG", "REL")):
                return ""
        return ""

    def _clause_end(self, k: int) -> int:
        """'If Norway, under pressure at home, leaves': where the clause of k ends, without the aside before it."""
        relative = self.s.relative_before(k)
        if relative >= 0 or self.s.kind(k - 1) != ",":
            return relative if relative >= 0 else k
        subject = self.s.left_phrase(k)
        return subject + 1 if 0 <= subject < k - 2 and self.s.kind(subject + 1) == "," else k

    def clause_from(self, j: int, k: int) -> bool:
        """Do only noun phrases, their participles and prepositions lie between j and the verb group k?"""
        between = (c for c in self.s.chunks[j:k] if c.form != "part")
        return all(c.kind in ("NP", "P", "CC") for c in between) and self.s.chunks[k].form == "fin"


def _negated(modal: str) -> Status:
    if modal in ("must", "should", "has to"):
        return Status.DEMANDED
    return Status.REFUSED if modal else Status.DENIED
