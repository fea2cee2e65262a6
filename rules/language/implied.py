"""Claims without a verb of their own: 'new sanctions', 'calls for sanctions'."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

from rules.language.absent import NOTHING, Claims
from rules.language.claims import MOST_ACTS, Arguments, Claim, Thing
from rules.language.deciding import FACTUAL
from rules.language.forms import Link
from rules.language.governing import SWELLING
from rules.language.hits import Hit
from rules.language.lists import listed_first, parted
from rules.language.structure import Structure
from rules.language.words import word_set
from rules.lexicon import Form
from rules.model import Status

_WISHES = frozenset({"plan", "propose", "bill", "demand", "threaten", "possible", "talk"})
# Verbs that deal the noun out, by the word between them ('' for none): 'hit with sanctions', 'work on sanctions'.
_DEALING = {
    "with": word_set(
        "hit punish respond act retaliate answer target react follow move proceed slap confront meet strike press go"
        " penalise penalize face threaten"
    ),
    "to": word_set("resort turn move lead"),
    "on": word_set("work start begin"),
    "by": word_set("hit punish target strike"),
    "": word_set("back use press follow merit"),
}
# 'Preparing for sanctions' is what their target does.
_BRACING = frozenset({"brace", "prepare", "gird", "ready", "wait", "plan", "look", "set"})
_BETWEEN = frozenset({"", "for", "of", "on", "about", "over", "with", "to", "toward", "towards", "behind", "at"})
# To demand compensation for sanctions is to ask for none.
_CLAIMING = frozenset({"demand", "need", "require", "want", "seek", "expect"})
# Who fears or disputes sanctions proposes none.
_DREADING = frozenset({"fear", "dread", "worry", "review", "dispute", "question", "doubt", "challenge", "contend"})
_DREADS = word_set(
    "risk risks fear fears worry worries concern concerns hope hopes row dispute uncertainty doubt doubts debate"
)
# 'The threat of sanctions scared investors' tells of something else.
_HANGING_NOUNS = frozenset({"threat", "threats", "fear", "fears", "risk", "prospect", "possibility", "uncertainty"})
_PARTICLES = frozenset({"out", "up", "off", "down"})
_KEEPING = frozenset({"keep", "continue", "resume", "go"})
# 'Wants to keep sanctions in place': they are there already.
_UPHOLDING = word_set("keep maintain retain leave uphold preserve enforce sustain prolong extend renew")
_AIMING = frozenset({"target", "punish"})
_HANGING = frozenset({"loom", "hang", "await"})
_COMING = frozenset({"come", "follow", "arrive", "loom", "be", "ensue"})
# 'Wants sanctions to stay': what is wished is the verb after them.
_RAISING = frozenset({"expect", "want", "need", "wish", "like", "cause", "allow"})
_FRESH = frozenset({"new", "fresh", "further", "additional", "more", "another", "latest", "first"})
_SET = frozenset({"on", "against", "over", "for", "in"})


def in_accord(reader: Claims) -> list[Claim]:
    """'Norway, Ghana in cod accord': who is in it has entered into it, where a headline has no verb."""
    s, acts = reader.s, reader.acts.entered
    verb = next((k for k, c in enumerate(s.chunks) if c.kind == "VG"), len(s.chunks))
    if not (acts and s.headline) or any(c.form == "fin" for c in s.chunks[verb:]):
        return []
    into = Hit(-1, -1, NOTHING, acts)
    places = [k for k in range(2, verb) if s.preposition(k) == "in" and s.kind(k) == s.kind(k - 2) == "NP"]
    things = ((k, thing) for k in places if (thing := reader.thing(k, into)) and thing.token == s.chunks[k].head)
    return [
        reader.built(k, t.token, acts, "enter", (t,), Arguments(objects=[k], subjects=s.left_coordinated(k - 2)))
        for k, t in things
    ]


def bare(reader: Claims, found: list[Claim]) -> list[Claim]:
    """'Fresh sanctions on …', 'calls for sanctions', 'slams new sanctions': the noun says its act."""
    named = {name for hit in reader.t.hits for name in hit.names}
    if not reader.acts.asked_bare(named):
        return []
    taken = {t.chunk for c in found for t in c.things if c.acts & reader.acts.spoken}
    free = (k for k, c in enumerate(reader.s.chunks) if c.kind == "NP" and k not in taken)
    nouns = islice(((k, thing) for k in free if (thing := _bare_thing(reader, k))), MOST_ACTS)
    return [claim for k, thing in nouns if (claim := _bare_claim(reader, k, thing))]


def _bare_thing(reader: Claims, k: int) -> Thing | None:
    """What chunk k is, if a rule takes it without a verb; a rule that asks for any object does not mean that."""
    pretend = Hit(-1, -1, NOTHING, reader.acts.bare)
    found = (reader.thing(k, pretend), _compound(reader, k))
    return next((t for t in found if t and reader.acts.asked_bare(t.names)), None)


def _bare_claim(reader: Claims, k: int, thing: Thing) -> Claim | None:
    aimed = _aimed(reader, k) or _targeted(reader, k)
    targets = _threatened(reader, k) + aimed + _told(reader, k) + _facing(reader, k)
    agents = [k + 2] if reader.s.low(k + 1) == "from" and reader.s.kind(k + 2) == "NP" else []  # 'faces a ban from …'
    arguments = Arguments(objects=[k], targets=targets, agents=agents)
    claim = reader.built(k, thing.token, reader.acts.bare, "new", (thing,), arguments)
    claim = _to_come(reader, k, claim)
    is_news = _is_fresh(reader, k) or aimed or any(link.role == "enact" for link in claim.reading.links)
    return claim if (is_news and claim.status in FACTUAL) or _wanted(reader, claim) else None


def _is_fresh(reader: Claims, k: int) -> bool:
    """'A new round of sanctions', 'further sanctions'."""
    first = reader.s.chunks[_wrapped(reader.s, k)].first
    return any(reader.t.low[i] in _FRESH for i in range(first, reader.s.chunks[k].head))


def _to_come(reader: Claims, k: int, claim: Claim) -> Claim:
    """'Sanctions to target banks': what stands in a headline with an infinitive is planned."""
    j = k + 1
    while reader.s.kind(j) == "P" and reader.s.kind(j + 1) == "NP":
        j += 2
    is_inf = reader.s.headline and reader.s.kind(j) == "VG" and reader.s.chunks[j].form == "inf"
    if not is_inf or claim.reading.links or claim.reading.governors:
        return claim
    links = (Link(reader.s.chunks[j].head, "plan", Status.PLANNED),)
    return replace(claim, reading=replace(claim.reading, status=Status.PLANNED, links=links))


def _aimed(reader: Claims, k: int) -> list[int]:
    """'Sanctions target the bank', 'sanctions loom for Norway': whom the noun's own verb says it is for."""
    s = reader.s
    verb = k + 1
    while verb <= k + 7 and (s.kind(verb) in ("P", "NP") or (s.kind(verb) == "VG" and s.chunks[verb].form == "part")):
        verb += 1
    if s.kind(verb) != "VG" or s.chunks[verb].passive or verb > k + 7:
        return []
    whom = verb + 1 + (s.lemma(verb) in _HANGING and s.kind(verb + 1) == "P")
    return [whom] if s.lemma(verb) in (*_AIMING, *_HANGING) and s.kind(whom) == "NP" else []


