"""Whether a silence keeps a message back: pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from store.database import instant
from store.silences import Scope, Silence


def silence_of(silences: Iterable[Silence], message: Mapping[str, Any]) -> Silence | None:
    """The first of *silences* that keeps a message of an alert (columns of its row) back; None where it may be sent."""
    return next((one for one in silences if covers(one.scope, message)), None)


def covers(scope: Scope, message: Mapping[str, Any]) -> bool:
    """Whether a message fits all that *scope* names. Case counts in neither values nor outlets."""
    facts = message["facts"]
    return (
        (scope.rule is None or fnmatchcase(facts["rule"], scope.rule))
        and (scope.outlet is None or facts["outlet"].casefold() == scope.outlet.casefold())
        and (scope.alert_id is None or message["alert_id"] == scope.alert_id)
        and _bound(scope.bindings, message["data"]["alert"]["bindings"])
    )


def why_silenced(silence: Silence) -> str:
    """For people: by whom, until when, why."""
    until = f"{instant(silence.until_at):%Y-%m-%d %H:%M} UTC"
    return f"silenced by {silence.author} until {until}: {silence.reason} (silence {silence.id})"


def _bound(wanted: Mapping[str, str], bindings: Mapping[str, str]) -> bool:
    return all(bindings.get(name, "").casefold() == value.casefold() for name, value in wanted.items())
