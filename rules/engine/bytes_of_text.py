"""Text as one byte a character for the scan: letters and digits in lower case, all else a blank, places kept.

Letters outside Latin-1 share 32 bytes; the scan only proposes, so that two that share one cost a look and no error.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from rules.language.text import Clean

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


_RUN = re.compile(rb"[^ ]+")
_BETWEEN_DIGITS = re.compile(rb"(?<=[a-z]) (?=[0-9])|(?<=[0-9]) (?=[a-z])")


@dataclass(frozen=True, slots=True)
class Joint:
    """Title and text of an article as folded words with one blank around each, and the way back.

    Marks leave no trace: 'the "arms" embargo' holds 'arms embargo', as it does for the analysis.
    """

    whole: bytes
    words: bytes

    def places(self) -> dict[int, int]:
        """Where the blank before a word stands in `words`, to where the word starts in title, newline, text."""
        found: dict[int, int] = {}
        at = 0
        for run in _RUN.finditer(self.whole):
            found[at] = run.start()
            at += run.end() - run.start() + 1
        return found


def joint(title: Clean, text: Clean) -> Joint:
    """Title and text ready for the scan."""
    whole = folded(f"{title.text}\n{text.text}")
    return Joint(whole, b" %b " % b" ".join(whole.split()))


def pattern(words: tuple[str, ...]) -> set[bytes]:
    """A phrase as it stands in folded words ('f 16' also as 'f16'); empty for one without letters."""
    inner = b" ".join(folded(" ".join(words)).split())
    return {b" %b " % each for each in (inner, _BETWEEN_DIGITS.sub(b"", inner)) if each}
