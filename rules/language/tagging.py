"""Words and their tags: closed classes, the lexicon, suffixes, and the neighbours that decide between verb and noun.

Tags: D PR P TO M BE HAVE DO NEG CC SUB REL POSS ADV ADJ N NUM VB VBZ VBD VBN VBG JJV (participle as modifier),
and punctuation as itself.
"""

from __future__ import annotations

from rules.language.lookahead import ADJECTIVE, Lookahead
from rules.language.set_phrases import NUMBERS, VERBAL, in_a_phrase
from rules.language.verb_or_noun import NOMINAL_LEFT, VerbOrNoun
from rules.language.vocabulary import Party, Vocabulary
from rules.language.words import Tagged

_SMALL = frozenset({"of", "the", "in", "on", "for", "to", "with", "and"})
_SUBJECTS = frozenset({"it", "he", "she", "they", "we", "i"})
_TELLING = frozenset({"warn", "tell", "inform", "assure", "remind", "notify", "convince", "persuade"})


def tag(sentence: Tagged, vocabulary: Vocabulary, headline: bool) -> None:
    """Fill tags and lemmas; parties and hits are known."""
    inside = {i: p for first, (last, p) in sentence.parties.items() for i in range(first, last + 1)}
    _Tagger(sentence, vocabulary, inside, headline).run()


