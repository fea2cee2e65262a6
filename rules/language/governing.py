"""What governs an act: the verb, adjective or noun that it depends on, found over neighbouring chunks."""

from __future__ import annotations

from dataclasses import dataclass

from rules.language.clauses import CLAUSAL, is_alternative, is_of_another
from rules.language.following import REACH
from rules.language.lists import listed_first, parted
from rules.language.structure import Structure
from rules.language.words import word_set
from rules.model import Status

AFTER = {
    "after": Status.DONE,
    "following": Status.DONE,
    "since": Status.DONE,
    "by": Status.DONE,
    "before": Status.PLANNED,
    "without": Status.DENIED,
}
"""Prepositions before a gerund, and what they make of it."""
# What follows these is beside the matter of the verb before ('urges calm amid sanctions').
_APART = frozenset(
    ["amid", "amidst", "despite", "during", "after", "since", "under", "by", "than", "like", "before", "given", "until"]
)
_RANKS = word_set("first second third fourth fifth sixth latest last only st nd rd th")
_TOPIC = frozenset({"on", "about", "over"})
# 'Wants to have the ban lifted': verbs whose object has something done to it.
_BRINGING_ABOUT = frozenset({"have", "get", "see", "want", "need", "keep", "make", "like", "wish", "watch", "demand"})
_COMPLETING = frozenset({"for", "on", "to", "about", "of", "with", "without"})
_TO_WHOM = frozenset({"threaten", "promise"})
_LINKING = frozenset({"become", "remain", "seem", "look", "appear", "prove"})
_TIMES = word_set("hours days weeks months years decades")
_DEALT = frozenset({"hit", "punish", "strike", "target"})
# 'Hopes rise for …': verbs that only bring about what their subject governs.
SWELLING = word_set(
    "rise grow mount increase fade dim build swell emerge swirl rage loom abound spread begin start resume continue"
)


