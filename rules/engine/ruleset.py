"""An immutable snapshot of rules: the one object that the other rooms match with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice, takewhile
from pathlib import Path
from types import MappingProxyType

from rules.engine.bytes_of_text import words_of_article
from rules.engine.checks import gives_way_outcome, outcomes, unless_outcome
from rules.engine.compile import Compiled, compile_files
from rules.engine.explain import Candidate, Explanation, Outcome
from rules.engine.match import Index, candidates, evidence_of, holds, index_of, match_of, order, retells, tests_for
from rules.engine.needs import Need, Needs
from rules.engine.nowhere import no_claim
from rules.engine.rule import Rule, digest
from rules.engine.scan import Scanner, scanner_of
from rules.engine.sift import sifted
from rules.engine.survey import Survey, near_misses
from rules.engine.tried import Tried
from rules.engine.wording import Wording, words_of
from rules.language.analysis import Analysis
from rules.language.claims import SpecialActs
from rules.language.text import Clean, Page, even, page_of
from rules.language.vocabulary import Vocabulary, data_digest
from rules.lexicon import Lexicon, entering
from rules.model import Article, Emit, Evidence, Held, Match, Status, Zone
from rules.problems import Problem, RuleErrors

ENGINE_VERSION = "1"
_NOTHING_HELD = Held(standing=())
MOST_SENTENCES = 300
"""Sentences of one article that are analysed at most; an article with more hits is a list or an attack."""
_MOST_CANDIDATES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSet:
    """Compiled rules and the lexicons they use. Same articles, same `hash`: same matches, byte for byte."""

    hash: str
    rules: Mapping[str, Rule]
    lexicons: Mapping[str, Lexicon]
    vocabulary: Vocabulary
    scanner: Scanner
    index: Index
    special: SpecialActs

    def match(self, article: Article) -> tuple[Match, ...]:
        """Every rule that holds for `article` and gives way to no other that does, sorted by rule id."""
        return self.held(article).standing

    def held(self, article: Article) -> Held:
        """Every rule that holds for `article`, those that give way to another one that does apart from the others."""
        found = self._found(article)
        if not found:
            return _NOTHING_HELD
        silent = {rule for rule in found if self._gives_way(rule, found)}
        return Held(
            standing=tuple(found[rule] for rule in sorted(found.keys() - silent)),
            silent=tuple(found[rule] for rule in sorted(silent)),
        )

    def _gives_way(self, rule: str, held: Iterable[str]) -> list[str]:
        """The rules that hold and before which `rule` is silent."""
        return sorted(set(self.rules[rule].document.gives_way) & set(held))

    def _found(self, article: Article) -> dict[str, Match]:
        """By rule the match of every one that holds for `article`, whether it gives way or not."""
        if not _is_english(article):
            return {}
        title, text = even(article.title, "title"), even(article.text, "text")
        present = self.scanner.present(words_of_article(title, text))
        matches: dict[str, Match] = {}
        needs = self.scanner.met(present)
        if needs:
            matches = self._claimed(page_of(article, title, text), needs)
        worded = self.scanner.worded(present)
        if worded:
            matches |= {m.rule: m for m in self._worded(article, title, text, worded)}
        return matches

    def explain(self, rule_id: str, article: Article) -> Explanation:
        """Why `rule_id` holds for `article` or not. KeyError for a rule that is not loaded.

        Every sentence is read, also those that the scan would spare.
        """
        rule = self.rules[rule_id]
        if not _is_english(article):
            return Explanation(rule=rule_id, matched=None, candidates=(), note=f"language {article.lang} is not read")
        found = self._found(article)
        others = self._gives_way(rule_id, found)
        way = (gives_way_outcome(rule, others),) if rule.document.gives_way else ()
        title, text = even(article.title, "title"), even(article.text, "text")
        analysis = Analysis(page_of(article, title, text), self.vocabulary, self.special)
        wording = self._wording(title, text)
        numbers = range(min(MOST_SENTENCES, len(analysis.page.sentences)))
        claims = [c for n in numbers for c in analysis.claims(n)]
        tried = [Tried(rule, test, c, analysis, wording) for c in claims for test in tests_for(rule, c)]
        shown = sorted(
            (Candidate(evidence=evidence_of(t.claim), outcomes=(*outcomes(t), *way)) for t in tried), key=_by_failures
        )
        matched = None if others else found.get(rule_id)
        note = "" if shown or matched else no_claim(rule, analysis, numbers)
        if not rule.claims:
            whole = Evidence("title", 0, len(article.title), article.title)
            shown, note = [Candidate(evidence=whole, outcomes=(*self._word_outcomes(rule, wording), *way))], ""
        return Explanation(rule=rule_id, matched=matched, candidates=tuple(shown[:_MOST_CANDIDATES]), note=note)

    def survey(self, article: Article) -> Survey:
        """The matches, and which rules failed on a single key of some claim: for trying rules out, not for alerting."""
        held = self.held(article)
        if not _is_english(article):
            return Survey(held.standing, ())
        title, text = even(article.title, "title"), even(article.text, "text")
        page = page_of(article, title, text)
        numbers = islice(self.scanner.worded_sentences(page), MOST_SENTENCES)
        tried = self._tried(Analysis(page, self.vocabulary, self.special), numbers, self._wording(title, text))
        return Survey(held.standing, near_misses(tried, {m.rule for m in (*held.standing, *held.silent)}))

    # -- the way of one article ----------------------------------------------------------------------------------
    def _claimed(self, page: Page, needs: list[Need]) -> dict[str, Match]:
        """The matches of rules over claims, whose needs some sentence may meet."""
        analysis = Analysis(page, self.vocabulary, self.special)
        numbers = islice(sifted(self.scanner.sentences(page, needs), analysis.words), MOST_SENTENCES)
        wording = self._wording(page.title, page.text)
        found: dict[str, list[Tried]] = {}
        for tried in self._tried(analysis, numbers, wording):
            if holds(tried):
                found.setdefault(tried.rule.id, []).append(tried)
        return {rule: match_of(sorted(some, key=order), self._retold(some, wording)) for rule, some in found.items()}

    def _retold(self, found: list[Tried], wording: Wording) -> list[Tried]:
        """What title and lead tell of the same in sentences in which the rule does not hold."""
        rule, analysis = found[0].rule, found[0].analysis
        told = {t.claim.sentence.number for t in found}
        first = takewhile(lambda s: s.zone is not Zone.BODY, analysis.page.sentences)
        claims = [c for s in first if s.number not in told for c in analysis.claims(s.number)]
        tried = (Tried(rule, test, c, analysis, wording) for c in claims for test in tests_for(rule, c))
        return [t for t in tried if retells(t)]

    def _tried(self, analysis: Analysis, numbers: Iterable[int], wording: Wording) -> Iterator[Tried]:
        for number in numbers:
            for claim in analysis.claims(number):
                for rule, test in candidates(self.index, claim):
                    yield Tried(self.rules[rule], test, claim, analysis, wording)

    def _wording(self, title: Clean, text: Clean) -> Wording:
        return Wording(lambda: (words_of(title), words_of(text)), self.lexicons)

    # -- rules of words alone ------------------------------------------------------------------------------------
    def _worded(self, article: Article, title: Clean, text: Clean, rules: list[str]) -> Iterator[Match]:
        wording = self._wording(title, text)
        for rule in (self.rules[r] for r in rules):
            found = self._word_outcomes(rule, wording)
            if all(o.holds for o in found):
                cue = next((o.cue for o in found if o.cue), Evidence("title", 0, len(article.title), article.title))
                yield _word_match(rule, cue)

    def _word_outcomes(self, rule: Rule, wording: Wording) -> list[Outcome]:
        part = rule.document.text
        holds_, cue = wording.holds(part) if part else (False, None)
        found = [
            Outcome(key="text", holds=holds_, wanted="the words of `text`", found="yes" if holds_ else "no", cue=cue)
        ]
        parts = zip(rule.document.unless, rule.filters, strict=True)
        return found + [unless_outcome(part, by, wording) for part, by in parts]


def _by_failures(candidate: Candidate) -> int:
    return len(candidate.failing)


def _word_match(rule: Rule, cue: Evidence) -> Match:
    zone = Zone.HEADLINE if cue.field == "title" else Zone.BODY
    return Match(
        rule=rule.id,
        level=rule.level,
        status=Status.UNKNOWN,
        speaker=None,
        zone=zone,
        bindings={},
        evidence=(cue,),
        confidence=0.5,
        emit=Emit(),
    )


def _is_english(article: Article) -> bool:
    return article.lang is None or article.lang.lower().split("-")[0].split("_")[0] in ("en", "eng", "")


def load(*folders_or_files: Path, packs: bool = True) -> RuleSet:
    """Compile the shipped packs and the given files. RuleErrors with every problem if there is one."""
    compiled = compile_files(folders_or_files, packs=packs)
    if compiled.problems:
        raise RuleErrors(compiled.problems)
    return ruleset_of(compiled)


def check(*folders_or_files: Path, packs: bool = True) -> list[Problem]:
    """Every problem of the given files, sorted by place; empty when they would load."""
    return sorted(set(compile_files(folders_or_files, packs=packs).problems))


def ruleset_of(compiled: Compiled) -> RuleSet:
    """The snapshot of what was compiled."""
    rules = dict(sorted(compiled.rules.items()))
    lexicons = dict(sorted(compiled.lexicons.items()))
    texts = [f"{r.id} {r.hash}" for r in rules.values()]
    index = index_of(rules.values())
    acts = {n for r in rules.values() for c in r.claims for n in c.acts}
    return RuleSet(
        hash=digest(ENGINE_VERSION, data_digest(), *texts, *(_identity(x) for x in lexicons.values())),
        rules=MappingProxyType(rules),
        lexicons=MappingProxyType(lexicons),
        vocabulary=Vocabulary(_asked(rules.values(), lexicons)),
        scanner=_scanner(rules.values(), lexicons),
        index=index,
        special=_special(acts, index, lexicons),
    )


def _asked(rules: Iterable[Rule], lexicons: Mapping[str, Lexicon]) -> dict[str, Lexicon]:
    """The lexicons that claims are asked for by: a shipped one that no rule uses costs nothing."""
    tests = [t for r in rules for t in r.claims]
    names = {
        n
        for t in tests
        for n in (*t.acts, *t.heads, *t.about, *t.matter, *t.unless, *t.continuers, *t.actors, *t.targets)
    }
    names |= {o for n in names for o in lexicons[n].opposites}
    names |= {c for n in names for c in lexicons[n].continuers}
    return {n: lexicons[n] for n in sorted(names)}


def _scanner(rules: Iterable[Rule], lexicons: Mapping[str, Lexicon]) -> Scanner:
    needs = Needs(lexicons)
    for rule in rules:
        needs.add(rule)
    return scanner_of(needs)


def _special(acts: set[str], index: Index, lexicons: Mapping[str, Lexicon]) -> SpecialActs:
    bare = {n for n in acts if lexicons[n].bare}
    others = {o for n in bare for o in (*lexicons[n].opposites, *lexicons[n].continuers)}
    absence = frozenset(n for n in acts if lexicons[n].absence)
    continuers = _gathered((c, n) for n in acts for c in lexicons[n].continuers)
    return SpecialActs(
        absence=absence,
        bare=frozenset(bare),
        spoken=frozenset(bare | others),
        entered=frozenset(n for n in acts if entering(lexicons[n])),
        continuers=continuers,
        objects=_objects(index, continuers),
    )


def _objects(index: Index, continuers: Mapping[str, frozenset[str]]) -> Mapping[str, frozenset[str]]:
    """By act, the objects that rules ask for with it; a continuer has those of the acts that it carries on."""
    own = [(continuer, act) for continuer, acts in continuers.items() for act in acts]
    objects = _gathered(index)
    carried = [(continuer, head) for continuer, act in own for head in objects[act]]
    return _gathered((*index, *carried))


def _gathered(pairs: Iterable[tuple[str, str]]) -> Mapping[str, frozenset[str]]:
    """By the first of each pair, all that are second."""
    found: dict[str, set[str]] = {}
    for first, second in pairs:
        found.setdefault(first, set()).add(second)
    return {first: frozenset(seconds) for first, seconds in found.items()}


def _identity(lexicon: Lexicon) -> str:
    return repr(
        (
            lexicon.name,
            lexicon.kind,
            lexicon.forms,
            lexicon.absence,
            lexicon.bare,
            lexicon.opposites,
            lexicon.continuers,
            lexicon.excludes,
        )
    )
