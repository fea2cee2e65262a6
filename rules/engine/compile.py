"""Rule and lexicon files in, compiled rules out, with every problem of every file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import re2

from rules.document import ClaimPart, RuleDocument, TextPart, parse
from rules.engine.rule import ClaimTest, Rule, digest
from rules.lexicon import SHIPPED, Kind, Lexicon, LexiconDocument, build, inline, read_files, unknown_lexicon
from rules.problems import Problem
from rules.source import Path as Keys
from rules.source import Source, read

PACKS = Path(__file__).parent.parent / "packs"
SHORTEST_LITERAL = 3


@dataclass(slots=True)
class Compiled:
    """What the files hold, as far as it could be compiled."""

    rules: dict[str, Rule] = field(default_factory=dict)
    lexicons: dict[str, Lexicon] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def files_in(places: Iterable[Path]) -> tuple[list[Path], list[Problem]]:
    """YAML files of folders (sorted, recursive) and files themselves; a place that is not there is a problem."""
    files: list[Path] = []
    problems: list[Problem] = []
    for place in places:
        if place.is_dir():
            files += sorted(p for p in place.rglob("*") if p.suffix in (".yml", ".yaml") and p.is_file())
        elif place.is_file():
            files.append(place)
        else:
            problems.append(Problem(str(place), 1, 1, "no such file or folder; check the path"))
    return files, problems


def compile_files(places: Iterable[Path], *, packs: bool) -> Compiled:
    """Compile shipped lexicons, shipped packs (if asked) and the files of `places`, in this order."""
    files, problems = files_in(places)
    shipped, _ = files_in([PACKS] if packs else [])
    shipped_lexicons = [p for p in files_in([SHIPPED])[0] if p.name != "irregular.yml"]
    lexicon_documents, wrong = read_files(shipped_lexicons)
    problems += wrong
    rule_documents: list[tuple[Source, RuleDocument]] = []
    for path in [*shipped, *files]:
        lexical, ruling, wrong = _read_mixed(path)
        lexicon_documents += lexical
        rule_documents += ruling
        problems += wrong
    lexicons, wrong = build(lexicon_documents)
    compiled = Compiled(lexicons=lexicons, problems=problems + wrong)
    for source, document in rule_documents:
        _add(compiled, source, document)
    return compiled


def _read_mixed(
    path: Path,
) -> tuple[list[tuple[Source, LexiconDocument]], list[tuple[Source, RuleDocument]], list[Problem]]:
    """A file may hold rules and lexicons, told apart by their first key."""
    try:
        text = path.read_text("utf8")
    except (OSError, UnicodeDecodeError) as error:
        return [], [], [Problem(str(path), 1, 1, f"cannot be read as UTF-8 text: {error}")]
    sources, problems = read(text, str(path))
    lexical: list[tuple[Source, LexiconDocument]] = []
    ruling: list[tuple[Source, RuleDocument]] = []
    for source in sources:
        is_lexicon = isinstance(source.value, dict) and "lexicon" in source.value
        document, wrong = parse(source, LexiconDocument if is_lexicon else RuleDocument)
        problems += wrong
        if isinstance(document, LexiconDocument):
            lexical.append((source, document))
        elif document is not None:
            ruling.append((source, document))
    return lexical, ruling, problems


def _add(compiled: Compiled, source: Source, document: RuleDocument) -> None:
    before = compiled.rules.get(document.rule)
    if before is not None and before.origin is not None and not before.origin.file.startswith(str(PACKS)):
        compiled.problems.append(
            source.problem(("rule",), f"rule `{document.rule}` exists already ({before.source}); rename one")
        )
        return
    wrong = list(_problems_of(source, document, compiled.lexicons))
    compiled.problems += wrong
    if not wrong:
        place = source.place(())
        compiled.rules[document.rule] = Rule(
            document=document,
            hash=digest(document.model_dump_json(by_alias=True)),
            source=f"{source.file}:{place.line}",
            claims=tuple(_claim_test(part, compiled.lexicons) for part in document.claim),
            origin=source,
        )


def _names(words: Iterable[str] | None, kind: Kind, lexicons: dict[str, Lexicon]) -> frozenset[str]:
    """The names of the lexicons that `words` mean; a plain word gets a lexicon of its own."""
    names = set()
    for word in words or ():
        name = word.removeprefix("$")
        if not word.startswith("$"):
            name = f"{kind}:{word.lower()}"
            lexicons.setdefault(name, inline(word, kind))
        names.add(name)
    return frozenset(names)


def _claim_test(part: ClaimPart, lexicons: dict[str, Lexicon]) -> ClaimTest:
    acts = _names(part.act, "act", lexicons)
    return ClaimTest(
        part=part,
        acts=acts,
        heads=_names(part.object.head, "object", lexicons) if part.object else frozenset(),
        about=_names(part.object.about, "words", lexicons) if part.object else frozenset(),
        unless=_names(part.object.unless, "words", lexicons) if part.object else frozenset(),
        continuers=frozenset(c for a in acts for c in lexicons[a].continuers),
    )


def _problems_of(source: Source, document: RuleDocument, lexicons: Mapping[str, Lexicon]) -> Iterator[Problem]:
    yield from _unknown_names(source, document, lexicons)
    yield from _bad_patterns(source, document)
    if not document.claim and document.text is None:
        yield source.problem(("rule",), "a rule needs `claim` or `text`; add one")
    elif not document.claim and document.maturity != "experimental" and not has_literal(document.text):
        message = (
            f"no word of {SHORTEST_LITERAL} letters or more to search for; add `any` or `all` beside `regex`, "
            "or set `maturity: experimental`"
        )
        yield source.problem(("text",), message)
    yield from _bad_variables(source, document)
    yield from _too_few_tests(source, document)


def has_literal(part: TextPart | None) -> bool:
    """Has `text` words that must occur, long enough to be searched for?"""
    if part is None:
        return False
    sure = [*(part.all or ()), *(part.near.a if part.near else ())]
    groups = [[w] for w in sure] + ([list(part.any)] if part.any else [])
    return any(all(w.startswith("$") or len(w) >= SHORTEST_LITERAL for w in g) for g in groups)


def _text_words(part: TextPart, at: Keys) -> Iterator[tuple[Keys, str]]:
    for key in ("any", "all", "not_"):
        for position, word in enumerate(getattr(part, key) or ()):
            yield (*at, key.rstrip("_"), position), word
    if part.near:
        for side in ("a", "b"):
            for position, word in enumerate(getattr(part.near, side)):
                yield (*at, "near", side, position), word


def _all_words(document: RuleDocument) -> Iterator[tuple[Keys, str]]:
    for number, part in enumerate(document.claim):
        at: Keys = ("claim", number)
        yield from (((*at, "act", i), w) for i, w in enumerate(part.act))
        for key in ("head", "about", "unless"):
            words = getattr(part.object, key) or () if part.object else ()
            yield from (((*at, "object", key, i), w) for i, w in enumerate(words))
    if document.text:
        yield from _text_words(document.text, ("text",))
    for number, unless in enumerate(document.unless):
        yield from _text_words(unless.text, ("unless", number, "text"))


def _unknown_names(source: Source, document: RuleDocument, lexicons: Mapping[str, Lexicon]) -> Iterator[Problem]:
    for keys, word in _all_words(document):
        if word.startswith("$") and word[1:] not in lexicons:
            yield source.problem(_as_written(source, keys), unknown_lexicon(word[1:], lexicons))
        elif not word.strip():
            yield source.problem(_as_written(source, keys), "an empty word; remove it or write a word")


def _as_written(source: Source, keys: Keys) -> Keys:
    """`keys` without the steps that the file leaves out (a lone claim has no index, an object no `head`)."""
    path: Keys = ()
    for key in keys:
        if (*path, key) in source.values:
            path = (*path, key)
    return path


def _bad_patterns(source: Source, document: RuleDocument) -> Iterator[Problem]:
    parts = [(("text", "regex"), document.text)]
    parts += [(("unless", i, "text", "regex"), u.text) for i, u in enumerate(document.unless)]  # type: ignore[misc]
    for keys, part in parts:
        if part is not None and part.regex is not None:
            message = pattern_error(part.regex)
            if message:
                yield source.problem(keys, message)


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
        names |= {p.as_ for p in (part.by, part.on) if p and p.as_}
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
                yield source.problem(_as_written(source, ("emit", key, position)), message)
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
