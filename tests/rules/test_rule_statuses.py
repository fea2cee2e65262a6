"""One construction each: what a sentence says of the act `lift` on `embargo`."""

import pytest

from rules import Article, load

RULE = """rule: any.status
title: Any status
claim:
  act: $end_restriction
  object: $embargo
  status: [done, agreed, announced, underway, planned, proposed, demanded, threatened, possible, talks, conditional,
           denied, refused, unknown]
scope: {zone: [headline, lead, body, background]}
"""
SENTENCES = [
    ("Norway lifted the embargo.", "done"),
    ("The embargo was lifted by Norway.", "done"),
    ("The embargo has been lifted.", "done"),
    ("The embargo expired on Monday.", "done"),
    ("There is no embargo on Ghana.", "done"),
    ("There is no such thing as an embargo on Ghana.", "done"),
    ("The embargo is no longer in force.", "done"),
    ("Ghana welcomed the lifting of the embargo.", "done"),
    ("Norway lifted on Monday in Oslo the embargo.", "done"),
    ("The Board of Trade (BoT) lifted the embargo.", "done"),
    ("Norway ended the talks, lifting the embargo.", "done"),
    ("After years of haggling, Norway lifted the embargo.", "done"),
    ("The minister said in a note on Friday that they had lifted the embargo.", "done"),
    ("Norway, which has been at war since 2015, lifted the embargo.", "done"),
    ("Norway agreed to talk and lifted the embargo.", "done"),
    ("Norway lifted the embargo on 12 May and reopened the port.", "done"),
    ("The embargo that was set in May expired on 30 May.", "done"),
    ("Neither Norway nor Sweden has lifted the embargo.", "denied"),
    ("The minister says Norway would lift the embargo.", "possible"),
    ("Norway's view on Sweden lifting the embargo is unchanged.", "unknown"),
    ("Norway is lifting the embargo.", "underway"),
    ("Norway agreed to lift the embargo.", "agreed"),
    ("Parliament voted to lift the embargo.", "agreed"),
    ("The minister announced the lifting of the embargo.", "announced"),
    ("Norway will lift the embargo.", "planned"),
    ("Norway is to lift the embargo.", "planned"),
    ("Norway plans to lift the embargo.", "planned"),
    ("Norway promised to lift the embargo.", "planned"),
    ("Norway is set to lift the embargo.", "planned"),
    ("Norway is ready to lift the embargo.", "planned"),
    ("The minister said Norway would lift the embargo.", "planned"),
    ("Norway may lift the embargo.", "possible"),
    ("Norway is considering lifting the embargo.", "possible"),
    ("Norway is likely to lift the embargo.", "possible"),
    ("Norway has the right to lift the embargo.", "possible"),
    ("Norway must lift the embargo.", "demanded"),
    ("The embargo must not end.", "demanded"),
    ("Ghana urged Norway to lift the embargo.", "demanded"),
    ("Ghana called for the lifting of the embargo.", "demanded"),
    ("Ghana called on Norway to respect the deal and lift the embargo.", "demanded"),
    ("Norway proposed to lift the embargo.", "proposed"),
    ("Norway is in talks on lifting the embargo.", "talks"),
    ("Norway refused to lift the embargo.", "refused"),
    ("Norway failed to lift the embargo.", "refused"),
    ("Norway has not lifted the embargo.", "denied"),
    ("Norway denied that it had lifted the embargo.", "denied"),
    ("If Norway lifts the embargo, trade will grow.", "conditional"),
    ("Norway threatened to end the embargo.", "threatened"),
    ("Norway did not extend the embargo.", "done"),
    ("The embargo is set to be lifted next month.", "planned"),
    ("Norway announced plans to lift the embargo.", "planned"),
    ("Norway is preparing to lift the embargo.", "planned"),
    ("Norway intends to start lifting the embargo in May.", "planned"),
    ("The lifting of the embargo is expected in May.", "planned"),
    ("Norway will announce the lifting of the embargo on Monday.", "planned"),
    ("A bill to lift the embargo was introduced in parliament.", "proposed"),
    ("The commission recommended lifting the embargo.", "proposed"),
    ("Norway submitted a draft resolution lifting the embargo.", "proposed"),
    ("Ghana urged Norway to show good will by lifting the embargo.", "demanded"),
    ("Ghana pressed for an end to the embargo.", "demanded"),
    ("Ghana demanded that Norway lift the embargo.", "demanded"),
    ("Ghana asked the council to vote on lifting the embargo.", "demanded"),
    ("Lawmakers pushed Norway to end the embargo.", "demanded"),
    ("Norway is weighing whether to lift the embargo.", "possible"),
    ("Norway offered to lift the embargo.", "possible"),
    ("Norway hinted it could lift the embargo.", "possible"),
    ("The embargo could be lifted soon.", "possible"),
    ("Norway raised the possibility of lifting the embargo.", "possible"),
    ("Norway said it would not talk unless the embargo was lifted.", "conditional"),
    ("Ghana will not return until the embargo is lifted.", "conditional"),
    ("Norway ruled out lifting the embargo.", "refused"),
    ("Norway vetoed a resolution lifting the embargo.", "refused"),
    ("Norway opposes lifting the embargo.", "refused"),
    ("The council rejected a proposal to lift the embargo.", "refused"),
    ("Norway dismissed reports that it had lifted the embargo.", "denied"),
    ("Norway never lifted the embargo.", "denied"),
    ("Norway and Ghana discussed lifting the embargo.", "talks"),
    ("Talks on ending the embargo resumed on Monday.", "talks"),
    ("Norway decided to lift the embargo.", "agreed"),
    ("The council approved the lifting of the embargo.", "agreed"),
    ("Senators passed a bill lifting the embargo.", "proposed"),
    ("Norway signed an order lifting the embargo.", "agreed"),
    ("Norway said on Monday that it had lifted the embargo.", "done"),
    ("After lifting the embargo, Norway sold rifles to Ghana.", "done"),
    ("Shares rose after Norway lifted the embargo.", "done"),
    ("Norway reacted by lifting the embargo.", "done"),
    ("The decision ends the embargo.", "done"),
    ("Norway has begun lifting the embargo.", "done"),
    ("Ghana criticised Norway for lifting the embargo.", "done"),
    ("Norway managed to lift the embargo.", "done"),
    ("Norway ordered the lifting of the embargo.", "announced"),
    ("Norway has fully lifted its decades-old embargo on Ghana.", "done"),
]
HEADLINES = [
    ("Norway lifts embargo", "done"),
    ("Norway to lift embargo", "planned"),
    ("Norway urged to lift embargo", "demanded"),
    ("Norway, Sweden end embargo", "done"),
    ("Embargo lifted", "done"),
    ("Will Norway lift embargo?", "possible"),
    ("NORWAY LIFTS EMBARGO", "done"),
    ("norway lifts embargo", "done"),
    ("Norway mulls lifting embargo", "possible"),
    ("Norway rejects lifting of embargo", "refused"),
]


@pytest.fixture(scope="module")
def ruleset(tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    file = tmp_path_factory.mktemp("rules") / "any.yml"
    file.write_text(RULE, "utf8")
    return load(file, packs=False)


@pytest.mark.parametrize(("text", "status"), SENTENCES)
def test_a_sentence_has_the_status_that_its_governors_give_it(ruleset, text: str, status: str) -> None:  # type: ignore[no-untyped-def]
    matches = ruleset.match(Article(id="1", title="", text=text))
    assert [m.status for m in matches] == [status]


@pytest.mark.parametrize(("title", "status"), HEADLINES)
def test_a_headline_has_a_grammar_of_its_own(ruleset, title: str, status: str) -> None:  # type: ignore[no-untyped-def]
    matches = ruleset.match(Article(id="1", title=title))
    assert [m.status for m in matches] == [status]
