"""`tocsin rules backtest`: what rules would have found in stored articles or in a file, and what a change changes."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from sqlalchemy import func, select

from rules import Article, RuleErrors
from rules.shape import duration_s
from store.database import Database, instant, microseconds
from store.tables import article as table
from store.words import counted
from tocsin.backtesting import Setting, Tally, drawn, report, tally, weeks_between
from tocsin.commands.common import FOUND_PROBLEMS, WRONG_USE, database, fail, settings_or_exit
from tocsin.configuration import Folder
from tocsin.cores import Places, cores, mapped, rule_set

PAGE = 1_000
_BARS = " ▁▂▃▄▅▆▇█"

Chosen = Annotated[list[str] | None, typer.Argument(metavar="[RULE]...", help="Ids; all rules without one.")]
_HAS_TEXT = table.c.pruned_at.is_(None)

Since = Annotated[str | None, typer.Option("--since", help="Only the last days of the stored articles: 30d.")]
File = Annotated[Path | None, typer.Option("--articles", exists=True, dir_okay=False, help="JSON Lines instead.")]
Own = Annotated[list[Path] | None, typer.Option("--rules", exists=True, help="These rules instead of the active ones.")]
Against = Annotated[
    list[Path] | None, typer.Option("--against", exists=True, help="Another version of the rules, to compare with.")
]
Packs = Annotated[bool, typer.Option("--packs/--no-packs", help="Load the shipped packs.")]
Sample = Annotated[int, typer.Option("--sample", min=0, help="Draw so many matches at random, for judging.")]
Seed = Annotated[int, typer.Option("--seed", help="Which sample.")]
Jobs = Annotated[int, typer.Option("--jobs", "-j", min=0, help="Processes; 0 for one per core.")]
Json = Annotated[bool, typer.Option("--json", help="For a program to read.")]


def backtest(
    rule: Chosen = None,
    since: Since = None,
    articles: File = None,
    rules: Own = None,
    against: Against = None,
    packs: Packs = True,
    sample: Sample = 0,
    seed: Seed = 0,
    jobs: Jobs = 0,
    as_json: Json = False,
) -> None:
    """What would have fired: per rule and week, near misses by key, and the difference to another version."""
    setting = Setting(_places(rules, packs), _compared(rules, against, packs), frozenset(rule or ()))
    ids = _chosen(setting)
    started = time.perf_counter()
    found = _tallied(setting, articles, _seconds(since), jobs or cores())
    result = report(found, ids, compared=setting.against is not None)
    result["seconds"] = round(time.perf_counter() - started, 2)
    result["sample"] = drawn(found, sample, seed)
    if as_json:
        typer.echo(json.dumps(result, ensure_ascii=False, indent=2))
    else:
        _print(result, weeks_between(found.first, found.last))


# -- what to run ----------------------------------------------------------------------------------------------------
def _places(rules: list[Path] | None, packs: bool) -> Places:
    return tuple(rules) if rules else active(), packs


def active() -> tuple[Path, ...]:
    """Where this installation's own rules are, if it has any."""
    own = Folder(settings_or_exit().config).rules
    return (own,) if own.is_dir() else ()


def _compared(rules: list[Path] | None, against: list[Path] | None, packs: bool) -> Places | None:
    """The version to compare with: what is named, else what is active where other rules are tried."""
    if against:
        return tuple(against), packs
    return (active(), True) if rules else None


def _chosen(setting: Setting) -> list[str]:
    try:
        known = set(rule_set(setting.places).rules)
        known |= set(rule_set(setting.against).rules) if setting.against else set()
    except RuleErrors as error:
        fail(str(error), FOUND_PROBLEMS)
    for each in sorted(setting.only - known):
        fail(f"no rule {each!r}; `tocsin rules list` shows what is loaded", WRONG_USE)
    return sorted(setting.only or known)


def _seconds(since: str | None) -> int | None:
    try:
        return duration_s(since) if since else None
    except ValueError as error:
        fail(f"--since: {error}", WRONG_USE)


# -- running --------------------------------------------------------------------------------------------------------
def _tallied(setting: Setting, file: Path | None, since_s: int | None, jobs: int) -> Tally:
    if file is not None:
        with file.open("rb") as lines:
            total = sum(1 for _ in lines)
        with file.open(encoding="utf-8", errors="replace") as lines_of_text:
            return _with_bar(setting, (line for line in lines_of_text if line.strip()), total, jobs)
    with database(settings_or_exit()) as db:
        oldest = microseconds(datetime.now(UTC) - timedelta(seconds=since_s)) if since_s else 0
        return _with_bar(setting, _stored(db, oldest), _count(db, oldest), jobs)