def _targeted(reader: Claims, k: int) -> list[int]:
    """'The bank was targeted in new sanctions': whom a verb before the noun says it is for."""
    s = reader.s
    is_verb = s.preposition(k) in ("in", "by", "with", "under") and s.kind(k - 2) == "VG" and s.lemma(k - 2) == "target"
    return s.subject(k - 2) if is_verb and (s.chunks[k - 2].passive or s.chunks[k - 2].form == "part") else []


def _threatened(reader: Claims, k: int) -> list[int]:
    """Who stands between a verb and its sanctions: 'warned Norway of …', 'act against Norway with …'."""
    s = reader.s
    if s.preposition(k) not in ("with", "of", "for") or s.kind(k - 2) != "NP":
        return []
    first = k - 2
    while s.kind(first - 1) == "CC" and s.kind(first - 2) == "NP":
        first -= 2
    verb = first - 1 - (s.kind(first - 1) == "P")
    if s.preposition(k) != "for" and s.grammar.verb_class.get(s.lemma(verb)) == "demand":
        return []  # 'backs Norway with sanctions on Ghana'
    named = [j for j in range(first, k - 1, 2) if s.states(j)]
    return named if s.kind(verb) == "VG" else []


def _facing(reader: Claims, k: int) -> list[int]:
    """'Norway faces new sanctions': whom they are for."""
    first = listed_first(reader.s, _wrapped(reader.s, k))
    faces = reader.s.lemma(first - 1) in ("face", "risk")
    return [j for j in reader.s.subject(first - 1) if reader.s.states(j)] if faces else []


