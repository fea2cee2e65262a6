"""Rule files that must be refused, each with its place and the mend."""

from pathlib import Path

import pytest

from rules import RuleErrors, check, load

GOOD = """rule: my.rule
title: A rule of mine
claim:
  act: $end_restriction
  object: $embargo
"""


def problems(tmp_path: Path, text: str) -> list[str]:
    file = tmp_path / "rules.yml"
    file.write_text(text, "utf8")
    return [str(p).removeprefix(f"{file}:") for p in check(file)]


def test_a_good_rule_has_no_problem(tmp_path: Path) -> None:
    assert problems(tmp_path, GOOD) == []


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        (GOOD + "clam: {}\n", "6:1", "did you mean `claim`"),
        (GOOD + "title: again\n", "6:1", "here twice"),
        (GOOD + "level: hihg\n", "6:8", "'low', 'medium', 'high' or 'critical'"),
        (GOOD + "tests: {hit: x}\n", "6:8", "tuple"),
        (GOOD + "tests: [{hit: a, miss: b}]\n", "6:9", "exactly one"),
        (GOOD + "emit: {key: [WHO]}\n", "6:14", "bound nowhere"),
        (GOOD + "emit: {once_per: fortnight}\n", "6:18", "duration"),
        (GOOD + "confirm: {outlets: 2}\n", "6:10", "`within` is missing"),
        (GOOD + "confirm: {outlets: 1, within: 24h, otherwise: {level: low}}\n", "6:20", "greater than or equal to 2"),
        (GOOD + "params: {C: []}\n", "6:13", "expected a list of values"),
        (GOOD + "params: {C: [IR, KP]}\n", "1:7", "the id must tell the members apart"),
        (GOOD.replace("my.rule", "my.{C}") + "params: {C: [IR]}\ntags: ['{D}']\n", "7:8", "`{D}` is not among"),
        (GOOD.replace("my.rule", "my.{C}") + "params: {C: [IR]}\nlevle: low\n", "7:1", "did you mean `level`"),
        (GOOD.replace("  object: $embargo", "  object: {about: sale}"), "5:11", "needs `head`"),
        (GOOD + "---\nfilter: calm\nrules: [embrago.*]\nunless: [{text: rumour}]\n", "8:9", "no rule is named"),
        (GOOD + "---\nfilter: calm\nrules: [my.*]\nunless: [{text: $rumour}]\n", "9:17", "unknown lexicon"),
        (GOOD + "---\nfilter: calm\nrules: [my.*]\n", "7:1", "`unless` is missing"),
        (GOOD + "  unless: [{text: $rumour}]\n", "6:19", "unknown lexicon"),
        (GOOD + "  unless: [{text: {regex: '(?=a)'}}]\n", "6:27", "RE2"),
        (GOOD + "scope: {event_age: soon}\n", "6:20", "duration"),
        (GOOD + "speaker: {named: NO}\n", "6:18", "bool"),
        (GOOD + "a: &x [1]\nb: *x\n", "6:4", "anchor &x"),
        (GOOD + "b: *x\n", "6:4", "*x"),
        (GOOD + "title: !!python/object:os.system x\n", "6:1", "twice"),
        ("rule: !!str x\ntitle: abc\n", "1:7", "tag"),
        (GOOD.replace("$embargo", "$embrago"), "5:11", "did you mean `$embargo`"),
        (GOOD.replace("$end_restriction", "[$end_restriction, $nix]"), "4:27", "unknown lexicon"),
        ("rule: my.rule\ntitle: abc\n", "1:7", "needs `claim` or `text`"),
        ("rule: My Rule\ntitle: abc\ntext: {any: [embargo]}\n", "1:7", "pattern"),
        ("rule: a.b\ntitle: abc\ntext: {regex: '(a)\\1'}\n", "3:15", "RE2"),
        ("rule: a.b\ntitle: abc\ntext: {regex: '(?=a)'}\n", "3:15", "RE2"),
        ("rule: a.b\ntitle: abc\nmaturity: test\ntext: {regex: 'a+b'}\n", "4:7", "experimental"),
        ("rule: a.b\ntitle: abc\nmaturity: test\nclaim: {act: [say, make]}\n", "4:14", "only very common words"),
        ("rule: a.b\ntitle: abc\nmaturity: test\ntext: {any: [the]}\n", "4:7", "experimental"),
        ("rule: a.b\ntitle: abc\nmaturity: stable\ntext: {any: [embargo]}\n", "1:1", "at least one hit"),
        ("rule: [\n", "2:1", "not valid YAML"),
        ("- a\n- b\n", "1:1", "expected a mapping"),
        ("lexicon: mine\nkind: act\ninclude: [$yours]\n", "3:11", "unknown lexicon"),
        ("lexicon: embargo\nkind: object\nnouns: [x]\n", "1:10", "override"),
    ],
)
def test_a_bad_file_is_refused_at_its_place_with_the_mend(tmp_path: Path, text: str, place: str, words: str) -> None:
    found = problems(tmp_path, text)
    assert any(f.startswith(f"{place}:") and words in f for f in found), found


