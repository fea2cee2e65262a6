"""The lexicons for the rules of sites, and what docs/rules.md says of them."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from rules import load, run_tests
from rules.engine.compile import compile_files
from rules.lexicon import LIBRARY
from tocsin.commands.rules import app

DOCS = (Path(__file__).parents[2] / "docs" / "rules.md").read_text("utf8")
BLOCKS = re.findall(r"^( *)```yaml\n(.*?)^ *```", DOCS, re.S | re.M)
LEXICONS = re.findall(r"^lexicon: (\w+)", "\n".join(f.read_text("utf8") for f in sorted(LIBRARY.glob("*.yml"))), re.M)


def written(tmp_path: Path, text: str, name: str = "r.yml") -> Path:
    file = tmp_path / name
    file.write_text(text, "utf8")
    return file


@pytest.mark.parametrize("block", [b for b in BLOCKS if "rule:" in b[1]])
def test_every_rule_in_the_guide_passes_its_own_tests(block: tuple[str, str], tmp_path: Path) -> None:
    indent, text = block
    plain = "\n".join(line.removeprefix(indent) for line in text.splitlines()) + "\n"
    failed = [r for r in run_tests(load(written(tmp_path, plain), packs=False)) if r.failed]
    assert not failed


def test_the_guide_names_every_lexicon_of_the_library() -> None:
    missing = [name for name in LEXICONS if f"`${name}`" not in DOCS]
    assert not missing


def test_every_lexicon_that_the_guide_names_is_there() -> None:
    known = compile_files([], packs=False).lexicons
    own = set(re.findall(r"^ *lexicon: (\w+)", DOCS, re.M)) | {"name", "impose", "more", "continue_restriction"}
    assert not [n for n in re.findall(r"\$([a-z_]+)", DOCS) if n not in known and n not in own]


def test_a_lexicon_of_a_site_stands_in_place_of_one_of_the_library(tmp_path: Path) -> None:
    own = "lexicon: border\nkind: object\nnouns: [fence]\n---\n"
    rule = "rule: a.b\ntitle: abc\nclaim: {act: $close, object: $border}\n"
    tests = "tests:\n  - hit: Norway closes fence\n  - miss: Norway closes border\n"
    assert not [r for r in run_tests(load(written(tmp_path, own + rule + tests), packs=False)) if r.failed]


def test_no_shipped_rule_leans_on_the_library() -> None:
    rules = load().rules.values()
    used = {n for r in rules for t in r.claims for n in (*t.acts, *t.heads, *t.about, *t.unless)}
    assert not used & set(LEXICONS)


def test_words_lists_the_lexicons_and_the_words_of_one() -> None:
    runner = CliRunner()
    listed = runner.invoke(app, ["words"]).stdout
    assert re.search(r"^\$resign +act +somebody leaves an office", listed, re.M)
    assert "step down" in runner.invoke(app, ["words", "$resign"]).stdout.split(", ")
    wrong = runner.invoke(app, ["words", "resing"])
    assert wrong.exit_code == 2
    assert "did you mean `$resign`?" in wrong.output


def test_words_finds_the_lexicons_that_hold_a_word() -> None:
    listed = CliRunner().invoke(app, ["words", "broke down"]).stdout
    assert re.search(r"^\$break_down +act +talks or a plan", listed, re.M)
    assert "$seize " not in listed


def test_a_new_rule_passes_its_own_tests(tmp_path: Path) -> None:
    made = CliRunner().invoke(app, ["new", "kayaks.seized"]).stdout
    results = run_tests(load(written(tmp_path, made), packs=False))
    assert [r.passed for r in results] == [True] * 4
    assert CliRunner().invoke(app, ["new", "Kayaks seized"]).exit_code == 2


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Ghana shuts schools.", "the act `shuts` stands in"),
        ("Traders near the border slept.", "the object `border` stands in"),
        (
            "The border was quiet and Ghana shut schools.",
            "but the one is not done to the other: `shut` is done to `schools`",
        ),
        ("After the closure Ghana {watched} the border.", "`closure` is read as a noun, which is done to nothing here"),
        ("It rained.", "no sentence holds a word of its act or of its object"),
    ],
)
def test_explain_says_which_word_is_missing(text: str, told: str, tmp_path: Path) -> None:
    file = written(tmp_path, "rule: a.b\ntitle: abc\nclaim: {act: $close, object: $border}\n")
    article = written(tmp_path, f"Notes\n{text}\n", "article.txt")
    result = CliRunner().invoke(app, ["explain", "a.b", str(article), "--rules", str(file), "--no-packs"])
    assert told in result.stdout


MATTER = "rule: a.b\ntitle: abc\nclaim: {act: $arrest, about: [espionage, $spy]}\ntests:\n"


@pytest.mark.parametrize(
    "test",
    [
        "{hit: Norway detains two Ghanaians on suspicion of espionage}",
        "{hit: Engineer arrested as spy in Oslo}",
        "{miss: Norway detains two Ghanaians over theft, because: claim.about}",
        "{miss: 'Norway may arrest the engineer, a spy.', because: status=possible}",
    ],
)
def test_an_act_is_about_a_matter_whoever_it_is_done_to(test: str, tmp_path: Path) -> None:
    assert not [r for r in run_tests(load(written(tmp_path, MATTER + f"  - {test}\n"), packs=False)) if r.failed]


def test_a_bank_of_states_acts_though_a_bank_of_a_state_is_no_state(tmp_path: Path) -> None:
    claim = "claim: {act: $grant_money, object: $loan, by: {is: [state, igo], as: BY, optional: false}}\n"
    tests = (
        "tests:\n  - hit: World Bank approves $2bn loan for Ghana\n  - miss: Norwegian bank approves loan for mill\n"
    )
    rule = f"rule: a.b\ntitle: abc\n{claim}{tests}"
    assert not [r for r in run_tests(load(written(tmp_path, rule), packs=False)) if r.failed]


def test_what_flows_is_behind_of(tmp_path: Path) -> None:
    rule = "rule: a.b\ntitle: abc\nclaim: {act: $suspend, object: $foreign_aid}\n"
    tests = "tests:\n  - hit: Norway halts deliveries of food aid to Ghana\n"
    assert not [r for r in run_tests(load(written(tmp_path, rule + tests), packs=False)) if r.failed]


VISIT = (
    "rule: a.b\ntitle: abc\nclaim: {act: $visit, object: {is: state, as: HOST}, by: {head: $office_holder}}\ntests:\n"
)


@pytest.mark.parametrize(
    "test",
    [
        "{hit: Norwegian trade minister Ana Rusu arrives in Ghana, bind: {HOST: Ghana}}",
        "{hit: Putin visits Ghana, bind: {HOST: Ghana}}",
        "{miss: Norwegian singer Ana Rusu arrives in Ghana, because: claim.by}",
    ],
)
def test_who_acts_is_named_by_office_or_as_a_leader(test: str, tmp_path: Path) -> None:
    assert not [r for r in run_tests(load(written(tmp_path, VISIT + f"  - {test}\n"), packs=False)) if r.failed]


SEIZED = "rule: a.b\ntitle: abc\nclaim: {act: $seize, object: [ferry, trawler]}\ntests:\n"


@pytest.mark.parametrize(
    "headline",
    [
        "Ghanaian trawler seized off Norway",
        "Ferry seized off the coast of Norway",
        "Norway impounds ferry owned by Ghanaian tycoon",
        "Norway seizes Ghana flagged ferry",
        "WATCH: Rebels seize ferry in the Red Sea",
        "Rebels have hijacked a Norwegian-flagged, Ghanaian-owned ferry with 20 passengers.",
    ],
)
def test_what_is_said_of_a_ship_hides_no_seizure_of_it(headline: str, tmp_path: Path) -> None:
    rule = f"{SEIZED}  - hit: '{headline}'\n"
    assert not [r for r in run_tests(load(written(tmp_path, rule), packs=False)) if r.failed]


CLASHED = """rule: a.b
title: abc
claim: [{act: clash, object: guard}, {act: erupt, object: fighting}, {act: fight, object: rebel}]
"""


@pytest.mark.parametrize(
    "test",
    [
        "{hit: 'Norwegian, Ghanaian guards clash near dam'}",
        "{hit: Norwegian and Ghanaian guards clash}",
        "{hit: Fighting erupted between Norway and Ghana on Monday.}",
        "{miss: Norwegian guards clash claims three lives}",
    ],
)
def test_many_who_clash_do_something(test: str, tmp_path: Path) -> None:
    rule = f"{CLASHED}tests:\n  - {test}\n"
    assert not [r for r in run_tests(load(written(tmp_path, rule), packs=False)) if r.failed]


@pytest.mark.parametrize(
    ("claim", "mend"),
    [
        ("{act: [to lift], object: ban}", "write `lift`"),
        ("{act: [not pay], object: ban}", "write `pay`"),
        ("{act: [will leave], object: ban}", "write `leave`"),
        ("{act: [seized], object: ban}", "write `seize`"),
        ("{act: [pulled out of], object: ban}", "write `pull out of`"),
        ("{act: $ship, object: ban}", "`$ship` lists things; here belongs a lexicon of acts"),
        ("{act: $seize, object: $free}", "`$free` lists acts; here belongs a lexicon of things"),
        ("{act: $seize, object: ban, by: {head: $cyber}}", "here belongs a lexicon of things"),
        ("{act: $seize, object: ban, by: police}", "a noun stands under `head`, {head: police}"),
        ("{act: $seize, object: ban, on: {name: Iran}}", "write `IR`"),
        ("{act: $seize, object: ban, on: {name: Atlantis}}", "write a code such as IR"),
    ],
)
def test_what_could_never_match_is_refused_with_its_mend(claim: str, mend: str, tmp_path: Path) -> None:
    file = written(tmp_path, f"rule: a.b\ntitle: abc\nclaim: {claim}\n")
    problems = compile_files([file], packs=False).problems
    assert [mend in p.message for p in problems] == [True]


@pytest.mark.parametrize("act", ["ground", "meeting", "put", "read", "cut off"])
def test_a_base_form_is_no_past_form_of_another_verb(act: str, tmp_path: Path) -> None:
    file = written(tmp_path, f"rule: a.b\ntitle: abc\nclaim: {{act: [{act}], object: ban}}\n")
    assert not compile_files([file], packs=False).problems


HACKED = "rule: a.b\ntitle: abc\nclaim: {act: $attack, about: $cyber, by: {head: $hacker, of: state, as: BY}}\ntests:\n"


@pytest.mark.parametrize(
    "test",
    [
        "{hit: Ghanaian hackers breached the email accounts of three ministers., bind: {BY: Ghana}}",
        "{hit: Hackers from Ghana attack computer network of parliament, bind: {BY: Ghana}}",
        "{hit: A hacker group linked to Ghana hit the computer network of a bank., bind: {BY: Ghana}}",
        "{miss: Hackers breached the email accounts of three ministers., because: claim.by}",
        "{miss: Ghanaian activists hit the computer network of a bank., because: claim.by}",
    ],
)
def test_those_who_act_may_have_to_be_a_states(test: str, tmp_path: Path) -> None:
    assert not [r for r in run_tests(load(written(tmp_path, HACKED + f"  - {test}\n"), packs=False)) if r.failed]


def test_of_asks_for_a_head(tmp_path: Path) -> None:
    file = written(tmp_path, "rule: a.b\ntitle: abc\nclaim: {act: $attack, object: bank, by: {of: state}}\n")
    assert ["add `head`" in p.message for p in compile_files([file], packs=False).problems] == [True]


FREED = """rule: a.b
title: abc
claim: {act: $seize, object: $ship, unless: [$free, drill]}
tests:
  - hit: Norway seizes ferry off Ghana
  - {miss: Norway frees ferry seized off Ghana, because: claim.unless}
  - {miss: Norway seizes ferry in drill, because: claim.unless}
  - hit: "Norway seized a ferry. A trawler was freed."
