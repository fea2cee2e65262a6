"""`tocsin trace URL`: one article's whole way, for whoever asks "why did I (not) get this"."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Annotated, Any

import typer

from rules import Explanation, RuleSet
from store.articles import article_of
from store.trace import Row, SentTo, Trace
from store.trace import trace as find
from store.words import second
from tocsin.commands.common import FOUND_PROBLEMS, database, fail, print_json, settings_or_exit
from tocsin.configuration import ConfigurationError, Folder, load_rules
from watcher.identity import canonical_url

Rule = Annotated[str | None, typer.Option("--rule", help="Explain this rule in full.")]
Json = Annotated[bool, typer.Option("--json", help="For a program to read.")]


def trace(
    url: Annotated[str, typer.Argument(metavar="URL", help="The article's address, or its id.")],
    rule: Rule = None,
    as_json: Json = False,
) -> None:
    """Show one article's whole way: fetched? known? matched or why not? told whom, when?"""
    settings = settings_or_exit()
    with database(settings) as db:
        found = find(db, url)
        if found.article is None and "://" in url:
            found = find(db, canonical_url(url))
    try:
        rules = load_rules(Folder(settings.config), tested=False)
    except ConfigurationError as error:
        fail("\n".join(error.problems))
    if rule is not None and rule not in rules.rules:
        fail(f"no rule {rule!r}; `tocsin rules list` shows what is loaded")
    if as_json:
        print_json({**asdict(found), "explained": [str(each) for each in _explained(found, rules, rule)]})
    else:
        typer.echo("\n".join(_lines(found, rules, rule)))
    if found.article is None:
        raise typer.Exit(FOUND_PROBLEMS)


def _lines(found: Trace, rules: RuleSet, rule: str | None) -> Iterator[str]:
    if found.article is None:
        yield f"{found.url}: never seen. No watched feed has offered it; `tocsin feeds list` shows what is watched."
        return
    yield from _arrival(found)
    yield from _matching(found)
    for explanation in _explained(found, rules, rule):
        yield str(explanation) if rule else _near_miss(explanation)
    for sent in found.sent:
        yield from _delivery(sent)
    yield from _untold(found)
    if not found.sent and found.matches and not any(_kept_back(each) for each in found.messages):
        yield "told      nobody: no subscription is entitled to it, or it was quiet"


def _arrival(found: Trace) -> Iterator[str]:
    article, feed = found.article, found.feed
    assert article is not None  # noqa: S101 - for the type checker: the caller has asked
    yield f"article   {article['id']}, revision {article['revision']}: {article['title']}"
    yield f"feed      {feed['name']} ({feed['url']}), {feed['status']}" if feed else "feed      gone"
    yield f"published {_when(article['published_at'])} ({article['published_from']})"
    yield f"seen      {_when(article['first_seen_at'])}"
    if article["quiet"]:
        yield f"quiet     {article['quiet']}: its matches are shown, not told"


def _matching(found: Trace) -> Iterator[str]:
    article = found.article
    assert article is not None  # noqa: S101 - as above
    if article["parked_at"] is not None:
        yield f"parked    {_when(article['parked_at'])}: {article['parked_why']}"
    elif article["evaluated_at"] is None:
        yield "matched   not yet: it waits for a worker"
    else:
        yield f"evaluated {_when(article['evaluated_at'])} with rule set {article['evaluated_with']}"
    for match in found.matches:
        became = f"{match['outcome']}{': ' + match['why'] if match['why'] else ''}"
        yield f"match     {match['rule_id']} ({match['status']}, {match['zone']}): {became} {match['alert_id'] or ''}"


def _explained(found: Trace, rules: RuleSet, rule: str | None) -> Iterator[Explanation]:
    """The rule asked for; else all that came near: claims were tried, and a key did not hold."""
    if found.article is None:
        return
    article = article_of(found.article)
    for id in [rule] if rule else rules.rules:
        explanation = rules.explain(id, article)
        if rule or (explanation.matched is None and explanation.candidates):
            yield explanation


def _near_miss(explanation: Explanation) -> str:
    closest = min(explanation.candidates, key=lambda each: len(each.failing))
    reasons = "; ".join(
        f"{each.key} wanted {each.wanted}, found {each.found}" for each in closest.outcomes if not each.holds
    )
    return f"no match  {explanation.rule}: {reasons or explanation.note} <- {closest.evidence.text!r}"


def _untold(found: Trace) -> Iterator[str]:
    """What waits, or was withdrawn before it was told."""
    for message in found.messages:
        if why := _kept_back(message):
            receivers = ", ".join(message["facts"]["entitled"]) or "nobody"
            yield f"{why} ({message['kind']} for {receivers})"


def _kept_back(message: Mapping[str, Any]) -> str | None:
    facts = message["facts"]
    if facts.get("held"):
        return f"held      {facts['held']}"
    return f"not told  {facts['quiet']}" if facts.get("withdrawn") else None


def _delivery(sent: SentTo) -> Iterator[str]:
    delivery = sent.delivery
    why = f": {delivery['why']}" if delivery["why"] else ""
    told = "not told" if delivery["status"] == "suppressed" else "told"
    yield f"{told:9} {delivery['subscription_id']} by {delivery['channel']} to {delivery['address']}"
    yield f"          {delivery['status']}{why} (id {delivery['id']}, {_number(delivery)})"
    for attempt in sent.attempts:
        yield f"          try {attempt['number']} {_when(attempt['started_at'])}: {attempt['detail']}"


def _number(delivery: Row) -> str:
    if delivery["gather_at"] is None:
        return f"seq {delivery['seq']}"
    digest = f"in digest {delivery['digest_id']}" if delivery["digest_id"] else "for the digest"
    return f"{digest} of {_when(delivery['gather_at'])}"


def _when(microseconds: int | None) -> str:
    return second(microseconds) if microseconds is not None else "unknown"
