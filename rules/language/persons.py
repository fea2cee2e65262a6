"""Who a phrase names: name, title and office, from its own words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rules.language.structure import Structure
from rules.language.vocabulary import Grammar
from rules.model import Role, Speaker

_LINKS = frozenset({"of", "for", "to", "at", "with", "on", "and", "in"})
_DETERMINERS = frozenset({"the", "a", "an", "his", "her", "its", "their", "another", "one", "some", "several", "many"})
_BY_WORD = (("outlet", Role.OUTLET), ("analyst", Role.ANALYST), ("company", Role.COMPANY), ("person", Role.PERSON))
_GONE_STATES = frozenset({"soviet", "yugoslav", "colony", "colonial", "republic"})
# 'The official news agency' holds no office.
_OFFICIAL = ("official",)
_MOST_NAMES = 4

Span = tuple[int, int]
"""First and last token of a phrase."""


@dataclass(frozen=True, slots=True)
class Naming:
    """Reads speakers from phrases of sentences."""

    grammar: Grammar

    def speaker(self, s: Structure, phrases: Iterable[Span]) -> Speaker:
        """The speaker that a phrase and its apposition name together: 'Ana Rusu', 'the foreign minister'."""
        read = [self._phrase(s, *self._trimmed(s, *phrase)) for phrase in phrases]
        name = next((n for n, _, _ in read if n), "")
        title = next((t for _, t, _ in read if t), "")
        role = next((r for _, _, r in read if r is not Role.UNKNOWN), Role.UNKNOWN)
        demoted = [r for _, _, r in read if r in (Role.FORMER, Role.OPPOSITION)]
        nobody = self.grammar.roles["unnamed"] | self.grammar.roles["analyst"]
        named = bool(name) or (bool(title) and nobody.isdisjoint(title.lower().split()))
        return Speaker(name or None, title or None, demoted[0] if demoted else role, named and role is not Role.PERSON)

    def _trimmed(self, s: Structure, first: int, last: int) -> Span:
        low = s.tagged.low
        while first < last and (low[first] in _DETERMINERS or not low[first][0].isalnum()):
            first += 1
        while last > first and (low[last] in ("'s", "'") or not low[last][0].isalnum()):
            last -= 1
        return first, last

    def _phrase(self, s: Structure, first: int, last: int) -> tuple[str, str, Role]:
        """(name, title, role) of one phrase."""
        end = self._title_end(s, first, last)
        if end >= first and self._goes_on(s, last):
            end = last
        name = self._name(s, max(end + 1, first), last, titled=end >= first)
        title = spelt(s, first, end) if end >= first else ""
        if not title and not self._all_named(s, first, last, name):
            name, title = (spelt(s, first, last), "") if self._is_party(s, first, last) else ("", spelt(s, first, last))
        return name, title, self._role(s, first, last, bool(name and not title))

    def _goes_on(self, s: Structure, last: int) -> bool:
        """Does a phrase with a title end in a common noun ('the leader of the Tigray region')? Then no name ends it."""
        is_cased = any(word[0].isupper() for word in s.tagged.words)
        return is_cased and not self._capital(s, last) and s.tagged.low[last] not in self.grammar.roles["particles"]

    # -- title and name ----------------------------------------------------------------------------------------
    def _title_end(self, s: Structure, first: int, last: int) -> int:
        """The last token of the title, with 'of …' and 'for …' that belong to it; first - 1 without a title."""
        low, end, i = s.tagged.low, first - 1, first
        while i <= last:
            size = max(
                (len(p) for p in self.grammar.titles.get(low[i], ()) if tuple(low[i : i + len(p)]) == p), default=0
            )
            if (
                size
                and i + size - 1 <= last
                and (i + size - 1 == last or not (end >= first and self._named_between(s, end + 1, i)))
            ):
                end = i + size - 1  # what ends in an office is one: 'Putin aide', 'Economic Policy Council'
            i += max(size, 1)
        return self._of_what(s, end, last) if end >= first else end

    def _named_between(self, s: Structure, first: int, last: int) -> bool:
        """Does a name stand between a title and the next ('Rusu' of 'Prime Minister Rusu spokesman …')?"""
        return any(
            self._capital(s, i) and i not in self._inside(s) and s.tagged.low[i] not in _LINKS
            for i in range(first, last)
        )

    def _of_what(self, s: Structure, end: int, last: int) -> int:
        """'Minister for Foreign Affairs', 'President of the United States': up to where the name begins."""
        tagged, inside, j = s.tagged, self._inside(s), end + 1
        while j <= last and (
            tagged.low[j] in _LINKS
            or tagged.tags[j] in ("D", "POSS")
            or j in inside
            or tagged.low[j] in self.grammar.roles["portfolio"]
            or not self._capital(s, j)
        ):
            if j == end + 1 and tagged.low[j] not in _LINKS:
                break
            j += 1
        if j > end + 1 and j <= last and tagged.low[j - 1] in _LINKS:
            return last  # 'a spokesman for Acme': what is not known is the owner
        return j - 1

    def _name(self, s: Structure, first: int, last: int, titled: bool) -> str:
        tagged, inside, roles = s.tagged, self._inside(s), self.grammar.roles
        small = not any(w[0].isupper() for w in tagged.words)
        chosen: list[int] = []
        for i in range(first, last + 1):
            low = tagged.low[i]
            is_name = self._capital(s, i) or (small and titled and tagged.tags[i] == "N")
            if tagged.tags[i] in ("POSS", "P", "REL") or (chosen and not is_name and low not in roles["particles"]):
                break
            names = is_name and i not in inside and low not in roles["honorifics"] | _DETERMINERS
            if names or (chosen and low in roles["particles"]):
                chosen.append(i)
        return _joined(s, chosen[:_MOST_NAMES])

    def _all_named(self, s: Structure, first: int, last: int, name: str) -> bool:
        """Does the name make up the phrase, save for honorifics?"""
        own = [i for i in range(first, last + 1) if s.tagged.low[i] not in self.grammar.roles["honorifics"]]
        return bool(name) and (
            len(name.replace("-", " ").split()) >= min(len(own), _MOST_NAMES) or not self._lower(s, own)
        )

    def _lower(self, s: Structure, tokens: list[int]) -> bool:
        return any(
            not s.tagged.words[i][0].isupper() and s.tagged.low[i] not in self.grammar.roles["particles"]
            for i in tokens
        )

    def _capital(self, s: Structure, i: int) -> bool:
        return s.tagged.words[i][0].isupper() and s.tagged.tags[i] not in ("D", "PR")

    def _inside(self, s: Structure) -> set[int]:
        """Tokens of parties that are no persons."""
        return {j for p, (q, party) in s.tagged.parties.items() if not party.leader for j in range(p, q + 1)}

    def _is_party(self, s: Structure, first: int, last: int) -> bool:
        return any(p <= first and last <= q for p, (q, _) in s.tagged.parties.items())

    # -- office ------------------------------------------------------------------------------------------------
    def _role(self, s: Structure, first: int, last: int, bare_name: bool) -> Role:
        """The office that the words of a phrase give, demotions first."""
        low = s.tagged.low[first : last + 1]
        joined = f" {' '.join(low)} "
        if self._held("former", joined) and not _GONE_STATES & set(low):
            return Role.FORMER
        if self._held("opposition", joined):
            return Role.OPPOSITION
        held = [title for title in self._officials(low) if f" {' '.join(title)} " in joined]
        if held == [_OFFICIAL] and low[-1] != "official" and self._held("outlet", joined):
            return Role.OUTLET
        official = bool(held) or self._keeps_a_portfolio(low)
        if not official and self._held("outlet", joined):
            return Role.OUTLET
        if not official and self._held("analyst", joined):
            return Role.ANALYST
        if official:
            return Role.OFFICIAL
        return self._by_owner(s, first, last, joined)

    def _keeps_a_portfolio(self, low: list[str]) -> bool:
        """'Secretary for Finance and Planning', 'Migration Secretary Ana Rusu'."""
        if "secretary" not in low:
            return False
        at, portfolio = low.index("secretary"), self.grammar.roles["portfolio"]
        before, link, after = low[max(0, at - 1) : at], low[at + 1 : at + 2], low[at + 2 : at + 3]
        is_for = link in (["for"], ["of"]) and after != ["the"] and not portfolio.isdisjoint(after)
        return is_for or (before != ["general"] and not portfolio.isdisjoint(before))

    def _officials(self, low: list[str]) -> list[tuple[str, ...]]:
        official = self.grammar.roles["official"]
        return [t for w in set(low) for t in self.grammar.titles.get(w, ()) if " ".join(t) in official]

    def _by_owner(self, s: Structure, first: int, last: int, joined: str) -> Role:
        """'A spokesman for the company', 'EU chief Rusu', 'Norway': the office is the owner's."""
        for word in ("company", "person"):
            if self._held(word, joined):
                return Role.COMPANY if word == "company" else Role.PERSON
        parties = [party for p, (_, party) in s.tagged.parties.items() if first <= p <= last]
        if any(party.kind == "company" for party in parties):
            return Role.COMPANY
        is_state = any(party.kind in ("state", "igo") for party in parties)
        speaks = self._held("owned", joined) or self._is_party(s, first, last) or any(p.leader for p in parties)
        if s.tagged.low[last] in self.grammar.nouns["unnamed"]:  # 'European countries'
            return Role.OFFICIAL
        return Role.OFFICIAL if is_state and speaks else Role.UNKNOWN

    def _held(self, role: str, joined: str) -> bool:
        return any(f" {word} " in joined for word in self.grammar.roles[role])


def spelt(s: Structure, first: int, last: int) -> str:
    """The words of tokens first to last as one text, 's at its owner and hyphens kept."""
    return _joined(s, list(range(first, last + 1)))


def _joined(s: Structure, tokens: list[int]) -> str:
    text = ""
    for i in tokens:
        word = s.tagged.words[i]
        glue = "" if not text or word in ("'s", "'") else "-" if i in s.tagged.joined else " "
        text += glue + word
    return text
