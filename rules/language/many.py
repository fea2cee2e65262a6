"""Whether those before a word are several, so that a bare verb can follow: plurals, groups, who is joined by 'and'."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rules.language.set_phrases import VERBAL
from rules.language.vocabulary import Party
from rules.language.words import Tagged


@dataclass(frozen=True, slots=True)
class Many:
    """Answers for the words of one sentence that have their tags; `inside` holds the tokens of parties."""

    s: Tagged
    inside: Mapping[int, Party]
    headline: bool

    def before(self, i: int) -> bool:
        """Are those many who stand before word i?"""
        j = i - 1
        while j >= 0 and self.s.tags[j] == "ADV":
            j -= 1
        if j < 0:
            return False
        if j > 1 and j in self.inside and self.s.low[j - 1] in ("in", "of", "from"):
            j -= 2  # 'Rival armies in Angola sign truce'
        if self.s.low[j] in ("we", "they", "you", "i"):
            return True
        low = self.s.low[j]
        if self.headline and j in self.inside and self.joined_to(j):
            return True
        coordinated = self.is_coordinated(j)
        return coordinated or (low.endswith("s") and low not in ("us", "s") and self.is_group(j))

    def joined_to(self, j: int) -> bool:
        """'Sanctions on Norway raise …': do many things stand before the preposition before the party at j?"""
        first = next((i for i in range(j, -1, -1) if i not in self.inside), -1)
        is_joined = first > 0 and self.s.tags[first] == "P" and self.s.tags[first - 1] == "N"
        return is_joined and self.s.low[first - 1].endswith("s")

    def is_coordinated(self, j: int) -> bool:
        """Is the noun at j joined to one before it, no verb lying between?"""
        for k in range(j - 1, max(-1, j - 9), -1):
            if self.s.tags[k] in ("CC", ","):
                return True
            if self.s.tags[k] in VERBAL:
                break
        return False

    def is_group(self, j: int) -> bool:
        """Not a name: 'Soviets', 'Houthis' and 'Gulf states' are many, 'Honduras' is one."""
        party = self.inside.get(j)
        return (
            party is None or party.adjective or party.kind == "org" or self.s.low[j - 1 : j + 1] == ["gulf", "states"]
        )
