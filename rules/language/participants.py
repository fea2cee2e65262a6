"""Who takes part in an act: who does it, whom it is done to, with whom, and who only says where."""

from __future__ import annotations

from dataclasses import dataclass, replace

from rules.language.claims import Arguments, Participants, Thing, distinct
from rules.language.naming import Naming
from rules.language.phrases import Chunk
from rules.language.status import Reading
from rules.language.structure import Structure
from rules.language.vocabulary import Party
from rules.language.words import word_set

_TARGET = frozenset({"on", "against", "to", "from", "with", "for", "over", "in", "into", "of", "at"})
# Where a pact is signed says nothing of who signs it.
_PLACES = frozenset({"in", "at"})
# Where weapons or troops are put is whose guests they are.
_STATIONING = frozenset({"station", "base", "host", "position", "place", "deploy"})
_MEDIATING = word_set("broker mediate sponsor facilitate host oversee")
_PARTNER = frozenset({"with", "between", "among", "to", "for", "from", "by", "of"})
# Firms, unions and clubs have sides and members as well.
_OF_ANY = frozenset({"sides", "members"})
_ASSURING = frozenset({"tell", "assure", "inform"})
_ONE = frozenset({"EU", "NATO", "UN", "UNSC"})
_OTHERS = word_set("former ex late opposition shadow company party union police fire club editor aid")
_COMMANDED = word_set("army navy force defence defense military staff")
_VAGUE = word_set("several some many other various any certain different few foreign more")


