"""Named lists of words with their inflections generated: what rules refer to as `$name`.

A site adds lexicons of its own and may append to, or replace, a shipped one (`override: append | replace`).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field, StrictBool

from rules.document import parse
from rules.inflect import act_nouns, is_act_noun, plural, spellings, verb_forms
from rules.problems import Problem, RuleErrors
from rules.shape import Part, SomeWords
from rules.source import Source, read

SHIPPED = Path(__file__).parent / "lexicons"
LIBRARY = SHIPPED / "library"
"""Wide lists for the rules of sites."""
Kind = Literal["act", "object", "words"]
Pos = Literal["verb", "noun", "adjective", "word"]


class LexiconDocument(Part):
    """One lexicon as written. Words are base forms; a phrase inflects its first word (verbs) or last word (nouns)."""

    lexicon: str = Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=80, description="its name: rules write $name")
    kind: Kind = Field(
        default="words", description="act: what is done; object: to what; words: for about, text, unless"
    )
    description: str = Field(default="", description="for people")
    override: Literal["append", "replace"] | None = Field(
        default=None, description="for a name that exists already: add to it, or stand in its place"
    )
    include: SomeWords = Field(default=(), description="other lexicons whose words are in this one: [$embargo]")
    verbs: SomeWords = Field(default=(), description="act: what is acted on is the verb's object (lift, phase out)")
    intransitive: SomeWords = Field(default=(), description="act: it is the verb's subject (expire, lapse)")
    nouns: SomeWords = Field(default=(), description="act: removal, end; object: embargo, travel ban")
    adjectives: SomeWords = Field(default=(), description="words that do not inflect")
    words: SomeWords = Field(default=(), description="any words, exactly as written, plus their plural")
    absence: StrictBool = Field(default=False, description="act: 'there is no X' says that it has happened to X")
    bare: StrictBool = Field(
        default=False, description="act: the object alone may say it ('new sanctions', 'calls for sanctions')"
    )
    maker: str = Field(
        default="",
        description="object: the state (ISO 3166-1 alpha-2) that makes these things and shares in their sale",
    )
    opposites: SomeWords = Field(default=(), description="act: what undoes it (impose for lift)")
    continuers: SomeWords = Field(default=(), description="acts that carry the state on (extend); denied, they end it")
    excludes: SomeWords = Field(default=(), description="phrases in which a word of this list means something else")


@dataclass(frozen=True, slots=True, order=True)
class Form:
    """One surface form: its words in lower case, and what it is a form of."""

    words: tuple[str, ...]
    pos: Pos
    tag: str
    lemma: str
    transitive: bool = True
    maker: str = ""
    """The state whose thing it is ('Rafale'), '' for none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lexicon:
    """A list ready for use: `forms` holds those of included lists too."""

    name: str
    kind: Kind
    forms: tuple[Form, ...]
    description: str = ""
    absence: bool = False
    bare: bool = False
    opposites: tuple[str, ...] = ()
    continuers: tuple[str, ...] = ()
    excludes: tuple[tuple[str, ...], ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        """Its words as written, sorted, each once."""
        return tuple(sorted({form.lemma for form in self.forms}))


@cache
def _shipped_table() -> Mapping[str, Mapping[str, str]]:
    path = SHIPPED / "irregular.yml"
    sources, problems = read(path.read_text("utf8"), path.name)
    value = sources[0].value if sources and not problems else None
    if not isinstance(value, dict):
        raise RuleErrors(problems)
    return {name: {str(k): str(v) for k, v in part.items()} for name, part in value.items()}


@cache
def irregular() -> tuple[Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]], Mapping[str, str]]:
    """Irregular verbs (base to pasts and participles) and plurals, from lexicons/irregular.yml."""
    return {k: _principal_parts(v) for k, v in _shipped_table()["verbs"].items()}, _shipped_table()["plurals"]


@cache
def nominals() -> Mapping[str, tuple[str, ...]]:
    """Verbs to the nouns of their act, from lexicons/irregular.yml."""
    return {k: tuple(v.split("/")) for k, v in _shipped_table()["nominals"].items()}


