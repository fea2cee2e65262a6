"""`tocsin rules`: test, list, show, match and explain rules, without a server."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer

from rules import Article, Match, RuleErrors, RuleSet, load, run_tests

app = typer.Typer(help="Test, list, match and explain rules.", no_args_is_help=True, pretty_exceptions_enable=False)

Paths = Annotated[list[Path] | None, typer.Argument(help="Rule files or folders, beside the shipped packs.")]
Rules = Annotated[list[Path] | None, typer.Option("--rules", help="A rule file or folder, beside the shipped packs.")]
Packs = Annotated[bool, typer.Option("--packs/--no-packs", help="Load the shipped packs.")]
Json = Annotated[bool, typer.Option("--json", help="JSON instead of text.")]


def loaded(paths: list[Path] | None, packs: bool = True) -> RuleSet:
    """The rule set, or every problem on standard error and exit 1."""
    try:
        return load(*(paths or ()), packs=packs)
    except RuleErrors as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None


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
def list_rules(paths: Paths = None, packs: Packs = True, as_json: Json = False) -> None:
    """What is loaded, one rule a line."""
    rules = loaded(paths, packs).rules.values()
    if as_json:
        keys = ("id", "version", "hash", "title", "level", "maturity", "tags", "source")
        typer.echo(json.dumps([{k: getattr(r, k) for k in keys} for r in rules], ensure_ascii=False))
        return
    for rule in rules:
        typer.echo(f"{rule.id:34} {rule.level:9} {rule.maturity:13} {rule.title}")


@app.command()
def show(rule: str, rules: Rules = None, packs: Packs = True) -> None:
    """One rule as it was understood, as JSON."""
    found = loaded(rules, packs).rules.get(rule)
    if found is None:
        _unknown(rule)
    else:
        document = found.document.model_dump(mode="json", by_alias=True, exclude_none=True)
        identity = {"hash": found.hash, "source": found.source}
        typer.echo(json.dumps(identity | document, ensure_ascii=False, indent=2))


def _unknown(rule: str) -> None:
    typer.echo(f"no rule {rule!r}; `tocsin rules list` shows what is loaded", err=True)
    raise typer.Exit(2)


@app.command()
def match(
    file: Annotated[typer.FileText, typer.Argument(help="JSON Lines; - for standard input.")] = "-",  # type: ignore[assignment]
    rules: Rules = None,
    packs: Packs = True,
) -> None:
    """JSON Lines in, JSON Lines out: one line of matches per article, in order."""
    ruleset = loaded(rules, packs)
    bad = False
    for number, line in enumerate(file, 1):
        try:
            article = article_of(line)
        except ValueError as error:
            bad = True
            _print({"id": None, "line": number, "error": str(error)})
            continue
        _print({"id": article.id, "matches": [match_line(m) for m in ruleset.match(article)]})
    sys.stdout.flush()
    raise typer.Exit(1 if bad else 0)


def _print(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")


def article_of(line: str) -> Article:
    """An article from a line of JSON. ValueError says what is wrong with it."""
    try:
        data = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"not JSON: {error}; write one object per line") from None
    if not isinstance(data, dict):
        raise ValueError(f"expected an object, found {type(data).__name__}")
    for key in ("id", "title"):
        if not isinstance(data.get(key), str):
            raise ValueError(f"key {key!r} must be a string")
    for key in ("text", "url", "source", "lang", "published_at"):
        if data.get(key) is not None and not isinstance(data[key], str):
            raise ValueError(f"key {key!r} must be a string")
    return Article(
        id=data["id"],
        title=data["title"],
        text=data.get("text") or "",
        url=data.get("url"),
        source=data.get("source"),
        published_at=instant(data.get("published_at")),
        lang=data.get("lang"),
    )


def instant(text: str | None) -> datetime | None:
    """An ISO 8601 date or instant, UTC where it names no zone. ValueError says so if it is none."""
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"key 'published_at' must be an ISO 8601 date, found {text!r}") from None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def match_line(found: Match) -> dict[str, Any]:
    """A match as `rules match` writes it."""
    speaker = found.speaker
    return {
        "rule": found.rule,
        "level": found.level.value,
        "status": found.status.value,
        "speaker": {"name": speaker.name, "title": speaker.title, "role": speaker.role.value} if speaker else None,
        "zone": found.zone.value,
        "bindings": dict(found.bindings),
        "evidence": [{"field": e.field, "start": e.start, "end": e.end, "text": e.text} for e in found.evidence],
        "confidence": found.confidence,
    }


@app.command()
def explain(
    rule: str,
    file: Annotated[typer.FileText, typer.Argument(help="JSON Lines, or plain text with the title first.")] = "-",  # type: ignore[assignment]
    rules: Rules = None,
    packs: Packs = True,
) -> None:
    """Why a rule matches an article, or why not: one line per key, with the words that decided."""
    ruleset = loaded(rules, packs)
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


if __name__ == "__main__":
    app()
