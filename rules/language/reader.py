"""Reads claims: for every act in a sentence, what it is done to, by whom, with which status, and how old it is."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from rules.language.claims import Claim, SpecialActs, Thing, distinct
from rules.language.dates import event_age
from rules.language.implied import Arguments, absences, bare
from rules.language.phrases import Chunk
from rules.language.placing import Placing
from rules.language.status import FACTUAL, Composer, Link
from rules.language.structure import Structure
from rules.language.text import Sentence
from rules.language.vocabulary import Hit, Party
from rules.model import Status

_TARGET = frozenset({"on", "against", "to", "from", "with", "for", "over", "in", "into", "of", "at"})
_PARTNER = frozenset({"with", "between", "among", "to", "for", "from", "by", "of"})
_NOUN_LINKS = frozenset({"of", "to", "on", "from", "for", "in", "with", "against", "over"})
# 'A Chinese oil giant' is not China.
_FIRMS = frozenset(
    [
        "company",
        "companies",
        "giant",
        "firm",
        "firms",
        "corp",
        "corporation",
        "inc",
        "ltd",
        "manufacturer",
        "maker",
        "bank",
        "airline",
        "carrier",
        "startup",
        "developer",
        "group",
        "conglomerate",
        "subsidiary",
        "producer",
        "miner",
    ]
)
# Plurals that stand for states that are not named.
_STATES = frozenset(
    """countries nations states governments powers neighbours neighbors allies members sides leaders ministers
    presidents premiers signatories delegates negotiators capitals""".split()
)
# Offices, bodies and forms of state that speak and act for the state they are of.
_OFFICES = frozenset(
    """president minister ministers premier chancellor king queen emir sultan leader leaders head parliament senate
    congress government governments ministry cabinet council assembly army military forces navy republic kingdom
    federation state union secretary ambassador ruler authorities department representatives presidents envoy
    emirate house bundestag diet lawmakers officials office bank delegation""".split()
)
# 'A sanctions package' is sanctions.
_WRAPS = frozenset(
    "package packages round rounds tranche tranches wave regime regimes measures measure order orders step steps".split()
)
_PRONOUNS = frozenset({"it", "they", "he", "she", "we"})


class ClaimReader:
    """Reads all claims of one sentence."""

    def __init__(
        self,
        sentence: Sentence,
        structure: Structure,
        published: datetime | None,
        acts: SpecialActs,
    ) -> None:
        self.sentence = sentence
        self.s = structure
        self.t = structure.tagged
        self.acts = acts
        self.published = published
        question = bool(self.t.words) and self.t.words[-1] == "?"
        self.composer = Composer(structure, question)
        self.placing = Placing(sentence, structure)
        self.objects = [h for h in self.t.hits if h.form.pos in ("noun", "word")]

    def read(self) -> list[Claim]:
        """Every claim, in the order of the text."""
        found = [c for hit in self._act_hits() for c in [self._claim(hit)] if c]
        return sorted(found + absences(self) + bare(self, found), key=lambda c: (c.token, sorted(c.acts)))

    def _act_hits(self) -> list[Hit]:
        """Hits that can be acts, tag and form agreeing, longer ones first for the same token."""
        merged: dict[tuple[int, int, str, bool, bool], Hit] = {}
        longer: dict[int, frozenset[str]] = {}
        for hit in self.t.hits:
            if hit.form.pos == "word" or not self._fits(hit):
                continue
            is_apart = hit.last == hit.first and len(hit.form.words) > 1
            key = (hit.first, hit.last, hit.form.pos, hit.form.transitive, is_apart)
            old = merged.get(key)
            names = hit.names if old else hit.names - longer.get(hit.first, frozenset())
            if hit.last > hit.first:
                longer[hit.first] = longer.get(hit.first, frozenset()) | hit.names
            if names:
                merged[key] = Hit(hit.first, hit.last, old.form if old else hit.form, names | (old.names if old else names))
        return [merged[k] for k in sorted(merged)]

    def _fits(self, hit: Hit) -> bool:
        tag = self.t.tags[hit.first]
        if hit.form.pos == "verb":
            return tag in ("VB", "VBZ", "VBD", "VBN", "VBG", "JJV") and not (tag == "VBZ" and hit.form.tag != "VBZ")
        return tag in ("N", "VBG") or len(hit.form.words) > 1

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
        ends = self.acts.ended_by(hit.names)
        if not (things or arguments.objects) or not self.acts.asked(hit.names | ends, things):
            return None
        claim = self.built(k, hit.first, hit.names, hit.form.lemma, things, arguments)
        if hit.form.pos == "verb" and claim.status in FACTUAL and (no := self._nothing(things)) >= 0:
            links = (*claim.reading.links, Link(no, "negation", Status.DENIED))
            claim = replace(claim, reading=replace(claim.reading, status=Status.DENIED, links=links))
        return _ended(claim, ends) if ends and claim.status in (Status.DENIED, Status.REFUSED) else claim

    def _nothing(self, things: tuple[Thing, ...]) -> int:
        """The 'no' of 'agreed no ceasefire', which denies the act; -1 without one."""
        chunks = [self.s.chunks[t.chunk] for t in things]
        named = {i for hit in self.objects for i in range(hit.first, hit.last + 1)}  # 'no-fly zone'
        return next((i for c in chunks for i in range(c.first, c.head) if self.t.low[i] == "no" and i not in named), -1)

    def _verb_arguments(self, hit: Hit, k: int) -> Arguments:
        chunk = self.s.chunks[k]
        after = self._after(hit, k)
        direct = self.s.coordinated(after) if self.s.kind(after) == "NP" else []
        if hit.last == hit.first and len(hit.form.words) == 2:
            preposition = hit.form.words[1]
            apart = [n for p, n in self.s.complements(k) if p == preposition]
            return Arguments(objects=apart or direct, subjects=self.s.subject(k), targets=direct)
        is_passive = chunk.passive or (chunk.form == "part" and hit.form.transitive)
        if not hit.form.transitive:
            return Arguments(objects=self.s.subject(k))
        if is_passive:
            agents = [n for p, n in self.s.complements(k) if p == "by"]
            return Arguments(objects=self.s.subject(k), agents=agents)
        return Arguments(objects=direct, subjects=self.s.subject(k))

    def _after(self, hit: Hit, k: int) -> int:
        """The chunk after the verb and its particles."""
        j = k + 1
        while j < len(self.s.chunks) and self.s.chunks[j].first <= hit.last and self.s.kind(j) != "VG":
            j += 1
        if self.s.kind(j) == "P" and self.s.low(j) in ("off", "out", "up", "down", "back"):
            j += 1
        return j

    def _noun_arguments(self, hit: Hit, k: int) -> Arguments:
        """'the lifting of the ban', 'sanctions relief', 'an end to the embargo'."""
        arguments = Arguments(agents=[n for p, n in self.s.complements(k) if p == "by"])
        chunk = self.s.chunks[k]
        if chunk.kind == "VG":
            return arguments
        if hit.last >= chunk.head and any(chunk.first <= h.first and h.last < hit.first for h in self.objects):
            arguments.objects = [k]
        for preposition, n in self.s.complements(k):
            if preposition in _NOUN_LINKS:
                arguments.objects.append(n)
            else:
                break
        arguments.subjects = [k]
        return arguments

    def thing(self, k: int, act: Hit) -> Thing | None:
        """The lexicon word that heads the noun phrase k (or stands right before the act noun in it)."""
        chunk = self.s.chunks[k]
        limit = act.first - 1 if act.form.pos == "noun" and chunk.first <= act.first <= chunk.last else chunk.head
        names = self._names(chunk, limit, act)
        if not names and limit > chunk.first and self.t.low[limit] in _WRAPS:
            limit -= 1
            names = self._names(chunk, limit, act)
        return Thing(k, limit, names) if names else None

    def _names(self, chunk: Chunk, limit: int, act: Hit) -> frozenset[str]:
        names: frozenset[str] = frozenset()
        for hit in self.objects:
            if chunk.first <= hit.first and hit.first <= limit <= hit.last and hit.first != act.first:
                names |= hit.names
        return names

    # -- the claim ---------------------------------------------------------------------------------------------
    def built(
        self, k: int, token: int, acts: frozenset[str], lemma: str, things: tuple[Thing, ...], arguments: Arguments
    ) -> Claim:
        reading = self.composer.read(k, token)
        first, last = self.placing.clause(k)
        skip = self.placing.of_object(things, k)
        dated = event_age(self.t, self.s.chunks[first].first, self.s.chunks[last].last, skip, self.published)
        zone, cue = self.placing.zone(k, token, reading, dated)
        arguments.subjects += self._above(k, reading)
        by = self._parties([*arguments.subjects, *arguments.agents])
        on = self._targets([*arguments.targets, *arguments.objects, k], by)
        nouns = [*arguments.subjects, *arguments.agents, *arguments.objects]
        partners = [n for o in [k, *arguments.objects] for w, n in self.s.complements(o) if w in _PARTNER]
        everyone = self._parties([*nouns, *partners])
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
            by=by,
            on=on,
            parties=distinct((*by, *on, *everyone)),
            zone=zone,
            zone_cue=cue,
            dated=dated,
            span=self.placing.span(first, last),
            old_word=self.placing.old_word(things),
            agents=(*arguments.subjects, *arguments.agents),
            objects=tuple(arguments.objects),
            unnamed=2 if any(self.s.low(n) in _STATES for n in [*nouns, *partners]) else 0,
        )

    def _above(self, k: int, reading: Reading) -> list[int]:
        """Who acts by what governs the act: the subject of its verb, or the noun's owner ('Norway's plan to …')."""
        if not reading.governors:
            return []
        governor = reading.governors[0]
        if self.s.kind(governor) == "NP":
            return [governor]
        is_noun = self.s.chunks[k].kind != "VG" and self.s.kind(governor) == "VG"
        return self.s.subject(governor) if is_noun else []

    def _parties(self, chunks: list[int], of_firms: bool = False) -> tuple[Party, ...]:
        """The parties that the noun phrases name. 'A Chinese oil giant' is not China, unless *of_firms*: what is done
        to a state's companies is done to the state.
        """
        found: list[Party] = []
        for k in chunks:
            if self.s.low(k) in _PRONOUNS:
                k = self._antecedent(k)
            chunk = self._owner(k)
            here = [self.t.parties[i][1] for i in range(chunk.first, chunk.last + 1) if i in self.t.parties]
            if not of_firms and not _FIRMS.isdisjoint(self.t.low[chunk.first : chunk.last + 1]):
                here = [party for party in here if party.kind == "company"]
            found += here
        return distinct(tuple(found))

    def _owner(self, k: int) -> Chunk:
        """'The Parliament of the Kingdom of Norway': the phrase that names whose it is, where k itself names nobody."""
        for _ in range(3):
            named = any(i in self.t.parties for i in range(self.s.chunks[k].first, self.s.chunks[k].last + 1))
            if named or self.s.kind(k + 2) != "NP" or self.s.low(k + 1) != "of" or self.s.low(k) not in _OFFICES:
                break
            k += 2
        return self.s.chunks[k]

    def _antecedent(self, k: int) -> int:
        """'Norway said it had left': the subject of the verb before the pronoun."""
        verb = self.s.verb_left(k - 1)
        subject = self.s.subject(verb) if verb >= 0 else []
        return subject[0] if subject else k

    def _targets(self, objects: list[int], by: tuple[Party, ...]) -> tuple[Party, ...]:
        found: list[Party] = []
        for o in objects:
            found += [p for w, n in self.s.complements(o) if w in _TARGET for p in self._parties([n], of_firms=True)]
            found += self._parties([o], of_firms=True)
        return tuple(p for p in distinct(tuple(found)) if p.id not in {b.id for b in by})


def _ended(claim: Claim, acts: frozenset[str]) -> Claim:
    """'Norway did not extend the embargo': the embargo ended."""
    reading = replace(claim.reading, status=Status.DONE)
    return replace(claim, acts=acts, reading=reading)
