"""A sentence's words and the parties that they name."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from rules.language.hits import Hit
from rules.language.vocabulary import Party, Vocabulary, state_names

_FLAG = re.compile("[\U0001f1e6-\U0001f1ff]{2}")
"""Two letters of a state's code."""
_TOKEN = re.compile(
    _FLAG.pattern
    + r"|[A-Za-z]\.(?:[A-Za-z]\.)+|[^\W\d_]+(?:(?<=[^\W\d_]n)'t\b)?|'(?:s|S|ll|re|ve|d|m)\b|(?<=s)'(?=\s)|"
    r"\d+(?:[.,]\d+)*(?:s\b)?|\.\.\.|[^\w\s]"
)
_HUMP = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[^A-Za-z]+")
_HASHTAG = re.compile(r"#([^\W\d_]+)")
_HEADED = re.compile("(treaty|agreement|accords?|deal|convention|pact|embargo|ceasefire|truce|sanctions)$")
"""What a hashtag in small letters may end with, a name glued before it."""
_SILENT = frozenset("$€£¥#@%*_")
_PICTURES = "\u2190"
"""From here on characters are arrows, pictures and flags: posts are decorated with them."""
_QUOTES = frozenset("\"'")


@dataclass(slots=True)
class Tagged:
    """One sentence as parallel lists, quote marks left out (`quotes` are places of the text where they stood)."""

    words: list[str] = field(default_factory=list)
    low: list[str] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    lemmas: list[str] = field(default_factory=list)
    quotes: list[int] = field(default_factory=list)
    joined: set[int] = field(default_factory=set)
    """Tokens that a hyphen joins to the one before ('UN-brokered')."""
    parties: dict[int, tuple[int, Party]] = field(default_factory=dict)
    """First token to (last token, party)."""
    hits: list[Hit] = field(default_factory=list)
    flags: list[Party] = field(default_factory=list)
    """States whose flags stand in the sentence; they are no words of it."""

    def join(self) -> None:
        """A hyphen: the next word belongs to the last one; 're-establish' is to establish."""
        if self.words and self.words[-1].lower() == "re":
            for values in (self.words, self.starts, self.ends):
                values.pop()
        else:
            self.joined.add(len(self.words))


def word_set(text: str) -> frozenset[str]:
    """The words of a list that is written as one text."""
    return frozenset(text.split())


WEEKDAYS = word_set("monday tuesday wednesday thursday friday saturday sunday")


def tokens(text: str, start: int, end: int) -> Tagged:
    """Cut text[start:end] into words and punctuation."""
    sentence = Tagged()
    words, starts, ends = sentence.words, sentence.starts, sentence.ends
    marks = _Marks(text, sentence)
    for match in _TOKEN.finditer(text, start, end):
        word, at = match.group(), match.start()
        if not word.isalpha() and not (word := marks.kept(word, at)):
            continue
        for part in _parts(word) if text[at - 1 : at] == "#" else (word,):
            words.append(part)
            starts.append(at)
            ends.append(at := at + len(part))
    sentence.joined.discard(len(words))  # a hyphen that ends the sentence joins nothing
    sentence.low = [word.lower() for word in words]
    return sentence


@dataclass(slots=True)
class _Marks:
    """What is no word, in the order of the text."""

    text: str
    sentence: Tagged
    is_open: bool = False
    """Is a quotation in single marks open?"""

    def kept(self, mark: str, at: int) -> str:
        """The token that a mark at `at` is; '' for one that leaves none: a quote, a sign, a picture, a hyphen."""
        if mark in _SILENT or (mark[0] >= _PICTURES and not mark[0].isalpha()):
            self.sentence.flags += _flag(mark)
            return ""
        if mark in _QUOTES and self._quotes(mark, at):
            return ""
        return self._dash(at) if mark == "-" else mark

    def _quotes(self, mark: str, at: int) -> bool:
        """Is it a quote mark? The end of 'the states'' is a genitive, unless a quotation is open ('all ties')."""
        behind = self.sentence.ends[-1:] == [at] and self.text[at - 1] == "s"
        if behind and mark == "'" and not self.is_open:
            return False
        self.sentence.quotes.append(at)
        self.is_open ^= mark == "'"
        return True

    def _dash(self, at: int) -> str:
        if self.text[at - 1 : at] == " " or self.text[at + 1 : at + 2] == " ":
            return "–"
        self.sentence.join()
        return ""


