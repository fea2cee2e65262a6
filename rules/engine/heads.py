"""Those whom a rule names by nouns: do they head the phrases of who acts or whom it is done to, and whose are they?"""

from __future__ import annotations

from collections.abc import Iterable

from rules.engine.partners import fits, owners
from rules.engine.tried import Tried
from rules.lexicon import noun_surface

_PRESIDENT = next(iter(noun_surface("president")))


def headed(t: Tried, key: str) -> list[str]:
    """The nouns of `head` that head the phrases of those who act (or whom it is done to), or stand before their names.

    A leader's bare name ('Putin visits …') is one of those who hold an office, where `head` names presidents.
    """
    names = t.test.actors if key == "by" else t.test.targets
    if not names:
        return []
    s = t.claim.structure
    chunks = t.claim.who.agents if key == "by" else t.claim.around()
    heads = [(k, b) for k in chunks for b in (s.chunks[k].head, s.before_name(k)) if b >= 0]
    hits = [(k, h) for k, b in heads for h in s.tagged.hits if s.chunks[k].first <= h.first <= b <= h.last]
    found = [(k, h.form.lemma) for k, h in hits if h.names & names]
    part = t.test.part.by if key == "by" else t.test.part.on
    if part and part.of:
        return list(dict.fromkeys(p.id for k, _ in found for p in owners(s, k) if fits(p, part.of)))
    return list(dict.fromkeys(lemma for _, lemma in found)) or (
        _leading(t, chunks) if any(_PRESIDENT in t.article.lexicons[n].forms for n in names) else []
    )


def _leading(t: Tried, chunks: Iterable[int]) -> list[str]:
    """The states whose leaders are named in these phrases."""
    s = t.claim.structure
    heads = {s.chunks[k].head for k in chunks}
    named = sorted(s.tagged.parties.items())
    return [p.id for first, (last, p) in named if p.leader and any(first <= i <= last for i in heads)]
