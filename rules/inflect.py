"""English forms of a verb or noun: regular morphology and a table of irregulars (lexicons/irregular.yml)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_VOWELS = "aeiou"
_SIBILANT = re.compile(r"(s|x|z|ch|sh)$")
# Verbs of more than one syllable that double their last consonant, being stressed at the end (or by custom).
_DOUBLING = re.compile(
    r"(admit|permit|commit|submit|remit|omit|refer|defer|infer|confer|transfer|prefer|occur|recur|incur|deter|"
    r"rebut|abet|regret|allot|cancel|level|expel|repel|compel|propel|dispel|rebel|control|patrol|signal|"
    r"begin|forget|upset|unplug|equip|debar)$"
)


@dataclass(frozen=True, slots=True)
class VerbForms:
    """Forms of one verb; each may have spellings beside each other (cancelled, canceled)."""

    base: str
    third: str
    past: tuple[str, ...]
    participle: tuple[str, ...]
    gerund: tuple[str, ...]


def third_person(verb: str) -> str:
    """lift -> lifts, impose -> imposes, deny -> denies, reach -> reaches, go -> goes."""
    return {"be": "is", "have": "has"}.get(verb) or plural(verb, {})


def plural(noun: str, irregular: Mapping[str, str]) -> str:
    """treaty -> treaties, sanction -> sanctions, embargo -> embargoes; irregular ones by table."""
    if noun in irregular:
        return irregular[noun]
    if noun.endswith("y") and noun[-2:-1] not in _VOWELS:
        return f"{noun[:-1]}ies"
    if _SIBILANT.search(noun) or noun in ("embargo", "veto", "go", "do", "undergo"):
        return f"{noun}es"
    return f"{noun}s"


def _doubles(verb: str) -> bool:
    if _DOUBLING.search(verb):
        return True
    one_syllable = len(re.findall(r"[aeiouy]+", verb)) == 1
    return one_syllable and bool(re.search(r"[^aeiou][aeiou][^aeiouwxy]$", verb))


def _stems(verb: str) -> tuple[str, ...]:
    if not _doubles(verb):
        return (verb,)
    doubled = verb + verb[-1]
    return (doubled, verb) if verb.endswith("l") else (doubled,)


def _regular_past(verb: str) -> tuple[str, ...]:
    if verb.endswith("e"):
        return (f"{verb}d",)
    if verb.endswith("y") and verb[-2:-1] not in _VOWELS:
        return (f"{verb[:-1]}ied",)
    return tuple(f"{s}ed" for s in _stems(verb))


def _gerund(verb: str) -> tuple[str, ...]:
    if verb.endswith("ie"):
        return (f"{verb[:-2]}ying",)
    if verb.endswith("e") and not verb.endswith(("ee", "oe", "ye")) and verb != "be":
        return (f"{verb[:-1]}ing",)
    return tuple(f"{s}ing" for s in _stems(verb))


def verb_forms(verb: str, irregular: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]) -> VerbForms:
    """Every form of a one-word verb. `irregular` maps a base to (past forms, participles)."""
    past, participle = irregular.get(verb, (_regular_past(verb), _regular_past(verb)))
    return VerbForms(verb, third_person(verb), past, participle, _gerund(verb))
