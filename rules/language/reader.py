"""Reads claims: for every act in a sentence, what it is done to, by whom, with which status, and how old it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import cache, partial

from rules.language.absent import absences
from rules.language.acting import act_hits
from rules.language.claims import Arguments, Claim, SpecialActs, Thing
from rules.language.dates import DAY, event_age, to_come
from rules.language.deciding import FACTUAL
from rules.language.endings import ended
from rules.language.forms import Link
from rules.language.history import History
from rules.language.hits import Hit
from rules.language.implied import bare, in_accord
from rules.language.naming import Naming
from rules.language.participants import Casting
from rules.language.placing import Placing
from rules.language.status import Composer, Reading
from rules.language.structure import Structure
from rules.language.text import Sentence
from rules.language.vocabulary import Party
from rules.language.words import WEEKDAYS, word_set
from rules.model import Status

_NOUN_LINKS = frozenset({"of", "to", "on", "from", "for", "in", "with", "against", "over"})
_TIMES = WEEKDAYS | word_set(
    "today tomorrow tonight yesterday midnight noon night day moment"
    " week weekend month year morning evening summer winter spring autumn january february march april may june july"
    " august september october november december"
)
_BETWEEN = frozenset({"in", "at", "by", "through", "under", "on"})
_SHUTTING = frozenset({"ban", "bar", "exclude", "block", "prohibit"})
_COMING = word_set("arrive come fly go head travel visit meet be land")
NEAR_S = 20 * DAY
"""A month and a year stand for the middle of the month: nearer than this the date may be today's."""
# 'Stops selling arms': what is stopped is the sale.
_DEALING = word_set("sell buy purchase import export ship supply deliver issue grant send provide give")


