"""Text as one byte a character for the scan: letters and digits in lower case, all else a blank.

Letters outside Latin-1 share 32 bytes; the scan only proposes, so that two that share one cost a look and no error.
"""

from __future__ import annotations

import codecs
import re

from rules.language.text import Clean, Sentence
from rules.language.words import spelt_out

_FOLDED = 0x80


def _fold(error: UnicodeError) -> tuple[bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    part = error.object[error.start : error.end]
    return bytes(_FOLDED + ord(c.lower()[0]) % 32 if c.isalnum() else 32 for c in part), error.end


codecs.register_error("tocsin-fold", _fold)
_TABLE = bytes(
    code if _FOLDED <= code < 0xA0 else ord(chr(code).lower()) if chr(code).isalnum() else 32 for code in range(256)
)


def folded(text: str) -> bytes:
    """`len(text)` bytes."""
    return text.replace("–", "-").encode("latin-1", "tocsin-fold").translate(_TABLE)


_BETWEEN_DIGITS = re.compile(rb"(?<=[a-z]) (?=[0-9])|(?<=[0-9]) (?=[a-z])")


def words_of_article(title: Clean, text: Clean) -> bytes:
    """Title and text as words for the scan."""
    return _words(f"{title.text}\n{text.text}")


def words_of_sentence(sentence: Sentence) -> bytes:
    """One sentence as words for the scan."""
    return _words(sentence.clean.text[sentence.start : sentence.end])


def _words(text: str) -> bytes:
    """Words with one blank around each. Marks leave no trace: 'the "arms" embargo' holds 'arms embargo', as it does
    for the analysis, which also cuts hashtags and knows flags.
    """
    return b" %b " % b" ".join(folded(spelt_out(text)).split())


def pattern(words: tuple[str, ...]) -> set[bytes]:
    """A phrase as it stands in folded words ('f 16' also as 'f16'); empty for one without letters."""
    inner = b" ".join(folded(" ".join(words)).split())
    return {b" %b " % each for each in (inner, _BETWEEN_DIGITS.sub(b"", inner)) if each}
