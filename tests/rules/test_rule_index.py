"""The index finds what trying every rule on every claim finds."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules import Article, RuleSet, load

STATES = {"Norway": "NO", "Ghana": "GH", "Iran": "IR", "Mali": "ML"}
ACTS = [("$end_restriction", "$restriction"), ("$impose", "$sanctions"), ("$expel", "$diplomat"), ("lift", "embargo")]
VERBS = [
    "lifts embargo on",
    "imposes sanctions on",
    "expels diplomats of",
    "may lift sanctions on",
    "to end embargo on",
]


@pytest.fixture(scope="module")
def ruleset(tmp_path_factory: pytest.TempPathFactory) -> RuleSet:
    documents = []
    for number, (act, head) in enumerate(ACTS):
        for code in STATES.values():
            for key in ("on", "by"):
                party = f"{{is: state, name: {code}, optional: false}}"
                claim = f"{{act: {act}, object: {head}, {key}: {party}}}"
                documents.append(f"rule: gen.{key}{number}_{code.lower()}\ntitle: Generated\nclaim: {claim}\n")
        documents.append(f"rule: gen.any{number}\ntitle: Generated\nclaim: {{act: {act}, object: {head}}}\n")
    file: Path = tmp_path_factory.mktemp("rules") / "generated.yml"
    file.write_text("---\n".join(documents), "utf8")
    return load(file, packs=False)


titles = st.builds(
    lambda a, v, b: f"{a} {v} {b}", st.sampled_from(list(STATES)), st.sampled_from(VERBS), st.sampled_from(list(STATES))
)


@given(titles, titles)
@settings(max_examples=60, deadline=None)
def test_matching_by_index_is_matching_by_brute_force(ruleset: RuleSet, title: str, sentence: str) -> None:
    article = Article(id="1", title=title, text=f"{sentence}.")
    by_index = [m.rule for m in ruleset.match(article)]
    explained = {rule: ruleset.explain(rule, article) for rule in ruleset.rules}
    by_force = [rule for rule, e in explained.items() if any(c.holds for c in e.candidates)]
    assert by_index == by_force
