"""What stands between somebody and his verb and is passed over: a charge, an insertion between dashes."""

from __future__ import annotations

from rules.language.amounts import Phrases
from rules.language.words import word_set

_CHARGING = word_set("accuse suspect convict charge blame")
_REACH = 14
"""Chunks looked at."""


def before_inserted(s: Phrases, k: int) -> int:
    """The phrase before a charge or an insertion, where chunk k ends one; k itself where it ends none."""
    return _before_dashes(s, k) if s.kind(k) == "–" else _before_charge(s, k)


def _before_charge(s: Phrases, k: int) -> int:
    """'Two envoys accused of spying were expelled'."""
    is_deed = s.kind(k) == "VG" and s.low(k).endswith("ing") and s.kind(k - 1) == "P"
    is_charge = is_deed and s.kind(k - 2) == "VG" and s.lemma(k - 2) in _CHARGING
    return k - 3 if is_charge and s.kind(k - 3) == "NP" else k


def _before_dashes(s: Phrases, k: int) -> int:
    """'Nine states – among them Norway and Ghana – signed a pact'."""
    opening = next((j for j in range(k - 1, max(0, k - _REACH), -1) if s.kind(j) in ("–", ":", ";")), 0)
    return opening - 1 if s.kind(opening) == "–" and s.kind(opening - 1) == "NP" else k
