"""One alert: what was said, where it stands, why it matched, who was told; and the verdict on it."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Path, Request, Response
from fastapi.responses import RedirectResponse

from console.marking import mark
from console.parameters import Verdict
from console.problems import Refusal
from console.rendering import page
from console.settings import Console, ConsoleSettings
from console.strip import look_around
from console.visitors import CSRF_FIELD, Analyst, SignedIn, check_meant
from console.voices import voices
from rules import Explanation
from store.articles import article_of
from store.inbox import AlertDetail, give_verdict, read_alert
from store.silences import list_silences

router = APIRouter(include_in_schema=False, dependencies=[Depends(look_around)])

Id = Annotated[str, Path(max_length=100)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """How the rules in force explain the alert; `caution` says what may differ from when it matched."""

    explanation: Explanation | None
    caution: str = ""


@router.get("/alerts/{id}")
def show(request: Request, console: Console, id: Id) -> Response:
    """One alert."""
    detail = read_alert(console.db, id)
    if detail is None:
        raise Refusal(HTTPStatus.NOT_FOUND, "There is no such alert (any more).")
    shown = {
        "detail": detail,
        "alert": detail.line,
        "marked": mark(detail.article["title"], detail.article["text"], detail.line.evidence),
        "why": explain(console, detail),
        "silences": list_silences(console.db, alert_id=id),
        "voices": voices(detail.sightings),
        "own_words": (detail.article["feed_text"] or "").splitlines(),
        "matched": {one["article_id"] for one in detail.sightings},
    }
    return page(request, "alert.html", shown)


@router.post("/alerts/{id}/verdict")
def judge(
    request: Request,
    console: Console,
    id: Id,
    visitor: SignedIn,
    who: Analyst,
    verdict: Annotated[Verdict | None, Form()] = None,
    csrf: Annotated[str, Form(alias=CSRF_FIELD)] = "",
) -> Response:
    """A verdict from a form: for browsers without JavaScript."""
    check_meant(request, console, visitor, csrf)
    if not give_verdict(console.db, id, verdict, who.name):
        raise Refusal(HTTPStatus.NOT_FOUND, "There is no such alert (any more).")
    return RedirectResponse(f"/alerts/{id}", HTTPStatus.SEE_OTHER)


def explain(console: ConsoleSettings, detail: AlertDetail) -> Why:
    """Why the alert's rule holds for its article, by the rules in force."""
    rules = console.rules()
    rule = rules.rules.get(detail.line.rule_id)
    if rule is None:
        return Why(explanation=None, caution="This rule is no longer loaded, so it cannot explain itself.")
    if detail.article["pruned_at"] is not None:
        return Why(explanation=None, caution="The article's text was dropped since, so there is nothing to explain.")
    cautions = []
    if rule.hash != detail.line.rule_hash:
        cautions.append("The rule has changed since it matched")
    if detail.article["revision"] != detail.line.article_revision:
        cautions.append("the article was revised since it matched" if cautions else "The article was revised since")
    found = rules.explain(rule.id, article_of(detail.article))
    return Why(explanation=found, caution=", and ".join(cautions) + "; this is how it reads now." if cautions else "")
