"""From claims to matches: candidates by index, keys checked in order, the best claim becomes the evidence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from rules.document import ConfirmPart
from rules.engine.checks import named, outcomes, party_objects
from rules.engine.confidence import confidence, signs_of
from rules.engine.heads import headed
from rules.engine.partners import sharing
from rules.engine.rule import ClaimTest, Rule
from rules.engine.tried import Tried
from rules.language.claims import Claim
from rules.model import Confirm, Emit, Evidence, Match, Speaker, Status, Zone
from rules.shape import duration_s

_ZONES = (Zone.HEADLINE, Zone.LEAD, Zone.BODY, Zone.BACKGROUND)
_MOST_EVIDENCE = 3
_SAME = frozenset({"claim.act", "claim.object", "claim.about"})
_NOT = frozenset({Status.DENIED, Status.REFUSED})

Entry = tuple[str, ClaimTest]


@dataclass(frozen=True, slots=True)
class Bucket:
    """The rules of one (act, object): those for anybody, and those that name a party, by its id."""

    anybody: tuple[Entry, ...]
    named: Mapping[str, tuple[Entry, ...]]


Index = dict[tuple[str, str], Bucket]


def index_of(rules: Iterable[Rule]) -> Index:
    """(act, object) to the rules that ask for them; '' for a rule without an object.

    Twenty thousand rules that differ by country cost a claim one look-up per party, not a walk over all of them.
    """
    found: dict[tuple[str, str], dict[str, list[Entry]]] = {}
    for rule in rules:
        for test in rule.claims:
            for act in sorted(test.acts):
                for head in asked_heads(test):
                    bucket = found.setdefault((act, head), {})
                    for name in required_names(test):
                        bucket.setdefault(name, []).append((rule.id, test))
    return {key: _bucket(bucket) for key, bucket in found.items()}


def asked_heads(test: ClaimTest) -> list[str]:
    """The lexicons of its object; [''] where any object, or a party, will do."""
    by_party = test.part.object is not None and bool(test.part.object.kinds)
    return [""] if by_party else sorted(test.heads) or [""]


def _bucket(entries: dict[str, list[Entry]]) -> Bucket:
    named = {name: tuple(some) for name, some in entries.items() if name}
    return Bucket(tuple(entries.get("", ())), named)


def required_names(test: ClaimTest) -> tuple[str, ...]:
    """The parties of which a claim must have one; ('',) if anybody will do."""
    for part in (test.part.on, test.part.by):
        if part is not None and part.name and not part.may_lack and not part.head:
            return part.name
    return ("",)


def candidates(index: Index, claim: Claim) -> Iterator[Entry]:
    """The rules that may hold for a claim, each alternative once."""
    heads = sorted({n for thing in claim.things for n in thing.names} | {""})
    seen: set[int] = set()
    for act in sorted(claim.acts):
        for head in heads:
            bucket = index.get((act, head))
            if bucket is None:
                continue
            for entry in (*bucket.anybody, *_of_named(bucket, claim)):
                if id(entry[1]) not in seen:
                    seen.add(id(entry[1]))
                    yield entry


def _of_named(bucket: Bucket, claim: Claim) -> Iterator[Entry]:
    """The rules for parties of the claim; who they are is not looked for where no rule asks."""
    return (e for p in claim.who.parties for e in bucket.named.get(p.id, ())) if bucket.named else iter(())


def tests_for(rule: Rule, claim: Claim) -> Iterator[ClaimTest]:
    """The alternatives of one rule that the claim's act and object fit: what `candidates` finds, without the index."""
    heads = {n for thing in claim.things for n in thing.names}
    return (t for t in rule.claims if t.acts & claim.acts and set(asked_heads(t)) & {*heads, ""})


def holds(tried: Tried) -> bool:
    """Do all keys hold? Stops at the first that does not."""
    return all(outcome.holds for outcome in outcomes(tried))


def retells(tried: Tried) -> bool:
    """Tells a claim for which the rule does not hold the same act on the same thing, whoever it names?"""
    return tried.claim.status not in _NOT and all(o.holds for o in outcomes(tried) if o.key in _SAME)