"""


def test_plain_words_of_unless_rule_out_what_stands_in_their_sentence(tmp_path: Path) -> None:
    assert not [r for r in run_tests(load(written(tmp_path, FREED), packs=False)) if r.failed]


BLAMED = """rule: a.b
title: abc
claim: {act: $close, object: $border, by: {is: state, as: BY, optional: false}}
scope: {zone: [headline, lead, background]}
tests:
"""


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("Norway thanked Ghana for closing the border.", "Ghana"),
        ("Norway fines two Ghanaians for closing border", "Ghana"),
        ("Two Ghanaians were fined for closing the border.", "Ghana"),
        ("Norway says Ghana closed border crossings", "Ghana"),
        ("The report found Ghana closed the border.", "Ghana"),
    ],
)
def test_who_is_blamed_or_told_of_is_who_did_it(text: str, who: str, tmp_path: Path) -> None:
    rule = f"{BLAMED}  - {{hit: '{text}', bind: {{BY: {who}}}}}\n"
    assert not [r for r in run_tests(load(written(tmp_path, rule), packs=False)) if r.failed]


@pytest.mark.parametrize(
    ("claim", "headline"),
    [
        ("{act: $break_down, object: $peace_talks}", "Norway talks collapse over fishing"),
        ("{act: $grant, object: $asylum}", "The activist has been granted political asylum in Norway."),
    ],
)
def test_a_wide_lexicon_beside_hides_no_act(claim: str, headline: str, tmp_path: Path) -> None:
    beside = "{act: [take in], object: $journalist}"
    rule = f"rule: a.b\ntitle: abc\nclaim: [{claim}, {beside}]\ntests:\n  - hit: '{headline}'\n"
    assert not [r for r in run_tests(load(written(tmp_path, rule), packs=False)) if r.failed]


def test_a_hit_that_fails_says_what_was_found_instead(tmp_path: Path) -> None:
    rule = "rule: a.b\ntitle: abc\nclaim: {act: $close, object: $border, by: {head: court}}\ntests:\n"
    [failed] = run_tests(load(written(tmp_path, rule + "  - hit: Norway may close border\n"), packs=False))
    assert failed.message == "should match; failing: status (found possible), claim.by (found only NO)"
