"""Smaller and smaller forms of what a webhook carries, for bodies that must fit. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

SHORT = 60
"""Characters of a title in an item's short form."""

Data = Mapping[str, Any]


def forms(data: Data) -> Iterator[Data]:
    """*data* as it is, then ever smaller: an alert loses quotations from the end, then its bindings; the items of a
    digest become short, from the last one on.
    """
    yield data
    if "alert" in data:
        yield from _of_alert(data)
    elif "items" in data:
        yield from _of_digest(data)


def _of_alert(data: Data) -> Iterator[Data]:
    alert = dict(data["alert"])
    while alert.get("evidence"):
        alert["evidence"] = alert["evidence"][:-1]
        yield {**data, "alert": dict(alert)}
    yield {**data, "alert": {**alert, "bindings": {}}}


def _of_digest(data: Data) -> Iterator[Data]:
    items = list(data["items"])
    for place in reversed(range(len(items))):
        items[place] = short(items[place])
        yield {**data, "items": list(items)}


def short(item: Data) -> Data:
    """An item by name only: the alert's id, level and page lead to the rest."""
    data = item["data"]
    rule = {name: data["alert"]["rule"][name][:SHORT] for name in ("id", "title", "level")}
    article = {"title": data["article"]["title"][:SHORT]}
    return {**item, "short": True, "data": {"alert": {"id": data["alert"]["id"], "rule": rule}, "article": article}}