def _with_bar(setting: Setting, items: Iterable[Any], total: int, jobs: int) -> Tally:
    found = Tally()
    columns = (TextColumn("articles"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=total)
        for part in mapped(tally, setting, items, jobs):
            found.add(part)
            progress.advance(task, part.articles + part.bad_lines)
    return found


def _count(db: Database, oldest: int) -> int:
    with db.read() as connection:
        counted = select(func.count()).select_from(table).where(table.c.first_seen_at >= oldest, _HAS_TEXT)
        return int(connection.scalar(counted) or 0)


def _stored(db: Database, oldest: int) -> Iterator[Article]:
    """Stored articles by id, page by page: no transaction is open while they are read."""
    after = ""
    while True:
        chosen = select(table).where(table.c.first_seen_at >= oldest, _HAS_TEXT, table.c.id > after)
        with db.read() as connection:
            rows = connection.execute(chosen.order_by(table.c.id).limit(PAGE)).all()
        for row in rows:
            published = instant(row.published_at if row.published_at is not None else row.first_seen_at)
            yield Article(
                id=row.id, title=row.title, text=row.text, url=row.url, source=row.outlet,
                published_at=published, lang=row.lang,
            )  # fmt: skip
        if len(rows) < PAGE:
            return
        after = rows[-1].id


# -- showing --------------------------------------------------------------------------------------------------------
def _print(result: dict[str, Any], weeks: list[str]) -> None:
    console = Console(highlight=False, soft_wrap=True)
    if not console.is_terminal:
        console.width = 200
    span = f", {result['from'][:10]} to {result['to'][:10]}" if result["from"] else ""
    console.print(f"{counted(result['articles'], 'article')}{span}, {result['seconds']:.1f} s")
    if result["bad_lines"]:
        console.print(f"{counted(result['bad_lines'], 'line')} could not be read; `tocsin rules match` says why")
    console.print(_table(result["rules"], weeks[-52:]))
    for each in result["rules"]:
        _print_near(console, each)
    for each in result["rules"]:
        _print_change(console, each)
    for number, each in enumerate(result["sample"], 1):
        console.print(f"{number:4}  {each['id']}  {each['rule']}  {each['status']}", markup=False)
        console.print(f"      {_line(each['evidence'])}", markup=False)


def _table(rows: list[dict[str, Any]], weeks: list[str]) -> Table:
    shown = Table(box=None, pad_edge=False, header_style="bold")
    shown.add_column("rule", no_wrap=True)
    for name in ("matches", "alerts", "per 10,000"):
        shown.add_column(name, justify="right")
    shown.add_column(f"by week from {weeks[0]}" if weeks else "by week", no_wrap=True)
    for row in rows:
        counts = [row["weeks"].get(week, 0) for week in weeks]
        change = f"  +{len(row['added'])} / -{len(row['removed'])}" if "added" in row else ""
        cells = (str(row["matches"]), str(row["alerts"]), f"{row['alerts_per_10000']:.1f}")
        shown.add_row(row["rule"], *cells, spark(counts) + change)
    return shown


def spark(counts: list[int]) -> str:
    """One bar per count, the largest full."""
    most = max(counts, default=0) or 1
    return "".join(_BARS[-(-count * 8 // most)] for count in counts)


def _print_near(console: Console, row: dict[str, Any]) -> None:
    for near in row["near"]:
        values = sorted(near["found"].items(), key=lambda item: (-item[1], item[0]))[:4]
        what = ", ".join(f"{value} {n}" for value, n in values)
        console.print(f"{row['rule']}: {near['count']} failed only on {near['only']} ({what})", markup=False)
        for example in near["examples"]:
            console.print(f"    {example['id']}  {_line(example['text'])}", markup=False)


def _print_change(console: Console, row: dict[str, Any]) -> None:
    if row.get("added") or row.get("removed"):
        console.print(f"{row['rule']}: +{len(row['added'])} / -{len(row['removed'])}", markup=False)
        for mark, some in (("+", row["added"]), ("-", row["removed"])):
            for each in some:
                console.print(f"  {mark} {each['id']}  {_line(each['title'] or each['evidence'])}", markup=False)


def _line(text: str) -> str:
    return re.sub(r"\s+", " ", text)[:160]
