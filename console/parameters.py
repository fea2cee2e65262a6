"""Parameters that pages and the API share, and what of them means which alerts."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import Depends, Query

from console.problems import Refusal
from rules.model import Level
from store.inbox import Cursor, Wanted

Verdict = Literal["useful", "false_alarm", "duplicate"]
DeliveryStatus = Literal["pending", "delivered", "dead", "suppressed"]

RuleGlob = Annotated[str, Query(max_length=200, description="A rule's id, or a glob such as `embargo.*`.")]
Words = Annotated[str, Query(max_length=200, description="Words that must all occur in article, rule or outlet.")]
Place = Annotated[str, Query(max_length=200, description="A cursor from an earlier answer.")]
Limit = Annotated[int, Query(ge=1, le=200, description="How many at most.")]


NoticeKind = Annotated[str, Query(max_length=100, description="Only this kind, such as `feed.failing`.")]


def wanted(
    rule: RuleGlob = "",
    level: Annotated[Level | Literal[""], Query(description="The least level.")] = "",
    q: Words = "",
    verdict: Annotated[Verdict | Literal["none", ""], Query(description="`none`: those nobody has judged.")] = "",
    quiet: Annotated[bool, Query(description="Also those that were shown and not told.")] = True,
) -> Wanted:
    """The alerts that the parameters of a request ask for. An empty value, as forms send it, asks for nothing."""
    return Wanted(
        rule=rule.strip() or None,
        level=str(level) or None,
        words=q.strip() or None,
        verdict=verdict or None,
        quiet=quiet,
    )


WantedAlerts = Annotated[Wanted, Depends(wanted)]


def cursor(name: str, text: str) -> Cursor | None:
    """The place that *text* names; None where it is empty.

    Raises:
        Refusal: 422, no answer gave it.
    """
    try:
        return Cursor.read(text) if text else None
    except ValueError as error:
        raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, f"{name}: {text[:60]!r} {error}.") from None
