"""Who asserts a claim: direct, indirect, mixed quotation, 'according to', colon headlines, 'he said' carried over."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from rules.language.claims import Claim
from rules.language.persons import Naming, Span
from rules.language.status import FACTUAL
from rules.language.structure import Structure
from rules.language.vocabulary import Grammar
from rules.language.words import word_set
from rules.model import Evidence, Role, Speaker, Zone

_PRONOUNS = frozenset({"he", "she", "they", "it", "i", "we", "who", "which", "that"})
_SIDE_ENDS = frozenset({":", "–"})
_INSIDE = frozenset({"of", "for", "to", "at", "in", "and"})
_SOURCES = frozenset({"by", "from"})
_VOICED = frozenset({"fin", "part"})
_NEIGHBOURS = (1, -1, -2)
_NEXT = (1, 2, 3)
_TOLD = frozenset({Zone.HEADLINE, Zone.LEAD})
_MAKING_KNOWN = word_set("announce confirm report disclose reveal state make say declare communicate tell")
_WRITTEN = frozenset({"statement", "notice", "communique", "communiqué", "decree", "document"})
_POINTING = frozenset({"this", "that", "it"})
# What was told in the sentence before, by one word.
_ANAPHORS = _POINTING | word_set(
    "move decision measure measures removal lifting easing step announcement news change changes action suspension"
    " expulsion resumption steps moves imposition"
)
_LAWMAKERS = word_set("senator sen congressman congresswoman representative rep lawmaker lawmakers mp mps mep meps")
_REACH_BACK = 4
"""Sentences before a pronoun in which its owner is looked for."""


@dataclass(frozen=True, slots=True)
class Voice:
    """A speaker and the span that names him."""

    speaker: Speaker
    cue: Evidence


Nearby = Callable[[int], Structure | None]
"""The structure of another sentence of the page by its number, None outside."""


class Attribution:
    """Finds the speaker of claims of one page."""

    def __init__(self, grammar: Grammar, nearby: Nearby, mentions: Callable[[str], Iterable[int]]) -> None:
        self.grammar = grammar
        self.naming = Naming(grammar)
        self.nearby = nearby
        self.mentions = mentions
        self.verbs = grammar.reporting | grammar.roles["voicing"]

    def voice(self, claim: Claim) -> Voice | None:
        """Who asserts `claim`; None when the outlet does."""
        s = claim.structure
        for find in (self._of_governors, self._of_sentence, self._of_headline, self._of_act):
            phrases = find(s, claim)
            found = self._resolved(s, phrases, claim) if phrases else None
            if found:
                return (self._announced(claim) or found) if found.speaker.role is Role.OUTLET else found
        return self._carried(claim) or self._announced(claim)

    # -- where the speaker is named ----------------------------------------------------------------------------
    def _of_governors(self, s: Structure, claim: Claim) -> list[Span]:
        """'X said that …', 'X announced the lifting of …', 'a truce announced by X', 'X's call for …'."""
        for k in claim.reading.governors:
            phrases = self._said_by(s, k)
            if phrases:
                return phrases
            if s.kind(k) == "NP" and k != claim.chunk and s.low(k) in self.grammar.roles["speeches"]:
                return self._agent(s, k) or self._owner(s, k)
        return []

    def _of_act(self, s: Structure, claim: Claim) -> list[Span]:
        """'X urges sanctions', 'X declares a truce': acts that are done by saying so."""
        return self._said_by(s, claim.chunk)

    def _said_by(self, s: Structure, k: int) -> list[Span]:
        if s.kind(k) != "VG" or s.lemma(k) not in self.verbs:
            return []
        return self._agent(s, k) if s.chunks[k].passive else self._subject(s, k)

    def _subject(self, s: Structure, k: int) -> list[Span]:
        """Of several, the first: 'Norway and Ghana said'. Only a comma before it: 'In Oslo, the minister said'."""
        subject = s.subject(k)
        if not subject:
            return []
        writers = [n for word, n in s.complements(subject[-1]) if word in ("by", "from") and n < k]
        if writers and s.low(subject[-1]) in self.grammar.roles["papers"]:
            return self._phrases(s, writers[0], k)  # 'a notice posted by the ministry said'
        joined = any(s.kind(j) == "CC" for j in range(subject[0], subject[-1]))
        return self._phrases(s, subject[0] if joined else subject[-1], k)

    def _agent(self, s: Structure, k: int) -> list[Span]:
        agents = [n for word, n in s.complements(k) if word in _SOURCES]
        return self._phrases(s, agents[0], len(s.chunks)) if agents else []

    def _owner(self, s: Structure, k: int) -> list[Span]:
        """'Norway's announcement', 'the foreign minister's call': what stands before the 's."""
        chunk = s.chunks[k]
        ends = [i for i in range(chunk.first, chunk.head) if s.tagged.tags[i] == "POSS"]
        return [(chunk.first, ends[-1] - 1)] if ends and ends[-1] > chunk.first else []

    def _of_sentence(self, s: Structure, claim: Claim) -> list[Span]:
        """'…, X said', '…, said X', 'according to X'."""
        for k, chunk in enumerate(s.chunks):
            if s.low(k) == "according" and s.kind(k + 1) in ("P", "TO") and s.kind(k + 2) == "NP":
                return self._phrases(s, k + 2, len(s.chunks))
            if chunk.kind == "VG" and k > claim.chunk and s.lemma(k) in self.verbs and chunk.form in _VOICED:
                before = self._subject(s, k)
                opening = s.at_token(before[0][0]) if before else -1
                if opening > claim.chunk and self._opens(s, opening):
                    return before
                if (named := self._before_apposition(s, k)) > claim.chunk:
                    return self._phrases(s, named, k)
                if self._ends_speech(s, k - 1) and s.kind(k + 1) == "NP":
                    return self._phrases(s, k + 1, len(s.chunks))
        return []

    def _before_apposition(self, s: Structure, k: int) -> int:
        """'…, Ana Rusu, the minister of trade and industry, announced': the name before it; -1 without one."""
        j = k - 2
        while s.kind(k - 1) == "," and s.kind(j) in ("NP", "P", "CC"):
            j -= 1
        is_between = j < k - 2 and s.kind(j) == "," and s.kind(j - 1) == "NP"
        return j - 1 if is_between and self._opens(s, j - 1) else -1

    def _opens(self, s: Structure, k: int) -> bool:
        """Does the phrase open its clause, after a comma or a quote?"""
        return s.kind(k - 1) in (",", "–", ".", "?", "!") or self._after_quote(s, k)

    def _ends_speech(self, s: Structure, k: int) -> bool:
        return s.kind(k) == "," or self._after_quote(s, k + 1)

    def _after_quote(self, s: Structure, k: int) -> bool:
        start = s.tagged.starts[s.chunks[k].first]
        return any(start - 4 < q < start for q in s.tagged.quotes)

    def _phrases(self, s: Structure, k: int, end: int) -> list[Span]:
        """The phrase that begins with chunk k, with what completes it, and its apposition: both before chunk `end`."""
        last = self._whole(s, k, end)
        phrases = [(s.chunks[k].first, s.chunks[last].last)]
        if s.kind(last + 1) == "," and s.kind(last + 2) == "NP" and last + 2 < end:
            more = self._whole(s, last + 2, end)
            if s.kind(more + 1) in (",", "VG", "", ".") or more + 1 == end:
                phrases.append((s.chunks[last + 2].first, s.chunks[more].last))
        return phrases

    def _whole(self, s: Structure, k: int, end: int) -> int:
        """'a spokesman for the ministry': the last chunk of the phrase that begins with chunk k."""
        while s.kind(k + 1) in ("P", "TO", "CC") and s.low(k + 1) in _INSIDE and s.kind(k + 2) == "NP" and k + 2 < end:
            if s.kind(k + 1) == "CC" and not self._goes_on(s, k, k + 2):
                break
            k += 2
        return k

    def _goes_on(self, s: Structure, k: int, after: int) -> bool:
        """'Minister of Trade and Industry': the part after 'and' is one of a title, and no second speaker."""
        portfolio = self.grammar.roles["portfolio"]
        return s.low(k) in portfolio and s.tagged.low[s.chunks[after].first] in portfolio

    def _of_headline(self, s: Structure, claim: Claim) -> list[Span]:
        """'Lavrov: embargo has ended', 'Embargo has ended - Lavrov'."""
        if not s.headline:
            return []
        for k, chunk in enumerate(s.chunks):
            if chunk.kind in _SIDE_ENDS:
                if claim.chunk > k and all(s.kind(j) in ("NP", "P") for j in range(k)) and k <= 3:
                    span = self._side(s, 0, k - 1)
                    return [] if span and self._is_topic(s, *span[0]) else span
                tail = s.chunks[k + 1 :]
                if claim.chunk < k and 1 <= len(tail) <= 3 and all(c.kind in ("NP", ".", "P") for c in tail):
                    return self._side(s, k + 1, len(s.chunks) - 1)
        return []

    def _side(self, s: Structure, first: int, last: int) -> list[Span]:
        """The chunks before a colon or after a dash, unless they only say what the news is about."""
        while last > first and s.kind(last) != "NP":
            last -= 1
        if last < first:
            return []
        span = s.chunks[first].first, s.chunks[last].last
        words = set(s.tagged.low[span[0] : span[1] + 1])
        if words & self.grammar.roles["labels"] or self._is_quoted(s, *span):
            return []
        is_simple = first == last and all(w[0].isupper() for w in s.tagged.words[span[0] : span[1] + 1])
        return [span] if is_simple or self.naming.speaker(s, [span]).role is not Role.UNKNOWN else []

    def _is_quoted(self, s: Structure, first: int, last: int) -> bool:
        start, end = s.tagged.starts[first], s.tagged.ends[last]
        return any(start - 2 <= q <= end + 1 for q in s.tagged.quotes)

    def _is_topic(self, s: Structure, first: int, last: int) -> bool:
        """'Sudan: …' names the place of the news; 'Khartoum: …' would be who says so."""
        end, party = s.tagged.parties.get(first, (-1, None))
        return party is not None and end == last and party.kind == "state" and not (party.capital or party.leader)

    def _carried(self, claim: Claim) -> Voice | None:
        """A quoted sentence without an attribution of its own has the speaker of its neighbour."""
        number = claim.sentence.number
        if claim.sentence.clean.field == "title" or not claim.structure.tagged.quotes:
            return None
        for offset in _NEIGHBOURS:
            s = self.nearby(number + offset)
            for k, chunk in enumerate(s.chunks if s else ()):
                if s and chunk.kind == "VG" and s.lemma(k) in self.grammar.reporting and chunk.form == "fin":
                    phrases = self._subject(s, k)
                    if phrases:
                        return self._resolved(s, phrases, claim)
        return None

    def _announced(self, claim: Claim) -> Voice | None:
        """What the outlet tells, and then 'The move was announced by X', 'X confirmed the decision'."""
        if claim.status not in FACTUAL or claim.sentence.zone not in _TOLD:
            return None
        for offset in _NEXT:
            s = self.nearby(claim.sentence.number + offset)
            phrases = (self._of_announcement(s) or self._of_repetition(s, claim)) if s else []
            found = self._resolved(s, phrases, claim) if s and phrases else None
            found = found or (self._doer_quoted(s, claim) if s and offset == 1 else None)
            if found and found.speaker.role is Role.OFFICIAL:
                return found
        return None

    def _of_repetition(self, s: Structure, claim: Claim) -> list[Span]:
        """'Norway lifted the ban. The ministry said it had lifted it …': who tells the act again as done."""
        again = {h.first for h in s.tagged.hits if h.form.pos == "verb" and self._is_same(s, h.first, claim)}
        for k, chunk in enumerate(s.chunks):
            is_told = chunk.kind == "VG" and chunk.form == "fin" and s.lemma(k) in _MAKING_KNOWN
            told = [j for j in range(k + 1, len(s.chunks)) if s.chunks[j].head in again]
            if is_told and told and not (s.chunks[told[0]].modal or s.chunks[told[0]].negated):
                return self._of_doer(s, k, claim)
        return []

    def _doer_quoted(self, s: Structure, claim: Claim) -> Voice | None:
        """'Norway's foreign ministry lifted the ban. "…", the ministry said': who did it is quoted on it."""
        own, doers = claim.structure, claim.who.agents[:1]
        words = {w for k in doers for w in own.tagged.low[own.chunks[k].first : own.chunks[k].last + 1]}
        verbs = (k for k, c in enumerate(s.chunks) if c.kind == "VG" and s.lemma(k) in self.grammar.reporting)
        said = [p[0] for k in verbs for p in [self._subject(s, k)] if p and s.tagged.quotes]
        is_doer = any(s.tagged.low[last] in words or s.tagged.low[first] in ("he", "she") for first, last in said)
        return self._resolved(own, self._phrases(own, doers[0], len(own.chunks)), claim) if doers and is_doer else None

    def _is_same(self, s: Structure, token: int, claim: Claim) -> bool:
        """Is it the verb of the claim?"""
        return s.tagged.lemmas[token] == claim.lemma.split()[0]

    def _of_doer(self, s: Structure, k: int, claim: Claim) -> list[Span]:
        """The subject of verb k, unless it is one of another state than those that act, or a lawmaker."""
        phrases, doers = self._subject(s, k), {p.id for p in claim.who.by}
        words = s.tagged.low[phrases[0][0] : phrases[0][1] + 1] if phrases else []
        named = {p.id for i, (_, p) in s.tagged.parties.items() if phrases and phrases[0][0] <= i <= phrases[0][1]}
        is_other = bool(doers) and bool(named) and doers.isdisjoint(named)
        return [] if is_other or not _LAWMAKERS.isdisjoint(words) else phrases

    def _of_announcement(self, s: Structure) -> list[Span]:
        """Who announces in this sentence what the one before told; [] for nobody."""
        for k, chunk in enumerate(s.chunks):
            if chunk.kind == "VG" and chunk.form in _VOICED and s.lemma(k) in _MAKING_KNOWN:
                if chunk.passive and any(s.low(j) in _ANAPHORS for j in s.subject(k)):
                    return self._agent(s, k)
                opens = s.low(k + 1) in _POINTING and s.kind(k + 2) == "VG"  # 'said it was late'
                if not chunk.passive and s.low(k + 1) in _ANAPHORS and not opens:
                    return self._subject(s, k)
            if chunk.kind == "NP" and s.low(k) in ("announcement", "statement") and s.preposition(k) != "of":
                agents = [n for word, n in s.complements(k) if word == "by"]
                if agents:
                    return self._phrases(s, agents[0], len(s.chunks))
        return []

    # -- who that is -------------------------------------------------------------------------------------------
    def _resolved(self, s: Structure, phrases: list[Span], claim: Claim) -> Voice | None:
        """The speaker that the phrases name; a pronoun or bare surname is looked up in the article."""
        first, last = phrases[0][0], phrases[0][1]
        if s.tagged.low[first] in _PRONOUNS:
            return self._antecedent(s, first, claim)
        if s.tagged.low[last] in self.grammar.roles["papers"]:
            return self._in_writing(s, last, claim)
        speaker = self.naming.speaker(s, phrases)
        if speaker.name and (speaker.role in (Role.UNKNOWN, Role.PERSON) or not speaker.title):
            speaker = self._known(speaker, s) or speaker
        if speaker.role is Role.UNKNOWN and not any(w[0].isupper() for w in s.tagged.words[first : last + 1]):
            return None  # 'the inquiry found', 'eye-catching moves suggest'
        clean, t = claim.sentence.clean, s.tagged
        own = s is claim.structure
        cue = clean.evidence(t.starts[first], t.ends[last]) if own else clean.evidence(*claim.span)
        return Voice(speaker, cue)

    def _in_writing(self, s: Structure, last: int, claim: Claim) -> Voice | None:
        """'Norway lifted the ban, a statement said': where a state acts, its own words."""
        if s.tagged.low[last] not in _WRITTEN or not any(p.kind in ("state", "igo") for p in claim.who.by):
            return None
        paper = Speaker(None, s.tagged.low[last], Role.OFFICIAL, False)
        return Voice(paper, claim.sentence.clean.evidence(*claim.span))

    def _known(self, speaker: Speaker, home: Structure) -> Speaker | None:
        """The same surname with a title elsewhere in the article."""
        surname = (speaker.name or "").split()[-1]
        surname = surname.title() if surname.isupper() else surname
        for number in self.mentions(surname):
            s = self.nearby(number)
            if s is None or s is home:
                continue
            for k, chunk in enumerate(s.chunks):
                if chunk.kind == "NP" and surname in s.tagged.words[chunk.first : chunk.last + 1]:
                    found = self.naming.speaker(s, self._phrases(s, k, len(s.chunks)))
                    if found.name and found.title and found.role not in (Role.UNKNOWN, Role.PERSON):
                        return found
        return None

    def _antecedent(self, home: Structure, token: int, claim: Claim) -> Voice | None:
        """The last named speaker before the pronoun, in its sentence or the ones before."""
        cue = claim.sentence.clean.evidence(*claim.span)
        found = self._titled(home, token)
        for number in range(claim.sentence.number - 1, max(-1, claim.sentence.number - 1 - _REACH_BACK), -1):
            if found:
                break
            s = self.nearby(number)
            found = self._titled(s, len(s.tagged.words)) if s else None
        return Voice(found, cue) if found else None

    def _titled(self, s: Structure, before: int) -> Speaker | None:
        """The first phrase before a token that names somebody in an office."""
        for k, chunk in enumerate(s.chunks):
            if chunk.last >= before:
                break
            if chunk.kind == "NP" and s.low(k) not in _PRONOUNS:
                found = self.naming.speaker(s, self._phrases(s, k, len(s.chunks)))
                if (found.name or found.title) and found.role not in (Role.UNKNOWN, Role.PERSON):
                    return found
        return None
