"""Phrases that only say how much of a thing, or which side of it: what is meant comes behind a preposition."""

from __future__ import annotations

from typing import Protocol

from rules.language.words import word_set

_MONEY = word_set(
    "million billion trillion crore m mln bn tn dollars dlrs euros pounds francs yen yuan rupees kroner kronor dirhams"
)
_QUANTITY = word_set(
    "number series package round raft set some all most many part parts half lot range rest majority several "
    "any none pair array string dozens dozen hundreds thousands batch tranche supply wave slew couple type "
    "rounds fleet shipment shipments consignment squadron kind sort form portion bulk group variety each one "
    "slate host spate barrage flurry bevy swathe salvo combination mix two three hours days weeks months years decades "
    "system web network regime programme program architecture "
    "stock stocks stockpile stockpiles"
)
_PARTAKING = word_set(
    "participation membership involvement compliance obligations obligation implementation commitment "
    "commitments role observance terms provisions limits requirements"
)
_SIDES = word_set(
    "issue issues prospect prospects aspect aspects question questions matter matters possibility possibilities area "
    "areas avenues opportunities options state progress"
)
_STAGES = frozenset({"stage", "phase"})
_SETTLING = frozenset({"agree", "sign", "reach", "clinch", "seal", "announce", "approve", "strike"})
_DISCUSSING = frozenset({"discuss", "review", "explore", "address", "examine", "study", "consider", "assess"})


class Phrases(Protocol):
    """The chunks of a sentence, by number."""

    def kind(self, k: int) -> str:
        """The kind of a chunk."""

    def low(self, k: int) -> str:
        """The head of a chunk in lower case."""

    def lemma(self, k: int) -> str:
        """The lemma of a chunk's head."""

    def is_number(self, k: int) -> bool:
        """Is the head of a chunk a number?"""


def meant(s: Phrases, k: int) -> int:
    """The phrase that phrase k only measures; k itself where it is meant."""
    while s.kind(joint := _past_value(s, k)) == "P" and s.kind(joint + 1) == "NP":
        if not _says_how_much(s, k, s.low(joint)) and not _says_which_side(s, k, s.low(joint)):
            break
        k = joint + 1
    return k


def _past_value(s: Phrases, k: int) -> int:
    """'$2 million worth of tanks', 'C$6 million ($5 million) in aid': the chunk after an amount and its value."""
    if s.low(k) not in _MONEY:
        return k + 1
    return k + 1 + (s.low(k + 1) == "worth" and s.low(k + 2) == "of")


def _says_how_much(s: Phrases, k: int, preposition: str) -> bool:
    """'Most of the sanctions', '1 of 5 hostages', '$2 billion in aid', 'participation in the treaty'."""
    word = s.low(k)
    if preposition == "of" and (word in _QUANTITY or s.is_number(k)):
        return True
    if word in _MONEY:
        return preposition in ("in", "of", "worth")
    if word in _STAGES and preposition == "of":
        return not _SETTLING.isdisjoint((s.lemma(k - 1), s.lemma(k - 2)))  # 'agree on the first stage of a pact'
    return word in _PARTAKING and preposition in ("in", "of", "with", "under", "from")


def _says_which_side(s: Phrases, k: int, preposition: str) -> bool:
    """'Discussed issues of cooperation', 'reviewed the prospects for a sale': what is behind is talked about."""
    is_discussed = s.kind(k - 1) == "VG" and s.lemma(k - 1) in _DISCUSSING
    return is_discussed and s.low(k) in _SIDES and preposition in ("of", "for", "concerning")