def test_every_problem_of_every_document_is_named_not_only_the_first(tmp_path: Path) -> None:
    found = problems(tmp_path, "rule: a\ntitel: x\n---\nrule: b\nlevle: low\ntitle: abc\n")
    assert len(found) >= 3


def test_a_circular_include_is_named_with_its_way(tmp_path: Path) -> None:
    text = "lexicon: one\ninclude: [$two]\n---\nlexicon: two\ninclude: [$one]\n"
    assert any("circular include: one -> two -> one" in p for p in problems(tmp_path, text))


@pytest.mark.parametrize("text", ["[" * 5000, "{a: " * 5000, "- " * 5000, "rule: " + "[" * 5000 + "]" * 5000])
def test_thousands_of_nested_brackets_are_one_error_and_no_crash(tmp_path: Path, text: str) -> None:
    assert problems(tmp_path, text)


def test_an_alias_bomb_is_refused_at_its_first_anchor(tmp_path: Path) -> None:
    bomb = "a: &a [x, x]\n" + "".join(f"{c}: &{c} [*{p}, *{p}]\n" for p, c in zip("abcdefgh", "bcdefghi", strict=True))
    assert "anchor &a is not allowed" in problems(tmp_path, bomb)[0]


def test_the_country_code_of_norway_is_a_word_and_the_key_on_is_a_key(tmp_path: Path) -> None:
    text = GOOD + "  on: {is: state, name: NO}\n"
    assert problems(tmp_path, text) == []
    file = tmp_path / "rules.yml"
    part = load(file, packs=False).rules["my.rule"].document.claim[0].on
    assert part is not None
    assert part.name == ("NO",)


def test_load_raises_all_problems_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text("rule: a\ntitel: x\n", "utf8")
    (tmp_path / "b.yml").write_text("rule: [\n", "utf8")
    with pytest.raises(RuleErrors) as error:
        load(tmp_path)
    assert {Path(p.file).name for p in error.value.problems} == {"a.yml", "b.yml"}


def test_a_file_that_is_not_utf8_or_not_there_is_a_problem_and_no_crash(tmp_path: Path) -> None:
    bad = tmp_path / "bad.yml"
    bad.write_bytes(b"rule: \xff\xfe")
    assert "UTF-8" in str(check(bad)[0])
    assert "no such file" in str(check(tmp_path / "nowhere.yml")[0])


def test_a_site_appends_to_a_shipped_lexicon(tmp_path: Path) -> None:
    from rules import Article

    file = tmp_path / "site.yml"
    file.write_text("lexicon: embargo\nkind: object\noverride: append\nnouns: [blokkade]\n---\n" + GOOD, "utf8")
    ruleset = load(file, packs=False)
    article = Article(id="1", title="Norway lifts blokkade on Ghana")
    assert [m.rule for m in ruleset.match(article)] == ["my.rule"]
