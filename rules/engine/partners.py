"""Who shares in a claim: the parties that a rule's `parties` key counts, and who can be none of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from rules.document import PartiesPart
from rules.language.claims import Claim
from rules.language.structure import Structure
from rules.language.vocabulary import Party
from rules.language.words import word_set

_COMMUNITY = frozenset({"ec", "eec", "community", "communities"})
_OWNING = frozenset({"of", "from", "in", "to", "by", "with", "for"})
# 'A group linked to Norway', 'gunmen backed by Norway'.
_TIED = word_set("link tie back connect affiliate sponsor support base fund arm train employ hire align")
_HEADS_OF_REGIONS = frozenset({"gov", "governor", "mayor"})


def fits(party: Party, kinds: Collection[str]) -> bool:
    """Is the party of one of the kinds that a rule names?"""
    if "any" in kinds or party.kind in kinds:
        return True
    return (party.kind == "state" and "country" in kinds) or (party.kind == "igo" and "body" in kinds)


def sharing(claim: Claim, part: PartiesPart) -> list[Party]:
    """The parties that count for a `parties` key; where it asks for two or more, a mere place is none of them.

    Where companies count, so do the states whose firms or arms a deal is about ("orders 32 F-35s", "a Swedish arms
    maker"), and a firm and its own state are one party: what a state orders at home is no deal with another.
    """
    if part.min < 2:
        return [p for p in claim.who.parties if fits(p, part.kinds)]
    if "any" not in part.kinds and _are_irregulars(claim):
        return []
    found = [p for p in claim.who.parties if p.id not in claim.who.placed and fits(p, part.kinds)]
    found = _one_of_each_home([*found, *_makers(claim)]) if "company" in part.kinds else found
    return _beyond_union(found, claim.structure)


def _are_irregulars(claim: Claim) -> bool:
    """'A mercenary army led by a Croat buys rockets', 'rebel leaders sign a pact': what they do, no state does."""
    s, doers = claim.structure, [claim.structure.chunks[k] for k in claim.who.agents]
    irregulars = s.grammar.nouns["irregulars"]
    return bool(doers) and all(not irregulars.isdisjoint(s.tagged.low[c.first : c.last + 1]) for c in doers)


def _one_of_each_home(parties: list[Party]) -> list[Party]:
    seen: dict[str, Party] = {}
    for party in sorted(parties, key=lambda p: p.kind == "company"):
        seen.setdefault(party.home or party.id, party)
    return [p for p in dict.fromkeys(parties) if p in seen.values()]


def _beyond_union(parties: list[Party], s: Structure) -> list[Party]:
    """The parties without the EU where it deals with its own members alone: that is a law of theirs.

    What was the European Community had fewer members, so it counts.
    """
    others = {p.id for p in parties} - {"EU"}
    is_own = bool(others) and others <= s.grammar.nouns["eu_members"] and _COMMUNITY.isdisjoint(s.tagged.low)
    return [p for p in parties if p.id != "EU"] if is_own else parties


def _makers(claim: Claim) -> Iterator[Party]:
    """The states of the arms that stand in the objects and what completes them, and of the firms there."""
    s = claim.structure
    for k in dict.fromkeys([*claim.who.agents, *claim.around()]):
        chunk = s.chunks[k]
        for hit in s.tagged.hits:
            if hit.form.maker and chunk.first <= hit.first <= chunk.last:
                yield Party(hit.form.maker, "state")
        words = s.tagged.low[chunk.first : chunk.last + 1]
        if not s.grammar.nouns["firms"].isdisjoint(words) and s.grammar.nouns["irregulars"].isdisjoint(words):
            yield from (
                Party(p.id, "state")
                for i, (_, p) in sorted(s.tagged.parties.items())
                if chunk.first <= i <= chunk.last and p.kind == "state"
            )


def no_state(claim: Claim) -> str:
    """Who acts and can be no state ('a court lifted the ban', 'Gov. Rusu'); '' where nobody of that kind does."""
    s, private = claim.structure, claim.structure.grammar.nouns["private"]
    return next((s.low(k) for k in claim.who.agents if s.low(k) in private or _is_region(s, k)), "")


def _is_region(s: Structure, k: int) -> bool:
    """Is the phrase a part of a state, or who heads one ('Texas', 'Gov. Rusu')?"""
    titled = [*s.tagged.low[s.chunks[k].first : s.chunks[k].head], s.low(k - 2) if s.kind(k - 1) == "." else ""]
    return s.low(k) in s.grammar.nouns["regions"] or not _HEADS_OF_REGIONS.isdisjoint(titled)


def owners(s: Structure, k: int) -> Iterator[Party]:
    """Whose those in phrase k are: 'Norwegian hackers', 'hackers from Norway', 'a group linked to Norway'."""
    tied = k + 1 if s.kind(k + 1) == "VG" and s.chunks[k + 1].form == "part" and s.lemma(k + 1) in _TIED else k
    completing = [n for j in {k, tied} for word, n in s.complements(j) if word in _OWNING]
    for chunk in (s.chunks[n] for n in [k, *sorted(completing)]):
        yield from (p for i, (_, p) in sorted(s.tagged.parties.items()) if chunk.first <= i <= chunk.last)