class _Tagger:
    """Left to right; each choice sees the tags before it and the words after it."""

    def __init__(self, sentence: Tagged, vocabulary: Vocabulary, inside: dict[int, Party], headline: bool) -> None:
        self.s = sentence
        self.v = vocabulary
        self.inside = inside
        # A noun phrase that the lexicons know settles its words: 'arms embargo', 'cease-fire'.
        acted = {(h.first, h.last) for h in sentence.hits if h.form.pos == "verb"}  # 'pull out' is a verb as well
        fixed = [h for h in sentence.hits if h.form.pos == "noun" and (h.first, h.last) not in acted]
        fixed = [h for h in fixed if h.last > h.first]
        self.fixed = {i for h in fixed for i in range(h.first, h.last + 1) if sentence.low[i] not in _SMALL}
        self.ahead = Lookahead(sentence, vocabulary, inside, self.fixed)
        self.verbs = VerbOrNoun(sentence, vocabulary, inside, headline, self.ahead)

    def run(self) -> None:
        for position in range(len(self.s.low)):
            chosen, lemma = self.choose(position)
            self.s.tags.append(chosen)
            self.s.lemmas.append(lemma)
            self.verbs.passed(position)

    def choose(self, i: int) -> tuple[str, str]:
        low = self.s.low[i]
        if i in self.inside or (i in self.fixed and (i == 0 or self.s.tags[i - 1] not in ("TO", "M"))):
            return "N", low
        if low in ("http", "https") or not (low[0].isalnum() or low[0] == "'"):  # an address is no part of a phrase
            return ("CC" if low == "&" else low), low
        if low[0].isdigit() or low in NUMBERS:
            return "NUM", low
        return in_a_phrase(self.s, i, self.ahead) or self.by_word(i, low)

    def by_word(self, i: int, low: str) -> tuple[str, str]:
        closed = "TO" if low == "to" else self.v.grammar.closed.get(low)
        if (closed is not None and low not in self.v.verbs) or closed in ("BE", "HAVE", "DO", "M", "D", "PR", "CC"):
            return self.closed(i, low, closed or "N")
        if low == "set" and self.s.low[i + 1 : i + 2] == ["of"]:
            return "N", low  # 'approves set of sanctions'
        if closed == "ADJ" and self.qualifies(i) and not self.may_act(i, low):
            return "ADJ", low
        if (
            closed == "P"
            and self.verbs.before(i) not in ("TO", "M")
            and any(t == "VB" for t, _ in self.v.verbs.get(low, ()))
        ):
            return "P", low  # 'roads near the border'
        if low in self.v.verbs:
            return self.verbs.choose(i, low)
        if closed is not None:
            return self.closed(i, low, closed)
        return self.by_shape(i, low)

    def qualifies(self, i: int) -> bool:
        """Does a noun follow that the adjective belongs to ('the new ban', 'releases last 3 hostages')?"""
        after = self.ahead.after(i)
        return after in ("N", "ADJ") or (after == "NUM" and self.verbs.before(i) in VERBAL)

    def may_act(self, i: int, low: str) -> bool:
        """Is an adjective that is a verb's form too the verb here ('to open …', 'Norway threatened new sanctions')?"""
        if self.verbs.before(i) in ("TO", "M"):
            return True
        lemmas = {tag: lemma for tag, lemma in self.v.verbs.get(low, ())}
        if self.verbs.before(i) == "HAVE" and lemmas.get("VBN") in self.v.grammar.verb_class:
            return True  # 'has threatened new sanctions'
        is_past = "VBD" in lemmas
        follows = bool(i) and self.s.tags[i - 1] in ("N", "PR") and i not in self.s.joined
        if follows and i - 1 in self.inside and self.ahead.is_base(i) and self.verbs.many.is_coordinated(i - 1):
            return not self.verbs.finite  # 'Norway, Ghana open bases'
        begins = not self.verbs.finite or self.s.low[i - 1] in _SUBJECTS  # 'said it set final duties'
        return is_past and follows and begins and not self.ahead.verb_follows(i)

    def closed(self, i: int, low: str, tag: str) -> tuple[str, str]:
        if low == "to":
            return ("TO" if self.ahead.next_is_base(i) else "P"), low
        if low == "that":
            return self.that(i), low
        if low in ("who", "which", "whom", "whose"):
            return "REL", low
        if low in ("'s", "'"):
            is_verb = low == "'s" and self.verbs.before(i) in ("PR", "")
            return ("BE", "be") if is_verb else ("POSS", low)
        if tag == "ADJ" and self.v.verbs.get(low) and self.verbs.before(i) not in NOMINAL_LEFT:
            return self.verbs.choose(i, low)
        return tag, low

    def that(self, i: int) -> str:
        """'said (on Monday) that …' opens a clause, 'the ban that …' relates, 'that ban' points."""
        before = self.verbs.before(i)
        if before in VERBAL or before == "CC":
            return "SUB"
        if before not in ("N", ","):
            return "D"
        if self.ahead.after(i) in ("V", "BE", "HAVE"):
            return "REL"  # 'the agreement that ended the war'
        if before == ",":
            return "D"
        governs = self.s.lemmas[i - 1] in self.v.grammar.noun_class
        spoke = any(lemma in self.v.grammar.reporting for lemma in self.s.lemmas[max(0, i - 4) : i])
        return "SUB" if governs or spoke or self.told(i) or self.spoken_at(i) else "REL"

    def told(self, i: int) -> bool:
        """'warned the rulers of Norway that …': the verb before has somebody as its object, and a clause to come."""
        verb = next((j for j in range(i - 1, max(-1, i - 9), -1) if self.s.tags[j] in VERBAL), -1)
        return verb >= 0 and self.s.lemmas[verb] in _TELLING

    def spoken_at(self, i: int) -> bool:
        """'said at a press conference on Sunday that …': nothing but where and when lies between."""
        verb = next((j for j in range(i - 1, max(-1, i - 11), -1) if self.s.tags[j] in VERBAL), -1)
        is_fit = verb >= 0 and self.s.lemmas[verb] in self.v.grammar.reporting and self.s.tags[verb] != "VBG"
        return is_fit and self.s.tags[verb + 1] == "P" and "," not in self.s.tags[verb:i]

    def by_shape(self, i: int, low: str) -> tuple[str, str]:
        if low.endswith("ly") and len(low) > 4 and low not in ("italy", "july", "ally", "family", "assembly", "supply"):
            return "ADV", low
        if ADJECTIVE.search(low) and len(low) > 4 and self.ahead.after(i) in ("N", "ADJ", "CC"):
            return "ADJ", low
        if low.endswith("ed") and len(low) > 4 and i and self.s.low[i + 1 : i + 2] == ["by"]:
            return "VBN", low  # 'a yacht owned by …': a verb, known or not
        if low in self.v.grammar.adjective_class and i and self.ahead.after(i) in ("", ",", ":", "–", ".", "SUB"):
            return "ADJ", low  # 'sanctions inevitable', 'sanctions are inevitable'
        if i == 0 and low in self.v.grammar.adjective_class and self.ahead.after(i) == "TO":
            return "ADJ", low  # 'Unwilling to …, Norway …'
        return "N", low
