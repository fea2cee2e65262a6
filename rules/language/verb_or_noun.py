"""Words that are the form of a verb and may be a noun or an adjective as well: their neighbours decide."""

from __future__ import annotations

from rules.language.lookahead import Lookahead
from rules.language.many import Many
from rules.language.set_phrases import VERBAL
from rules.language.vocabulary import Party, Vocabulary
from rules.language.words import WEEKDAYS, Tagged, word_set

_CLAUSAL = frozenset({"after", "before", "since", "until", "as"})
NOMINAL_LEFT = frozenset({"D", "POSS", "ADJ", "NUM", "JJV"})
# Plurals that are seldom verbs.
_PLURAL = word_set(
    "sanction tie talk arm deal ban curb restriction pact troop weapon tariff quota import export purchase"
)
_ENDS = frozenset({"", ".", "?", "!", "–", "-", ":", ";", ")"})
_ADJECTIVES_TOO = frozenset({"complete", "separate", "direct", "secure", "moderate", "double"})
_STRIFE = frozenset({"fighting", "shelling", "bombing", "shooting"})
_FRESH = word_set("new fresh more further additional tougher latest possible potential")
_LEAVING = word_set(
    "walk pull withdraw back step break bow drop opt secede split retreat get go exit depart resign slip storm shy"
)
_TOUCHING = frozenset({"involve", "concern"})
_NEVER_PASSIVE = frozenset({"expire", "lapse", "elapse", "vanish"})
# 'Levy punishing sanctions': how hard a measure is, unless it is done to somebody.
_HARSH = word_set("punishing biting stinging swingeing debilitating withering damaging binding devastating crushing")
# 'Demands Norway lift the ban': words that are the verb between one who is told and what he is to do.
_BIDDEN = word_set("lift end drop halt stop release free ease quit return")
_BIDDING = word_set("demand ask urge tell insist request recommend propose")
_TRADES = word_set("banking shipping trading lending licensing funding financing processing mining")
_FINDING = frozenset({"find", "show", "believe", "think", "fear", "know", "prove", "learn", "hear", "suspect", "mean"})
_SUBJECT = frozenset({"N", "ADJ", "D", "NUM", "POSS", "CC", "JJV"})
_WHEN = WEEKDAYS | word_set("last this next earlier late early dead yesterday today two three four")
_TYING = frozenset({"link", "tie", "connect", "relate", "attach", "affiliate", "expose"})
# 'Norway-flagged': what a state's name and a participle say of a thing.
_BELONGING = word_set("flagged owned backed based led made built registered linked operated")
_SPOKEN = frozenset({"say", "add", "insist", "warn", "argue", "remark", "reply", "vow"})


