"""One function per key of a rule: given a claim, does it hold, what was found, which words decided."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from rules.document import PartiesPart, PartyPart, SpeakerPart
from rules.engine.explain import Outcome
from rules.engine.rule import ClaimTest, Rule
from rules.engine.wording import Wording, words_of
from rules.language.analysis import Analysis
from rules.language.claims import Claim
from rules.language.dates import DAY
from rules.language.speakers import Voice
from rules.language.vocabulary import Party
from rules.model import Evidence, Role, Status, Zone

_STATES = frozenset({"state", "country"})


@dataclass(frozen=True, slots=True)
class Tried:
    """A claim tried against one alternative of a rule."""

    rule: Rule
    test: ClaimTest
    claim: Claim
    analysis: Analysis
    article: Wording

    def voice(self) -> Voice | None:
        """Who asserts the claim."""
        return self.analysis.voice(self.claim)

    def cue(self, first: int, last: int) -> Evidence:
        """The span of tokens first to last of the claim's sentence."""
        tagged = self.claim.structure.tagged
        return self.claim.sentence.clean.evidence(tagged.starts[first], tagged.ends[last])


Check = Callable[[Tried], Iterable[Outcome]]


def outcomes(tried: Tried) -> Iterator[Outcome]:
    """An outcome per key that the rule gives, cheap ones first. Matching stops at the first that does not hold."""
    for check in CHECKS:
        yield from check(tried)


def _act(t: Tried) -> Iterator[Outcome]:
    wanted = t.test.acts
    mark = t.cue(t.claim.token, t.claim.token)
    yield Outcome(
        key="claim.act", holds=bool(wanted & t.claim.acts), wanted=_names(wanted), found=t.claim.lemma, cue=mark
    )


def _object(t: Tried) -> Iterator[Outcome]:
    if not t.test.heads:
        return
    things = [x for x in t.claim.things if x.names & t.test.heads]
    # Of coordinated objects ("energy ties and defence cooperation") the one that is about the right thing counts.
    thing = next((x for x in things if not t.test.about or _lexical(t, x.chunk, t.test.about)), None) or next(
        iter(things), None
    )
    found = t.claim.structure.tagged.words[thing.token] if thing else "another object"
    cue = t.cue(thing.token, thing.token) if thing else None
    yield Outcome(key="claim.object", holds=thing is not None, wanted=_names(t.test.heads), found=found, cue=cue)
    if thing is not None and t.test.about:
        yield _about(t, thing.chunk)
    if thing is not None and t.test.unless:
        yield _not_about(t, thing.chunk)


def _about(t: Tried, chunk: int) -> Outcome:
    hit = _lexical(t, chunk, t.test.about)
    cue = t.cue(*hit) if hit else None
    return Outcome(
        key="claim.object",
        holds=hit is not None,
        wanted=f"about {_names(t.test.about)}",
        found="yes" if hit else "not about it",
        cue=cue,
    )


def _not_about(t: Tried, chunk: int) -> Outcome:
    hit = _lexical(t, chunk, t.test.unless)
    cue = t.cue(*hit) if hit else None
    return Outcome(
        key="claim.object",
        holds=hit is None,
        wanted=f"not {_names(t.test.unless)}",
        found="ruled out" if hit else "clear",
        cue=cue,
    )


def _lexical(t: Tried, chunk: int, names: frozenset[str]) -> tuple[int, int] | None:
    """A word of the lexicons in the noun phrase or in what completes it up to the clause's end."""
    s = t.claim.structure
    first = s.chunks[chunk].first
    if s.kind(chunk - 1) == "CC" and s.kind(chunk - 2) == "NP":
        first = s.chunks[chunk - 2].first
    end = chunk
    while end + 1 < len(s.chunks) and s.kind(end + 1) in ("NP", "P", "TO", "CC", "AP", "VG", "NUM"):
        if s.kind(end + 1) == "VG" and s.chunks[end + 1].form == "fin":
            break
        end += 1
    hits = [h for h in s.tagged.hits if first <= h.first and h.last <= s.chunks[end].last and h.names & names]
    return (hits[0].first, hits[0].last) if hits else None


def _novelty(t: Tried) -> Iterator[Outcome]:
    if t.test.part.novelty == "new":
        old = t.claim.old_word
        yield Outcome(key="claim.novelty", holds=not old, wanted="new", found=old or "nothing says old")


def _status(t: Tried) -> Iterator[Outcome]:
    wanted = t.test.part.status
    found = t.claim.status
    links = [link for link in t.claim.reading.links if link.status is found]
    cue = t.cue(links[-1].token, links[-1].token) if links else t.cue(t.claim.token, t.claim.token)
    holds = found in wanted
    yield Outcome(key="status", holds=holds, wanted=_names(wanted), found=found.value, cue=cue)


def _zone(t: Tried) -> Iterator[Outcome]:
    wanted = t.rule.document.scope.zone
    yield Outcome(
        key="scope.zone",
        holds=t.claim.zone in wanted,
        wanted=_names(wanted),
        found=f"{t.claim.zone.value} ({t.claim.zone_cue})",
    )


