"""What is wrong with a rule that is well-formed: names nobody defined, patterns that RE2 refuses, too few tests."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter

import re2

from rules.document import RuleDocument, TextPart, UnlessPart
from rules.engine.needs import MOST, SHORTEST, share
from rules.engine.rule import Rule
from rules.engine.wording import surface
from rules.lexicon import Lexicon, unknown_lexicon
from rules.problems import Problem
from rules.source import Path as Keys
from rules.source import Source


def problems_of(source: Source, document: RuleDocument, lexicons: Mapping[str, Lexicon]) -> Iterator[Problem]:
    """Everything that keeps a rule from being compiled."""
    yield from _unknown_names(source, _all_words(document), lexicons)
    own = (p for n, part in enumerate(document.claim) for p in _unless_parts(part.unless, ("claim", n)))
    yield from _bad_patterns(source, [(("text",), document.text), *_unless_parts(document.unless), *own])
    if not document.claim and document.text is None:
        yield source.problem(("rule",), "a rule needs `claim` or `text`; add one")
    yield from _no_anchor(source, document)
    yield from _bad_objects(source, document)
    yield from _bad_owners(source, document)
    yield from _bad_variables(source, document)
    yield from _too_few_tests(source, document)


def problems_of_unless(
    source: Source, unless: tuple[UnlessPart, ...], lexicons: Mapping[str, Lexicon]
) -> Iterator[Problem]:
    """Unknown lexicons and bad patterns of an `unless` list."""
    yield from _unknown_names(source, _unless_words(unless), lexicons)
    yield from _bad_patterns(source, _unless_parts(unless))


def problems_of_way(rule: Rule, rules: Collection[str]) -> Iterator[Problem]:
    """Names in `gives_way` that no rule has, and its own."""
    for number, other in enumerate(rule.document.gives_way):
        if rule.origin and (other not in rules or other == rule.id):
            near = difflib.get_close_matches(other, sorted(set(rules) - {rule.id}), 1, 0.6)
            hint = f"did you mean `{near[0]}`?" if near else "`tocsin rules list` shows the ids"
            yield rule.origin.problem(
                as_written(rule.origin, ("gives_way", number)), f"no other rule is called `{other}`; {hint}"
            )


def problems_of_circles(rules: Mapping[str, Rule]) -> Iterator[Problem]:
    """Rules that give way to one another in a circle, once per circle, where the last loaded of them names the next."""
    order = {id: number for number, id in enumerate(rules)}
    ways = {id: [o for o in rule.document.gives_way if o != id] for id, rule in rules.items()}
    while circle := _circle(ways):
        start = circle.index(max(circle, key=lambda id: order[id]))
        yield from _of_circle(rules[circle[start]], [*circle[start:], *circle[: start + 1]])
        for id in circle:
            del ways[id]


def _circle(ways: Mapping[str, Iterable[str]]) -> list[str]:
    """Some circle of those in `ways`, each once and before the one that it gives way to; empty if there is none."""
    try:
        TopologicalSorter(ways).prepare()
    except CycleError as error:
        circle: list[str] = error.args[1]
        return circle[:0:-1]
    return []


def _of_circle(rule: Rule, circle: list[str]) -> Iterator[Problem]:
    if rule.origin:
        at = as_written(rule.origin, ("gives_way", rule.document.gives_way.index(circle[1])))
        message = f"rules give way in a circle: {' -> '.join(circle)}; where all hold, none would be told: remove one"
        yield rule.origin.problem(at, message)


def _no_anchor(source: Source, document: RuleDocument) -> Iterator[Problem]:
    """A rule that can be searched for by no word would have to be tried on every sentence of every article."""
    if document.claim or document.text is None or document.maturity == "experimental" or has_literal(document.text):
        return
    message = (
        f"no word of {SHORTEST} letters or more, and not too common, to search for; add `any` or `all` beside "
        "`regex`, or set `maturity: experimental`"
    )
    yield source.problem(("text",), message)


def _bad_objects(source: Source, document: RuleDocument) -> Iterator[Problem]:
    for number, part in enumerate(document.claim):
        if part.object and not part.object.head and not part.object.kinds:
            at = as_written(source, ("claim", number, "object"))
            yield source.problem(at, "`object` needs `head` (nouns) or `is` (kinds of party); add one")


def _bad_owners(source: Source, document: RuleDocument) -> Iterator[Problem]:
    for number, part in enumerate(document.claim):
        for key in ("by", "on"):
            party = getattr(part, key)
            if party and party.of and not party.head:
                at = as_written(source, ("claim", number, key, "of"))
                yield source.problem(at, "`of` says whose those of `head` are; add `head`, or write `is`")


def has_literal(part: TextPart | None) -> bool:
    """Has `text` words that must occur, long enough to be searched for?"""
    if part is None:
        return False
    sure = [*(part.all or ()), *(part.near.a if part.near else ())]
    groups = [[w] for w in sure] + ([list(part.any)] if part.any else [])
    return any(all(w.startswith("$") or share(surface(w, {})) <= MOST for w in g) for g in groups)


Word = tuple[Keys, str]


def _text_words(part: TextPart, at: Keys) -> Iterator[Word]:
    for key in ("any", "all", "not_"):
        for position, word in enumerate(getattr(part, key) or ()):
            yield (*at, key.rstrip("_"), position), word
    if part.near:
        for side in ("a", "b"):
            for position, word in enumerate(getattr(part.near, side)):
                yield (*at, "near", side, position), word


def _unless_words(unless: tuple[UnlessPart, ...], at: Keys = ()) -> Iterator[Word]:
    for number, part in enumerate(unless):
        yield from _text_words(part.text, (*at, "unless", number, "text"))


def _unless_parts(unless: tuple[UnlessPart, ...], at: Keys = ()) -> list[tuple[Keys, TextPart | None]]:
    return [((*at, "unless", number, "text"), part.text) for number, part in enumerate(unless)]


_PARTS = (("object", "head"), ("object", "about"), ("object", "unless"), ("by", "head"), ("on", "head"))


def _all_words(document: RuleDocument) -> Iterator[Word]:
    for number, part in enumerate(document.claim):
        at: Keys = ("claim", number)
        yield from (((*at, "act", i), w) for i, w in enumerate(part.act))
        yield from (((*at, "about", i), w) for i, w in enumerate(part.about or ()))
        for key, inner in _PARTS:
            words = getattr(getattr(part, key), inner, None) or ()
            yield from (((*at, key, inner, i), w) for i, w in enumerate(words))
        yield from _unless_words(part.unless, at)
    if document.text:
        yield from _text_words(document.text, ("text",))
    yield from _unless_words(document.unless)


def _unknown_names(source: Source, words: Iterable[Word], lexicons: Mapping[str, Lexicon]) -> Iterator[Problem]:
    for keys, word in words:
        if word.startswith("$") and word[1:] not in lexicons:
            yield source.problem(as_written(source, keys), unknown_lexicon(word[1:], lexicons))
        elif not word.strip():
            yield source.problem(as_written(source, keys), "an empty word; remove it or write a word")


def as_written(source: Source, keys: Keys) -> Keys:
    """`keys` without the steps that the file leaves out (a lone claim has no index, an object no `head`)."""
    path: Keys = ()
    for key in keys:
        if (*path, key) in source.values:
            path = (*path, key)
    return path


def _bad_patterns(source: Source, parts: Iterable[tuple[Keys, TextPart | None]]) -> Iterator[Problem]:
    for keys, part in parts:
        message = pattern_error(part.regex) if part is not None and part.regex is not None else None
        if message:
            yield source.problem(as_written(source, (*keys, "regex")), message)


def pattern_error(pattern: str) -> str | None:
    """Why RE2 refuses a pattern (back-references and look-around have no linear-time meaning), or None."""
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 1 << 20
    try:
        re2.compile(pattern, options)
    except re2.error as error:
        reason = error.args[0].decode("utf8", "replace") if isinstance(error.args[0], bytes) else str(error)
        return f"not an RE2 pattern: {reason}; back-references, look-around and huge repeats are not available"
    return None


def variables_of(document: RuleDocument) -> frozenset[str]:
    """Every name that the rule binds."""
    names = {"object", "act"}
    for part in document.claim:
        names |= {p.as_ for p in (part.by, part.on, part.object) if p and p.as_}
        names |= set(part.parties.as_ if part.parties else ())
    if document.speaker.as_:
        names.add(document.speaker.as_)
    return frozenset(names)


def _bad_variables(source: Source, document: RuleDocument) -> Iterator[Problem]:
    known = variables_of(document)
    for key in ("key", "symmetric"):
        for position, name in enumerate(getattr(document.emit, key) or ()):
            if name not in known:
                message = (
                    f"`{name}` is bound nowhere; bind it with `as: {name}` or use one of {', '.join(sorted(known))}"
                )
                yield source.problem(as_written(source, ("emit", key, position)), message)
    if (document.emit.state is None) != (document.emit.becomes is None):
        yield source.problem(("emit",), "`state` and `becomes` belong together; write both or neither")


def _too_few_tests(source: Source, document: RuleDocument) -> Iterator[Problem]:
    for number, test in enumerate(document.tests):
        given = [k for k in ("hit", "miss", "todo_hit", "todo_miss") if getattr(test, k) is not None]
        if len(given) != 1:
            yield source.problem(("tests", number), "a test has exactly one of hit, miss, todo_hit, todo_miss")
    hits = sum(t.hit is not None for t in document.tests)
    misses = sum(t.miss is not None for t in document.tests)
    if document.maturity == "stable" and (hits < 1 or misses < 2):
        yield source.problem(("tests",), "a stable rule needs at least one hit and two misses under `tests`")
