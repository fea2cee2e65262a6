"""What ends when an act that carries it on is denied: 'did not extend the ban', 'is no longer bound by the pact'."""

from __future__ import annotations

from dataclasses import replace

from rules.language.claims import Claim
from rules.model import Status

# What is done all the time: not to do it once ends nothing.
_LASTING = frozenset(
    [
        "abide",
        "adhere",
        "comply",
        "bind",
        "participate",
        "take",
        "observe",
        "honour",
        "honor",
        "implement",
        "recognise",
        "recognize",
        "consider",
        "feel",
        "be",
        "belong",
    ]
)


def _lasts(claim: Claim) -> bool:
    """'Does not abide by the pact' breaks it, and only 'no longer abides by it' ends it."""
    chunk = claim.structure.chunks[claim.chunk]
    is_lasting = claim.structure.tagged.lemmas[claim.token] in _LASTING
    return is_lasting and "longer" not in claim.structure.tagged.low[chunk.first : chunk.last + 1]


def ended(claim: Claim, acts: frozenset[str]) -> Claim:
    """'Norway did not extend the embargo': it ended; 'will not extend': it will. Who opposes it ends nothing."""
    own = {link.role for link in claim.reading.links} <= {"negation", "modal", "say", "fact"}
    becomes = {Status.DENIED: Status.DONE, Status.REFUSED: Status.PLANNED}.get(claim.status)
    if becomes is None or not own or _lasts(claim):
        return claim
    return replace(claim, acts=acts, reading=replace(claim.reading, status=becomes))