def spelt_out(text: str) -> str:
    """A text with each hashtag cut as `tokens` cuts it, and each flag of a state as the state's name."""
    if "#" in text:
        text = _HASHTAG.sub(lambda match: " ".join(_parts(match[1])), text)
    return text if text.isascii() else _FLAG.sub(lambda match: f" {state_names().get(_code(match[0]), '')} ", text)


def _parts(tag: str) -> list[str]:
    """The words of a hashtag: '#ParisAgreement', '#inftreaty'."""
    return (
        _HUMP.findall(tag)
        if _HUMP.fullmatch(tag) is None and not tag.islower()
        else list(filter(None, _HEADED.split(tag)))
    )


def _flag(word: str) -> list[Party]:
    """The state of a flag: its two letters are those of ISO 3166-1 (Unicode Technical Standard 51, annex B)."""
    return [Party(_code(word), "state")] if _code(word) in state_names() else []


def _code(word: str) -> str:
    return "".join(chr(ord(c) - 0x1F1E6 + ord("A")) for c in word) if _FLAG.fullmatch(word) else ""


def find_parties(sentence: Tagged, vocabulary: Vocabulary, headline: bool) -> dict[int, tuple[int, Party]]:
    """Names of states and bodies, longest first; in all capitals or all lower case the case says nothing."""
    shouting = _shouting(sentence.words, 1 if headline else 4)
    whispering = not any(w[0].isupper() for w in sentence.words)
    table = vocabulary.grammar.parties
    found: dict[int, tuple[int, Party]] = {}
    free = 0
    for position, low in enumerate(sentence.low):
        if position < free or low not in table:
            continue
        if whispering and (party := _small(sentence.low, position, vocabulary)):
            found[position], free = (position, party), position + 1
            continue
        after = sentence.low[position + 1 : position + 2]
        for words, party in table[low]:
            if words[1:] and [words[1].lower()] != after:
                continue
            last = position + len(words) - 1
            written = sentence.words[position : last + 1]
            if _same(words, written, shouting) or (whispering and _same_in_small(words, written, vocabulary)):
                if party.kind != "place":
                    found[position] = (last, party)
                free = last + 1
                break
    return found


def _small(low: list[str], position: int, vocabulary: Vocabulary) -> Party | None:
    """The party of 'us' and 'the who', which are words as well."""
    if low[position] == "us" and _names_the_us(low, position, vocabulary):
        return Party("US", "state")
    return Party("WHO", "igo") if low[max(0, position - 1) : position + 1] == ["the", "who"] else None


def _names_the_us(low: list[str], position: int, vocabulary: Vocabulary) -> bool:
    """'the us', 'us sanctions', where no case tells the state from the pronoun ('told us', 'help us defend')."""
    after = low[position + 1] if position + 1 < len(low) else ""
    grammar = vocabulary.grammar
    is_noun = (
        after.isalpha()
        and after not in grammar.closed
        and (after not in vocabulary.verbs or after in vocabulary.noun_heads)
    )
    return low[position - 1 : position] == ["the"] or (is_noun and not after.endswith("ly"))


def _shouting(words: list[str], least: int) -> bool:
    """Are nearly all words of four letters or more, and at least so many, in capitals?"""
    letters = [w for w in words if w.isalpha() and len(w) > 3]
    return len(letters) >= least and sum(w.isupper() for w in letters) > 0.7 * len(letters)


def _same(name: tuple[str, ...], words: list[str], shouting: bool) -> bool:
    if tuple(words) == name:
        return True
    if len(words) != len(name):
        return False
    if len(name[0]) <= 3 and name[0].isupper():
        return False
    if shouting:
        return [w.upper() for w in name] == words
    return len(name[0]) > 3 and [w.upper() for w in name] == [w.upper() for w in words] and words[0][0].isupper()


def _same_in_small(name: tuple[str, ...], words: list[str], vocabulary: Vocabulary) -> bool:
    """A post without a capital names 'russia' and 'the un'; 'us' and 'who' are words."""
    return [w.lower() for w in name] == words and (len(words) > 1 or words[0] not in vocabulary.grammar.closed)
