"""A sentence's words and the parties that they name."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from rules.language.vocabulary import Hit, Party, Vocabulary, state_names

_FLAG = re.compile("[\U0001f1e6-\U0001f1ff]{2}")
"""Two letters of a state's code."""
_TOKEN = re.compile(
    _FLAG.pattern + r"|(?:[A-Za-z]\.){2,}|[^\W\d_]+n't\b|[^\W\d_]+|'(?:s|S|ll|re|ve|d|m)\b|(?<=s)'(?=\s)|"
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
        if self.low[-1:] == ["re"]:
            for values in (self.words, self.low, self.starts, self.ends):
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
    is_open = False  # a quotation in single marks
    tagged = "#" in text[start:end]
    for match in _TOKEN.finditer(text, start, end):
        word = match.group()
        is_word = word.isalpha()
        if not is_word and (word in _SILENT or (word[0] >= _PICTURES and not word[0].isalpha())):
            sentence.flags += _flag(word)
            continue
        if not is_word and word in _QUOTES:
            behind = bool(sentence.ends) and match.start() == sentence.ends[-1] and text[match.start() - 1] == "s"
            if word == '"' or is_open or not behind:  # the end of 'all ties' is no genitive, that of 'the states' is
                sentence.quotes.append(match.start())
                is_open ^= word == "'"
                continue
        if word == "-":
            spaced = text[match.start() - 1 : match.start()] == " " or text[match.end() : match.end() + 1] == " "
            if not spaced:
                sentence.join()
                continue
            word = "–"
        start = match.start()
        for part in _parts(word) if tagged and text[start - 1 : start] == "#" else (word,):
            sentence.words.append(part)
            sentence.low.append(part.lower())
            sentence.starts.append(start)
            sentence.ends.append(start := start + len(part))
    return sentence


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
        for words, party in table[low]:
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