@dataclass(frozen=True, slots=True)
class Casting:
    """Answers for the acts of one sentence."""

    s: Structure
    naming: Naming

    def of(self, k: int, lemma: str, things: tuple[Thing, ...], given: Arguments, reading: Reading) -> Participants:
        """Those of the act in chunk k, with the arguments that its clause gives it."""
        given = replace(given, subjects=[*given.subjects, *self.naming.above(k, reading)])
        doers = [*given.subjects, *given.agents]
        partners = self._partners(k, given, bool(things), reading)
        nouns = [*doers, *given.objects, *partners]
        by = self._acting(doers, given, things)
        around = [*given.targets, *given.objects, k]
        on = self.naming.targets(around, by, _TARGET)
        on = on or self.naming.targets(self._beside(k, given, reading), by, _TARGET)
        everyone = self.naming.parties(nouns) or self._around_the_table(k, lemma)
        places = frozenset() if lemma.split()[0] in _STATIONING else _PLACES
        elsewhere = self.naming.targets(around, by, _TARGET - places) if on else ()
        shared = {p.id for p in (*by, *everyone, *elsewhere)}
        return Participants(
            by=by,
            on=on,
            parties=distinct((*by, *on, *everyone, *self.s.tagged.flags)),
            placed=frozenset(p.id for p in on if p.id not in shared),
            agents=tuple(self.naming.stands_for(n) for n in doers),
            unnamed=self._unnamed(doers, nouns, partners, by),
        )

    def _unnamed(self, doers: list[int], nouns: list[int], partners: list[int], by: tuple[Party, ...]) -> int:
        """States that take part and are not named: those of 'the two countries', and the one whose minister acts."""
        if any(self._several(n, n in partners) for n in nouns):
            return 2
        return 1 if not by and any(self._is_at_home(n) for n in doers) else 0

    def _is_at_home(self, k: int) -> bool:
        """'The cabinet', 'army chief Ana Rusu': who acts for the state that its own outlets need not name."""
        chunk, low = self.naming.owner(k), self.s.tagged.low
        inside = range(chunk.first, chunk.last + 1)
        if any(i in self.s.tagged.parties for i in inside) or not _OTHERS.isdisjoint(low[i] for i in inside):
            return False
        title = before if (before := self.s.before_name(k)) >= 0 else chunk.head
        commands = low[title] != "chief" or low[title - 1] in _COMMANDED
        return commands and low[title] in self.s.grammar.nouns["at_home"]

    def _warned(self, reading: Reading) -> list[int]:
        """'Warned Norway that it would set sanctions': who is told what will be done to him."""
        told = (g + 1 for g in reading.governors if self.s.kind(g) == "VG" and self.s.lemma(g) == "warn")
        return [j for j in told if self.s.kind(j) == "NP" and self.s.kind(j + 1) in ("SUB", "NP")]

    def _beside(self, k: int, given: Arguments, reading: Reading) -> list[int]:
        """'Resumed sales to Norway, ending a ban': the main verb that a participle behind a comma accompanies."""
        is_aside = self.s.chunks[k].form == "ger" and self.s.kind(k - 1) == ","
        main = [verb for verb in reading.governors[:1] if is_aside and self.s.kind(verb) == "VG"]
        return main or ([] if given.targets else self._warned(reading))

    def _acting(self, doers: list[int], given: Arguments, things: tuple[Thing, ...]) -> tuple[Party, ...]:
        """Who does it: who is named, who is meant by 'it' or 'the government', or whose the thing is."""
        named = self.naming.parties(doers) or self.naming.meant(doers)
        return named or (() if given.agents else self.naming.owners(things, given.targets))

    def _hosted(self, reading: Reading) -> list[int]:
        """'Norway is hosting Ghana's president for talks on widening …': whom the verb before the talks is about."""
        talks = reading.governors[0] if reading.governors else -1
        verb = self.s.verb_left(talks - 2) if self.s.kind(talks) == "NP" and self.s.preposition(talks) == "for" else -1
        return self.naming.met_by(verb, talks)

    def _partners(self, k: int, given: Arguments, has_thing: bool, reading: Reading) -> list[int]:
        """With whom it is done; who only brought them together is none of them."""
        joined = [n for o in [k, *given.objects] for word, n in self.s.complements(o) if word in _PARTNER]
        found = [*self._on_the_way(k), *self._hosted(reading), *given.partners, *joined, *self._told(k)]
        found = [n for n in found if self.s.lemma(n - 2) not in _MEDIATING]
        found += [n for o in given.objects if has_thing for n in self.naming.purpose(o)]
        found += self.naming.bound(k)
        return found + [n for o in given.subjects for word, n in self.s.complements(o) if word == "between"]

    def _on_the_way(self, k: int) -> list[int]:
        """'visits Norway to expand ties': whom the verb before a purpose was about."""
        verb = self._aim(k)
        verb = self.s.verb_left(verb - 1) if self.s.chunks[verb].form == "inf" else verb
        if verb < 0 or self.s.kind(verb) != "VG":
            return []
        return [j for j in range(verb + 1, k) if self.s.kind(j) == "NP"] + self.naming.met(verb)

    def _around_the_table(self, k: int, lemma: str) -> tuple[Party, ...]:
        """'Matters of mutual interest were discussed': by those whom the sentence before names."""
        is_passive = self.s.chunks[k].passive and lemma in ("discuss", "review")
        return self.naming.before() if is_passive else ()

    def _told(self, k: int) -> list[int]:
        """'Told his Ghanaian counterpart that he wanted …': to whom it is said."""
        verb = k - 1
        while self.s.kind(verb) in ("NP", "VG") and self.s.lemma(verb) not in _ASSURING:
            verb -= 1
        verb -= self.s.kind(verb) == "SUB"
        while self.s.kind(verb) == "NP":
            verb -= 1
        is_told = self.s.kind(verb) == "VG" and self.s.lemma(verb) in _ASSURING and self.s.kind(verb + 1) == "NP"
        return [verb + 1] if is_told else []

    def _aim(self, k: int) -> int:
        """'To discuss strengthening ties', 'to widen trade and conduct drills': the infinitive that k belongs to."""
        if self.s.chunks[k].form == "ger" and self.s.kind(k - 1) == "VG":
            return k - 1
        sister = self.s.verb_left(k - 2) if self.s.kind(k - 1) == "CC" and self.s.chunks[k].form == "fin" else -1
        return sister if sister >= 0 and self.s.chunks[sister].form == "inf" else k

    def _is_union(self, chunk: Chunk) -> bool:
        """Are they members of the European Union?"""
        inside = (self.s.tagged.parties.get(i) for i in range(chunk.first, chunk.last + 1))
        return any(party.id == "EU" for _, party in filter(None, inside))

    def _among_states(self) -> bool:
        """Is a state or body named here or before, so that 'the two sides' may be states?"""
        here = [party for _, party in self.s.tagged.parties.values()]
        return any(party.kind in ("state", "igo") for party in here or self.naming.before())

    def _speak_for_body(self, k: int) -> bool:
        """'The Arab League (AL) foreign ministers', and not those of a union that makes laws or of an alliance."""
        low, s = self.s.tagged.low, self.s
        first = s.chunks[k - 1].first if k and s.kind(k - 1) == "NP" else s.chunks[k].first
        bodies = (p for i, (_, p) in s.tagged.parties.items() if first <= i <= s.chunks[k].last and p.kind == "igo")
        return low[s.chunks[k].head] in s.grammar.nouns["spokesmen"] and any(p.id not in _ONE for p in bodies)

    def _several(self, k: int, is_partner: bool) -> bool:
        """'The two countries', '15 nations', and not 'with (several) countries', which may be anybody."""
        chunk, low = self.naming.owner(k), self.s.tagged.low
        owners = (i for i in range(chunk.first, chunk.head) if low[i + 1] == "'")  # 'the two countries' ministers'
        nouns = self.s.grammar.nouns
        heads = [low[i] for i in (chunk.head, *owners) if low[i] in nouns["unnamed"] | nouns["rulers"]]
        if self._speak_for_body(k):
            return True
        if self._is_union(chunk):
            return False  # what EU states agree on among themselves is a law of theirs
        if not heads or (_OF_ANY.issuperset(heads) and not self._among_states()):
            return False
        counted = "NUM" in self.s.tagged.tags[chunk.first : chunk.head]
        is_bare = is_partner and chunk.first == chunk.head
        if not nouns["rulers"].isdisjoint(heads):
            return counted
        return counted or not (is_bare or any(word in _VAGUE for word in low[chunk.first : chunk.head]))
