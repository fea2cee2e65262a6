"""The status of an act, composed outward: its own form first, then every word that governs it, one after the other.

"denied that it would lift": lift is planned by its form, denied by its governor. The outermost word that does not pass
the act on as fact decides; words that pass it on (said, agreed to, began) add what they are themselves.
"""

from __future__ import annotations

from dataclasses import dataclass

from rules.language.conditions import condition, terms
from rules.language.deciding import FACTUAL, Deciding
from rules.language.following import REACH
from rules.language.forms import CLASSES, Forms, Link
from rules.language.governing import AFTER, Governing
from rules.language.structure import Structure
from rules.model import Status

_PASSING = {"agree": Status.AGREED, "announce": Status.ANNOUNCED}
_WEAKER = frozenset({Status.DEMANDED, Status.PROPOSED, Status.THREATENED, Status.POSSIBLE, Status.TALKS})
_AIMED = frozenset({Status.PLANNED, *_WEAKER} - {Status.THREATENED})
_VERBAL = frozenset({"VB", "VBZ", "VBD", "VBN", "VBG"})
_NOT = frozenset({Status.REFUSED, Status.DENIED})
_AHEAD_OF_NOT = frozenset({Status.PLANNED, Status.POSSIBLE, Status.DEMANDED})
_IMAGINED = frozenset({"would", "could", "might"})
_SPOKEN = frozenset({"agree", "begin", "propose", "announce"})
# Classes of verbs whose subject is what they speak of ('sanctions await Norway').
_OF_SUBJECT = frozenset({"plan", "possible", "refuse", "conditional"})
# 'The plan includes lifting the ban': what it is, the subject says.
_CONTAINING = frozenset(["include", "contain", "involve", "entail", "cover", "comprise", "feature", "mean", "bring"])
_ORDERING = frozenset({"order", "command", "instruct", "direct", "want", "need"})
_STEPS = frozenset({"process", "procedure", "procedures", "work", "step", "steps", "measures"})
_LETTING = frozenset({"allow", "permit", "enable", "let", "empower"})
_TIME_LEFT = frozenset({"hours", "days", "week", "weeks", "month", "months", "year", "deadline", "ultimatum", "time"})
# 'A decision on lifting the ban' has yet to be taken.
_PENDING = frozenset({"decision", "decisions", "vote", "votes", "ruling", "choice"})
# 'Wants the ban lifted', 'hopes that Norway will lift it'.
_WISHING = {"want": "demand", "need": "demand", "like": "demand", "wish": "demand", "hope": "possible"}
_REGARDING = frozenset({"on", "about", "over", "regarding", "concerning"})
_DECIDING = frozenset({"vote", "decide", "rule"})
_MUSING = frozenset({"speak", "comment", "elaborate", "reflect", "touch", "dwell", "brief"})
# Who is challenged, convinced or reminded is asked for something; a thing that is challenged is not.
_TO_SOMEBODY = frozenset({"call", "challenge", "appeal", "persuade", "convince", "remind", "petition"})
_ONWARDS = frozenset({"forward", "closer", "nearer", "ahead", "step", "steps"})
_HELD = frozenset({"hold", "ice", "shelf"})
_ASKING = frozenset({"what", "why", "how", "whether", "that"})
_LIMIT = 6


@dataclass(frozen=True, slots=True)
class Reading:
    """The status of an act, the links that made it, and whether the act stands in a side clause."""

    status: Status
    links: tuple[Link, ...]
    subordinate: str = ""
    governors: tuple[int, ...] = ()
    """Chunks that govern the act, inner first (a reporting verb among them says who speaks)."""


