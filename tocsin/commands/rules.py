"""`tocsin rules`: test, list, show, match and explain rules, without a server."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, TextIO

import typer

from rules import Article, RuleErrors, RuleSet, run_tests
from rules.lexicon import Lexicon, unknown_lexicon
from tocsin.article_lines import answer, article_of
from tocsin.commands.backtest import active, backtest
from tocsin.commands.common import FOUND_PROBLEMS, fail
from tocsin.commands.holding import discard, held, release
from tocsin.commands.skeleton import new
from tocsin.cores import Places, cores, mapped, rule_set

app = typer.Typer(
    help="Test, list, match and explain rules; let go what the rate guard holds.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

Paths = Annotated[list[Path] | None, typer.Argument(help="Rule files or folders, beside the shipped packs.")]
Rules = Annotated[list[Path] | None, typer.Option("--rules", help="A rule file or folder, beside the shipped packs.")]
Used = Annotated[
    list[Path] | None, typer.Option("--rules", help="A rule file or folder in place of the configuration's rules.")
]
UsedPaths = Annotated[
    list[Path] | None, typer.Argument(help="Rule files or folders in place of the configuration's rules.")
]
Packs = Annotated[bool, typer.Option("--packs/--no-packs", help="Load the shipped packs.")]
Lines = Annotated[
    typer.FileText, typer.Argument(encoding="utf-8", errors="replace", help="JSON Lines; - for standard input.")
]
Json = Annotated[bool, typer.Option("--json", help="JSON instead of text.")]


MOST_PROBLEMS = 50
"""That are shown at once: a folder that holds no rules at all may have thousands."""


def loaded(paths: Iterable[Path] | None, packs: bool = True) -> RuleSet:
    """The rule set, or its problems on standard error and exit 1."""
    try:
        return rule_set((tuple(paths or ()), packs))
    except RuleErrors as error:
        shown = [str(problem) for problem in error.problems[:MOST_PROBLEMS]]
        if more := len(error.problems) - len(shown):
            shown.append(f"and {more} more: does the path lead to a folder of rules?")
        fail("\n".join(shown), FOUND_PROBLEMS)


def in_use(rules: list[Path] | None, packs: bool = True) -> RuleSet:
    """The rules that are named, else those of this installation's configuration."""
    return loaded(rules or active(), packs)


@app.command()
def test(paths: Paths = None, packs: Packs = True, as_json: Json = False) -> None:
    """Run the tests that rules carry; exit 1 if one fails."""
    results = run_tests(loaded(paths, packs))
    failed = [r for r in results if r.failed]
    if as_json:
        typer.echo(json.dumps([asdict(r) for r in results], ensure_ascii=False))
    else:
        for result in results:
            if not result.passed:
                word = "FAILED" if result.failed else "todo"
                typer.echo(f"{result.source}: {word} {result.rule}: {result.message}\n  {result.kind}: {result.text}")
        typer.echo(f"{len(results)} tests, {len(failed)} failed")
    raise typer.Exit(1 if failed else 0)


@app.command("list")
def list_rules(paths: UsedPaths = None, packs: Packs = True, as_json: Json = False) -> None:
    """What is loaded, one rule a line."""
    rules = in_use(paths, packs).rules.values()
    if as_json:
        keys = ("id", "version", "hash", "title", "level", "maturity", "tags", "source")
        typer.echo(json.dumps([{k: getattr(r, k) for k in keys} for r in rules], ensure_ascii=False))
        return
    for rule in rules:
        typer.echo(f"{rule.id:34} {rule.level:9} {rule.maturity:13} {rule.title}")


@app.command()
def show(rule: str, rules: Used = None, packs: Packs = True) -> None:
    """One rule as it was understood, as JSON."""
    found = in_use(rules, packs).rules.get(rule)
    if found is None:
        _unknown(rule)
    else:
        document = found.document.model_dump(mode="json", by_alias=True, exclude_none=True)
        identity = {"hash": found.hash, "source": found.source}
        typer.echo(json.dumps(identity | document, ensure_ascii=False, indent=2))


@app.command()
def words(
    name: Annotated[
        str, typer.Argument(help="A lexicon, with or without $, or a word of yours; all of them if left out.")
    ] = "",
    rules: Used = None,
) -> None:
    """The lexicons that rules may name: what each is for, the words of one, or those that hold a word."""
    lexicons = {n: x for n, x in in_use(rules).lexicons.items() if ":" not in n}
    wanted = name.removeprefix("$")
    if wanted in lexicons:
        typer.echo(", ".join(lexicons[wanted].words))
        return
    shown = [x for x in lexicons.values() if not wanted or _holds(x, wanted.lower())]
    if not shown:
        typer.echo(unknown_lexicon(wanted, lexicons), err=True)
        raise typer.Exit(2)
    for lexicon in shown:
        typer.echo(f"${lexicon.name:22} {lexicon.kind:7} {lexicon.description or _some(lexicon.words)}")


def _holds(lexicon: Lexicon, word: str) -> bool:
    """Is the word, in any of its forms, one of the lexicon's?"""
    wanted = tuple(word.replace("-", " ").split())
    return any(form.words == wanted or tuple(form.lemma.split()) == wanted for form in lexicon.forms)


def _some(written: tuple[str, ...]) -> str:
    return ", ".join(written[:8]) + (", …" if len(written) > 8 else "")


def _unknown(rule: str) -> None:
    typer.echo(f"no rule {rule!r}; `tocsin rules list` shows what is loaded", err=True)
    raise typer.Exit(2)


@app.command()
def match(
    file: Lines = "-",  # type: ignore[assignment]
    rules: Rules = None,
    packs: Packs = True,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=0, help="Processes; 0 for one per core.")] = 1,
) -> None:
    """JSON Lines in, JSON Lines out: one line of matches per article, in order."""
    places = (tuple(rules or ()), packs)
    loaded(rules, packs)
    bad = False
    for good, text in mapped(_answers, places, enumerate(file, 1), jobs or cores()):
        bad |= not good
        sys.stdout.write(text)
    sys.stdout.flush()
    raise typer.Exit(1 if bad else 0)


def _answers(places: Places, numbered: list[tuple[int, str]]) -> tuple[bool, str]:
    """(are all lines good, their answers)."""
    ruleset = rule_set(places)
    found = [answer(ruleset, number, line) for number, line in numbered]
    return all(good for good, _ in found), "".join(f"{text}\n" for _, text in found)


@app.command()
def explain(
    rule: str,
    file: Annotated[typer.FileText, typer.Argument(help="JSON Lines, or plain text with the title first.")] = "-",  # type: ignore[assignment]
    rules: Used = None,
    packs: Packs = True,
) -> None:
    """Why a rule matches an article, or why not: one line per key, with the words that decided."""
    ruleset = in_use(rules, packs)
    if rule not in ruleset.rules:
        _unknown(rule)
    for article in _articles(file):
        typer.echo(str(ruleset.explain(rule, article)))


def _articles(file: TextIO) -> Iterator[Article]:
    whole = file.read()
    if not whole.lstrip().startswith("{"):
        title, _, text = whole.partition("\n")
        yield Article(id="-", title=title.strip(), text=text.strip("\n"))
        return
    for line in filter(str.strip, whole.splitlines()):
        try:
            yield article_of(line)
        except ValueError as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(1) from None


app.command("new")(new)
app.command("backtest")(backtest)
app.command("held")(held)
app.command("release")(release)
app.command("discard")(discard)


if __name__ == "__main__":
    app()
