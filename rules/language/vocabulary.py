"""What the analysis knows of words: closed classes, verbs, governors, parties, titles, and the rules' lexicons."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from rules.inflect import plural
from rules.language.hits import FormIndex, Hit
from rules.lexicon import Lexicon, irregular, verb_surface
from rules.problems import RuleErrors
from rules.source import read

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True, slots=True)
class Party:
    """A state, body, armed group or company. `id` is canonical (ISO 3166-1 alpha-2 for states)."""

    id: str
    kind: str
    adjective: bool = False
    capital: bool = False
    leader: bool = False
    home: str = ""
    """The state of a company, '' where it is unknown or there are several."""


@dataclass(frozen=True, slots=True)
class Grammar:
    """The parts that no rule changes."""

    closed: Mapping[str, str]
    verbs: Mapping[str, tuple[tuple[str, str], ...]]
    """Surface form to (tag, lemma)."""
    nouny: frozenset[str]
    verb_class: Mapping[str, str]
    noun_class: Mapping[str, str]
    adjective_class: Mapping[str, str]
    predicate_class: Mapping[str, str]
    """What a copula with a prepositional phrase says of its subject: 'on_table'."""
    reporting: frozenset[str]
    parties: Mapping[str, tuple[tuple[tuple[str, ...], Party], ...]]
    """First word (as written) to (all words, party), longest first."""
    titles: Mapping[str, tuple[tuple[str, ...], ...]]
    title_ends: frozenset[str]
    """Last words of titles and of what else persons are called by before their names."""
    roles: Mapping[str, frozenset[str]]
    nouns: Mapping[str, frozenset[str]]
    """The lists of `nouns.yml`."""


_TITLED = ("official", "owned", "analyst", "company", "person", "opposition")
"""Lists of `speakers.yml` whose words stand before names."""
_NAMED = tuple(name for name in _TITLED if name != "company")
"""Those that stand before names of persons."""


def table(name: str) -> dict[str, object]:
    """One shipped data file as a mapping."""
    path = DATA / f"{name}.yml"
    sources, problems = read(path.read_text("utf8"), path.name)
    value = sources[0].value if sources and not problems else None
    if not isinstance(value, dict):
        raise RuleErrors(problems)
    return value


@cache
def data_digest() -> str:
    """Names the shipped language data, so that a change of it changes every rule set's hash."""
    whole = hashlib.sha256()
    for path in sorted(DATA.glob("*.yml")):
        whole.update(path.read_bytes())
    return whole.hexdigest()[:32]


@cache
def grammar() -> Grammar:
    """The shipped grammar, read once."""
    closed = {w: tag for tag, words in reversed(table("grammar").items()) for w in str(words).split()}
    for extra in ("D", "PR", "P", "M", "BE", "HAVE", "DO", "CC", "NEG"):
        closed |= {w: extra for w in str(table("grammar")[extra]).split()}
    verbs = table("verbs")
    governors = {k: _classes(v) for k, v in table("governors").items()}
    speakers = {k: str(v).replace("\n", " ") for k, v in table("speakers").items()}
    nouny = str(verbs["nouny"]).split()
    bases = {
        *str(verbs["plain"]).split(),
        *nouny,
        *(v for v in governors["verbs"] if "_" not in v),
        *speakers["reporting"].split(),
    }
    roles = {
        k: frozenset(w.strip() for w in v.split("|") if w.strip()) for k, v in speakers.items() if k != "reporting"
    }
    roles |= {name: roles[name] | {_plural(phrase) for phrase in roles[name]} for name in _TITLED}
    return Grammar(
        closed=closed,
        verbs=_verb_table(bases),
        nouny=frozenset(w for n in nouny for w in (n, plural(n, irregular()[1]))),
        verb_class=governors["verbs"],
        noun_class={**{plural(n, irregular()[1]): c for n, c in governors["nouns"].items()}, **governors["nouns"]},
        adjective_class=governors["adjectives"],
        predicate_class=governors["predicates"],
        reporting=frozenset(speakers["reporting"].split()),
        parties=_party_table(),
        titles=_by_first(tuple(t.replace("-", " ").split()) for name in _TITLED for t in roles[name]),
        title_ends=frozenset(t.replace("-", " ").split()[-1] for name in _NAMED for t in roles[name]),
        roles=roles,
        nouns={name: frozenset(str(words).split()) for name, words in table("nouns").items()},
    )


def _plural(phrase: str) -> str:
    """'foreign ministers' of 'foreign minister'."""
    *before, last = phrase.split()
    return " ".join([*before, plural(last, irregular()[1])])