class Composer:
    """Walks outward from one act of one sentence."""

    def __init__(self, structure: Structure, question: bool) -> None:
        self.s = structure
        self.question = question
        self.governing = Governing(structure)
        self.deciding = Deciding(structure)
        self.forms = Forms(structure)

    def read(self, k: int, token: int) -> Reading:
        """The status of the act at `token` in chunk k."""
        links: list[Link] = []
        governors: list[int] = []
        subordinate = ""
        current: Status | None = None
        chunk = k
        position = token
        for _ in range(_LIMIT):
            own, mark = self.forms.own(chunk, position)
            links += own
            subordinate = subordinate or mark
            current = _compose(current, [link.status for link in own])
            governor, role = self.governing.governor(chunk, position)
            if governor is None or governor == k or governor in governors:
                current = self.ungoverned(chunk, position, current, links)
                break
            governors.append(governor)
            link = self.class_link(governor, role)
            if role == "object" and (self.deciding.enacts(governor, links) or self.deciding.fulfils(governor, links)):
                links.append(Link(self.s.chunks[governor].head, "enact", Status.AGREED))
                current = Status.AGREED
            elif (
                link and not self.deciding.backs(governor, link, links) and not self.deciding.puts_off(governor, links)
            ):
                is_decided = current is Status.PLANNED and self.deciding.settles(governor, role, k)
                links.append(link)
                current = Status.ANNOUNCED if is_decided else _governed(current, link)
            if current in FACTUAL and self.deciding.answers(governor, role, k):
                break
            chunk, position = governor, self.s.chunks[governor].head
        current = current or Status.DONE
        if term := self._term(k, position, current, links):
            links.append(term)
            current = term.status
        if self.question and not self._is_told_first(k) and current in (*FACTUAL, Status.PLANNED):
            current = Status.POSSIBLE
        return Reading(current, tuple(links), subordinate, tuple(governors))

    def _is_topic(self, k: int, current: Status | None) -> bool:
        """'Comment: on the calls for an embargo', 'regarding threats to leave': a heading, and nobody's call."""
        if self.s.kind(k) != "NP" or self.s.kind(k - 1) != "P" or current not in _WEAKER:
            return False
        return self.s.kind(k - 2) in (":", "–") or (k == 1 and self.s.low(0) in _REGARDING)

    def _is_told_first(self, k: int) -> bool:
        """'Norway cuts ties: is it a bluff?': what stands before the colon is not asked."""
        return any(self.s.kind(j) in (":", "–") for j in range(k + 1, len(self.s.chunks)))

    def _term(self, k: int, position: int, current: Status, links: list[Link]) -> Link | None:
        """What takes the act back to a supposition: a condition that follows, or 'any' before it."""
        if tied := condition(self.s, k, position, current) or terms(self.s, k, position, current):
            return tied
        is_any = bool(links) and links[0].role == "any" and current not in _NOT and not self._is_weighed(links)
        return Link(links[0].token, "any", Status.UNKNOWN) if is_any else None

    def _is_weighed(self, links: list[Link]) -> bool:
        """'Would consider any request': a verb says what is done with it, should it come."""
        tags = self.s.tagged.tags
        return any(tags[link.token] in _VERBAL and link.status in _AIMED for link in links[1:])

    def ungoverned(self, k: int, token: int, current: Status | None, links: list[Link]) -> Status | None:
        """An act with nothing above it: 'EU to lift ban' is planned, 'Lifting the ban would help' possible."""
        chunk = self.s.chunks[k]
        if self._is_topic(k, current):
            links.append(Link(self.s.chunks[k - 1].first, "unread", Status.UNKNOWN))
            return Status.UNKNOWN
        if chunk.kind != "VG" or token != chunk.head or (current is not None and current not in FACTUAL):
            return current
        if chunk.form == "inf" and not self.governing.ranks(k - 1):
            links.append(Link(chunk.first, "infinitive", Status.PLANNED))
            return Status.PLANNED
        if chunk.form == "ger" and self._is_supposed(k):
            links.append(Link(chunk.first, "gerund subject", Status.POSSIBLE))
            return Status.POSSIBLE
        if chunk.form == "ger" and current is None:
            return AFTER.get(self.s.preposition(k), Status.UNDERWAY)
        return current

    def _is_supposed(self, k: int) -> bool:
        """'Lifting the ban would help', 'lifting the ban is a priority': is the gerund a subject that is judged?"""
        if k == 0 and any(c.kind == "VG" and c.modal for c in self.s.chunks[1:8]):
            return True
        j = k + 1
        while self.s.kind(j) in ("NP", "P", "CC"):
            j += 1
        opens = k == 0 or self.s.kind(k - 1) in ("SUB", "VG", ":", "REL") or self.s.low(k - 1) in _ASKING
        if opens and (self.s.kind(j) == "AP" or (self.s.kind(j) == "VG" and self.s.chunks[j].modal)):
            return True  # 'Lifting the ban impossible'
        is_verb = self.s.kind(j) == "VG" and self.s.chunks[j].form == "fin"
        return opens and is_verb and (self.s.chunks[j].copula or self.s.lemma(j) in ("remain", "seem", "appear"))

    # -- what it makes of the act ------------------------------------------------------------------------------
    def class_link(self, k: int, role: str) -> Link | None:
        """What the governor makes of the act, by its class."""
        if role in ("sister", "adverbial", "rank"):
            return None
        grammar, chunk = self.s.grammar, self.s.chunks[k]
        if chunk.kind == "VG":
            name = self._verb_class(k, role)
        elif chunk.kind == "AP":
            name = grammar.adjective_class.get(self.s.low(k), "")
        else:
            name = self._noun_class(k)
        if chunk.kind == "VG" and self.s.lemma(k) in _CONTAINING and role in ("object", "ger"):
            name = next((n for j in self.s.subject(k) for n in [grammar.noun_class.get(self.s.low(j), "")] if n), name)
        if role == "subject" and name == "fact" and chunk.modal in _IMAGINED and not chunk.passive:
            return Link(chunk.first, "imagined", Status.POSSIBLE)  # 'a withdrawal would leave a gap'
        is_main = self.s.headline and not any(c.form == "fin" for c in self.s.chunks)  # 'Norway facing sanctions'
        if chunk.form == "ger" and self.s.lemma(k) == "face" and self.s.kind(k - 1) == "NP" and not is_main:
            return Link(chunk.head, "unread", Status.UNKNOWN)  # 'officials facing sanctions': for how long?
        unread = role == "about" or (chunk.kind == "VG" and role == "ger")
        if name == "unread" or (not name and unread) or (name == "plan" and role == "inf" and self._once_meant(k)):
            return Link(chunk.head, "unread", Status.UNKNOWN)
        return Link(chunk.head, name, CLASSES.get(name) or _PASSING.get(name) or Status.DONE) if name else None

    def _once_meant(self, k: int) -> bool:
        """'Had planned to leave': a plan of the past, which has been kept or dropped since."""
        chunk = self.s.chunks[k]
        return chunk.perfect and self.s.tagged.low[chunk.first] == "had"

    def _noun_class(self, k: int) -> str:
        """The class of a governing noun, by what stands beside it."""
        low = self.s.low(k)
        if low in _PENDING and self.s.low(k + 1) in ("on", "about", "over"):
            return "possible"
        if low in _ONWARDS and self.s.low(k + 1) in ("toward", "towards"):
            return "possible"  # 'a step towards lifting the ban'
        if low in _TIME_LEFT and self.s.lemma(self.s.verb_left(k)) in ("give", "grant", "set", "allow"):
            return "demand"  # 'gave them two weeks to lift the ban'
        if low in _STEPS and self.s.chunks[k + 1].form == "inf":
            return "plan"  # 'took steps to lift the ban'
        return self.s.grammar.noun_class.get(low, "")

    def _verb_class(self, k: int, role: str) -> str:
        """The class of a governing verb: by what follows it, then by how it governs."""
        grammar, lemma = self.s.grammar, self.s.lemma(k)
        name = grammar.verb_class.get(f"{lemma}_{self.s.low(k + 1)}" if self.s.kind(k + 1) == "P" else lemma, "")
        name = "refuse" if self._holds_up(k) else name or grammar.verb_class.get(lemma, "")
        if first := self._ahead_of_its_class(k, role):
            return first
        if role == "object" and lemma in _TO_SOMEBODY and self.s.low(k + 1) != "for":
            return ""  # 'challenges the sanctions' in court
        is_about = role == "about" or (role == "object" and self.s.low(k + 1) in ("on", "about", "over"))
        if is_about and lemma in _MUSING | _DECIDING:
            return self._of_topic(k)
        if role == "that" and lemma in _WISHING:
            return _WISHING[lemma]
        if role == "inf" and name == "say":
            return "plan"  # 'Says Norway to lift the ban'
        if role in ("that", "ger") and lemma in grammar.reporting and name in _SPOKEN:
            return "say"
        if role == "subject":
            return self._of_subject(k, name)
        return self._of_infinitive(k, name) if role == "inf" else name

    def _of_topic(self, k: int) -> str:
        """'Voted on lifting it': how? 'Spoke about lifting it': what came of it? 'Will vote on it' leaves it open."""
        is_told = self.s.lemma(k) in _MUSING or self.s.tagged.tags[self.s.chunks[k].head] == "VBD"
        return "unread" if is_told else "possible"

    def _of_infinitive(self, k: int, name: str) -> str:
        """What a verb makes of the infinitive after it."""
        lemma = self.s.lemma(k)
        if self._lacks(k):
            return "refuse"
        if lemma in _LETTING or (lemma in ("make", "find") and self.s.low(k + 1) == "it"):  # 'makes it hard to lift it'
            return "possible"  # 'the pact allows it to lift the ban'
        if (self.s.low(k + 1), self.s.low(k + 2)) == ("in", "principle"):
            return "plan"  # 'agreed in principle to lift the ban'
        if name == "begin" and self.s.kind(k + 1) == "NP":
            return "plan"  # 'began procedures to lift the ban'
        if self._judges(k, name):
            return "unread"
        told = lemma == "tell" or (lemma in _ORDERING and self._to_another(k))
        return "demand" if told and not self.s.chunks[k].passive else name or "plan"

    def _lacks(self, k: int) -> bool:
        """'Is out of money to send arms', 'is short of shells to send': it does not send them."""
        return self.s.chunks[k].copula and self.s.low(k + 1) in ("out", "short") and self.s.low(k + 2) == "of"

    def _judges(self, k: int, name: str) -> bool:
        """'It was a folly for Norway to leave', 'makes it simpler to send arms': is the deed weighed, not done?"""
        is_it = self.s.low(k + 1) == "it" and self.s.kind(k + 2) in ("NP", "AP") and self.s.kind(k + 3) == "VG"
        weighs = is_it and self.s.chunks[k + 3].form == "inf"
        return weighs or (self.s.chunks[k].copula and self.s.kind(k + 1) == "NP" and not name)

    def _ahead_of_its_class(self, k: int, role: str) -> str:
        """What a verb makes of the act whatever its class says; '' for nothing."""
        if role == "object" and self.s.lemma(k) in _LETTING and self._lets_lapse(k):
            return "refuse"  # 'allows the waiver to expire'
        return self._not_refused(k) or ("propose" if role != "subject" and self._steps(k) else "")

    def _not_refused(self, k: int) -> str:
        """'Did not rule out', 'will not hesitate to': a refusal that is denied."""
        if self.forms.is_ready(k):
            return "plan" if self.s.chunks[k].modal else "fact"
        return "possible" if self.forms.leaves_open(k) or self.forms.leaves_open(k + 1) else ""

    def _steps(self, k: int) -> bool:
        """'Parliament moves to lift the ban', 'moved closer to lifting it': a first step, and not 'moved its date'."""
        moves = self.s.lemma(k) == "move" and not self.s.chunks[k].passive
        return moves and (self.s.kind(k + 1) != "NP" or self.s.low(k + 1) in _ONWARDS)

    def _holds_up(self, k: int) -> bool:
        """'The plan was put on hold'."""
        return self.s.lemma(k) == "put" and self.s.low(k + 1) == "on" and self.s.low(k + 2) in _HELD

    def _of_subject(self, k: int, name: str) -> str:
        """What a verb makes of its subject: 'more sanctions were coming', 'sanctions are being considered'."""
        chunk = self.s.chunks[k]
        if chunk.progressive and self.s.lemma(k) in ("come", "follow", "loom"):
            return "plan"
        acts = self.s.kind(k + 1) == "NP" and self.s.lemma(k) not in ("await", "face") and not chunk.copula
        is_passive = chunk.passive or (chunk.form == "part" and self.s.headline)  # 'lifting of curbs urged'
        if is_passive and self.s.lemma(k) == "see":
            return "possible"  # 'end of embargo seen'
        name = name if is_passive or (name in _OF_SUBJECT and not acts) else "fact"  # 'sanctions raise concerns'
        return self._predicate(k, name) if chunk.copula or self.s.lemma(k) in ("remain", "become") else name

    def _lets_lapse(self, k: int) -> bool:
        """Does an infinitive behind the verb say that what it lets happen is an end?"""
        verb = next((j for j in range(k + 1, min(k + REACH, len(self.s.chunks))) if self.s.kind(j) == "VG"), -1)
        return self.s.lemma(verb) in ("expire", "lapse", "elapse") and self.s.chunks[verb].form == "inf"

    def _to_another(self, k: int) -> bool:
        """'The UN ordered Norway to lift the ban': is a party told, and not somebody of one's own?"""
        if self.s.kind(k + 1) != "NP" or not self.s.has_party(k + 1):
            return False
        told, own = self.s.states(k + 1), [p for j in self.s.subject(k) for p in self.s.states(j)]
        return not own or told != own[:1]

    def _predicate(self, k: int, otherwise: str) -> str:
        """What a copula says of its subject: 'sanctions are on the table', 'sanctions are an option'."""
        grammar = self.s.grammar
        if self.s.kind(k + 1) == "NP":
            return grammar.noun_class.get(self.s.low(k + 1), otherwise)
        return grammar.predicate_class.get(f"{self.s.low(k + 1)}_{self.s.low(k + 2)}", otherwise)


def _compose(current: Status | None, own: list[Status]) -> Status | None:
    """A word's own form on top of what is known: anything but fact overrides."""
    for status in own:
        if status is Status.DENIED and current in (Status.REFUSED, Status.DENIED):
            current = Status.UNKNOWN
        elif (status is Status.PLANNED and current in _WEAKER) or (status in _AHEAD_OF_NOT and current in _NOT):
            continue  # 'will stop supplying': it is not supplied, now or then
        elif status not in FACTUAL or current is None or current in FACTUAL:
            current = status
    return current


def _governed(current: Status | None, link: Link) -> Status:
    if current in _NOT and link.status not in (*FACTUAL, *_NOT):
        return current  # 'urged it to stop imposing': not imposed, whoever wishes so
    if current in _WEAKER and link.status is Status.PLANNED:
        return current  # who plans to demand it demands it
    if link.status not in FACTUAL:
        return link.status
    if current is None or current is Status.DONE:
        return link.status
    return current
