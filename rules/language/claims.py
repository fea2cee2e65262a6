"""Claims: for every act in a sentence, what it is done to, by whom, with which status, and how old it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from rules.language.dates import DAY, Dated, event_age
from rules.language.status import FACTUAL, Composer, Reading
from rules.language.structure import Structure
from rules.language.text import Sentence
from rules.language.vocabulary import Hit, Party
from rules.lexicon import Form
from rules.model import Status, Zone

OLD_S = 75 * DAY
_TARGET = frozenset({"on", "against", "to", "from", "with", "for", "over", "in", "into", "of", "at"})
_NOUN_LINKS = frozenset({"of", "to", "on", "from", "for", "in", "with", "against", "over"})
_PRONOUNS = frozenset({"it", "they", "he", "she", "we"})
_IN_FORCE = frozenset({"force", "place", "effect", "valid", "applicable", "binding"})
_FRESH = frozenset({"new", "fresh", "further", "additional", "more", "another", "tougher", "latest", "first"})
_OLD_WORDS = frozenset(
    [
        "existing",
        "current",
        "old",
        "longstanding",
        "decades-old",
        "expired",
        "previous",
        "earlier",
        "1990s",
        "renewed",
        "existing",
        "original",
    ]
)


@dataclass(frozen=True, slots=True)
class SpecialActs:
    """Lexicons of acts that are said without a verb of their own.

    absence: 'there is no embargo' says them; bare: 'new sanctions' says them, unless the noun is the object of an act
    of `spoken` (these and their opposites).
    """

    absence: frozenset[str] = frozenset()
    bare: frozenset[str] = frozenset()
    spoken: frozenset[str] = frozenset()
    pairs: frozenset[tuple[str, str]] = frozenset()
    """(act, object) pairs that some rule asks for ('' for no object); other claims are not worth building."""

    def asked(self, acts: frozenset[str], things: tuple[Thing, ...]) -> bool:
        """Does some rule ask for one of these acts on one of these objects?"""
        names = {n for thing in things for n in thing.names} | {""}
        return any((act, name) in self.pairs for act in acts for name in names)


@dataclass(frozen=True, slots=True)
class Thing:
    """An object of an act: its chunk, the token of the lexicon's word, and the lexicons that hold it."""

    chunk: int
    token: int
    names: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What one clause asserts. Tokens and chunks are those of `structure`; parties keep the order of the text."""

    sentence: Sentence
    structure: Structure
    chunk: int
    token: int
    acts: frozenset[str]
    lemma: str
    form: str
    things: tuple[Thing, ...]
    reading: Reading
    by: tuple[Party, ...]
    on: tuple[Party, ...]
    parties: tuple[Party, ...]
    zone: Zone
    zone_cue: str
    dated: Dated | None
    span: tuple[int, int]
    old_word: str = ""

    @property
    def status(self) -> Status:
        """The composed status."""
        return self.reading.status


@dataclass(slots=True)
class _Argument:
    objects: list[int] = field(default_factory=list)
    subjects: list[int] = field(default_factory=list)
    agents: list[int] = field(default_factory=list)
    targets: list[int] = field(default_factory=list)


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
        self.objects = [h for h in self.t.hits if h.form.pos in ("noun", "word")]

    def read(self) -> list[Claim]:
        """Every claim, in the order of the text."""
        found = [c for hit in self._act_hits() for c in [self._claim(hit)] if c]
        return sorted(found + self._absences() + self._bare(found), key=lambda c: (c.token, sorted(c.acts)))

    def _act_hits(self) -> list[Hit]:
        """Hits that can be acts, tag and form agreeing, longer ones first for the same token."""
        merged: dict[tuple[int, str, bool], Hit] = {}
        for hit in self.t.hits:
            if hit.form.pos == "word" or not self._fits(hit):
                continue
            key = (hit.first, hit.form.pos, hit.form.transitive)
            old = merged.get(key)
            if old is None:
                merged[key] = hit
            elif old.last == hit.last:
                merged[key] = Hit(hit.first, hit.last, old.form, old.names | hit.names)
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
                arguments = _Argument(objects=[k]) if hit.first < chunk.head else _Argument()
        else:
            arguments = self._noun_arguments(hit, k)
        things = tuple(t for o in arguments.objects for t in [self._thing(o, hit)] if t)
        if not (things or arguments.objects) or not self.acts.asked(hit.names, things):
            return None
        return self._built(k, hit.first, hit.names, hit.form.lemma, things, arguments)

    def _verb_arguments(self, hit: Hit, k: int) -> _Argument:
        chunk = self.s.chunks[k]
        after = self._after(hit, k)
        direct = self.s.coordinated(after) if self.s.kind(after) == "NP" else []
        if hit.last == hit.first and len(hit.form.words) == 2:
            preposition = hit.form.words[1]
            apart = [n for p, n in self.s.complements(k) if p == preposition]
            return _Argument(objects=apart or direct, subjects=self.s.subject(k), targets=direct)
        is_passive = chunk.passive or (chunk.form == "part" and hit.form.transitive)
        if not hit.form.transitive:
            return _Argument(objects=self.s.subject(k))
        if is_passive:
            agents = [n for p, n in self.s.complements(k) if p == "by"]
            return _Argument(objects=self.s.subject(k), agents=agents)
        return _Argument(objects=direct, subjects=self.s.subject(k))

    def _after(self, hit: Hit, k: int) -> int:
        """The chunk after the verb and its particles."""
        j = k + 1
        while j < len(self.s.chunks) and self.s.chunks[j].first <= hit.last and self.s.kind(j) != "VG":
            j += 1
        if self.s.kind(j) == "P" and self.s.low(j) in ("off", "out", "up", "down", "back"):
            j += 1
        return j

    def _noun_arguments(self, hit: Hit, k: int) -> _Argument:
        """'the lifting of the ban', 'sanctions relief', 'an end to the embargo'."""
        arguments = _Argument(agents=[n for p, n in self.s.complements(k) if p == "by"])
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

    def _thing(self, k: int, act: Hit) -> Thing | None:
        """The lexicon word that heads the noun phrase k (or stands right before the act noun in it)."""
        chunk = self.s.chunks[k]
        limit = act.first - 1 if act.form.pos == "noun" and chunk.first <= act.first <= chunk.last else chunk.head
        names: frozenset[str] = frozenset()
        for hit in self.objects:
            if chunk.first <= hit.first and hit.first <= limit <= hit.last and hit.first != act.first:
                names |= hit.names
        return Thing(k, limit, names) if names else None

    # -- the claim ---------------------------------------------------------------------------------------------
    def _built(
        self, k: int, token: int, acts: frozenset[str], lemma: str, things: tuple[Thing, ...], arguments: _Argument
    ) -> Claim:
        reading = self.composer.read(k, token)
        first, last = self._clause(k)
        skip = self._of_object(things, k)
        dated = event_age(self.t, self.s.chunks[first].first, self.s.chunks[last].last, skip, self.published)
        zone, cue = self._zone(k, reading, dated)
        if self.s.chunks[k].kind != "VG" and reading.governors and self.s.kind(reading.governors[0]) == "VG":
            arguments.subjects += self.s.subject(reading.governors[0])
        by = self._parties([*arguments.subjects, *arguments.agents])
        on = self._targets([*arguments.targets, *arguments.objects, k], by)
        nouns = [*arguments.subjects, *arguments.agents, *arguments.objects]
        everyone = self._parties(nouns) + tuple(
            p
            for o in [k, *arguments.objects]
            for w, n in self.s.complements(o)
            if w in ("with", "between", "to", "for", "from", "by", "of")
            for p in self._parties([n])
        )
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
            parties=_distinct((*by, *on, *everyone)),
            zone=zone,
            zone_cue=cue,
            dated=dated,
            span=self._span(first, last),
            old_word=self._old_word(things),
        )

    def _parties(self, chunks: list[int]) -> tuple[Party, ...]:
        found: list[Party] = []
        for k in chunks:
            if self.s.low(k) in _PRONOUNS:
                k = self._antecedent(k)
            chunk = self.s.chunks[k]
            found += [self.t.parties[i][1] for i in range(chunk.first, chunk.last + 1) if i in self.t.parties]
        return _distinct(tuple(found))

    def _antecedent(self, k: int) -> int:
        """'Norway said it had left': the subject of the verb before the pronoun."""
        verb = self.s.verb_left(k - 1)
        subject = self.s.subject(verb) if verb >= 0 else []
        return subject[0] if subject else k

    def _targets(self, objects: list[int], by: tuple[Party, ...]) -> tuple[Party, ...]:
        found: list[Party] = []
        for o in objects:
            found += [p for w, n in self.s.complements(o) if w in _TARGET for p in self._parties([n])]
            found += self._parties([o])
        return tuple(p for p in _distinct(tuple(found)) if p.id not in {b.id for b in by})

    def _clause(self, k: int) -> tuple[int, int]:
        """First and last chunk of the clause around k."""
        first = k
        while first > 0 and self.s.kind(first - 1) not in (";", ":", "–", "SUB", "REL"):
            first -= 1
        last = k
        chunks = self.s.chunks
        while last + 1 < len(chunks) and chunks[last + 1].kind not in (";", ":", "–", "SUB", "REL"):
            is_new = chunks[last + 1].kind in (",", "CC") and any(
                c.kind == "VG" and c.form == "fin" for c in chunks[last + 2 : last + 5]
            )
            if is_new:
                break
            last += 1
        return first, last

    def _of_object(self, things: tuple[Thing, ...], k: int) -> range:
        """Tokens whose date belongs to the object: inside its phrase, or in a participle after it ('imposed in 2003')."""
        if not things:
            return range(0)
        chunks = self.s.chunks
        thing = chunks[things[0].chunk]
        if things[0].chunk <= k:
            return range(thing.first, thing.last + 1)
        end = thing.last
        j = things[0].chunk + 1
        while j < len(chunks) and chunks[j].kind in ("P", "NP"):
            j += 1
        if j < len(chunks) and chunks[j].form == "part":
            end = chunks[min(j + 3, len(chunks) - 1)].last
        return range(thing.first, end + 1)

    def _span(self, first: int, last: int) -> tuple[int, int]:
        chunks = self.s.chunks
        while last > first and chunks[last].kind in (".", ",", "CC", "?", "!"):
            last -= 1
        while first < last and chunks[first].kind in (",", "CC", "."):
            first += 1
        return self.t.starts[self._start(chunks[first].first)], self.t.ends[chunks[last].last]

    def _start(self, token: int) -> int:
        """An adverb that opens the clause ('Currently there is …') belongs to it."""
        while token > 0 and self.t.tags[token - 1] == "ADV":
            token -= 1
        return token

    def _zone(self, k: int, reading: Reading, dated: Dated | None) -> tuple[Zone, str]:
        zone = self.sentence.zone
        chunk = self.s.chunks[k]
        if dated and dated.age_s > OLD_S:
            return Zone.BACKGROUND, f"dated by {self.t.words[dated.token]!r}"
        if zone is Zone.HEADLINE:
            return zone, "the title"
        if chunk.perfect and self.t.low[chunk.first] == "had" and not self._reported(reading):
            return Zone.BACKGROUND, "pluperfect"
        if reading.subordinate == "REL":
            return Zone.BACKGROUND, "relative clause"
        if reading.subordinate == "since":
            return Zone.BACKGROUND, "since"
        if chunk.form == "part" and self._main_follows(k):
            return Zone.BACKGROUND, "participle after a noun"
        return zone, f"sentence {self.sentence.number}"

    def _reported(self, reading: Reading) -> bool:
        """Is the clause somebody's words, so that 'had lifted' stands for 'has lifted'?"""
        verbs = [k for k, c in enumerate(self.s.chunks) if c.kind == "VG"]
        return any(self.s.lemma(k) in self.s.grammar.reporting for k in (*reading.governors, *verbs))

    def _main_follows(self, k: int) -> bool:
        others = [c for j, c in enumerate(self.s.chunks) if j != k and c.kind == "VG" and c.form == "fin"]
        return bool(others)

    def _old_word(self, things: tuple[Thing, ...]) -> str:
        for thing in things:
            chunk = self.s.chunks[thing.chunk]
            for i in range(chunk.first, chunk.last + 1):
                low = self.t.low[i]
                if low in _OLD_WORDS or (len(low) == 4 and low.isdigit() and low[:2] in ("19", "20")):
                    return low
        return ""

    # -- an object that stands for its act ---------------------------------------------------------------------
    def _bare(self, found: list[Claim]) -> list[Claim]:
        """'Fresh sanctions on …', 'calls for sanctions', 'slams new sanctions': the noun says that it was, or is to be, done."""
        if not self.acts.bare:
            return []
        taken = {t.chunk for c in found for t in c.things if c.acts & self.acts.spoken}
        claims = [self._bare_claim(k) for k, c in enumerate(self.s.chunks) if c.kind == "NP" and k not in taken]
        return [c for c in claims if c]

    def _bare_claim(self, k: int) -> Claim | None:
        chunk = self.s.chunks[k]
        pretend = Hit(-1, -1, _NOTHING, self.acts.bare)
        thing = self._thing(k, pretend)
        if not thing:
            return None
        claim = self._built(k, chunk.head, self.acts.bare, "new", (thing,), _Argument(objects=[k]))
        fresh = any(self.t.low[i] in _FRESH for i in range(chunk.first, chunk.head))
        governed = [link for link in claim.reading.links if link.role not in ("negation", "", "fact", "say", "modal")]
        return claim if fresh or (governed and claim.status not in FACTUAL) else None

    # -- absence -----------------------------------------------------------------------------------------------
    def _absences(self) -> list[Claim]:
        """'There is no embargo', 'there are no longer any restrictions', 'the ban is no longer in force'."""
        if not self.acts.absence:
            return []
        found = []
        for k, chunk in enumerate(self.s.chunks):
            if chunk.kind == "VG" and self.s.lemma(k) in ("be", "is", "are", "was", "were", "exist", "apply"):
                noun = self._absent(k)
                if noun >= 0:
                    found.append(self._absence(k, noun))
        return [c for c in found if c]

    def _absent(self, k: int) -> int:
        """The chunk of what is said not to be there, -1 if nothing is."""
        if self.s.kind(k - 1) == "NP" and self.s.low(k - 1) == "there" and self.s.kind(k + 1) == "NP":
            after = self.s.chunks[k + 1]
            lows = self.t.low[after.first : after.last + 1]
            gap = self.t.low[self.s.chunks[k].last : after.first]
            if "no" in (*lows, *gap) or self.s.chunks[k].negated or "longer" in gap:
                as_what = (
                    self.s.kind(k + 2) in ("P", "SUB") and self.s.low(k + 2) == "as" and self.s.kind(k + 3) == "NP"
                )
                return k + 3 if as_what and self.s.low(k + 1) == "thing" else k + 1
        return self._gone(k)

    def _gone(self, k: int) -> int:
        """'The ban is no longer in force', 'the sanctions no longer exist': the subject."""
        chunk = self.s.chunks[k]
        around = self.t.low[max(0, chunk.first - 2) : chunk.last + 6]
        longer = any(a == "no" and b == "longer" for a, b in zip(around, around[1:], strict=False))
        if not (longer or chunk.negated) or not (set(around) & _IN_FORCE or self.s.lemma(k) in ("exist", "apply")):
            return -1
        j = k - 1
        while j >= 0 and self.t.low[self.s.chunks[j].head] in ("no", "longer"):
            j -= 1
        left = self.s.left_phrase(j + 1)
        return left if left >= 0 else -1

    def _absence(self, k: int, noun: int) -> Claim | None:
        pretend = Hit(self.s.chunks[k].head, self.s.chunks[k].head, _NOTHING, self.acts.absence)
        things = tuple(t for o in self.s.coordinated(noun) for t in [self._thing(o, pretend)] if t)
        if not things:
            return None
        claim = self._built(k, self.s.chunks[k].head, self.acts.absence, "there is no", things, _Argument(objects=[noun]))
        reading = claim.reading
        if reading.status is Status.DENIED and not any(g for g in reading.links if g.role == "deny"):
            reading = Reading(Status.DONE, reading.links, reading.subordinate, reading.governors)
        known = reading.status in FACTUAL or reading.status is not Status.DENIED
        return _with_reading(claim, reading) if known else None


def _with_reading(claim: Claim, reading: Reading) -> Claim:
    values = {name: getattr(claim, name) for name in Claim.__slots__}
    return Claim(**{**values, "reading": reading})


def _distinct(parties: tuple[Party, ...]) -> tuple[Party, ...]:
    seen: dict[str, Party] = {}
    for party in parties:
        seen.setdefault(party.id, party)
    return tuple(seen.values())


_NOTHING = Form(("there", "is", "no"), "verb", "VB", "there is no")
