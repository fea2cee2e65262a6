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
    r"annul|travel|fuel|label|model|quarrel|channel|fulfil|enrol|marshal|"
    r"initial|begin|forget|upset|unplug|equip|debar)$"
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
    verb = verb.replace("qu", "q")  # 'quitting': the u is no vowel of its own
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


_ACT_NOUN = re.compile(r"(tion|sion|ment|ance|ence|ture|sure|sis|age|ery|ship|ity|down|over|off|out|back)$")
_ISE = re.compile(r"(.{3,}[iy])([sz])(e|ed|es|ing|ation|ations)\Z")
_ONE_SPELLING = re.compile(
    r"(pra|pro|prem|promi?|adv|dev|rev|superv|telev|compr|comprom|surpr|exerc|cru|bru|expert|enterpr|franch|prec|disgu|"
    r"improv|merchand|parad|caps|treat|likew|otherw|no|po|ar)i[sz]\Z"
)


def spellings(phrase: str) -> tuple[str, ...]:
    """A phrase with its British and American spellings beside it: recognise and recognize, defence and defense."""
    words = phrase.split()
    other = " ".join(_respelt(word) for word in words)
    return (phrase,) if other == phrase else (phrase, other)


_PAIRS = {
    "defence": "defense", "offence": "offense", "licence": "license", "programme": "program", "centre": "center",
    "labour": "labor", "harbour": "harbor", "armour": "armor", "neighbour": "neighbor", "favour": "favor",
    "honour": "honor", "theatre": "theater", "fulfil": "fulfill", "enrol": "enroll", "armoured": "armored",
}  # fmt: skip
_RESPELT = {**_PAIRS, **{b: a for a, b in _PAIRS.items()}}


def _respelt(word: str) -> str:
    if word in _RESPELT:
        return _RESPELT[word]
    found = _ISE.match(word)
    if not found or _ONE_SPELLING.match(found[1] + found[2]):
        return word
    return f"{found[1]}{'z' if found[2] == 's' else 's'}{found[3]}"


def is_act_noun(word: str) -> bool:
    """Does a word that a rule gives as an act look like a noun (recognition, closure, crackdown)?"""
    return " " not in word and bool(_ACT_NOUN.search(word))


_DERIVED = (
    ("ify", "ification"), ("ise", "isation"), ("ize", "ization"), ("ate", "ation"), ("duce", "duction"),
    ("scribe", "scription"), ("ceive", "ception"), ("pose", "position"), ("vene", "vention"), ("pel", "pulsion"),
)  # fmt: skip


def act_nouns(verb: str, known: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The nouns of a verb's act: by table (close: closure), else by its ending (nominate: nomination); () for none."""
    if verb in known:
        return known[verb]
    return next(((verb.removesuffix(end) + noun,) for end, noun in _DERIVED if verb.endswith(end)), ())
