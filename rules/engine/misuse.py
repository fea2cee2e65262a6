"""What would never match, though it is well-formed: lexicons in each other's place, names for ids, forms for verbs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

from rules.document import ClaimPart, RuleDocument
from rules.engine.verify import as_written
from rules.language.vocabulary import grammar, names_of_parties
from rules.lexicon import Lexicon
from rules.problems import Problem
from rules.source import Path as Keys
from rules.source import Source

_THINGS = (("object", "head"), ("by", "head"), ("on", "head"))
# Bases of their own as well: to ground planes, to found a party.
_BASES_TOO = frozenset({"ground", "found", "fell", "bound", "wound", "saw"})
_MEANT = {"act": "acts", "object": "things", "words": "words for `about`, `text` and `unless`"}


def misused(source: Source, document: RuleDocument, lexicons: Mapping[str, Lexicon]) -> Iterator[Problem]:
    """Everything in a rule's claims that cannot mean what its place asks for."""
    for number, part in enumerate(document.claim):
        at: Keys = ("claim", number)
        for keys, word, kind in _words(part):
            message = _misplaced(word, kind, lexicons) or (_no_verb(word) if kind == "act" else "")
            if message:
                yield source.problem(as_written(source, (*at, *keys)), message)
        for keys, name in _names(part):
            if message := _no_party(name):
                yield source.problem(as_written(source, (*at, *keys)), message)


def _words(part: ClaimPart) -> Iterator[tuple[Keys, str, str]]:
    """(where, word, the kind of lexicon that belongs there)."""
    yield from ((("act", i), word, "act") for i, word in enumerate(part.act))
    for key, inner in _THINGS:
        words = getattr(getattr(part, key), inner, None) or ()
        yield from (((key, inner, i), word, "object") for i, word in enumerate(words))


def _names(part: ClaimPart) -> Iterator[tuple[Keys, str]]:
    for key in ("by", "on"):
        party = getattr(part, key)
        names = (party.name or ()) if party else ()
        yield from (((key, "name", i), name) for i, name in enumerate(names))


def _misplaced(word: str, kind: str, lexicons: Mapping[str, Lexicon]) -> str:
    lexicon = lexicons.get(word.removeprefix("$")) if word.startswith("$") else None
    if lexicon is None or lexicon.kind == kind:
        return ""
    return f"`{word}` lists {_MEANT[lexicon.kind]}; here belongs a lexicon of {_MEANT[kind]} (`tocsin rules words`)"


def _no_verb(word: str) -> str:
    """A verb is written as its base form; 'to', 'not' and 'will' are read from the text."""
    first, _, rest = word.lower().partition(" ")
    if rest and (first == "to" or grammar().closed.get(first) in ("M", "NEG")):
        return f"`{word}` is no verb; write `{rest}` (what `status` asks for is read from the text)"
    forms = dict(grammar().verbs.get(first, ()))
    base = forms.get("VBD") or forms.get("VBN") or ""
    if base and first not in _BASES_TOO and not {"VB", "VBG"} & set(forms):
        return f"`{word}` is a past form; write `{' '.join(filter(None, (base, rest)))}`, and every form is found"
    return ""


@cache
def _ids() -> Mapping[str, str]:
    """Names of parties in lower case, and their ids themselves, to their ids."""
    parties = list(names_of_parties())
    return {" ".join(name): party.id for party, name in parties if not party.adjective} | {
        party.id.lower(): party.id for party, _ in parties
    }


def _no_party(name: str) -> str:
    """Names are ids: a state's ISO 3166-1 alpha-2 code, a body's short name."""
    known = _ids().get(name.lower())
    if known == name or (known is None and name.isupper()):
        return ""
    return f"`{name}` is no id of a party; write " + (f"`{known}`" if known else "a code such as IR, EU or UNSC")
