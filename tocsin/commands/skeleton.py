"""`tocsin rules new`: a rule to begin with, whose own tests pass, with what each key is for."""

from __future__ import annotations

import re
from typing import Annotated

import typer

_ID = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)*")
SKELETON = """\
rule: {id}
title: What it alerts on, in one line
claim:                                # a list: one for each way to put it; any of them is enough
  - act: [$seize, grab]               # shipped lexicons with $, verbs of yours (`tocsin rules words`, `… words seize`)
    object: [$ship, kayak]            # what it is done to; or {{is: state, as: HOST}}; or none, and `about: [words]`
    by: {{is: state, as: BY}}           # who; may be left unsaid. A state's people: {{head: police, of: state, as: BY}}
    # status: [done, agreed, announced, underway, planned]      # where a plan is news as well
    unless: [$free, drill]            # words that rule it out where they stand in its sentence
emit: {{key: [BY], once_per: 3d}}       # one alert per BY and three days
tests:                                # begin here: what must match, what must not and why
  - {{hit: "Norway seizes Ghanaian ferry off its coast", bind: {{BY: Norway}}}}
  - hit: "Two kayaks were seized near Oslo on Monday."
  - {{miss: "Norway threatens to seize ferries", because: status=threatened}}
  - {{miss: "Norway frees ferry seized in May", because: claim.unless}}
"""


def new(
    rule: Annotated[str, typer.Argument(help="Its id: lower case, parts joined by dots (fisheries.agreed).")],
) -> None:
    """A rule to begin with, on standard output: save it beside your others, then change its tests and its words."""
    if not _ID.fullmatch(rule):
        typer.echo(f"{rule!r} is no id of a rule; write lower case, parts joined by dots: fisheries.agreed", err=True)
        raise typer.Exit(2)
    typer.echo(SKELETON.format(id=rule), nl=False)