def _told(reader: Claims, k: int) -> list[int]:
    """'Leave or face sanctions, Norway tells Ghana': who is told so, where the verb has no subject."""
    s = reader.s
    if s.lemma(k - 1) != "face" or s.kind(k - 2) != "CC":
        return []
    return [j for j in range(k + 1, len(s.chunks)) if s.kind(j) == "NP" and s.lemma(j - 1) in ("tell", "warn")]


def _compound(reader: Claims, k: int) -> Thing | None:
    """'A sanctions bill', 'the sanctions threat': the noun before a head that says what becomes of it."""
    head = reader.s.chunks[k].head
    word = reader.t.low[head]
    governs = head > reader.s.chunks[k].first and word in reader.s.grammar.noun_class and word not in _DREADS
    act = Hit(head, head, Form(("",), "noun", "N", ""), frozenset())
    return reader.thing(k, act) if governs else None


def _wanted(reader: Claims, claim: Claim) -> bool:
    """Is the noun itself what somebody calls for, plans, threatens ('calls for sanctions', 'a sanctions bill')?"""
    if claim.status in FACTUAL or any(link.role == "unread" for link in claim.reading.links):
        return False
    head = reader.s.chunks[claim.chunk].head
    if any(link.token == head and claim.token < head for link in claim.reading.links):
        return True
    first = reader.s.chunks[claim.chunk].first
    behind = [link for link in claim.reading.links[:1] if not first <= link.token <= head and link.role in _WISHES]
    if any(reader.s.at_token(link.token) not in claim.reading.governors for link in behind):
        return True  # 'sanctions on the table'
    wrapped = range(_wrapped(reader.s, claim.chunk), claim.chunk)  # 'a range of steps, including sanctions'
    governors = [g for g in claim.reading.governors if g not in wrapped or _wishes(reader, claim, g)]
    if not governors or _foretold(reader, claim, governors[0]):
        return bool(governors)
    k = governors[0]
    if k > claim.chunk:
        return _wishes(reader, claim, k) or (reader.s.lemma(k) in _COMING and bool(reader.s.chunks[k].modal))
    word = _between(reader, claim.chunk, k)
    lemma = reader.s.lemma(k)
    if word is None or (lemma in _RAISING and _acts_itself(reader, claim.chunk)):
        return False
    if lemma in (*_DREADING, *_UPHOLDING) or _is_known(reader, governors) or _is_topic(reader, claim, k):
        return False
    beyond = _past_beginnings(reader, claim, governors)
    ahead = not beyond and lemma not in _KEEPING  # 'to press ahead with sanctions'
    is_wish = ahead or any(_wishes(reader, claim, g) for g in beyond)
    is_braced = word == "for" and lemma in _BRACING and reader.s.kind(k) == "VG"
    return (is_wish and not is_braced) or lemma in _DEALING.get(word, ())


def _is_topic(reader: Claims, claim: Claim, governor: int) -> bool:
    """'To discuss sanctions and trade': do they merely speak of sanctions, which may be there, and not of new ones?"""
    head = reader.s.chunks[governor].head
    talks = any(link.token == head and link.role == "talk" for link in claim.reading.links)
    chunk = reader.s.chunks[claim.chunk]
    named = [party for first, (_, party) in reader.t.parties.items() if chunk.first <= first < chunk.head]
    is_set = reader.s.low(claim.chunk + 1) in _SET or any(not party.adjective for party in named)
    return talks and not is_set and not _is_fresh(reader, claim.chunk)