def _age(t: Tried) -> Iterator[Outcome]:
    limit = t.rule.document.scope.event_age
    if limit is None:
        return
    dated = t.claim.dated
    holds = dated is None or dated.age_s <= limit
    found = f"{dated.age_s // DAY} days" if dated else "undated, so the article's date"
    cue = t.cue(dated.token, dated.token) if dated else None
    yield Outcome(key="scope.event_age", holds=holds, wanted=f"at most {limit // DAY} days", found=found, cue=cue)


def fits(party: Party, kinds: Iterable[str]) -> bool:
    """Is the party of one of the kinds that a rule names?"""
    wanted = set(kinds)
    if "any" in wanted or party.kind in wanted:
        return True
    if party.kind == "state":
        return bool(wanted & _STATES)
    return "body" in wanted and party.kind == "igo"


def named(parties: Iterable[Party], part: PartyPart | PartiesPart) -> list[Party]:
    """The parties of the kinds (and names) that a rule's key asks for."""
    found = [p for p in parties if fits(p, part.kinds)]
    names = getattr(part, "name", None)
    return [p for p in found if p.id in names] if names else found


def _party(t: Tried, key: str, part: PartyPart | None, parties: tuple[Party, ...]) -> Iterator[Outcome]:
    if part is None:
        return
    found = named(parties, part)
    shown = ", ".join(p.id for p in found) or "nobody named"
    yield Outcome(key=f"claim.{key}", holds=bool(found) or part.optional, wanted=_names(part.kinds), found=shown)


def _by(t: Tried) -> Iterator[Outcome]:
    yield from _party(t, "by", t.test.part.by, t.claim.by)


def _on(t: Tried) -> Iterator[Outcome]:
    yield from _party(t, "on", t.test.part.on, t.claim.on)


def _parties(t: Tried) -> Iterator[Outcome]:
    part = t.test.part.parties
    if part is None:
        return
    found = named(t.claim.parties, part)
    shown = ", ".join(p.id for p in found) or "nobody named"
    yield Outcome(
        key="claim.parties", holds=len(found) >= part.min, wanted=f"{part.min} of {_names(part.kinds)}", found=shown
    )


def _speaker(t: Tried) -> Iterator[Outcome]:
    part = t.rule.document.speaker
    if part.is_ == "any":
        return
    voice = t.voice()
    if part.is_ == "outlet":
        found = voice.speaker.name or "somebody" if voice else "the outlet"
        yield Outcome(
            key="speaker", holds=voice is None, wanted="the outlet", found=found, cue=voice.cue if voice else None
        )
        return
    yield from _somebody(part, voice)


def _somebody(part: SpeakerPart, voice: Voice | None) -> Iterator[Outcome]:
    role = voice.speaker.role if voice else Role.OUTLET
    shown = (
        f"{role.value}: {voice.speaker.title or ''} {voice.speaker.name or ''}".rstrip()
        if voice
        else "the outlet itself"
    )
    cue = voice.cue if voice else None
    if part.role:
        yield Outcome(key="speaker.role", holds=role in part.role, wanted=_names(part.role), found=shown, cue=cue)
    elif voice is None:
        yield Outcome(key="speaker", holds=False, wanted="somebody", found=shown)
    if part.named is not None:
        holds = voice is not None and voice.speaker.named is part.named
        yield Outcome(key="speaker.named", holds=holds, wanted=str(part.named).lower(), found=shown, cue=cue)
    for key in ("name", "title"):
        words = getattr(part, key)
        if words:
            value = (getattr(voice.speaker, key) if voice else None) or ""
            holds = any(w.lower() in value.lower() for w in words)
            yield Outcome(key=f"speaker.{key}", holds=holds, wanted=_names(words), found=value or "not given", cue=cue)


def _wording(t: Tried) -> Iterator[Outcome]:
    part = t.rule.document.text
    if part is not None:
        holds, cue = t.article.holds(part)
        yield Outcome(key="text", holds=holds, wanted="the words of `text`", found="yes" if holds else "no", cue=cue)


def _unless(t: Tried) -> Iterator[Outcome]:
    for part in t.rule.document.unless:
        sentence = t.claim.sentence
        words = words_of(sentence.clean, sentence.start, sentence.end)
        own = Wording(lambda words=words: (words,), t.article.lexicons)  # type: ignore[misc]
        holds, cue = (own if part.where == "sentence" else t.article).holds(part.text)
        yield Outcome(
            key="unless", holds=not holds, wanted="none of `unless`", found="ruled out" if holds else "clear", cue=cue
        )


def _names(values: Iterable[object]) -> str:
    return ", ".join(sorted(v.value if isinstance(v, Status | Zone | Role) else str(v) for v in values))


CHECKS: tuple[Check, ...] = (
    _act,
    _object,
    _status,
    _zone,
    _novelty,
    _age,
    _by,
    _on,
    _parties,
    _speaker,
    _wording,
    _unless,
)