class ClaimReader:
    """Reads all claims of one sentence."""

    def __init__(
        self,
        sentence: Sentence,
        structure: Structure,
        published: datetime | None,
        acts: SpecialActs,
        before: Callable[[], tuple[Party, ...]] = tuple,
    ) -> None:
        self.sentence = sentence
        self.s = structure
        self.t = structure.tagged
        self.acts = acts
        self.published = published
        self.composer = Composer(structure, question=self.t.words[-1:] == ["?"])
        self.placing = Placing(sentence, structure, published, History(structure, published))
        self.casting = Casting(structure, Naming(structure, before))
        self.nouns = structure.grammar.nouns
        self.objects = [h for h in self.t.hits if h.form.pos in ("noun", "word")]

    def read(self) -> list[Claim]:
        """Every claim, in the order of the text."""
        found = [c for hit in act_hits(self.t, self.acts, self.objects) for c in [self._claim(hit)] if c]
        found += absences(self) + bare(self, found) + in_accord(self)
        return sorted(found, key=lambda c: (c.token, sorted(c.acts)))

    # -- arguments ---------------------------------------------------------------------------------------------
    def _claim(self, hit: Hit) -> Claim | None:
        k = self.s.at_token(hit.first)
        if k < 0:
            return None
        chunk = self.s.chunks[k]
        if hit.form.pos == "verb":
            if chunk.kind == "VG" and hit.first == chunk.head:
                arguments = self._verb_arguments(hit, k)
            else:
                arguments = Arguments(objects=[k]) if hit.first < chunk.head else Arguments()
        else:
            arguments = self._noun_arguments(hit, k)
        things = tuple(t for o in arguments.objects for t in [self.thing(o, hit)] if t)
        of_relative = hit.form.pos == "verb" and hit.form.transitive and not things and self.s.related(k)
        if of_relative:
            arguments.objects = of_relative
            things = tuple(t for o in of_relative for t in [self.thing(o, hit)] if t)
        if not (things or arguments.objects) or not self.acts.asked(hit.names, things):
            return None
        claim = self.built(k, hit.first, hit.names, hit.form.lemma, things, arguments)
        if of_relative and claim.status in FACTUAL:
            return None  # 'the pact that both have signed' is known
        if hit.form.pos == "verb" and claim.status in FACTUAL and (no := self._nothing(things)) >= 0:
            links = (*claim.reading.links, Link(no, "negation", Status.DENIED))
            claim = replace(claim, reading=replace(claim.reading, status=Status.DENIED, links=links))
        ends = self.acts.ended_by(hit.names)
        return ended(claim, ends) if ends else claim

    def _nothing(self, things: tuple[Thing, ...]) -> int:
        """The 'no' of 'agreed no ceasefire', which denies the act; -1 without one."""
        chunks = [self.s.chunks[t.chunk] for t in things]
        named = {i for hit in self.objects for i in range(hit.first, hit.last + 1)}  # 'no-fly zone'
        return next((i for c in chunks for i in range(c.first, c.head) if self.t.low[i] == "no" and i not in named), -1)

    def _verb_arguments(self, hit: Hit, k: int) -> Arguments:
        chunk = self.s.chunks[k]
        after = self._after(hit, k)
        direct = self.s.coordinated(after) if self.s.kind(after) == "NP" else []
        receivers = direct if len(direct) == 1 and self._receives(after, hit) else []
        if receivers:
            direct = self.s.coordinated(after + 1)  # 'gives Norway its tanks'
        if hit.last == hit.first and len(hit.form.words) > 1:
            if not hit.form.transitive or (chunk.passive and not direct):
                return Arguments(objects=self.s.subject(k))  # 'the truce is now in force'
            preposition = hit.form.words[-1]
            if hit.form.words[-2] == "to" and (done_to := self.s.infinitive_objects(k)):
                return Arguments(objects=done_to, subjects=self.s.subject(k), targets=direct)
            apart = [n for p, n in self.s.complements(k) if p == preposition]
            leaves = hit.form.words[-1] in ("of", "from") and any(not self.s.low(n).endswith("list") for n in apart)
            leaving = [n for n in direct if leaves and self.s.has_party(n)]  # 'pulls Norway out of the pact'
            return Arguments(objects=apart or direct, subjects=self.s.subject(k), targets=direct, agents=leaving)
        is_passive = chunk.passive or (chunk.form == "part" and hit.form.transitive)
        if is_passive and self._is_second(hit, k, direct):
            subject = self.s.subject(k)  # 'was hit with sanctions', 'is bound by the pact'
            agents = [n for p, n in self.s.complements(k) if p == "by"]
            place = "subjects" if hit.form.words[-1] == "by" else "targets"
            return Arguments(objects=direct, agents=agents, **{place: subject})
        if not hit.form.transitive:
            return self._of_subject(hit, k, direct)
        if is_passive:
            agents = [n for p, n in self.s.complements(k) if p == "by"] or self._shut_out(k)
            objects = [*self.s.subject(k), *self.s.apposition(k), *self.s.office(k)]
            return Arguments(objects=objects, agents=agents)
        return Arguments(objects=[*direct, *self.s.office(k)], subjects=self.s.subject(k), targets=receivers)

    def _shut_out(self, k: int) -> list[int]:
        """'Barred from Norway', 'banned from entering Norway': it is Norway that bars."""
        j = k + 2 + (self.s.lemma(k + 2) in ("enter", "visit"))
        is_shut = self.s.lemma(k) in _SHUTTING and self.s.low(k + 1) == "from"
        return [j] if is_shut and self.s.kind(j) == "NP" else []

    def _receives(self, k: int, hit: Hit) -> bool:
        """'Sends Norway more tanks', 'names it a sponsor of terror': two phrases, the second no name's part?"""
        if self.s.kind(k + 1) != "NP" or self.s.low(k) in _TIMES:
            return False  # 'films the moment a boat sinks'
        is_apart = self.s.has_party(k) and self.s.chunks[k + 1].head not in self.t.parties
        return is_apart or (hit.form.transitive and self.thing(k + 1, hit) is not None)

    def _is_second(self, hit: Hit, k: int, direct: list[int]) -> bool:
        """'Was hit with sanctions', 'was named a sponsor of terror': the subject is whom the object is for."""
        if not any(self.thing(o, hit) for o in direct):
            return False
        if hit.form.words[-1] == "on" and not any(self._asked_by_name(o, hit) for o in direct):
            return False  # 'sanctions slapped on banks'
        return len(hit.form.words) > 1 or not any(self._asked_by_name(o, hit) for o in self.s.subject(k))

    def _asked_by_name(self, k: int, hit: Hit) -> bool:
        """Is what heads phrase k a thing that a rule asks for with the act?"""
        thing = self.thing(k, hit)
        return thing is not None and self.acts.asked_by_name(hit.names, thing.names)

    def _of_subject(self, hit: Hit, k: int, direct: list[int]) -> Arguments:
        """'The troops left Norway': the subject is what it is done to. Not 'sanctions on Norway end hopes of peace'."""
        is_passive = self.s.chunks[k].passive or self.s.chunks[k].form == "part"
        if (direct and self._acts_on(hit, direct[0])) or (is_passive and self._takes_object(hit)):
            return Arguments()
        objects = [*self.s.subject(k), *self.s.apposition(k), *self.s.office(k)]
        return Arguments(objects=objects, partners=direct)

    def _acts_on(self, hit: Hit, after: int) -> bool:
        """Is the phrase after a verb that may lack an object its object, and no time ('ends Monday')?"""
        is_time = self.s.low(after) in _TIMES or self.t.tags[self.s.chunks[after].head] == "NUM"
        return self._takes_object(hit) and not is_time

    def _takes_object(self, hit: Hit) -> bool:
        """Has a verb that may lack an object ('the ban ended') the other use as well ('ended by Norway')?"""
        return any(h.first == hit.first and h.form.transitive and h.names & hit.names for h in self.t.hits)

    def _after(self, hit: Hit, k: int) -> int:
        """The chunk after the verb and its particles; of 'stop selling arms' what is sold."""
        j = k + 1
        while (
            j < len(self.s.chunks)
            and self.s.chunks[j].first <= hit.last
            and (self.s.kind(j) != "VG" or self.s.chunks[j].last <= hit.last)
        ):
            j += 1
        if self.s.kind(j) == "P" and self.s.low(j) in ("off", "out", "up", "down", "back", "home"):
            j += 1
        if self.s.preposition(j + 1) == "to" and self.s.kind(j + 2) == "NP" and self.s.has_party(j + 1):
            return j + 2  # 'has sent to Norway 40 tanks'
        j = self._past_place(j)
        is_dealing = self.s.kind(j) == "VG" and self.s.chunks[j].form == "ger" and self.s.lemma(j) in _DEALING
        return j + 1 if is_dealing else j

    def _past_place(self, k: int) -> int:
        """'Signed in Oslo a pact', 'approved by consensus the entry': the phrase after one that says where or how."""
        stands_between = self.s.low(k) in _BETWEEN and self.s.kind(k + 1) == self.s.kind(k + 2) == "NP"
        return k + 2 if stands_between and self.t.tags[self.s.chunks[k + 2].first] == "D" else k

    def _noun_arguments(self, hit: Hit, k: int) -> Arguments:
        """'the lifting of the ban', 'sanctions relief', 'an end to the embargo'."""
        arguments = Arguments(agents=[n for p, n in self.s.complements(k) if p == "by"])
        chunk = self.s.chunks[k]
        if chunk.kind == "VG":
            return arguments
        if hit.last >= chunk.head and any(chunk.first <= h.first and h.last < hit.first for h in self.objects):
            arguments.objects = [k]
        for preposition, n in self.s.complements(k):
            if preposition == "of" and self._is_doer(n, hit):
                arguments.agents.append(n)  # 'the withdrawal of Norway from the treaty'
            elif preposition in _NOUN_LINKS:
                arguments.objects.append(n)
            elif preposition != "by":  # 'the ratification by Norway of the treaty'
                break
        arguments.subjects = self._noun_subjects(k)
        begins = self.s.kind(k - 1) == "VG" and self.s.grammar.verb_class.get(self.s.lemma(k - 1)) == "begin"
        if begins:
            arguments.objects += [
                n for n in self.s.subject(k - 1) if not self.s.has_party(n)
            ]  # 'the troops begin their withdrawal'
        return arguments

    def _noun_subjects(self, k: int) -> list[int]:
        """The act noun's own phrase, and who is in it: 'Norway in talks with …'."""
        is_in = self.s.preposition(k) == "in" and self.s.kind(k - 2) == "NP"
        return [k, *(self.s.left_coordinated(k - 2) if is_in else self._come_for(k))]

    def _come_for(self, k: int) -> list[int]:
        """'Minister in Norway for talks', 'arrived in Norway for talks': who came, and where to."""
        if self.s.preposition(k) != "for":
            return []
        first = k
        while self.s.kind(first - 1) in ("P", "TO") and self.s.kind(first - 2) == "NP":
            first -= 2
        came = [j for j in range(first, k - 1) if self.s.kind(j) == "NP"]
        verb = first - 1 - (self.s.kind(first - 1) == "P")
        if self.s.kind(verb) == "VG" and self.s.lemma(verb) in _COMING:
            return [*self.s.subject(verb), *came]
        return came if first == 0 and self.s.headline else []

    def _is_doer(self, k: int, act: Hit) -> bool:
        """Is a party that 'of' joins to an act noun who does it, the thing coming behind another preposition?"""
        beyond = self.s.preposition(k + 2) in ("from", "by", "to") and self.s.kind(k + 2) == "NP"
        # The 'states' of 'the United States' are no object.
        return beyond and self.s.has_party(k) and (self._is_state(k) or not self.thing(k, act))

    def _is_state(self, k: int) -> bool:
        """Does a state's name end the phrase?"""
        head = self.s.chunks[k].head
        return any(last == head and party.kind == "state" for last, party in self.t.parties.values())

    def thing(self, k: int, act: Hit) -> Thing | None:
        """The lexicon word that heads the noun phrase k (or stands right before the act noun in it)."""
        chunk = self.s.chunks[k]
        limit = act.first - 1 if act.form.pos == "noun" and chunk.first <= act.first <= chunk.last else chunk.head
        names = self._names(chunk.first, limit, act)
        if limit > chunk.first and self.t.low[limit] in self.nouns["wraps"]:
            names |= self._names(chunk.first, limit - 1, act)
        if limit > chunk.first and self.t.low[limit] in self.nouns["carriers"]:
            names |= self._names(chunk.first, limit - 1, act, by_type=True)
        if not names and limit == chunk.head and (title := self.s.before_name(k)) >= 0:
            limit, names = title, self._names(chunk.first, title, act)
        if not names and self.s.flow(k) > k:
            return self.thing(self.s.flow(k), act)
        return Thing(k, limit, names) if names else None

    def _names(self, first: int, limit: int, act: Hit, by_type: bool = False) -> frozenset[str]:
        names: frozenset[str] = frozenset()
        for hit in self.objects:
            if by_type and not hit.form.maker:
                continue
            if first <= hit.first and hit.first <= limit <= hit.last and hit.first != act.first:
                names |= hit.names
        return names

    # -- the claim ---------------------------------------------------------------------------------------------
    def built(
        self, k: int, token: int, acts: frozenset[str], lemma: str, things: tuple[Thing, ...], arguments: Arguments
    ) -> Claim:
        reading = self.composer.read(k, token)
        first, last = self.placing.clause(k)
        skip = self.placing.of_object(things, k)
        start, end = self.s.chunks[self.placing.dated_from(first, k)].first, self.s.chunks[last].last
        reading = self._unless_to_come(k, reading, range(start, end + 1), skip)
        ahead = reading.status not in (Status.DONE, Status.UNDERWAY)
        dated = event_age(self.t, start, end, skip, self.published, ahead=ahead)
        dated = dated or self.placing.told_long_ago(first, k, reading)
        zone, cue = self.placing.zone(k, token, reading, dated)
        takes_part = partial(self.casting.of, k, lemma, things, arguments, reading)
        return Claim(
            sentence=self.sentence,
            structure=self.s,
            chunk=k,
            token=token,
            acts=acts,
            lemma=lemma,
            form=self.s.chunks[k].form or self.s.chunks[k].kind,
            things=things,
            reading=reading,
            participants=cache(takes_part),
            zone=zone,
            zone_cue=cue,
            dated=dated,
            span=self.placing.span(first, last),
            old_word=self.placing.history.old_word(things),
            objects=tuple(arguments.objects),
        )

    def _unless_to_come(self, k: int, reading: Reading, clause: range, skip: range) -> Reading:
        """'The ban expires next month', '… in June 2031': what a present tense says of a time to come is planned."""
        first = self.s.chunks[k].first
        is_present = self.t.tags[first] in ("VBZ", "VB") or self.t.low[first] in ("is", "are")
        if reading.status not in (Status.DONE, Status.UNDERWAY) or self.s.kind(k) != "VG" or not is_present:
            return reading
        token = to_come(self.t, clause[0], clause[-1])
        dated = event_age(self.t, clause[0], clause[-1], skip, self.published, ahead=True)
        is_own = dated is not None and not any(
            c.kind == "VG" for c in self.s.chunks[k + 1 : self.s.at_token(dated.token) + 1]
        )
        token = dated.token if token < 0 and dated and is_own and dated.age_s < -NEAR_S else token
        links = (*reading.links, Link(token, "to come", Status.PLANNED))
        return replace(reading, status=Status.PLANNED, links=links) if token >= 0 else reading
