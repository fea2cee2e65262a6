"""Matching by scan, anchors and index finds what trying every rule on every claim of every sentence finds."""

import os
import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules import Article, RuleSet, load
from rules.engine import match
from rules.engine.checks import Tried
from rules.engine.wording import Wording, words_of
from rules.language.analysis import Analysis
from rules.language.text import even, page_of

CLAIMS = [
    "act: $end_restriction, object: $restriction",
    "act: $impose, object: {head: $sanctions, unless: [gun]}",
    "act: [lift, scrap], object: [embargo, arms embargo]",
    "act: [sign, ratification], object: {head: [pact, treaty], about: [defence, security]}",
    "act: recognise, object: {is: state, as: X}",
    "act: [cut, phase out], object: [rate, subsidy], by: {head: [central bank]}",
    "act: $expel, object: $diplomat, on: {is: state, name: [IR, GH]}",
    "act: [close, shut down], object: camp, parties: {is: state, min: 1}",
    "act: withdraw",
]
KEYS = [
    "status: [done, agreed, announced]",
    "status: [planned, possible, demanded, denied, unknown]",
    "by: state",
    "on: {is: state, name: GH}",
    "novelty: new",
]
OUTER = [
    "scope: {zone: headline}",
    "scope: {zone: [lead, body]}",
    "scope: {zone: [background, lead]}",
    "speaker: outlet",
]
TEXTS = [
    "{any: [embargo, pact]}",
    "{all: [Norway, camp], same: sentence}",
    "{near: {a: lift, b: embargo, within: 4}}",
    "{any: [rate], not: [Ghana]}",
    "{regex: 'emb[a-z]+o'}",
    "{any: $embargo, first: 12}",
]
SUBJECTS = ["Norway", "Ghana", "Iran's foreign minister", "Rebels", "The central bank", "Lawmakers in Ghana", "It"]
VERBS = [
    "lifts",
    "will lift",
    "has imposed",
    "may impose",
    "signed",
    "refused to sign",
    "recognises",
    "expelled",
    "cut",
    "closed",
    "did not extend",
    "phased",
    "withdrew",
    "called for the lifting of",
    "urged Ghana to shut down",
    "denied that it had lifted",
]
OBJECTS = [
    "the arms embargo on Iran",
    '"arms"  embargoes',
    "sanctions on Ghana",
    "new gun sanctions",
    "a defence pact with Ghana",
    "an existing security treaty",
    "Georgia",
    "two Iranian diplomats",
    "interest rates",
    "the camp",
    "the subsidy out in 2011",
    "its ban",
    "",
]


@pytest.fixture(scope="module")
def ruleset(tmp_path_factory: pytest.TempPathFactory) -> RuleSet:
    """Every claim with every further key and every outer key: some hundred rules, and those of words alone."""
    documents = []
    for number, (claim, key, outer) in enumerate(product(CLAIMS, ["", *KEYS], ["", *OUTER])):
        if key.split(":")[0] not in claim or not key:
            body = f"{claim}, {key}" if key else claim
            documents.append(f"rule: gen.c{number}\ntitle: Generated\nclaim: {{{body}}}\n{outer}\n")
    documents += [f"rule: gen.t{n}\ntitle: Generated\ntext: {t}\n" for n, t in enumerate(TEXTS)]
    file: Path = tmp_path_factory.mktemp("rules") / "generated.yml"
    file.write_text("---\n".join(documents), "utf8")
    return load(file, packs=False)


sentences = st.builds(
    lambda s, v, o: f"{s} {v} {o}".strip(), st.sampled_from(SUBJECTS), st.sampled_from(VERBS), st.sampled_from(OBJECTS)
)
texts = st.lists(sentences, max_size=4).map(lambda some: "".join(f"{s}. " for s in some))


@given(sentences, texts)
@settings(max_examples=25, deadline=None)
def test_matching_is_brute_force_over_all_rules_and_sentences(ruleset: RuleSet, title: str, text: str) -> None:
    article = Article(id="1", title=title, text=text)
    found = [m.rule for m in ruleset.match(article)]
    explained = {rule: ruleset.explain(rule, article) for rule in ruleset.rules}
    assert found == [rule for rule, e in explained.items() if any(c.holds for c in e.candidates)]


@given(sentences, texts)
@settings(max_examples=20, deadline=None)
def test_a_survey_finds_the_same_matches_and_near_misses_are_none_of_them(
    ruleset: RuleSet, title: str, text: str
) -> None:
    article = Article(id="1", title=title, text=text)
    survey = ruleset.survey(article)
    assert survey.matches == ruleset.match(article)
    for near in survey.near:
        explanation = ruleset.explain(near.rule, article)
        assert explanation.matched is None
        assert any(c.failing == (near.key,) for c in explanation.candidates)


LINES = (Path(__file__).parent / "news.txt").read_text("utf8").splitlines()
NEWS = [line.split("|")[1] for line in LINES if "|" in line]


def read_through(ruleset: RuleSet, article: Article) -> set[str]:
    """The rules over claims that hold for some claim of some sentence, nothing spared."""
    title, text = even(article.title, "title"), even(article.text, "text")
    analysis = Analysis(page_of(article, title, text), ruleset.vocabulary, ruleset.special)
    wording = Wording(lambda: (words_of(title), words_of(text)), ruleset.lexicons)
    claims = [c for n in range(len(analysis.page.sentences)) for c in analysis.claims(n)]
    tried = (
        Tried(r, t, c, analysis, wording) for c in claims for r in ruleset.rules.values() for t in match.tests_for(r, c)
    )
    held = {t.rule.id for t in tried if match.holds(t)}
    return {rule for rule in held if held.isdisjoint(ruleset.rules[rule].document.gives_way)}


@pytest.mark.parametrize("part", range(10))
def test_no_sentence_of_the_news_is_spared_that_a_shipped_rule_holds_for(part: int) -> None:
    ruleset = load()
    for title, first, second in list(zip(NEWS, NEWS[1:], NEWS[2:], strict=False))[part::10]:
        article = Article(id="1", title=title, text=f"{first.rstrip('.')}. {second.rstrip('.')}.")
        assert {m.rule for m in ruleset.match(article)} == read_through(ruleset, article), article


@pytest.mark.parametrize("title", ["Norway and Ghana sign #DefencePact", "🇳🇴🇬🇭 the ministers signed a defence pact"])
def test_words_that_only_a_hashtag_holds_and_states_that_flags_name_are_found(title: str) -> None:
    article = Article(id="1", title=title, text="")
    assert {m.rule for m in load().match(article)} == {"defence.deal.new", "treaty.signed"}


def test_two_processes_with_different_hash_seeds_write_the_same_bytes() -> None:
    lines = "".join(
        f'{{"id": "{n}", "title": "{s} {v} {o.replace(chr(34), "")}", "text": "{s} {v} it. The embargo was lifted."}}\n'
        for n, (s, v, o) in enumerate(product(SUBJECTS[:4], VERBS[:9], OBJECTS[:8]))
    )
    written = []
    for seed in ("1", "2"):
        command = [sys.executable, "-m", "tocsin.commands.rules", "match"]
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        done = subprocess.run(command, input=lines.encode(), env=environment, capture_output=True, check=True)
        written.append(done.stdout)
    assert written[0] == written[1]
    assert written[0].count(b'"rule"') > 20