@dataclass(frozen=True, slots=True)
class Governing:
    """Answers for the chunks of one sentence."""

    s: Structure

    def governor(self, k: int, token: int) -> tuple[int | None, str]:
        """The chunk that governs k and how ('inf', 'that', 'noun', 'object', 'subject'), or None."""
        chunk = self.s.chunks[k]
        if chunk.kind == "VG" and token == chunk.head:
            return {"inf": self._of_infinitive, "ger": self._of_gerund}.get(chunk.form, self._of_clause)(k)
        return self._of_phrase(k)

    def _of_infinitive(self, k: int) -> tuple[int | None, str]:
        left = k - 1
        if self.s.kind(left) == "CC" or (self.s.kind(left) == "," and self.s.kind(left - 1) != "NP"):
            sister = self.s.verb_left(left - 1)
            if sister >= 0 and self.s.chunks[sister].form == "inf":
                return self._of_infinitive(sister)
        if self.ranks(left):
            verb = self.s.verb_left(left)
            return (verb, "rank") if verb >= 0 else (None, "rank")
        return self._to_left(left, "inf")

    def ranks(self, k: int) -> bool:
        """'The first country to quit the pact' has quit it."""
        if self.s.kind(k) != "NP" or (self.s.kind(k - 1) == "VG" and not self._is_being(k - 1)):
            return False
        chunk = self.s.chunks[k]
        return not _RANKS.isdisjoint(self.s.tagged.low[chunk.first : chunk.head + 1])

    def _is_being(self, verb: int) -> bool:
        return self.s.chunks[verb].copula or self.s.lemma(verb) == "become"

    def _to_left(self, left: int, role: str) -> tuple[int | None, str]:
        """The predicate to the left: a verb, a predicative adjective, or a noun that governs."""
        for j in range(left, max(-1, left - REACH), -1):
            kind = self.s.kind(j)
            if kind == "VG" and not (self.s.chunks[j].copula and self.s.kind(j + 1) == "AP"):
                return j, role
            if kind == "AP" and (j == left or self.s.low(j) in self.s.grammar.adjective_class):
                return j, "noun"
            is_noun = kind == "NP" and self.s.low(j) in self.s.grammar.noun_class and j >= left - 4
            if is_noun and self.s.low(j - 2) != "out":  # 'out of time to'
                return j, "noun"
            if kind in (";", ":", "–", "REL") or (kind == "SUB" and self.s.low(j) != "whether"):
                break
        return None, role

    def _of_gerund(self, k: int) -> tuple[int | None, str]:
        before = self.s.kind(k - 1)
        if (sister := self._sister(k)) >= 0:
            return self._of_gerund(sister)
        if before == "P" and self.s.low(k - 1) == "by":
            means = self.s.verb_left(k - 2)  # 'urged it to help by lifting the ban'
            if means > 1 and self.s.preposition(means) == "of" and self.s.low(means - 2) in _TIMES:
                means = self.s.verb_left(means - 1)  # 'ended weeks of haggling by signing'
            return (means, "adverbial") if means >= 0 else (None, "")
        if before == "," or (before == "P" and self.s.low(k - 1) in AFTER):
            main = self.s.verb_left(k - 2)
            while main >= 0 and self.s.chunks[main].form == "part" and self.s.kind(main - 1) == "NP":
                main = self.s.verb_left(main - 1)  # 'will open to guests vaccinated at home, ending a ban'
            alone = main >= 0 and before == "," and self.s.verb_left(main - 1) < 0  # 'Norway to open border, ending …'
            holds = main >= 0 and (self.s.chunks[main].form == "fin" or (alone and self.s.chunks[main].form == "inf"))
            return (main, "adverbial") if holds else (None, "")
        if before == "P":
            return self._by_preposition(k)
        if self._is_topic(k):
            return k - 3, "about"
        is_completed = before in ("VG", "NP", "AP") and not self._is_judged(k)
        found = self._to_left(k - 1, "ger") if is_completed else (None, "")
        return (k - 1, "about") if found[0] is not None and self._tells_more(k, found[0]) else found

    def _tells_more(self, k: int, verb: int) -> bool:
        """'Seeks a man over a group blocking roads': a gerund that only says more of the phrase before it."""
        is_beside = self.s.kind(k - 1) == "NP" and self.s.kind(k - 2) == "P" and self.s.low(k - 2) not in _COMPLETING
        return is_beside and self.s.kind(verb) == "VG" and verb < k - 2 and not self._governs(k - 1)

    def _is_topic(self, k: int) -> bool:
        """'His stance on Norway joining the pact': a gerund with a subject of its own is only what one speaks of."""
        is_about = self.s.kind(k - 1) == "NP" and self.s.kind(k - 2) == "P" and self.s.low(k - 2) in _TOPIC
        return is_about and self.s.kind(k - 3) == "NP" and not self._governs(k - 3)

    def _by_preposition(self, k: int) -> tuple[int | None, str]:
        """'Talks on lifting', 'accused of selling': what a gerund completes with the preposition before it."""
        word = self.s.low(k - 1)
        if word == "for" and not self._asks_for(k - 2):
            return None, ""  # 'fined for selling arms'
        role = "about" if word in _TOPIC else "in" if word == "in" else "ger"
        if role == "about" and self.s.kind(k - 2) == "NP" and not self._governs(k - 2):
            return k - 2, role  # 'his view on lifting the ban'
        is_agent = word == "from" and self.s.preposition(k - 2) == "by"  # 'barred by resolutions from buying arms'
        return self._to_left(k - 2 - 2 * is_agent, role)

    def _sister(self, k: int) -> int:
        """The gerund that this one is joined to, -1 for none."""
        if self.s.kind(k - 1) == ",":
            return self._listed(k)
        sister = self.s.verb_left(k - 2) if self.s.kind(k - 1) == "CC" else -1
        return sister if sister >= 0 and self.s.chunks[sister].form == "ger" else -1

    def _governs(self, k: int) -> bool:
        """Does a word of the phrase say what becomes of what completes it ('resolution 2321 on …')?"""
        chunk = self.s.chunks[k]
        return not self.s.grammar.noun_class.keys().isdisjoint(self.s.tagged.low[chunk.first : chunk.last + 1])

    def _listed(self, k: int) -> int:
        """'Considers scrapping limits, easing curbs and lifting the ban': the gerund before, in a list that goes on."""
        j = k - 2
        while self.s.kind(j) in ("NP", "P"):
            j -= 1
        goes_on = any(
            self.s.kind(i) in ("CC", ",") and self.s.chunks[i + 1].form == "ger"
            for i in range(k + 1, min(k + 8, len(self.s.chunks) - 1))
        )
        return j if goes_on and self.s.kind(j) == "VG" and self.s.chunks[j].form == "ger" else -1

    def _is_judged(self, k: int) -> bool:
        """'Said leaving the pact was an option': is the gerund the subject of the finite verb after its object?"""
        if self.s.kind(k - 1) != "VG" or self.s.lemma(k - 1) not in self.s.grammar.reporting:
            return False
        j = k + 1
        while self.s.kind(j) in ("NP", "P", "CC"):
            j += 1
        return self.s.kind(j) == "VG" and self.s.chunks[j].form == "fin"

    def _asks_for(self, k: int) -> bool:
        """Does what stands before 'for' ask for what follows, or judge it ('plans for', 'blames it for')?"""
        grammar = self.s.grammar
        if self.s.low(k) in grammar.noun_class or self.s.kind(k) == "AP":
            return True
        verb = self.s.verb_left(k)
        lemma = self.s.lemma(verb)
        name = grammar.verb_class.get(f"{lemma}_for") or grammar.verb_class.get(lemma, "announce")
        return name != "announce" and (verb == k or name == "fact")

    def _of_clause(self, k: int) -> tuple[int | None, str]:
        """The verb or noun whose that-clause this is ('said [that] it …'); a sister verb passes its governor on."""
        chunk = self.s.chunks[k]
        if chunk.form == "part" and self.s.kind(k - 1) == "NP":
            verb = k - 2
            while self.s.kind(verb) == "P" and self.s.kind(verb - 1) == "NP":
                verb -= 2  # 'to have sanctions on Norway eased'
            if self.s.kind(verb) == "VG" and self.s.lemma(verb) in _BRINGING_ABOUT:
                return verb, "that"  # 'wants to see the ban lifted'
            if self.s.kind(k - 2) != "VG":
                return None, ""  # 'a truce brokered by Norway'
        sister = self.s.verb_left(k - 2) if chunk.form == "fin" and self._is_joined(k) else -1
        while sister >= 0 and self.s.chunks[sister].form == "inf" and self._is_main(k):
            sister = self.s.verb_left(sister - 1)  # 'undid its decision to join and is leaving'
        if sister >= 0:
            return (sister, "sister") if self._shares(sister, k) else self._of_clause(sister)
        return self._speaking(k)

    def _is_joined(self, k: int) -> bool:
        """'Lifted and eased'; 'threatens to arrest, expel': without its 'to', and nobody named who does it."""
        if self.s.kind(k - 1) == "CC":
            return True
        is_base = self.s.tagged.tags[self.s.chunks[k].first] == "VB"
        sister = self.s.verb_left(k - 2) if is_base and self.s.kind(k - 1) == "," else -1
        main = self.s.verb_left(sister - 1) if sister >= 0 and self.s.chunks[sister].form == "inf" else -1
        # 'States agree to meet, condemn tests' says two things.
        return main >= 0 and self.s.tagged.tags[self.s.chunks[main].first] in ("VBZ", "VBD")

    def _is_main(self, k: int) -> bool:
        """Is the verb finite, so that no 'to' before it is its own? 'They refuse to meet and threaten to leave' is."""
        tag, before = self.s.tagged.tags[self.s.chunks[k].first], self.s.verb_left(self.s.verb_left(k - 2) - 1)
        asks = tag == "VB" and self.s.kind(k + 1) == "VG" and self.s.chunks[k + 1].form == "inf"
        is_plural = asks and before >= 0 and self.s.chunks[before].form == "fin"
        if is_plural and self.s.tagged.tags[self.s.chunks[before].first] == "VB":
            return True
        return tag in ("BE", "HAVE", "VBZ", "VBD") and self.s.low(k) != "be"

    def _shares(self, sister: int, k: int) -> bool:
        """Does k share its sister's 'to' or modal ('will lift and ease')? 'Refuses to meet and threatens' does not."""
        one = self.s.chunks[sister]
        if one.form == "inf" and self._is_main(k):
            return False
        if one.form == "inf" and self.s.tagged.tags[self.s.chunks[k].head] == "VB":
            return True
        governs = self.s.grammar.verb_class.get(self.s.lemma(k), "fact") != "fact"
        return (one.form == "inf" and not governs) or (bool(one.modal) and not self.s.chunks[k].modal)

    def _speaking(self, k: int) -> tuple[int | None, str]:
        """The verb or noun to the left that k's clause completes; none where the verb before shares its subject."""
        tag = self.s.tagged.tags[self.s.chunks[k].first]
        if self.s.kind(k - 1) == "," and (tag == "VBZ" or (tag == "VB" and self.s.headline)):
            return None, ""  # 'Norway to resume whaling, quits commission', 'Norway, Ghana end feud, reopen embassies'
        relative = self.s.relative_before(k)
        start = relative if relative >= 0 else k
        for j in range(start - 1, max(-1, start - REACH), -1):
            kind = self.s.kind(j)
            if (kind == "SUB" and self.s.low(j) != "that") or is_of_another(self.s, j, k):
                return None, ""
            if kind == "VG" and not is_alternative(self.s, j, k) and not self._is_of_subject(j, k):
                speaks = self.s.lemma(j) in self.s.grammar.verb_class and not self._modifies(j)
                governs = (speaks and not self.s.chunks[j].passive) or self.s.kind(j + 1) == "SUB"
                return (j, "that") if governs else (None, "")
            if kind == "SUB" and (found := self._before_that(j)):
                return found
            if kind == "REL" and (draft := self.s.drafted(j)) >= 0:
                return draft, "noun"  # 'a bill that would lift the ban'
            if kind in (";", ":", "–", "REL"):
                break
        return None, ""

    def _is_of_subject(self, verb: int, k: int) -> bool:
        """'Said the ban imposed in 2019 was lifted': a participle that says more of the subject of verb k?"""
        is_short = self.s.chunks[verb].form == "part" and self.s.kind(verb - 1) == "NP" and self.s.kind(verb + 1) == "P"
        is_said = self.s.kind(verb - 2) == "SUB" or self.s.lemma(verb - 2) in self.s.grammar.reporting
        return is_short and is_said and all(self.s.kind(j) in ("P", "NP") for j in range(verb + 1, k))

    def _before_that(self, j: int) -> tuple[int, str] | None:
        """What the 'that' in chunk j completes: 'the hope that …', or what was said before 'and that …'."""
        if self.s.kind(j - 1) == "NP" and self.s.low(j - 1) in self.s.grammar.noun_class:
            return j - 1, "noun"
        verb = self._said_before(j - 1) if self.s.kind(j - 1) == "CC" else -1
        return (verb, "that") if verb >= 0 else None

    def _said_before(self, joint: int) -> int:
        """'Announced that the deal was done, and that …': the verb of the first of two that-clauses, -1 for none."""
        back = range(joint - 1, max(0, joint - 2 * REACH), -1)
        j = next((j for j in back if self.s.kind(j) in ("SUB", "REL", ";", ":", "–")), 0)
        return j - 1 if self.s.low(j) == "that" and self.s.kind(j) == "SUB" and self.s.kind(j - 1) == "VG" else -1

    def _modifies(self, verb: int) -> bool:
        """'Rebels fighting the army said …', 'the pact agreed in May', 'years of haggling': it says more of a noun."""
        form = self.s.chunks[verb].form
        if form == "ger" and self.s.kind(verb - 1) == "P":
            return self.s.lemma(verb) not in self.s.grammar.reporting
        takes_no_clause = self.s.grammar.verb_class.get(self.s.lemma(verb)) in ("strive", "refuse", "begin", "talk")
        return form == "part" or (form == "ger" and self.s.kind(verb - 1) == "NP" and takes_no_clause)

    def _of_phrase(self, k: int) -> tuple[int | None, str]:
        """A noun phrase: the verb it is the object of, the noun it completes, or the verb it is the subject of."""
        left = self._before_place(listed_first(self.s, k) - 1)
        if self.s.kind(left) == "VG":
            if self.s.lemma(left) in self.s.grammar.reporting and self._is_subject(k):
                return self._as_subject(k)
            return left, "object"
        if self.s.kind(left) == "P" and self.s.low(left) in CLAUSAL and self._is_subject(k):
            return self._as_subject(k)  # 'prices rose as new sanctions took effect'
        if self.s.kind(left) == "NP" and self.s.kind(left - 1) == "VG" and self.s.lemma(left - 1) in _TO_WHOM:
            return left - 1, "object"  # 'threatens them sanctions'
        if self.s.kind(left) == "P" and self.s.low(left) in _APART:
            is_dealt = self.s.low(left) == "by" and self.s.lemma(left - 1) in _DEALT and self.s.kind(left - 1) == "VG"
            return (left - 1, "object") if is_dealt else (None, "")  # 'could be hit by sanctions'
        return self._beyond(left) if self.s.kind(left) in ("P", "TO") else self._as_subject(k)

    def _before_place(self, k: int) -> int:
        """'Signed in Oslo a pact': the verb before a place that stands before its object."""
        in_place = self.s.kind(k) == "NP" and self.s.preposition(k) in ("in", "at") and self.s.kind(k - 2) == "VG"
        return k - 2 if in_place and self.s.tagged.tags[self.s.chunks[k + 1].first] == "D" else k

    def _beyond(self, preposition: int) -> tuple[int | None, str]:
        """What governs by a preposition: the verb or the noun before it."""
        before = preposition - 1 - parted(self.s, preposition)
        while self.s.kind(before) == "P":
            before -= 1  # 'pull out of'
        if self.s.kind(before) == "VG":
            return self._of_swelling(before)
        if self._goes_on(before):
            return self._of_swelling(before - 1 - (self.s.kind(before - 1) == "P"))
        while self.s.preposition(before) == "by" and self.s.kind(before - 2) == "NP" and not self._governs(before):
            before -= 2  # 'comment by the ministry on …'
        if self.s.kind(before) in ("NP", "AP"):
            is_governor = self.s.low(before) in self.s.grammar.noun_class or self.s.kind(before) == "AP"
            found = (before, "noun") if is_governor else self._of_phrase(before)
            is_inserted = found[0] is None and parted(self.s, preposition)
            return self._as_subject(preposition + 1) if is_inserted else found
        return self._as_subject(preposition + 1)

    def _of_swelling(self, verb: int) -> tuple[int, str]:
        """'Hopes rise for …', 'calls grow for …': the subject governs what its verb only brings about."""
        nouns = [j for j in self.s.subject(verb) if self.s.low(j) in self.s.grammar.noun_class]
        if nouns and (self.s.lemma(verb) in SWELLING or self._goes_on(verb + 1) or self._goes_on(verb + 2)):
            return nouns[-1], "noun"
        return verb, "object"

    def _goes_on(self, k: int) -> bool:
        """'Talks are underway on …': does a predicate only say that its subject takes place?"""
        is_way = self.s.low(k) == "way" and self.s.preposition(k) == "under"
        verb = k - 1 - is_way
        goes_on = is_way or self.s.low(k) in ("underway", "ongoing")
        return goes_on and self.s.kind(verb) == "VG" and self.s.chunks[verb].copula

    def _is_subject(self, k: int) -> bool:
        """'suggests new sanctions against it are illegal': a finite verb follows the phrase and its complements."""
        j = k + 1
        while self.s.kind(j) == "P" and self.s.kind(j + 1) == "NP" and self.s.low(j) not in CLAUSAL:
            j += 2
        return self.s.kind(j) == "VG" and self.s.chunks[j].form == "fin"

    def _as_subject(self, k: int) -> tuple[int | None, str]:
        """The verb to the right that the phrase is the subject of."""
        for j in range(k + 1, min(len(self.s.chunks), k + 8)):
            if self.s.kind(j) == "AP" and self.s.low(j) in self.s.grammar.adjective_class:
                return j, "noun"  # 'sanctions inevitable', 'sanctions are possible'
            links = self.s.kind(j) == "VG" and (self.s.chunks[j].copula or self.s.lemma(j) in _LINKING)
            if links and self.s.kind(j + 1) == "AP":
                continue
            if self.s.kind(j) == "VG":
                if self.s.chunks[j].form == "inf" and j == k + 1:
                    continue
                return (j, "subject") if self.s.chunks[j].form in ("fin", "part") else (None, "")
            is_end = self.s.kind(j) == "," and parted(self.s, k - 1)  # 'all options, including sanctions, are …'
            if not is_end and (self.s.kind(j) not in ("P", "NP", "CC", "AP") or self.s.low(j) in CLAUSAL):
                break
        return None, ""
