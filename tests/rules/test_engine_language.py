"""What the rule language can say, tried on sentences: families, filters, actors, plain acts, text, confirm."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from rules import Article, Confirm, Level, RuleErrors, RuleSet, load


def loaded(tmp_path: Path, text: str) -> RuleSet:
    file = tmp_path / "rules.yml"
    file.write_text(text, "utf8")
    return load(file, packs=False)


def fired(rules: RuleSet, title: str, text: str = "") -> list[str]:
    return [m.rule for m in rules.match(Article(id="1", title=title, text=text))]


FAMILY = """
rule: recognised.{C}
title: "{C.name} is recognised by another state"
params: {C: [GE, XK]}
claim:
  act: recognise
  object: {is: state}
  on: {is: state, name: "{C}", as: WHOM}
"""


def test_a_family_has_a_member_per_value_with_an_id_of_its_own(tmp_path: Path) -> None:
    rules = loaded(tmp_path, FAMILY)
    assert [(r.id, r.title) for r in rules.rules.values()] == [
        ("recognised.ge", "Georgia is recognised by another state"),
        ("recognised.xk", "Kosovo is recognised by another state"),
    ]
    assert fired(rules, "Norway recognises Kosovo") == ["recognised.xk"]
    assert fired(rules, "Norway recognises Ghana") == []


def test_a_family_over_all_states_and_a_family_with_two_params(tmp_path: Path) -> None:
    rules = loaded(tmp_path, FAMILY.replace("[GE, XK]", "states"))
    assert len(rules.rules) > 190
    two = (
        FAMILY.replace(".{C}", ".{C}.{V}")
        .replace("recognise\n", '"{V}"\n')
        .replace("[GE, XK]", "[GE, XK], V: [see, meet]")
    )
    assert sorted(loaded(tmp_path, two).rules) == [
        "recognised.ge.meet", "recognised.ge.see", "recognised.xk.meet", "recognised.xk.see"
    ]  # fmt: skip


def test_a_named_value_gives_its_name(tmp_path: Path) -> None:
    rules = loaded(tmp_path, FAMILY.replace("[GE, XK]", "{XK: the Pristina government}"))
    assert rules.rules["recognised.xk"].title == "the Pristina government is recognised by another state"


SOUGHT = """
rule: deal.sought
title: A deal is sought
gives_way: [deal.made]
claim: {act: [seek, sign], object: [deal, contract]}
---
rule: deal.made
title: A deal is made
claim: {act: sign, object: contract}
"""


def test_a_rule_is_silent_in_an_article_for_which_the_one_holds_that_it_gives_way_to(tmp_path: Path) -> None:
    rules = loaded(tmp_path, SOUGHT)
    assert fired(rules, "Norway seeks deal") == ["deal.sought"]
    assert fired(rules, "Norway seeks deal", "Norway signed a contract.") == ["deal.made"]
    article = Article(id="1", title="Norway seeks deal", text="Norway signed a contract.")
    explanation = rules.explain("deal.sought", article)
    assert explanation.matched is None
    assert explanation.failing == {"gives_way"}
    assert "none of deal.made; found deal.made holds" in str(explanation)
    assert "deal.sought" not in {near.rule for near in rules.survey(article).near}


@pytest.mark.parametrize(
    ("other", "hint"), [("deal.mode", "did you mean `deal.made`"), ("deal.sought", "tocsin rules")]
)
def test_a_rule_gives_way_to_no_rule_that_is_unknown_and_not_to_itself(tmp_path: Path, other: str, hint: str) -> None:
    with pytest.raises(RuleErrors, match=f"rules.yml:4:.*no other rule is called `{other}`; .*{hint}"):
        loaded(tmp_path, SOUGHT.replace("[deal.made]", f"[{other}]"))


CIRCLE = """
rule: a.one
title: The first
gives_way: [b.two]
claim: {act: sign, object: contract}
---
rule: b.two
title: The second
gives_way: [d.apart, c.three]
claim: {act: sign, object: contract}
---
rule: c.three
title: The third
gives_way: a.one
claim: {act: sign, object: contract}
---
rule: d.apart
title: Outside of the circle
claim: {act: sign, object: contract}
---
rule: e.leads
title: Leads into the circle
gives_way: [a.one]
claim: {act: sign, object: contract}
"""


def test_rules_that_give_way_in_a_circle_are_refused_where_the_last_of_them_does(tmp_path: Path) -> None:
    with pytest.raises(RuleErrors) as refused:
        loaded(tmp_path, CIRCLE)
    (problem,) = refused.value.problems
    assert (problem.line, problem.column) == (14, 12)
    assert "in a circle: c.three -> a.one -> b.two -> c.three; where all hold, none" in problem.message
    assert problem.message.endswith("remove one")


def test_every_circle_of_rules_is_named_and_a_long_chain_is_none(tmp_path: Path) -> None:
    claim = "claim: {act: sign, object: contract}"
    ways = {"a.a": "b.b", "b.b": "a.a", "c.c": "d.d", "d.d": "c.c", **{f"n.m{n}": f"n.m{n + 1}" for n in range(1500)}}
    text = "\n---\n".join(f"rule: {id}\ntitle: abc\ngives_way: [{other}]\n{claim}" for id, other in ways.items())
    with pytest.raises(RuleErrors) as refused:
        loaded(tmp_path, f"{text}\n---\nrule: n.m1500\ntitle: abc\n{claim}\n")
    circles = [problem.message.partition(";")[0].rpartition(": ")[2] for problem in refused.value.problems]
    assert circles == ["b.b -> a.a -> b.b", "d.d -> c.c -> d.d"]


@dataclass
class Counted:
    """A scanner that counts the articles whose words it was asked for."""

    scanner: Any
    read: int = 0

    def present(self, words: Any) -> Any:
        self.read += 1
        return self.scanner.present(words)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.scanner, name)


def test_a_survey_reads_an_article_once_for_its_matches(tmp_path: Path) -> None:
    rules = loaded(tmp_path, SOUGHT)
    counted = Counted(rules.scanner)
    survey = replace(rules, scanner=counted).survey(
        Article(id="1", title="Norway seeks deal", text="Norway signed a contract.")
    )
    assert [each.rule for each in survey.matches] == ["deal.made"]
    assert counted.read == 1


def test_what_the_lead_tells_of_the_same_is_shown_beside_what_the_title_says(tmp_path: Path) -> None:
    rules = loaded(
        tmp_path, "rule: pact.signed\ntitle: A pact\nclaim: {act: sign, object: pact, by: {is: state, optional: false}}"
    )
    text = "The pact was signed at noon. The pact was signed by nobody else. Later the pact was signed again."
    (match,) = rules.match(Article(id="1", title="Norway signs pact", text=text))
    assert [e.text for e in match.evidence] == [
        "Norway signs pact",
        "The pact was signed at noon",
        "The pact was signed by nobody else",
    ]
    denied = Article(id="1", title="Norway signs pact", text="Ghana has not signed the pact.")
    assert [e.field for e in rules.match(denied)[0].evidence] == ["title"]


FILTERED = """
rule: camp.closed
title: A refugee camp is closed
claim: {act: [close, shut down], object: [refugee camp, migrant camp]}
---
filter: scouts
title: Scouts run refugee camps as a game
rules: ["camp.*"]
unless: [{text: {any: [scout]}, where: sentence}]
"""


def test_a_filter_suppresses_matches_of_the_rules_that_it_names_and_explain_says_so(tmp_path: Path) -> None:
    rules = loaded(tmp_path, FILTERED)
    assert fired(rules, "Kenya closes refugee camp") == ["camp.closed"]
    article = Article(id="1", title="Scouts close refugee camp")
    assert rules.match(article) == ()
    assert "none of filter scouts; found ruled out" in str(rules.explain("camp.closed", article))


def test_what_a_claim_rules_out_leaves_the_other_claims_of_its_rule(tmp_path: Path) -> None:
    alone = "{act: [close], object: [refugee camp], unless: [{text: {any: [scout]}}]}"
    rules = loaded(tmp_path, f"rule: a.b\ntitle: abc\nclaim: [{alone}, {{act: [shut], object: [refugee camp]}}]\n")
    assert fired(rules, "Kenya closes refugee camp") == ["a.b"]
    assert fired(rules, "Scouts close refugee camp") == []
    assert fired(rules, "Scouts shut refugee camp") == ["a.b"]


def test_a_filter_changes_the_hash_of_the_rules_that_it_names(tmp_path: Path) -> None:
    with_filter = loaded(tmp_path, FILTERED).rules["camp.closed"].hash
    assert with_filter != loaded(tmp_path, FILTERED.split("---")[0]).rules["camp.closed"].hash


@pytest.mark.parametrize(
    "title",
    [
        "Kenya closes refugee camp",
        "Kenya shuts refugee camp down",
        "Refugee camp closed by Kenya",
        "Refugee camp closes",
        "Closure of refugee camp announced",
    ],
)
def test_a_plain_act_is_found_in_every_form_with_its_noun(tmp_path: Path, title: str) -> None:
    assert fired(loaded(tmp_path, FILTERED), title) == ["camp.closed"]


def test_a_plain_word_is_found_in_both_spellings(tmp_path: Path) -> None:
    rules = loaded(tmp_path, "rule: a.b\ntitle: abc\nclaim: {act: nationalise, object: defence industry}\n")
    assert fired(rules, "Norway nationalizes defense industry") == ["a.b"]


ACTORS = """
rule: rates.cut
title: A central bank cuts its rate
claim:
  act: [cut, lower]
  object: {head: [rate, interest rate], unless: [mortgage]}
  by: {head: [central bank, Fed], as: BANK}
