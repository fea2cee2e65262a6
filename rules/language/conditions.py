"""Conditions that follow an act: 'agreed to lift it if …', 'will leave unless …'."""

from __future__ import annotations

from rules.language.forms import Link
from rules.language.structure import Structure
from rules.language.words import word_set
from rules.model import Status

# 'Will quit if they return': on such terms parting is a threat.
_PARTING = word_set("leave quit exit withdraw suspend terminate scrap denounce abandon renounce pull walk tear rip")
_WAITING = frozenset({"after", "when", "once", "if"})


def _is_conditional(s: Structure, k: int) -> bool:
    """'agreed to lift the ban if …', '… once a vote is held': does a condition follow in the same sentence?"""
    for j in range(k + 1, len(s.chunks)):
        if s.kind(j) == "SUB" and s.low(j) in ("if", "unless", "once"):
            return True
        if s.chunks[j].form == "inf":
            return False  # 'lifted it, as it had vowed to do if …'
    return False


def condition(s: Structure, k: int, position: int, current: Status) -> Link | None:
    """'Agreed to lift it if …' is conditional, 'agreed to impose it unless they leave' a threat."""
    consents = current is Status.DONE and s.lemma(k) in ("agree", "accept")  # 'agreed to a truce if …'
    if not (consents or current in (Status.AGREED, Status.ANNOUNCED)) or not _is_conditional(s, k):
        return None
    behind = range(k + 1, len(s.chunks))
    disobeys = any(s.low(j) == "unless" or _leaves_undone(s, j) for j in behind)
    return Link(position, "if", Status.THREATENED if disobeys else Status.CONDITIONAL)


def terms(s: Structure, k: int, position: int, current: Status) -> Link | None:
    """What a plan is tied to: 'will leave only after a vote' is conditional, 'will quit if they return' a threat."""
    if current is not Status.PLANNED:
        return None
    if parts_on_terms(s, k):
        return Link(s.chunks[k].first, "if", Status.THREATENED)
    low = s.tagged.low
    waits = any(low[i] == "only" and low[i + 1] in _WAITING for i in range(s.chunks[k].last, len(low) - 1))
    return Link(position, "only", Status.CONDITIONAL) if waits and s.chunks[k].modal else None


def _leaves_undone(s: Structure, k: int) -> bool:
    """'If it does not free them', 'if they fail to leave'."""
    return s.chunks[k].negated or s.lemma(k) in ("fail", "refuse")


def parts_on_terms(s: Structure, k: int) -> bool:
    """'Norway will quit the pact if Ghana joins it': a step that is threatened, not planned."""
    if s.chunks[k].modal not in ("will", "would", "'ll") or s.lemma(k) not in _PARTING:
        return False
    after = (j for j in range(k + 1, len(s.chunks)) if _goes_on_with_another(s, j))
    return s.low(next(after, k)) in ("if", "unless")


def _goes_on_with_another(s: Structure, k: int) -> bool:
    """Does chunk k begin a clause that an 'if' after it may belong to? 'Barring it' and 'which bars it' do not."""
    chunk = s.chunks[k]
    is_aside = s.lemma(k) in s.grammar.reporting or s.relative_before(k) >= 0
    asks = chunk.kind == "VG" and s.low(k + 1) == "if"
    begins = bool(chunk.modal) or (chunk.form == "ger" and s.kind(k - 1) == ",")
    is_side = s.kind(k) == "SUB" and s.low(k) != "that"
    return s.kind(k) == ";" or is_side or asks or (begins and not is_aside)