def _foretold(reader: Claims, claim: Claim, governor: int) -> bool:
    """'Weakens the proposed sanctions', 'threatened sanctions would hurt': says the noun itself that it is to come?"""
    told = any(reader.s.at_token(link.token) == claim.chunk for link in claim.reading.links[:1])
    is_near = governor in (claim.chunk - 1, claim.chunk + 1) and reader.s.kind(governor) == "VG"
    return told and is_near and reader.s.lemma(governor) not in _DREADING


def _is_known(reader: Claims, governors: list[int]) -> bool:
    """'The threat of sanctions scared investors': is the threat the subject of a verb that tells what it does?"""
    noun, verb = (*governors, -1, -1)[:2]
    acts = verb > noun and reader.s.kind(verb) == "VG" and not reader.s.chunks[verb].copula
    return reader.s.low(noun) in _HANGING_NOUNS and acts and reader.s.lemma(verb) not in (*SWELLING, *_HANGING)


def _wishes(reader: Claims, claim: Claim, k: int) -> bool:
    """Does the governor k wish for what it governs?"""
    head = reader.s.chunks[k].head
    return any(link.token == head and link.role in _WISHES for link in claim.reading.links)


def _past_beginnings(reader: Claims, claim: Claim, governors: list[int]) -> list[int]:
    """The first governor that is more than a beginning: 'urged them to start work on sanctions'."""
    is_set = reader.s.low(claim.chunk + 1) in ("on", "against") or _names_party(reader, claim.chunk)
    roles = ("begin", "agree") if is_set else ("begin",)
    begun = {link.token for link in claim.reading.links if link.role in roles}
    return [g for g in governors if reader.s.chunks[g].head not in begun][:1]


def _names_party(reader: Claims, k: int) -> bool:
    """'A deal on Norway sanctions': does the phrase say itself whom it is for?"""
    chunk = reader.s.chunks[k]
    return any(chunk.first <= i < chunk.head for i in reader.t.parties)


def _between(reader: Claims, k: int, governor: int) -> str | None:
    """The preposition between a governor and the phrase k right after it, '' for none; None where more lies between.

    Amounts are passed over: 'a new round of sanctions'.
    """
    s = reader.s
    first = listed_first(s, _wrapped(s, k))
    if first <= governor < k:
        return ""  # 'options, including sanctions'
    k = first
    to_whom = governor == k - 2 and s.kind(k - 1) == "NP"
    if governor == k - 1 or (to_whom and s.lemma(governor) in ("threaten", "promise", "warn")):
        return ""  # 'threatens Norway new sanctions'
    word = s.preposition(k)
    threatened = _threatened(reader, k)
    before = threatened[0] - 1 if threatened else k - 3
    if governor in (before, before - 1) and (threatened or (word == "for" and s.lemma(governor) not in _CLAIMING)):
        return word  # 'presses its allies for sanctions'
    if word and s.kind(k - 2) == "VG" and governor in s.subject(k - 2):
        return word  # 'calls grow for sanctions'
    if governor == k - 2 and word in _PARTICLES:
        return ""  # 'did not rule out sanctions'
    return word if governor == k - 2 and word in (*_BETWEEN, "by") else None


def _wrapped(s: Structure, k: int) -> int:
    """The first phrase of 'a new round of sanctions', 'steps, including sanctions': what a phrase is part of."""
    if s.low(k - 1) == "including":
        k -= 2 + parted(s, k - 1)
    while s.low(k - 1) == "of" and (s.low(k - 2) in s.grammar.nouns["wraps"] or s.quantity(k - 2) == k):
        k -= 2
    return k


def _acts_itself(reader: Claims, k: int) -> bool:
    """'Expects sanctions on Norway to bite': does an infinitive say what the phrase does?"""
    j = k + 1
    while reader.s.kind(j) == "P" and reader.s.kind(j + 1) == "NP":
        j += 2
    return reader.s.chunks[j].form == "inf" if j < len(reader.s.chunks) else False