emit: {key: [BANK]}
"""


def test_an_actor_may_be_asked_for_by_a_noun_and_is_bound(tmp_path: Path) -> None:
    rules = loaded(tmp_path, ACTORS)
    match = rules.match(Article(id="1", title="Ghana's central bank cuts interest rates"))[0]
    assert match.bindings["BANK"] == "central bank"
    assert fired(rules, "Interest rates cut by Fed") == ["rates.cut"]
    assert fired(rules, "Shops cut rates") == []
    assert fired(rules, "Fed cuts mortgage rates") == []


def test_an_object_may_be_a_party_and_the_actor_is_no_object(tmp_path: Path) -> None:
    text = "rule: a.b\ntitle: abc\nclaim: {act: recognise, object: {is: state, as: WHOM}, by: {is: state, as: BY}}\n"
    match = loaded(tmp_path, text).match(Article(id="1", title="Norway recognises Georgia"))[0]
    assert (match.bindings["BY"], match.bindings["WHOM"]) == ("NO", "GE")
    assert fired(loaded(tmp_path, text), "Norway recognises Georgian talent") == []


def test_a_party_asked_for_by_name_must_be_said_and_another_does_not_do(tmp_path: Path) -> None:
    text = "rule: a.b\ntitle: abc\nclaim: {act: lift, object: embargo, on: {is: state, name: IR, as: T}}\n"
    rules = loaded(tmp_path, text)
    assert fired(rules, "Norway lifts embargo on Iran") == ["a.b"]
    assert fired(rules, "Norway lifts embargo on Ghana") == []
    assert fired(rules, "Norway lifts embargo") == []


def test_confirm_is_carried_by_the_match(tmp_path: Path) -> None:
    text = "rule: a.b\ntitle: abc\nclaim: {act: lift, object: embargo}\n"
    confirm = "confirm: {outlets: 2, within: 1d, otherwise: {level: low}}\n"
    match = loaded(tmp_path, text + confirm).match(Article(id="1", title="Norway lifts embargo"))[0]
    assert match.emit.confirm == Confirm(2, 86_400, Level.LOW)


BODY = "The first grain ship left port. Officials cheered.\nA second paragraph speaks of barley, barley and rye."


@pytest.mark.parametrize(
    ("part", "holds"),
    [
        ("grain", True),
        ("{any: [wheat, rye]}", True),
        ("{any: [wheat]}", False),
        ("{all: [grain, rye]}", True),
        ("{all: [grain, wheat]}", False),
        ("{any: [grain], not: [rye]}", False),
        ("{any: [grain], not: [wheat]}", True),
        ("{all: [grain, port], same: sentence}", True),
        ("{all: [grain, cheered], same: sentence}", False),
        ("{all: [grain, cheered], same: paragraph}", True),
        ("{all: [grain, rye], same: paragraph}", False),
        ("{any: [barley], atleast: 2}", True),
        ("{any: [barley], atleast: 3}", False),
        ("{any: [grain], first: 5}", True),
        ("{any: [rye], first: 5}", False),
        ("{near: {a: grain, b: port, within: 3}}", True),
        ("{near: {a: grain, b: port, within: 2}}", False),
        ("{near: {a: port, b: grain, within: 5}}", True),
        ("{near: {a: port, b: grain, within: 5, ordered: true}}", False),
        ("{regex: 'b[a-z]+y and'}", True),
        ("{regex: 'b[a-z]+y or'}", False),
        ("{any: [grain], regex: '(?i)THE FIRST'}", True),
    ],
)
def test_text_operators(tmp_path: Path, part: str, holds: bool) -> None:
    rules = loaded(tmp_path, f"rule: a.b\ntitle: abc\ntext: {part}\n")
    assert fired(rules, "Notes", BODY) == (["a.b"] if holds else [])
    assert (rules.explain("a.b", Article(id="1", title="Notes", text=BODY)).matched is not None) == holds


@pytest.mark.parametrize(
    "words", ['"arms" embargo', "arms  embargo", "arms-embargo", "ARMS EMBARGO", "“arms” embargoes"]
)
def test_words_parted_by_quotes_marks_or_blanks_are_found(tmp_path: Path, words: str) -> None:
    rules = loaded(tmp_path, "rule: a.b\ntitle: abc\nclaim: {act: lift, object: arms embargo}\n")
    assert fired(rules, f"Norway lifts {words}") == ["a.b"]


def test_a_site_replaces_a_shipped_lexicon(tmp_path: Path) -> None:
    text = "lexicon: embargo\nkind: object\noverride: replace\nnouns: [blokkade]\n"
    rules = loaded(tmp_path, text + "---\nrule: a.b\ntitle: abc\nclaim: {act: lift, object: $embargo}\n")
    assert fired(rules, "Norway lifts blokkade") == ["a.b"]
    assert fired(rules, "Norway lifts embargo") == []


def test_a_continuer_that_is_denied_says_that_the_act_is_done(tmp_path: Path) -> None:
    text = (
        "lexicon: stop\nkind: act\nverbs: [halt]\ncontinuers: [$go_on]\n---\n"
        "lexicon: go_on\nkind: act\nverbs: [prolong]\n---\n"
        "rule: a.b\ntitle: abc\nclaim: {act: $stop, object: blockade}\n"
    )
    rules = loaded(tmp_path, text)
    assert fired(rules, "Norway halts blockade") == ["a.b"]
    assert fired(rules, "Oslo notes", "Norway did not prolong the blockade.") == ["a.b"]
    assert fired(rules, "Norway prolongs blockade") == []


def test_what_is_called_old_is_not_new(tmp_path: Path) -> None:
    text = "rule: a.b\ntitle: abc\nclaim: {act: sign, object: pact, novelty: new}\n"
    rules = loaded(tmp_path, text)
    assert fired(rules, "Norway signs pact with Ghana") == ["a.b"]
    assert fired(rules, "Oslo notes", "Norway signed an existing pact with Ghana.") == []