def _principal_parts(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    past, participle = (text.split() * 2)[:2]
    return tuple(past.split("/")), tuple(participle.split("/"))


def verb_surface(phrase: str, transitive: bool = True) -> Iterator[Form]:
    """Every form of a verb or particle verb ('phase out' inflects its first word)."""
    first, *rest = phrase.lower().split()
    forms = verb_forms(first, irregular()[0])
    tagged = [("VB", forms.base), ("VBZ", forms.third), *(("VBG", g) for g in forms.gerund)]
    tagged += [("VBD", p) for p in forms.past] + [("VBN", p) for p in forms.participle]
    for tag, word in tagged:
        yield Form((word, *rest), "verb", tag, phrase, transitive)


def noun_surface(phrase: str) -> Iterator[Form]:
    """Singular and plural; the plural falls on the last word before a preposition ('breach of contract')."""
    words = phrase.lower().replace("-", " ").replace("'", " ").split()
    yield Form(tuple(words), "noun", "NN", phrase)
    head = next((i - 1 for i, w in enumerate(words) if i and w in ("of", "in", "on", "for", "to")), len(words) - 1)
    yield Form((*words[:head], plural(words[head], irregular()[1]), *words[head + 1 :]), "noun", "NNS", phrase)


def word_surface(phrase: str, tag: str = "W") -> Iterator[Form]:
    """The words as they stand (hyphens part words, as they do in text)."""
    yield Form(tuple(phrase.lower().replace("-", " ").replace("'", " ").split()), "word", tag, phrase)


def _own_forms(document: LexiconDocument) -> set[Form]:
    forms = {f for v in document.verbs for f in verb_surface(v)}
    forms |= {f for v in document.intransitive for f in verb_surface(v, transitive=False)}
    forms |= {f for n in document.nouns for f in noun_surface(n)}
    forms |= {f for w in document.words for f in (*word_surface(w), *noun_surface(w))}
    forms = {replace(f, maker=document.maker) for f in forms} if document.maker else forms
    return forms | {replace(f, pos="adjective") for a in document.adjectives for f in word_surface(a, "JJ")}


def inline(word: str, kind: Kind, *, both: bool = True) -> Lexicon:
    """The lexicon of a word that a rule names without `$`, in both spellings (recognise, recognize).

    An act gets its noun too (recognise: recognition); `both` says that the verb's subject may be what it is done to
    ("the camp closes").
    """
    forms = {f for w in spellings(word) for f in _inline_forms(w, kind, both)}
    return Lexicon(name=word, kind=kind, forms=tuple(sorted(forms)))


def _inline_forms(word: str, kind: Kind, both: bool) -> Iterator[Form]:
    if kind == "words":
        yield from word_surface(word)
    if kind != "act":
        yield from noun_surface(word)
        return
    if not is_act_noun(word):
        yield from (f for t in ((True, False) if both else (True,)) for f in verb_surface(word, t))
    for noun in (word,) if is_act_noun(word) else act_nouns(word, nominals()):
        yield from noun_surface(noun)


def read_files(files: Iterable[Path]) -> tuple[list[tuple[Source, LexiconDocument]], list[Problem]]:
    """Every lexicon document in `files`, in order, and what is wrong with the others."""
    found: list[tuple[Source, LexiconDocument]] = []
    problems: list[Problem] = []
    for path in files:
        sources, wrong = read(path.read_text("utf8", errors="replace"), str(path))
        problems += wrong
        for source in sources:
            document, wrong = parse(source, LexiconDocument)
            problems += wrong
            if document:
                found.append((source, document))
    return found, problems


def build(documents: Iterable[tuple[Source, LexiconDocument]]) -> tuple[dict[str, Lexicon], list[Problem]]:
    """Lexicons by name, includes and overrides resolved; circular or unknown includes are problems."""
    documents = tuple(documents)
    merged, problems = _merge(documents)
    problems += [p for s, d in documents for p in _bad_references(s, d, merged)]
    same: dict[Form, Form] = {}  # a form that several lists have is kept once
    own = {name: {same.setdefault(f, f) for f in _own_forms(d)} for name, (_, d) in merged.items()}
    lexicons: dict[str, Lexicon] = {}
    for name, (source, document) in merged.items():
        circle = _circle(name, merged)
        if circle:
            problems.append(source.problem(("include",), f"circular include: {' -> '.join(circle)}; remove one"))
            continue
        names = _members(name, merged)
        members = [merged[m][1] for m in names]
        lexicons[name] = Lexicon(
            name=name,
            kind=document.kind,
            forms=tuple(sorted(set().union(*(own[m] for m in names)))),
            description=document.description,
            absence=any(m.absence for m in members),
            bare=any(m.bare for m in members),
            opposites=tuple(o.removeprefix("$") for o in document.opposites),
            continuers=tuple(c.removeprefix("$") for m in members for c in m.continuers),
            excludes=tuple(tuple(e.lower().replace("-", " ").split()) for m in members for e in m.excludes),
        )
    return lexicons, problems


_Merged = dict[str, tuple[Source, LexiconDocument]]


def _merge(documents: Iterable[tuple[Source, LexiconDocument]]) -> tuple[_Merged, list[Problem]]:
    merged: _Merged = {}
    problems: list[Problem] = []
    for source, document in documents:
        before = merged.get(document.lexicon)
        if before and document.override == "append":
            merged[document.lexicon] = (source, _appended(before[1], document))
        elif before and document.override is None and not _is_library(before[0]):
            message = f"lexicon `{document.lexicon}` exists ({before[0].file}); add `override: append` or `replace`"
            problems.append(source.problem(("lexicon",), message))
        else:
            merged[document.lexicon] = (source, document)
    return merged, problems


def _is_library(source: Source) -> bool:
    """Is it one of the lists that no shipped rule uses? A site's own of that name stands in its place."""
    return Path(source.file).is_relative_to(LIBRARY)


def _appended(old: LexiconDocument, new: LexiconDocument) -> LexiconDocument:
    lists = ("include", "verbs", "intransitive", "nouns", "adjectives", "words", "opposites", "continuers", "excludes")
    joined = {name: (*getattr(old, name), *getattr(new, name)) for name in lists}
    return old.model_copy(update={**joined, "absence": old.absence or new.absence, "bare": old.bare or new.bare})


def entering(lexicon: Lexicon) -> bool:
    """Is it an act that one does by entering into its object, so that who is 'in' it has done it?"""
    return any(form.words == ("enter", "into") for form in lexicon.forms)


def unknown_lexicon(name: str, known: Iterable[str]) -> str:
    """The message for a `$name` that nobody defined."""
    near = difflib.get_close_matches(name, sorted(known), 1, 0.6)
    return f"unknown lexicon `${name}`; " + (f"did you mean `${near[0]}`?" if near else "define it in a lexicon file")


def _bad_references(source: Source, document: LexiconDocument, merged: _Merged) -> Iterator[Problem]:
    for key in ("include", "opposites", "continuers"):
        for position, name in enumerate(getattr(document, key)):
            if name.removeprefix("$") not in merged:
                yield source.problem((key, position), unknown_lexicon(name.removeprefix("$"), merged))


def _members(name: str, merged: _Merged) -> list[str]:
    order: list[str] = []
    todo = [name]
    while todo:
        current = todo.pop(0)
        if current in merged and current not in order:
            order.append(current)
            todo += [i.removeprefix("$") for i in merged[current][1].include]
    return order


def _circle(name: str, merged: _Merged) -> list[str]:
    """The way from `name` back to itself over includes; empty when there is none."""
    ways = [[name]]
    seen: set[str] = set()
    while ways:
        way = ways.pop()
        for step in merged[way[-1]][1].include:
            target = step.removeprefix("$")
            if target == name:
                return [*way, name]
            if target in merged and target not in seen:
                seen.add(target)
                ways.append([*way, target])
    return []