def _classes(value: object) -> dict[str, str]:
    """Word to class; a word under several classes keeps the first."""
    classes: dict[str, str] = {}
    for name, words in value.items() if isinstance(value, dict) else ():
        for word in str(words).split():
            classes.setdefault(word, str(name))
    return classes


def _verb_table(bases: Iterable[str]) -> dict[str, tuple[tuple[str, str], ...]]:
    found: dict[str, dict[tuple[str, str], None]] = {}
    for base in sorted(bases):
        for form in verb_surface(base):
            found.setdefault(form.words[0], {})[(form.tag, base)] = None
    return {word: tuple(tags) for word, tags in found.items()}


def _by_first(phrases: Iterable[tuple[str, ...]]) -> dict[str, tuple[tuple[str, ...], ...]]:
    found: dict[str, list[tuple[str, ...]]] = {}
    for phrase in sorted(set(phrases)):
        if phrase:
            found.setdefault(phrase[0], []).append(phrase)
    return {first: tuple(sorted(some, key=lambda p: (-len(p), p))) for first, some in found.items()}


def _demonym_forms(demonym: str) -> tuple[str, ...]:
    if demonym.endswith(("ese", "ish", "ss", "nch", "tch", "UK", "Lao")):
        return (demonym,)
    if demonym.endswith("man"):
        return (demonym, f"{demonym[:-3]}men")
    return (demonym, f"{demonym}s")


@cache
def state_names() -> Mapping[str, str]:
    """ISO 3166-1 alpha-2 to the first name of each state."""
    return {code: str(text).split("|")[0].split("/")[0].strip() for code, text in table("countries").items()}


def _party_names() -> Iterable[tuple[str, Party]]:
    for code, text in table("countries").items():
        names, demonyms, capitals = (part.strip() for part in str(text).split("|"))
        yield from ((n, Party(code, "state")) for n in names.split("/") if n)
        yield from (
            (f, Party(code, "state", adjective=True)) for d in demonyms.split("/") if d for f in _demonym_forms(d)
        )
        yield from ((c, Party(code, "state", capital=True)) for c in capitals.split("/") if c)
    for kind, bodies in table("bodies").items():
        for code, names in bodies.items() if isinstance(bodies, dict) else ():
            home, _, text = str(names).rpartition("|")
            party = _body(kind, code, home.strip())
            yield from ((n.strip(), party) for n in text.split("/"))


def names_of_parties() -> Iterator[tuple[Party, tuple[str, ...]]]:
    """Every party with each of its names as words in lower case."""
    for some in grammar().parties.values():
        yield from ((party, tuple(word.lower() for word in name)) for name, party in some)


def _body(kind: str, code: str, home: str) -> Party:
    """A leader's name stands for the state (or for the EU)."""
    if kind == "leaders":
        return Party(code, "igo" if code == "EU" else "state", leader=True)
    return Party(code if kind == "igo" else f"{kind}:{code}", kind, home=home)


def _party_table() -> dict[str, tuple[tuple[tuple[str, ...], Party], ...]]:
    found: dict[str, dict[tuple[str, ...], Party]] = {}
    for name, party in _party_names():
        words = tuple(name.replace("-", " ").split())
        for form in (words, ("".join(words),)):  # '#SaudiArabia'
            found.setdefault(form[0].lower(), {}).setdefault(form, party)
    return {w: tuple(sorted(some.items(), key=lambda e: (-len(e[0]), e[0]))) for w, some in found.items()}


class Vocabulary:
    """The grammar with the lexicons of one rule set; finds their forms in a sentence."""

    __slots__ = ("grammar", "index", "noun_heads", "things", "verbs")

    def __init__(self, lexicons: Mapping[str, Lexicon]) -> None:
        self.grammar = grammar()
        self.index = FormIndex(lexicons)
        mine = {f.words[0]: (f.tag, f.lemma.split()[0]) for x in lexicons.values() for f in x.forms if f.pos == "verb"}
        self.verbs = dict(self.grammar.verbs)
        for word in sorted(mine):
            if word not in self.verbs and word not in self.grammar.closed:  # 'not pay' makes no verb of 'not'
                base = mine[word][1]
                self.verbs |= {k: v for k, v in _verb_table([base]).items() if k not in self.verbs}
        nouns = {f.words[0] for x in lexicons.values() for f in x.forms if f.pos == "noun" and len(f.words) == 1}
        self.noun_heads = self.grammar.nouny | nouns
        self.things = {f.words[-1] for x in lexicons.values() if x.kind == "object" for f in x.forms if f.pos == "noun"}

    def hits(self, low: list[str]) -> list[Hit]:
        """All forms of the lexicons in a sentence's words (lower case)."""
        return self.index.hits(low)