class VerbOrNoun:
    """Answers for the words of one sentence, from left to right: those before have their tags."""

    def __init__(
        self, sentence: Tagged, vocabulary: Vocabulary, inside: dict[int, Party], headline: bool, ahead: Lookahead
    ) -> None:
        self.s = sentence
        self.v = vocabulary
        self.inside = inside
        self.headline = headline
        self.ahead = ahead
        self.many = Many(sentence, inside, headline)
        self.finite = False  # has the clause had a finite verb?
        self.had_verb = False  # has the sentence?

    def passed(self, i: int) -> None:
        """Word i has its tag now."""
        chosen = self.s.tags[i]
        bare = chosen == "VB" and self.before(i) not in ("TO", "M", "DO")
        if bare or chosen in ("VBZ", "VBD", "M", "BE", "HAVE", "DO"):
            self.finite = self.had_verb = True
        elif chosen in (",", ";", ":", "–", "SUB", "REL", "CC", "(") or self.s.low[i] in _CLAUSAL:
            self.finite = False

    def before(self, i: int) -> str:
        """The tag before, adverbs skipped."""
        j = i - 1
        while j >= 0 and self.s.tags[j] in ("ADV", "NEG"):
            j -= 1
        return self.s.tags[j] if j >= 0 else ""

    def choose(self, i: int, low: str) -> tuple[str, str]:
        forms = self.v.verbs[low]
        tags = {t: lemma for t, lemma in forms}
        before = self.before(i)
        if "VBG" in tags:
            return self.gerund(i, low, tags["VBG"], before)
        if "VB" in tags and before in ("TO", "M", "DO"):
            return "VB", tags["VB"]
        if "VBN" in tags or "VBD" in tags:
            return self.past(i, low, tags, before)
        if "VBZ" in tags:
            return self.third(i, low, tags["VBZ"], before)
        return self.base(i, low, tags["VB"], before)

    def gerund(self, i: int, low: str, lemma: str, before: str) -> tuple[str, str]:
        after = self.ahead.after(i)
        if low in _TRADES and after == "N" and before in VERBAL:
            return "N", low  # 'eased licensing curbs'
        if low in _HARSH and after == "N" and i + 1 not in self.inside:
            return "ADJ", low
        if i in self.s.joined and after in ("N", "ADJ", "V"):
            return "ADJ", low
        if low in self.v.things and before in ("N", "ADJ", "D") and after not in ("D", "PR", "N", "NUM"):
            return "N", low  # 'reopens the Erez crossing'
        if low in _STRIFE and before not in ("BE", "HAVE") and self.is_strife(i, after):
            return "N", low
        if before == "N" and "D" in self.s.tags[max(0, i - 2) : i] and self.ahead.is_agreement(i + 1):
            return "N", low  # 'a water sharing agreement'
        if before in ("D", "POSS", "ADJ") and after not in ("D", "PR"):
            return (
                ("ADJ", low)
                if after == "N" and self.before(i) == "D" and i + 1 < len(self.s.low) and self.s.low[i + 1] != "of"
                else ("N", low)
            )
        is_noun = self.s.low[i + 1 : i + 2] == ["of"] or (
            before == "N" and "D" in self.s.tags[max(0, i - 2) : i] and after in ("", ".")
        )
        return ("N", low) if is_noun else ("VBG", lemma)

    def is_strife(self, i: int, after: str) -> bool:
        """'Fighting stops in …', 'years of fighting': a thing that goes on, and nobody's act on somebody."""
        if i == 0 and after == "P":
            return self.s.low[1] not in ("for", "against", "with", "over")
        if i == 0:
            next_tags = {tag for tag, _ in self.v.verbs.get(self.s.low[1] if len(self.s.low) > 1 else "", ())}
            return not next_tags.isdisjoint(("VBZ", "VBD"))
        return self.before(i) in ("P", "N", "VB", "VBZ", "VBD") and after not in ("D", "N", "NUM", "PR", "ADJ")

    def past(self, i: int, low: str, tags: dict[str, str], before: str) -> tuple[str, str]:
        lemma = tags.get("VBN") or tags["VBD"]
        if before in ("HAVE", "BE"):
            return "VBN", lemma
        after = self.ahead.after(i)
        if i in self.s.joined and (after in ("N", "ADJ", "V", "NUM") or self.ahead.is_one_of_two(i)):
            return "ADJ", low
        if low in _BELONGING and i - 1 in self.inside and after in ("N", "ADJ") and self.finite:
            return "ADJ", low  # 'seizes Norway flagged ship'
        speaks = lemma in self.v.grammar.reporting and ("that" in self.s.low[i + 1 : i + 6] or self.is_timed(i))
        if lemma in _SPOKEN or (speaks and not self.finite):
            return "VBD", lemma
        if "VB" in tags and before in ("D", "POSS", "ADJ", "P", "NUM"):
            return "N", low
        if self.modifies(i, tags, before, after):
            return "JJV", lemma
        return self.finite_or_not(i, tags, before, after), lemma

    def is_timed(self, i: int) -> bool:
        """'The bloc, their only one, announced on Monday it was …': does something follow the day that is said?"""
        day = i + 1 + (self.s.low[i + 1 : i + 2] == ["on"])
        is_day = day + 1 < len(self.s.low) and self.s.low[day] in WEEKDAYS
        return is_day and self.v.grammar.closed.get(self.s.low[day + 1]) in ("PR", "D") and not self.had_verb

    def modifies(self, i: int, tags: dict[str, str], before: str, after: str) -> bool:
        """'The threatened ban', 'a newly agreed deal'."""
        left = ("D", "POSS", "ADJ", "P", "", *VERBAL)
        if before == "NUM" and i == 1 and after in ("N", "ADJ"):
            return "VB" not in tags  # 'Seven sanctioned firms are …'
        if before == "CC" and self.s.tags[i - 2] == "ADJ" and after in ("N", "ADJ"):
            return "VB" not in tags  # 'a lasting and monitored truce'
        if before in left and after in ("N", "ADJ", "NUM") and "VB" not in tags:
            return True
        return bool(i) and self.s.tags[i - 1] == "ADV" and before in ("D", "POSS")

    def finite_or_not(self, i: int, tags: dict[str, str], before: str, after: str) -> str:
        if after == "P" and not self.finite and self.ahead.has_particle(i):
            return "VBD"  # 'stepped up sanctions'
        if tags.get("VBN") in _NEVER_PASSIVE and before in ("N", "ADV"):
            return "VBD"  # 'the ban that kept it from trading expired'
        past = self.finite or self.is_tied(i, tags, after)
        if past and "VBN" in tags and before not in ("CC", "PR"):
            return "VBD" if self.is_reported(i, before, after) else "VBN"
        if before in ("N", "PR") and not self.had_verb and self.only_verb(i):
            return "VBD"
        if before == "," and after == "P" and self.follows_apposition(i):
            return "VBD"
        if after == "TO" and self.headline and not self.ahead.is_base(i + 2):
            after = "P"  # 'ambassador recalled to Oslo'
        if self.s.low[i + 1 : i + 3] in (["due", "to"], ["because", "of"]) and not self.ahead.acts_only(i + 3):
            after = "P"  # 'election postponed due to floods', and not 'troops due to leave'
        followed = after in ("D", "N", "NUM", "PR", "ADJ", "TO", "SUB", "that", "VBG", "V")
        return "VBD" if followed or "VBN" not in tags else "VBN"

    def follows_apposition(self, i: int) -> bool:
        """'Ana Rusu, the minister of trade, met with …': the verb of a subject of which two commas say more."""
        is_second = self.s.tags[:i].count(",") == 2 and not self.had_verb and VERBAL.isdisjoint(self.s.tags[:i])
        is_told = is_second and self.s.low[i + 1] in ("with", "to") and not self.headline
        return is_told and not self.ahead.verb_follows(i)

    def is_reported(self, i: int, before: str, after: str) -> bool:
        """'Navy says rebels seized a tanker': the verb of a clause that nothing but its subject opens."""
        verb = next((j for j in range(i - 1, -1, -1) if self.s.tags[j] in (*VERBAL, "BE", "HAVE", "M")), -1)
        tags = self.s.tags[verb + 1 : i]
        finding = frozenset() if self.headline else _FINDING  # titles tell in the present what is found
        opens = before == "N" and verb >= 0 and self.s.lemmas[verb] in self.v.grammar.reporting | finding
        is_clause = opens and self.s.tags[verb] != "VBN" and _SUBJECT.issuperset(tags)
        is_object = after in ("D", "NUM", "PR", "N", "ADJ") and self.s.low[i + 1] not in _WHEN
        return is_clause and is_object and not self.ahead.verb_follows(i, clause=False)

    def is_tied(self, i: int, tags: dict[str, str], after: str) -> bool:
        """'Hackers linked to Norway hit …', 'the countries involved, …': a verb that has no object is a participle."""
        if tags.get("VBN") in _TYING:
            return self.before(i) == "N" and self.s.low[i + 1 : i + 2] == ["to"]
        is_touched = tags.get("VBN") in _TOUCHING and self.before(i) == "N"
        return is_touched and after in (",", "P", "V", "BE", "HAVE", "M")

    def only_verb(self, i: int) -> bool:
        """'Norway walked away from the deal': is it the one verb of a whole sentence, or of a headline and active?"""
        if self.headline:
            hits = (h for h in self.s.hits if h.first == i and h.last > i and h.form.pos == "verb")
            leaves = (h for h in hits if h.form.lemma.split()[0] in _LEAVING)  # 'expelled from Norway' is passive
            return any(self.s.low[h.last] in ("from", "of", "off") for h in leaves)
        return self.s.low[i + 1 : i + 2] != ["by"] and not self.ahead.verb_follows(i, clause=False)

    def third(self, i: int, low: str, lemma: str, before: str) -> tuple[str, str]:
        if low not in self.v.noun_heads:
            return ("N", low) if i and self.s.tags[i - 1] == "VB" else ("VBZ", lemma)  # 'to supply spares'
        after = self.ahead.after(i)
        if self.is_plural(i, lemma, before, after):
            return "N", low
        if after == "P" and self.s.low[i + 1] in ("on", "against", "for", "of", "in", "with", "between", "over"):
            strong = lemma in _PLURAL
            return ("N", low) if strong or self.s.low[i + 1] == "of" else ("VBZ", lemma)
        if after in _ENDS and lemma in _PLURAL:
            return "N", low
        return "VBZ", lemma

    def is_plural(self, i: int, lemma: str, before: str, after: str) -> bool:
        """Is a word that ends in -s many things, and nobody's act?"""
        party = self.inside.get(i - 1)
        if party is not None and party.adjective and not party.capital and lemma not in _SPOKEN:
            return True  # 'Norwegian states strike …'
        if before in NOMINAL_LEFT or before in ("P", "TO", "") or before in VERBAL or self.finite:
            return True
        if after in ("BE", "M", "HAVE", "DO", "V", "CC", "POSS", ","):
            return True
        if self.had_verb and party is None and before == "N" and self.s.tags[i - 3 : i - 1] == ["N", "CC"]:
            return True  # 'will open its land and air borders'
        seldom = lemma in _PLURAL and (
            (before == "N" and party is None and after not in ("D", "PR", "NUM"))
            or (before in (":", "–") and after != "D")
            or (
                party is not None and i > 1 and self.s.low[i - 2] in _FRESH and i - 2 not in self.inside
            )  # 'more Norway sanctions'
            or self.ahead.governs(i + 1)  # 'EU sanctions threat looms'
            or self.ahead.lacks_object(i + 1)  # 'Norway talks collapse'
            or (party is not None and self.is_dealt_with(self.before_party(i - 1)))
        )
        return seldom or self.ahead.acts_next(i)  # 'EU states strike lucrative contracts'

    def is_dealt_with(self, i: int) -> bool:
        """'To discuss Norway sanctions': is what follows the object of an infinitive at i?"""
        return i >= 1 and self.s.tags[i] == "VB" and self.s.tags[i - 1] == "TO" and self.s.lemmas[i] not in _SPOKEN

    def base(self, i: int, low: str, lemma: str, before: str) -> tuple[str, str]:
        nouny = low in self.v.noun_heads
        joined = before == "CC" and self.s.tags[i - 2] == "ADJ"  # 'immediate and complete'
        if (
            low in _ADJECTIVES_TOO
            and (joined or before in ("VBZ", "VBD", "VBG") or (before == "VB" and self.s.lemmas[i - 1] != "help"))
            and self.ahead.after(i) in ("N", "ADJ")
        ):
            return "ADJ", low  # 'announces complete withdrawal'
        if before == "PR" and not nouny:
            return "VB", lemma
        if not self.headline and i and self.s.words[i][0].isupper() and self.s.words[i - 1][0].isupper() and i > 1:
            return "N", low  # 'the Central Command Center'
        if before in NOMINAL_LEFT or (before == "P" and (nouny or self.s.low[i - 1] not in _CLAUSAL)):
            return "N", low
        if not nouny or self.is_bidden(i) or self.is_related(i, before):
            return ("N", low) if before == "N" and self.ahead.is_board(i, lemma) else ("VB", lemma)
        after = self.ahead.after(i)
        if before in ("N", "PR") and (self.asks() or self.demands(i) or self.is_only_verb(i, lemma, after)):
            return "VB", lemma
        if low in self.v.things and after in ("P", "BE", "HAVE", "M", ""):
            return "N", low
        return ("VB", lemma) if self.acts(i, before, after) else ("N", low)

    def is_only_verb(self, i: int, lemma: str, after: str) -> bool:
        """'Thai, Lao troops clash (on the border)': nobody else acts, and many do this."""
        if after not in ("P", "") or lemma in _PLURAL or self.s.low[i + 1 : i + 2] == ["of"]:
            return False
        many = self.ahead.lacks_object(i) and not self.had_verb and self.before(i) == "N" and i - 1 not in self.inside
        return many and self.s.low[i - 1].endswith(("s", "people")) and not self.ahead.verb_follows(i, clause=False)

    def acts(self, i: int, before: str, after: str) -> bool:
        """Is a word that may be a noun the verb of a plural subject, or joined to a verb?"""
        if before == "," and not self.had_verb and after in ("D", "NUM"):
            return True  # 'the president and the rebels, the Front, sign a truce'
        if self.ahead.acts_next(i):
            return False  # 'a rebel group sign a truce'
        plural_subject = before in ("N", "PR", "CC") and self.many.before(i)
        if plural_subject and not self.finite and after in ("D", "N", "ADJ", "NUM", "TO", "P"):
            return not (after == "P" and self.s.low[i + 1] == "of")
        return before == "CC" and self.verb_before_and(i) and after in ("D", "N", "ADJ")

    def asks(self) -> bool:
        """'Will Norway lift …': an auxiliary opens the sentence and its verb has not come yet."""
        return bool(self.s.tags) and self.s.tags[0] in ("M", "DO") and "VB" not in self.s.tags

    def demands(self, i: int) -> bool:
        """'demanded that Norway lift the embargo': a subjunctive."""
        if self.finite or "that" not in self.s.low[max(0, i - 5) : i]:
            return False
        if self.s.low[i - 2 : i - 1] == ["that"] and i - 1 in self.inside and not self.inside[i - 1].adjective:
            return self.v.grammar.closed.get(self.s.low[i + 1] if i + 1 < len(self.s.low) else "") == "D"
        return any(
            self.v.grammar.verb_class.get(lemma) in ("demand", "propose") for lemma in self.s.lemmas[max(0, i - 8) : i]
        )

    def is_bidden(self, i: int) -> bool:
        """'Ghana demands Norway end the ban': a base form after the one who is told to do it."""
        if self.s.low[i] not in _BIDDEN or i - 1 not in self.inside or self.inside[i - 1].adjective:
            return False
        verb = self.before_party(i - 1)
        bids = verb >= 0 and self.s.tags[verb] in VERBAL and self.s.lemmas[verb] in _BIDDING
        return bids and self.ahead.after(i) in ("D", "N", "ADJ", "NUM", "VBG")

    def is_related(self, i: int, before: str) -> bool:
        """'Banks that deal with Norway', 'those who trade arms': the verb of a relative after a plural."""
        is_verb = before == "REL" and i > 1 and self.many.before(i - 1)
        return is_verb and self.ahead.after(i) in ("P", "D", "ADJ", "NUM", "N")

    def before_party(self, i: int) -> int:
        """The word before the party that word i is of."""
        while i in self.inside:
            i -= 1
        return i

    def verb_before_and(self, i: int) -> bool:
        return any(t == "VB" for t in self.s.tags[max(0, i - 10) : i])
