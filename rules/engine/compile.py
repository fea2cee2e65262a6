"""Rule, lexicon and filter files in, compiled rules out, with every problem of every file."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel

from rules.document import ClaimPart, FilterDocument, RuleDocument, parse
from rules.engine.filters import Filter, filtered, problems_of_filter
from rules.engine.misuse import misused
from rules.engine.needs import anchored
from rules.engine.rule import ClaimTest, Rule, digest
from rules.engine.verify import as_written, problems_of, problems_of_circles, problems_of_way
from rules.family import members
from rules.lexicon import SHIPPED, Kind, Lexicon, LexiconDocument, build, inline, read_files
from rules.problems import Problem, text_of
from rules.source import Source, read

PACKS = Path(__file__).parent.parent / "packs"
_SHIPPED_PACKS = str(PACKS)


@dataclass(slots=True)
class Compiled:
    """What the files hold, as far as it could be compiled."""

    rules: dict[str, Rule] = field(default_factory=dict)
    lexicons: dict[str, Lexicon] = field(default_factory=dict)
    filters: list[Filter] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


@dataclass(slots=True)
class Documents:
    """Well-formed documents of some files, by kind, each with its source."""

    rules: list[tuple[Source, RuleDocument]] = field(default_factory=list)
    lexicons: list[tuple[Source, LexiconDocument]] = field(default_factory=list)
    filters: list[tuple[Source, FilterDocument]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def files_in(places: Iterable[Path]) -> tuple[list[Path], list[Problem]]:
    """YAML files of folders (sorted, recursive) and files themselves. What cannot be looked into, leads nowhere or is
    not there is a problem.
    """
    files: list[Path] = []
    problems: list[Problem] = []
    for place in places:
        if place.is_dir():
            files += sorted(_files_below(place, problems))
        elif place.is_file():
            files.append(place)
        else:
            problems.append(Problem(str(place), 1, 1, "no such file or folder; check the path"))
    return files, problems


def _files_below(folder: Path, problems: list[Problem]) -> Iterator[Path]:
    """Names with a dot in front are passed over: editors leave such, a mounted ConfigMap has each file there again."""

    def refused(error: OSError) -> None:
        problems.append(_unread(error.filename, f"cannot be read: {error.strerror}; correct who may read it"))

    for above, folders, names in os.walk(folder, onerror=refused):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for path in (Path(above, name) for name in names if name.endswith((".yml", ".yaml")) and name[0] != "."):
            if path.is_file():
                yield path
            else:
                problems.append(_unread(path, "is a link that leads nowhere, or no regular file; remove or mend it"))


def _unread(path: object, why: str) -> Problem:
    return Problem(str(path), 1, 1, why)


def compile_files(places: Iterable[Path], *, packs: bool) -> Compiled:
    """Compile shipped lexicons, shipped packs (if asked) and the files of `places`, in this order."""
    files, problems = files_in(places)
    shipped, _ = files_in([PACKS] if packs else [])
    found = Documents(problems=problems)
    found.lexicons, wrong = read_files([p for p in files_in([SHIPPED])[0] if p.name != "irregular.yml"])
    problems += wrong
    for path in [*shipped, *files]:
        _read(path, found)
    lexicons, wrong = build(found.lexicons)
    compiled = Compiled(lexicons=lexicons, problems=problems + wrong)
    compiled.filters = [Filter(source, document) for source, document in found.filters]
    for source, document in found.rules:
        _add(compiled, source, document)
    for each in compiled.filters:
        compiled.problems += problems_of_filter(each, compiled.rules, lexicons)
    for rule in compiled.rules.values():
        compiled.problems += problems_of_way(rule, compiled.rules)
    compiled.problems += problems_of_circles(compiled.rules)
    return compiled


def _read(path: Path, found: Documents) -> None:
    """Add the documents of a file, which may hold all kinds, told apart by their first key."""
    text = text_of(path)
    if isinstance(text, Problem):
        found.problems.append(text)
        return
    sources, wrong = read(text, str(path))
    found.problems += wrong
    for source in sources:
        _read_document(source, found)


def _read_document(source: Source, found: Documents) -> None:
    model = _model(source)
    same, wrong = members(source) if model is RuleDocument else ([source], [])
    found.problems += wrong
    for member in same:
        document, wrong = parse(member, model)
        found.problems += wrong
        if isinstance(document, LexiconDocument):
            found.lexicons.append((member, document))
        elif isinstance(document, FilterDocument):
            found.filters.append((member, document))
        elif document is not None:
            found.rules.append((member, document))
        if wrong:
            break  # what is wrong with one member of a family is wrong with all


def _model(source: Source) -> type[BaseModel]:
    keys = source.value if isinstance(source.value, dict) else {}
    return LexiconDocument if "lexicon" in keys else FilterDocument if "filter" in keys else RuleDocument


def _add(compiled: Compiled, source: Source, document: RuleDocument) -> None:
    before = compiled.rules.get(document.rule)
    if before is not None and before.origin is not None and not before.origin.file.startswith(_SHIPPED_PACKS):
        compiled.problems.append(
            source.problem(("rule",), f"rule `{document.rule}` exists already ({before.source}); rename one")
        )
        return
    wrong = [*problems_of(source, document, compiled.lexicons), *misused(source, document, compiled.lexicons)]
    compiled.problems += wrong
    if not wrong:
        rule = compiled.rules[document.rule] = _compiled(source, document, compiled)
        compiled.problems += _unanchored(source, rule, compiled.lexicons)


def _unanchored(source: Source, rule: Rule, lexicons: dict[str, Lexicon]) -> Iterator[Problem]:
    if rule.maturity != "experimental":
        for test in rule.claims:
            if not anchored(test, lexicons):
                message = (
                    "only very common words to search for; name an `object`, or words with `about`, "
                    "or set `maturity: experimental`"
                )
                yield source.problem(as_written(source, ("claim", test.number, "act")), message)


def _compiled(source: Source, document: RuleDocument, compiled: Compiled) -> Rule:
    document, by = filtered(document, compiled.filters)
    place = source.place(())
    return Rule(
        document=document,
        hash=digest(document.model_dump_json(by_alias=True)),
        source=f"{source.file}:{place.line}",
        claims=tuple(_claim_test(n, part, compiled.lexicons) for n, part in enumerate(document.claim)),
        origin=source,
        filters=by,
    )


def _names(words: Iterable[str] | None, kind: Kind, lexicons: dict[str, Lexicon], mark: str = "") -> frozenset[str]:
    """The names of the lexicons that `words` mean; a plain word gets a lexicon of its own."""
    names = set()
    for word in words or ():
        name = word.removeprefix("$")
        if not word.startswith("$"):
            name = f"{mark or kind}:{word.lower()}"
            if name not in lexicons:
                lexicons[name] = inline(word, kind, both=mark != _TRANSITIVE)
        names.add(name)
    return frozenset(names)


_TRANSITIVE = "verb"
"""A verb of a rule whose object is a party or is not asked for: the subject of 'Norway recognises' is no object."""


def _claim_test(number: int, part: ClaimPart, lexicons: dict[str, Lexicon]) -> ClaimTest:
    thing = part.object
    acts = _names(part.act, "act", lexicons, "act" if thing and not thing.kinds else _TRANSITIVE)
    return ClaimTest(
        number=number,
        part=part,
        acts=acts,
        heads=_names(thing.head, "object", lexicons) if thing else frozenset(),
        about=_names(thing.about, "words", lexicons) if thing else frozenset(),
        matter=_names(part.about, "words", lexicons),
        unless=_names(thing.unless, "words", lexicons) if thing else frozenset(),
        continuers=frozenset(c for a in acts for c in lexicons[a].continuers),
        actors=_names(part.by.head, "object", lexicons) if part.by else frozenset(),
        targets=_names(part.on.head, "object", lexicons) if part.on else frozenset(),
    )
