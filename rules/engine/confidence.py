"""How sure a match is: a logistic sum over signs of its claim, with weights that anybody can read.

The signs say how the text puts the claim, never which signal or words it is about. `python -m benchmarks._confidence`
learns the weights from labelled items; docs/quality.md shows how the values calibrate.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

from rules.language.claims import Claim
from rules.model import Speaker
from rules.source import read

_WEIGHTS = Path(__file__).with_name("confidence.yml")
_BIAS = "always"
_LONG_TOKENS = 35
_LEAST, _MOST = 0.02, 0.98


def signs_of(claims: Sequence[Claim], speaker: Speaker | None) -> tuple[str, ...]:
    """What bears on how sure the first of the claims is, all of which hold for one rule; sorted."""
    claim = claims[0]
    signs = {_BIAS, f"zone {claim.zone.value}", f"status {claim.status.value}", f"form {claim.form.lower()}"}
    signs.add(f"speaker {speaker.role.value if speaker else 'the outlet'}")
    signs.update(_of_parties(claim))
    signs.update(_of_reading(claim))
    signs.update(_of_text(claim))
    if len({c.sentence.number for c in claims}) > 1:
        signs.add("said in several sentences")
    return tuple(sorted(signs))


def _of_parties(claim: Claim) -> Iterator[str]:
    yield f"parties {min(len(claim.who.parties), 2)}"
    if claim.who.by:
        yield "somebody acts"
    if claim.who.on:
        yield "somebody is acted on"
    if claim.who.placed:
        yield "a mere place"


def _of_reading(claim: Claim) -> Iterator[str]:
    yield f"governors {min(len(claim.reading.governors), 2)}"
    if claim.reading.subordinate:
        yield "side clause"
    if claim.lemma == "new":
        yield "no verb of its own"
    if claim.old_word:
        yield "an old object"
    chunk = claim.structure.chunks[claim.chunk]
    if chunk.passive:
        yield "passive"
    if chunk.modal:
        yield "modal"
    if claim.dated:
        yield "dated"


def _of_text(claim: Claim) -> Iterator[str]:
    tagged = claim.structure.tagged
    if claim.sentence.number > 1:
        yield "third sentence or later"
    if len(tagged.words) > _LONG_TOKENS:
        yield "long sentence"
    if tagged.quotes:
        yield "quotation marks"
    if any(word == ":" for word in tagged.words):
        yield "colon"
    if claim.things and abs(claim.things[0].token - claim.token) > 4:
        yield "act far from object"


@cache
def weights() -> Mapping[str, float]:
    """The shipped weights, by sign."""
    sources, _ = read(_WEIGHTS.read_text("utf8"), _WEIGHTS.name)
    value = sources[0].value
    return {str(sign): float(str(weight)) for sign, weight in value.items()} if isinstance(value, dict) else {}


def weighed(signs: Iterable[str]) -> list[str]:
    """The signs with what each adds to the log odds, heaviest first; those that add nothing are left out."""
    known = [(sign, weights().get(sign, 0.0)) for sign in signs]
    return [f"{sign} {weight:+.2f}" for sign, weight in sorted(known, key=lambda pair: -abs(pair[1])) if weight]


def confidence(signs: Iterable[str]) -> float:
    """The share of right matches among those with these signs, as learned: 0.02 to 0.98."""
    total = sum(weights().get(sign, 0.0) for sign in signs)
    return round(min(max(1 / (1 + math.exp(-total)), _LEAST), _MOST), 3)
