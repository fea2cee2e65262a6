"""Who asserts a claim: direct, indirect, mixed quotation, 'according to', colon headlines, 'he said' carried over."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from rules.language.claims import Claim
from rules.language.confirming import Confirmation
from rules.language.persons import Naming, Span
from rules.language.speech import VOICED, Nearby, Speech, Voice
from rules.language.structure import Structure
from rules.language.vocabulary import Grammar
from rules.model import Role, Speaker

_PRONOUNS = frozenset({"he", "she", "they", "it", "i", "we", "who", "which", "that"})
_SIDE_ENDS = frozenset({":", "–"})
_NEIGHBOURS = (1, -1, -2)
_WRITTEN = frozenset({"statement", "notice", "communique", "communiqué", "decree", "document"})
_REACH_BACK = 4
"""Sentences before a pronoun in which its owner is looked for."""


class Attribution:
    """Finds the speaker of claims of one page."""

    def __init__(self, grammar: Grammar, nearby: Nearby, mentions: Callable[[str], Iterable[int]]) -> None:
        self.grammar = grammar
        self.naming = Naming(grammar)
        self.nearby = nearby
        self.mentions = mentions
        self.verbs = grammar.reporting | grammar.roles["voicing"]
        self.speech = Speech(grammar)
        self.later = Confirmation(self.speech, nearby, self._resolved)

    def voice(self, claim: Claim) -> Voice | None:
        """Who asserts `claim`; None when the outlet does."""
        s = claim.structure
        for find in (self._of_governors, self._of_sentence, self._of_headline, self._of_act):
            phrases = find(s, claim)
            found = self._resolved(s, phrases, claim) if phrases else None
            if found:
                return (self._cited(s, claim) or self.later.voice(claim) or found) if _is_outlet(found) else found
        return self._carried(claim) or self.later.voice(claim)

    def _cited(self, s: Structure, claim: Claim) -> Voice | None:
        """'…, Tass reported, citing the defence ministry': the official whose words an outlet passes on."""
        cites = (k for k, c in enumerate(s.chunks) if c.form == "ger" and s.lemma(k) in ("cite", "quote"))
        spans = [self.speech.phrases(s, k + 1, len(s.chunks)) for k in cites if s.kind(k + 1) == "NP"]
        found = next((v for span in spans for v in [self._resolved(s, span, claim)] if v), None)
        return found if found and found.speaker.role is Role.OFFICIAL else None

    # -- where the speaker is named ----------------------------------------------------------------------------
    def _of_governors(self, s: Structure, claim: Claim) -> list[Span]:
        """'X said that …', 'X announced the lifting of …', 'a truce announced by X', 'X's call for …'."""
        for k in claim.reading.governors:
            phrases = self._said_by(s, k)
            if phrases:
                return phrases
            if s.kind(k) == "NP" and k != claim.chunk and s.low(k) in self.grammar.roles["speeches"]:
                return self.speech.agent(s, k) or self.speech.owner(s, k)
        return []

    def _of_act(self, s: Structure, claim: Claim) -> list[Span]:
        """'X urges sanctions', 'X declares a truce': acts that are done by saying so."""
        return self._said_by(s, claim.chunk)

    def _said_by(self, s: Structure, k: int) -> list[Span]:
        if s.kind(k) != "VG" or s.lemma(k) not in self.verbs:
            return []
        return self.speech.agent(s, k) if s.chunks[k].passive else self.speech.subject(s, k)

    def _of_sentence(self, s: Structure, claim: Claim) -> list[Span]:
        """'…, X said', '…, said X', 'according to X'."""
        for k, chunk in enumerate(s.chunks):
            if s.low(k) == "according" and s.kind(k + 1) in ("P", "TO") and s.kind(k + 2) == "NP":
                return self.speech.phrases(s, k + 2, len(s.chunks))
            if chunk.kind == "VG" and k > claim.chunk and s.lemma(k) in self.verbs and chunk.form in VOICED:
                before = self.speech.subject(s, k)
                opening = s.at_token(before[0][0]) if before else -1
                if opening > claim.chunk and self.speech.opens(s, opening):
                    return before
                if (named := self._before_apposition(s, k)) > claim.chunk:
                    return self.speech.phrases(s, named, k)
                if self.speech.ends(s, k - 1) and s.kind(k + 1) == "NP":
                    return self.speech.phrases(s, k + 1, len(s.chunks))
        return []

    def _before_apposition(self, s: Structure, k: int) -> int:
        """'…, Ana Rusu, the minister of trade and industry, announced': the name before it; -1 without one."""
        j = k - 2
        while s.kind(k - 1) == "," and s.kind(j) in ("NP", "P", "CC"):
            j -= 1
        is_between = j < k - 2 and s.kind(j) == "," and s.kind(j - 1) == "NP"
        return j - 1 if is_between and self.speech.opens(s, j - 1) else -1

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
                    phrases = self.speech.subject(s, k)
                    if phrases:
                        return self._resolved(s, phrases, claim)
        return None

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
                    found = self.naming.speaker(s, self.speech.phrases(s, k, len(s.chunks)))
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
                found = self.naming.speaker(s, self.speech.phrases(s, k, len(s.chunks)))
                if (found.name or found.title) and found.role not in (Role.UNKNOWN, Role.PERSON):
                    return found
        return None


def _is_outlet(voice: Voice) -> bool:
    return voice.speaker.role is Role.OUTLET
