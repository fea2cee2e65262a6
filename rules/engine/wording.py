"""The Boolean escape hatch: `text` and `unless` over the words of an article or of one sentence."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

import re2

from rules.document import NearPart, TextPart
from rules.language.text import Clean, Sentence
from rules.language.words import tokens
from rules.lexicon import Form, Lexicon, inline
from rules.model import Evidence

_MARKS = {"sentence": re.compile(r"\n|[.!?] "), "paragraph": re.compile(r"\n")}
Phrase = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Words:
    """Words of a stretch of text: lower case, with their places and the number of their sentence and paragraph."""

    clean: Clean
    low: tuple[str, ...]
    starts: tuple[int, ...]
    ends: tuple[int, ...]


def words_of(clean: Clean, start: int = 0, end: int | None = None) -> Words:
    """The words of a stretch of even text, punctuation left out."""
    t = tokens(clean.text, start, len(clean.text) if end is None else end)
    keep = [i for i, w in enumerate(t.low) if w[0].isalnum()]
    return Words(clean, tuple(t.low[i] for i in keep), tuple(t.starts[i] for i in keep), tuple(t.ends[i] for i in keep))


@dataclass(frozen=True, slots=True)
class Found:
    """Where a phrase stands: part of the text (0 title, 1 text), first and last word."""

    part: int
    first: int
    last: int


def surface(word: str, lexicons: Mapping[str, Lexicon]) -> tuple[Form, ...]:
    """The forms of a word of `text`: a lexicon's, or as written, its plural and its other spelling."""
    return lexicons[word[1:]].forms if word.startswith("$") else _plain(word)


def _by_first(phrases: Iterable[Phrase]) -> dict[str, list[Phrase]]:
    """Phrases by their first word, each list sorted."""
    found: dict[str, list[Phrase]] = {}
    for phrase in sorted(filter(None, phrases)):
        found.setdefault(phrase[0], []).append(phrase)
    return found


@lru_cache(maxsize=65_536)
def _plain(word: str) -> tuple[Form, ...]:
    return inline(word, "words").forms


class Wording:
    """Evaluates text parts over some stretches of one article."""

    def __init__(self, parts: Callable[[], tuple[Words, ...]], lexicons: Mapping[str, Lexicon]) -> None:
        self._cut = parts
        self.lexicons = lexicons
        self._places: dict[tuple[str, ...], list[Found]] = {}
        self._marks: dict[tuple[int, str], list[int]] = {}
        self._sentences: dict[int, Wording] = {}

    @cached_property
    def parts(self) -> tuple[Words, ...]:
        """The stretches as words, cut when a rule first looks at them."""
        return self._cut()

    def sentence(self, sentence: Sentence) -> Wording:
        """One sentence alone, whose words are cut once for all claims in it."""
        if sentence.number not in self._sentences:
            clean, start, end = sentence.clean, sentence.start, sentence.end
            self._sentences[sentence.number] = Wording(lambda: (words_of(clean, start, end),), self.lexicons)
        return self._sentences[sentence.number]

    def find(self, names: tuple[str, ...]) -> list[Found]:
        """Every place of any of the words (`$name` for a lexicon), in order. Looked for once."""
        if names not in self._places:
            self._places[names] = list(self._found(names))
        return self._places[names]

    def _found(self, names: tuple[str, ...]) -> Iterator[Found]:
        phrases = _by_first({p for n in names for p in self.phrases(n)})
        for number, part in enumerate(self.parts):
            for i, word in enumerate(part.low):
                for phrase in phrases.get(word, ()):
                    if part.low[i : i + len(phrase)] == phrase:
                        yield Found(number, i, i + len(phrase) - 1)

    def phrases(self, name: str) -> tuple[Phrase, ...]:
        """The word sequences of one written word."""
        return tuple(f.words for f in surface(name, self.lexicons))

    def evidence(self, found: Found) -> Evidence:
        """The span of what was found."""
        part = self.parts[found.part]
        return part.clean.evidence(part.starts[found.first], part.ends[found.last])

    def holds(self, part: TextPart) -> tuple[bool, Evidence | None]:
        """Does the part hold, and the first span that says so."""
        view = self.first(part.first) if part.first else self
        cue: Evidence | None = None
        for key in ("any", "all", "not_", "near", "regex"):
            if getattr(part, key) is not None:
                holds, seen = getattr(view, f"_{key.rstrip('_')}")(part)
                cue = cue or seen
                if not holds:
                    return False, cue
        return True, cue

    def first(self, count: int) -> Wording:
        """Only the first `count` words, title and text together."""
        parts = []
        for part in self.parts:
            kept = min(count, len(part.low))
            parts.append(Words(part.clean, part.low[:kept], part.starts[:kept], part.ends[:kept]))
            count -= kept
        return Wording(lambda: tuple(parts), self.lexicons)

    def _any(self, part: TextPart) -> tuple[bool, Evidence | None]:
        found = self.find(part.any or ())
        return len(found) >= (part.atleast or 1), self.evidence(found[0]) if found else None

    def _all(self, part: TextPart) -> tuple[bool, Evidence | None]:
        groups = [self.find((w,)) for w in part.all or ()]
        if not all(groups):
            return False, None
        if part.same is None:
            return True, self.evidence(groups[0][0])
        units = [{self._unit(f, part.same) for f in g} for g in groups]
        together = set.intersection(*units)
        found = next((f for f in groups[0] if self._unit(f, part.same) in together), None)
        return bool(together), self.evidence(found) if found else None

    def _unit(self, found: Found, same: str) -> tuple[int, int]:
        """Which sentence or paragraph a place belongs to, counted by the marks before it."""
        key = found.part, same
        if key not in self._marks:
            text = self.parts[found.part].clean.text
            self._marks[key] = [mark.end() for mark in _MARKS[same].finditer(text)]
        return found.part, bisect_right(self._marks[key], self.parts[found.part].starts[found.first])

    def _not(self, part: TextPart) -> tuple[bool, Evidence | None]:
        found = self.find(part.not_ or ())
        return not found, self.evidence(found[0]) if found else None

    def _near(self, part: TextPart) -> tuple[bool, Evidence | None]:
        near = part.near
        if near is None:
            return True, None
        right = self.find(near.b)
        starts = [(b.part, b.first) for b in right]
        reach = near.within + max((b.last - b.first for b in right), default=0)
        for a in self.find(near.a):
            first = bisect_left(starts, (a.part, a.first - reach))
            last = bisect_right(starts, (a.part, a.last + near.within))
            if any(_is_near(a, b, near) for b in right[first:last]):
                return True, self.evidence(a)
        return False, None

    def _regex(self, part: TextPart) -> tuple[bool, Evidence | None]:
        for words in self.parts:
            start = words.starts[0] if words.starts else 0
            end = words.ends[-1] if words.ends else 0
            match = _pattern(part.regex or "").search(words.clean.text[start:end])
            if match:
                return True, words.clean.evidence(start + match.start(), start + match.end())
        return False, None


def _is_near(a: Found, b: Found, near: NearPart) -> bool:
    gap = b.first - a.last if b.first > a.last else a.first - b.last
    return a.part == b.part and 0 < gap <= near.within and (b.first > a.last or not near.ordered)


@lru_cache(maxsize=4096)
def _pattern(pattern: str) -> re2._Regexp:
    return re2.compile(pattern)
