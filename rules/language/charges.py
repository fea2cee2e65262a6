"""What somebody is charged with, between him and his verb: 'two envoys accused of spying were expelled'."""

from __future__ import annotations

from rules.language.amounts import Phrases
from rules.language.words import word_set

_CHARGING = word_set("accuse suspect convict charge blame")


def before_charge(s: Phrases, k: int) -> int:
    """The phrase before 'accused of spying', where chunk k ends such a charge; k itself where it ends none."""
    is_deed = s.kind(k) == "VG" and s.low(k).endswith("ing") and s.kind(k - 1) == "P"
    is_charge = is_deed and s.kind(k - 2) == "VG" and s.lemma(k - 2) in _CHARGING
    return k - 3 if is_charge and s.kind(k - 3) == "NP" else k