def match_of(found: list[Tried], retold: list[Tried]) -> Match:
    """The match of a rule from all claims for which it holds (at least one), in the order of the article.

    `retold` are claims of title and lead that tell the same in other words: they only serve as further evidence.
    """
    best = found[0]
    document = best.rule.document
    voice = best.voice() or next((v for t in found for v in [t.voice()] if v), None)
    speaker = voice.speaker if voice else None
    bindings = _bindings(best, speaker)
    signs = signs_of([t.claim for t in found], speaker)
    return Match(
        rule=best.rule.id,
        level=document.level,
        status=best.claim.status,
        speaker=speaker,
        zone=best.claim.zone,
        bindings=dict(sorted((k, v) for k, v in bindings.items() if v is not None)),
        evidence=_evidence([*found, *retold]),
        confidence=confidence(signs),
        signs=signs,
        emit=_emit(best, bindings),
    )


def _evidence(found: list[Tried]) -> tuple[Evidence, ...]:
    spans = dict.fromkeys(evidence_of(t.claim) for t in found)
    return tuple(spans)[:_MOST_EVIDENCE]


def evidence_of(claim: Claim) -> Evidence:
    """The clause of a claim as it stands in the article."""
    return claim.sentence.clean.evidence(*claim.span)


def _bindings(tried: Tried, speaker: Speaker | None) -> dict[str, str | None]:
    part, claim = tried.test.part, tried.claim
    bound: dict[str, str | None] = {"act": claim.lemma, "object": _object(tried)}
    for key, wanted, parties in (("by", part.by, claim.who.by), ("on", part.on, claim.who.on)):
        if wanted is not None and wanted.as_:
            bound[wanted.as_] = next(iter([p.id for p in named(parties, wanted)] or headed(tried, key)), None)
    if part.object and part.object.as_:
        bound[part.object.as_] = _object_party(tried)
    if part.parties is not None:
        ids = [p.id for p in sharing(claim, part.parties)]
        bound |= {name: ids[i] if i < len(ids) else None for i, name in enumerate(part.parties.as_)}
    if tried.rule.document.speaker.as_:
        bound[tried.rule.document.speaker.as_] = (speaker.name or speaker.title) if speaker else None
    return bound


def _object(tried: Tried) -> str | None:
    """The object's base form, or the party that it is."""
    tagged = tried.claim.structure.tagged
    for thing in tried.claim.things:
        if thing.names & tried.test.heads:
            near = [h for h in tagged.hits if h.first <= thing.token <= h.last + 1]  # 'a sanctions package'
            hits = [h for h in near if h.names & tried.test.heads]
            return min(hits, key=lambda h: (h.first, h.form.lemma)).form.lemma
    return _object_party(tried)


def _object_party(tried: Tried) -> str | None:
    part = tried.test.part.object
    found = party_objects(tried.claim, part.kinds) if part else []
    return found[0][2].id if found else None


def _emit(tried: Tried, bindings: dict[str, str | None]) -> Emit:
    part = tried.rule.document.emit
    key = [(name, bindings.get(name)) for name in part.key or ()]
    symmetric = set(part.symmetric)
    values = iter(sorted((v for n, v in key if n in symmetric), key=lambda v: (v is None, v or "")))
    pairs = tuple((n, next(values) if n in symmetric else v) for n, v in key)
    once_per_s = duration_s(part.once_per) if part.once_per not in (None, "state_change") else None
    return Emit(pairs, part.state, part.becomes, once_per_s, _confirm(tried.rule.document.confirm))


def _confirm(part: ConfirmPart | None) -> Confirm | None:
    return Confirm(part.outlets, part.within, part.otherwise.level) if part else None


def order(tried: Tried) -> tuple[int, int, int, int]:
    """Headline before lead before body; then the order of the text; then that of the rule's alternatives."""
    return _ZONES.index(tried.claim.zone), tried.claim.sentence.number, tried.claim.token, tried.test.number
