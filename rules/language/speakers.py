"""Who asserts a claim: direct, indirect, mixed quotation, 'according to', colon headlines, 'he said' carried over."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from rules.language.claims import Claim
from rules.language.structure import Structure
from rules.language.vocabulary import Grammar
from rules.model import Evidence, Role, Speaker

_PRONOUNS = frozenset({"he", "she", "they", "it", "i", "we"})
_ROLES = (
    ("former", Role.FORMER),
    ("opposition", Role.OPPOSITION),
    ("analyst", Role.ANALYST),
    ("official", Role.OFFICIAL),
    ("company", Role.COMPANY),
    ("person", Role.PERSON),
)
_SIDE_ENDS = frozenset({":", "–"})


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
        self.nearby = nearby
        self.mentions = mentions

    def voice(self, claim: Claim) -> Voice | None:
        """Who asserts `claim`; None when the outlet does."""
        s = claim.structure
        at = self.of_governors(claim) or self.of_sentence(s, claim) or self.of_headline(s, claim)
        if at:
            return self.resolve(s, at, claim)
        return self.carried(claim)

    # -- where the speaker is named ----------------------------------------------------------------------------
    def of_governors(self, claim: Claim) -> list[int]:
        """'X said that …', 'X announced the lifting of …'."""
        s = claim.structure
        for k in (claim.chunk, *claim.reading.governors):
            if s.kind(k) == "VG" and s.lemma(k) in self.grammar.reporting and not s.chunks[k].passive:
                subject = s.subject(k)
                if subject:
                    return self.with_apposition(s, subject, k)
        return []

    def of_sentence(self, s: Structure, claim: Claim) -> list[int]:
        """'…, X said', '…, said X', 'according to X'."""
        for k, chunk in enumerate(s.chunks):
            if (
                chunk.kind == "VG"
                and s.lemma(k) in self.grammar.reporting
                and chunk.form in ("fin", "part")
                and k > claim.chunk
            ):
                before = s.subject(k)
                if before and before[0] > claim.chunk and self.opens(s, before[0]):
                    return self.with_apposition(s, before, k)
                if s.kind(k - 1) == "," and s.kind(k + 1) == "NP":
                    return [k + 1]
            if s.low(k) == "according" and s.kind(k + 1) in ("P", "TO") and s.kind(k + 2) == "NP":
                return [k + 2]
        return []

    def opens(self, s: Structure, k: int) -> bool:
        """Does the phrase open its clause, after a comma or a quote?"""
        if s.kind(k - 1) in (",", "–", "."):
            return True
        start = s.tagged.starts[s.chunks[k].first]
        return any(start - 4 < q < start for q in s.tagged.quotes)

    def with_apposition(self, s: Structure, subject: list[int], k: int) -> list[int]:
        """'Sergey Lavrov, the Russian foreign minister, said': both phrases."""
        first = subject[0]
        if s.kind(first + 1) == "," and s.kind(first + 2) == "NP" and first + 2 < k:
            return [*subject, first + 2]
        return subject

    def of_headline(self, s: Structure, claim: Claim) -> list[int]:
        """'Lavrov: embargo has ended', 'Embargo has ended - Lavrov'."""
        if not s.headline:
            return []
        for k, chunk in enumerate(s.chunks):
            if chunk.kind in _SIDE_ENDS:
                left = [j for j in range(k) if s.kind(j) == "NP"]
                right = [j for j in range(k + 1, len(s.chunks)) if s.kind(j) == "NP"]
                is_bare_right = k < len(s.chunks) - 1 and all(c.kind in ("NP", ".", "P") for c in s.chunks[k + 1 :])
                if claim.chunk > k and k == 1 and left:
                    return left[:1]
                if claim.chunk < k and is_bare_right and len(s.chunks) - k <= 4:
                    return right[:1]
        return []

    def carried(self, claim: Claim) -> Voice | None:
        """A quoted sentence without an attribution of its own has the speaker of its neighbour."""
        number = claim.sentence.number
        if claim.sentence.clean.field == "title" or not claim.structure.tagged.quotes:
            return None
        for neighbour in (number + 1, number - 1, number - 2):
            s = self.nearby(neighbour)
            if s is None:
                continue
            for k, chunk in enumerate(s.chunks):
                if chunk.kind == "VG" and s.lemma(k) in self.grammar.reporting and chunk.form == "fin":
                    subject = s.subject(k)
                    if subject:
                        return self.resolve(s, self.with_apposition(s, subject, k), claim)
        return None

    # -- who that is -------------------------------------------------------------------------------------------
    def resolve(self, s: Structure, at: list[int], claim: Claim) -> Voice | None:
        """The speaker that the phrases name; a pronoun or bare surname is looked up in the article."""
        first, last = s.chunks[at[0]].first, s.chunks[at[0]].last
        cue = (
            claim.sentence.clean.evidence(s.tagged.starts[first], s.tagged.ends[last]) if s is claim.structure else None
        )
        if s.low(at[0]) in _PRONOUNS:
            return self.antecedent(claim)
        speaker = self.described(s, at)
        if speaker.role in (Role.UNKNOWN, Role.PERSON) and speaker.name:
            speaker = self.known(speaker, s) or speaker
        if cue is None:
            cue = claim.sentence.clean.evidence(*claim.span)
        return Voice(speaker, cue)

    def described(self, s: Structure, at: list[int]) -> Speaker:
        """Name, title and role from the words of the phrases themselves."""
        t = s.tagged
        name: list[str] = []
        title = ""
        low: list[str] = []
        for k in at[:2]:
            chunk = s.chunks[k]
            end = chunk.last
            while s.kind(k + 1) == "P" and s.low(k + 1) in ("of", "for") and s.kind(k + 2) == "NP" and not name:
                k += 2
                end = s.chunks[k].last
            low += t.low[chunk.first : end + 1]
            found_title, found_name = self.parts(s, chunk.first, end)
            title = title or found_title
            name = name or found_name
        has_party = any(i in t.parties for k in at for i in range(s.chunks[k].first, s.chunks[k].last + 1))
        role = self.role(low, has_party)
        joined = " ".join(name) or None
        named = bool(name) or (has_party and not set(low) & self.grammar.roles["unnamed"])
        if joined is None and has_party and not title:
            joined = _spelt(s, s.chunks[at[0]].first, s.chunks[at[0]].last)
        return Speaker(joined, title or None, role, named)

    def parts(self, s: Structure, first: int, last: int) -> tuple[str, list[str]]:
        """(title, name) of tokens first to last: 'Russian Foreign Minister' and 'Sergey Lavrov'."""
        t = s.tagged
        end_of_title = first - 1
        i = first
        while i <= last:
            for phrase in self.grammar.titles.get(t.low[i], ()):
                if tuple(t.low[i : i + len(phrase)]) == phrase:
                    end_of_title = i + len(phrase) - 1
                    i = end_of_title
                    break
            i += 1
        title = _spelt(s, first, end_of_title) if end_of_title >= first else ""
        inside = {j for p, (q, party) in t.parties.items() if not party.leader for j in range(p, q + 1)}
        rest = [
            j
            for j in range(end_of_title + 1, last + 1)
            if j not in inside and t.words[j][0].isupper() and t.tags[j] != "D"
        ]
        return title, [t.words[j] for j in rest][:4]

    def role(self, low: list[str], has_party: bool) -> Role:
        """The first class of words that the phrase holds, demotions first."""
        joined = f" {' '.join(low)} "
        for name, role in _ROLES:
            if any(f" {word} " in joined or f" {word}s " in joined for word in self.grammar.roles[name]):
                return role
        return Role.OFFICIAL if has_party else Role.UNKNOWN

    def known(self, speaker: Speaker, home: Structure) -> Speaker | None:
        """The same surname with a title elsewhere in the article."""
        surname = (speaker.name or "").split()[-1]
        for number in self.mentions(surname):
            s = self.nearby(number)
            if s is None or s is home:
                continue
            for k, chunk in enumerate(s.chunks):
                if chunk.kind == "NP" and surname in s.tagged.words[chunk.first : chunk.last + 1]:
                    found = self.described(s, self.with_apposition(s, [k], len(s.chunks)))
                    if found.role not in (Role.UNKNOWN, Role.PERSON):
                        return found
        return None

    def antecedent(self, claim: Claim) -> Voice | None:
        """The last named speaker before the claim's sentence ('he said')."""
        for number in range(claim.sentence.number - 1, max(-1, claim.sentence.number - 5), -1):
            s = self.nearby(number)
            for k, chunk in enumerate(s.chunks if s else ()):
                if s and chunk.kind == "NP" and s.low(k) not in _PRONOUNS:
                    found = self.described(s, [k])
                    if found.name and found.title:
                        return Voice(found, claim.sentence.clean.evidence(*claim.span))
        return None


def _spelt(s: Structure, first: int, last: int) -> str:
    words = s.tagged.words[first : last + 1]
    while words and words[0].lower() in ("the", "a", "an", "his", "her", "its", "their"):
        words = words[1:]
    return " ".join(words).replace(" 's", "'s")
