"""One function per key of a rule: given a claim, does it hold, what was found, which words decided."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace

from rules.document import PartyPart, SpeakerPart, UnlessPart
from rules.engine.explain import Outcome
from rules.engine.heads import headed
from rules.engine.partners import fits, no_state, sharing
from rules.engine.rule import Rule
from rules.engine.tried import Tried
from rules.engine.wording import Wording
from rules.language.claims import Claim
from rules.language.dates import DAY
from rules.language.phrases import Chunk
from rules.language.speech import Voice
from rules.language.vocabulary import Party
from rules.model import Role, Status, Zone

_PUBLIC = frozenset({"state", "country", "igo", "body"})


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
    if t.test.part.object is None:
        return
    chosen = _chosen(t)
    wanted = _names([*t.test.heads, *t.test.part.object.kinds])
    found = t.claim.structure.tagged.words[chosen[1]] if chosen else "another object"
    cue = t.cue(chosen[1], chosen[1]) if chosen else None
    yield Outcome(key="claim.object", holds=chosen is not None, wanted=wanted, found=found, cue=cue)
    if chosen and t.test.about:
        yield _about(t, chosen[0])
    if chosen and t.test.unless:
        yield _not_about(t, chosen[0])


def _chosen(t: Tried) -> tuple[int, int] | None:
    """(chunk, token) of the object that the rule asks for; of coordinated ones that which is about the right thing."""
    things = [(x.chunk, x.token) for x in t.claim.things if x.names & t.test.heads]
    part = t.test.part.object
    if part and part.kinds:
        things += [(k, i) for k, i, _ in party_objects(t.claim, part.kinds)]
    right = (x for x in things if not t.test.about or _lexical(t, x[0], t.test.about))
    return next(right, None) or next(iter(things), None)


def party_objects(claim: Claim, kinds: Collection[str]) -> list[tuple[int, int, Party]]:
    """(chunk, token, party) of the objects of a claim that are parties themselves, not merely of one."""
    parties = claim.structure.tagged.parties
    found = []
    for k in claim.objects:
        chunk = claim.structure.chunks[k]
        for first, (last, party) in sorted(parties.items()):
            is_head = chunk.first <= first and last == chunk.head
            if is_head and (not party.adjective or _are_people(claim, chunk)) and fits(party, kinds):
                found.append((k, first, party))
    return found


def _are_people(claim: Claim, chunk: Chunk) -> bool:
    """'Expels 20 Ghanaians': nationals, counted, stand for their state."""
    tagged = claim.structure.tagged
    return "NUM" in tagged.tags[chunk.first : chunk.head] and tagged.low[chunk.head].endswith(("s", "men"))


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
    # Behind the act too: 'the embassy was closed for the holiday', 'withdraws its envoy from Norway'.
    hit = _lexical(t, chunk, t.test.unless) or _lexical(t, t.claim.chunk, t.test.unless)
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
    # 'The Security Council' is no security matter.
    names_of = {i for a, (b, _) in s.tagged.parties.items() if b > a for i in range(a, b + 1)}
    inside = [h for h in s.tagged.hits if first <= h.first and h.last <= s.chunks[end].last]
    hits = [h for h in inside if h.names & names and h.first not in names_of]
    return (hits[0].first, hits[0].last) if hits else None


def _matter(t: Tried) -> Iterator[Outcome]:
    """The words of the claim's own `about`, anywhere in its sentence."""
    if t.test.matter:
        hit = next((h for h in t.claim.structure.tagged.hits if h.names & t.test.matter), None)
        cue = t.cue(hit.first, hit.last) if hit else None
        found = "yes" if hit else "not about it"
        yield Outcome(key="claim.about", holds=hit is not None, wanted=_names(t.test.matter), found=found, cue=cue)


def _clear(t: Tried) -> Iterator[Outcome]:
    """The claim's own `unless`."""
    for part in t.test.part.unless:
        outcome = unless_outcome(part, "", t.in_sentence() if part.where == "sentence" else t.article)
        yield replace(outcome, key="claim.unless")


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


def named(parties: Iterable[Party], part: PartyPart) -> list[Party]:
    """The parties of the kinds (and names) that a rule's key asks for."""
    found = [p for p in parties if fits(p, part.wanted)]
    return [p for p in found if p.id in part.name] if part.name else found


def _party(t: Tried, key: str, part: PartyPart, parties: tuple[Party, ...]) -> Outcome:
    found = [p.id for p in named(parties, part)] or headed(t, key)
    wanted = _names([*part.wanted, *(part.name or ()), *part.head])
    private = no_state(t.claim) if key == "by" and not found and set(part.wanted) <= _PUBLIC else ""
    holds = bool(found) or (part.may_lack and not (part.name and parties) and not private)
    shown = ", ".join(found) or private or _others(parties)
    return Outcome(key=f"claim.{key}", holds=holds, wanted=wanted, found=shown)


def _others(parties: tuple[Party, ...]) -> str:
    return f"only {', '.join(p.id for p in parties)}" if parties else "nobody named"


def _by(t: Tried) -> Iterator[Outcome]:
    if t.test.part.by is not None:
        yield _party(t, "by", t.test.part.by, t.claim.who.by)


def _on(t: Tried) -> Iterator[Outcome]:
    if t.test.part.on is not None:
        yield _party(t, "on", t.test.part.on, t.claim.who.on)


def _parties(t: Tried) -> Iterator[Outcome]:
    part = t.test.part.parties
    if part is None:
        return
    found = sharing(t.claim, part)
    unnamed = t.claim.who.unnamed if {"state", "country", "any"} & set(part.kinds) else 0
    unnamed = unnamed if found or unnamed > 1 else 0  # who acts at home acts with somebody named
    shown = ", ".join([*(p.id for p in found), *["unnamed states"][:unnamed]]) or "nobody named"
    holds = len(found) + unnamed >= part.min
    yield Outcome(key="claim.parties", holds=holds, wanted=f"{part.min} of {_names(part.kinds)}", found=shown)


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
    for part, by in zip(t.rule.document.unless, t.rule.filters, strict=True):
        yield unless_outcome(part, by, t.in_sentence() if part.where == "sentence" else t.article)


def unless_outcome(part: UnlessPart, by: str, words: Wording) -> Outcome:
    """Whether an `unless` (of the rule, or of the filter `by`) leaves a match standing."""
    holds, cue = words.holds(part.text)
    wanted = f"none of filter {by}" if by else "none of `unless`"
    return Outcome(key="unless", holds=not holds, wanted=wanted, found="ruled out" if holds else "clear", cue=cue)


def gives_way_outcome(rule: Rule, others: Collection[str]) -> Outcome:
    """Whether a rule stands beside the `others` of its `gives_way` that hold for the same article."""
    wanted = f"none of {_names(rule.document.gives_way)}"
    return Outcome(
        key="gives_way", holds=not others, wanted=wanted, found=f"{_names(others)} holds" if others else "none"
    )


def _names(values: Iterable[object]) -> str:
    """As the rule has them: a plain word's own lexicon is called `kind:word`."""
    shown = (v.value if isinstance(v, Status | Zone | Role) else str(v).rpartition(":")[2] for v in values)
    return ", ".join(sorted(shown))


CHECKS: tuple[Check, ...] = (
    _act,
    _object,
    _matter,
    _status,
    _zone,
    _novelty,
    _age,
    _by,
    _on,
    _parties,
    _speaker,
    _clear,
    _wording,
    _unless,
)
