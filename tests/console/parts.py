"""A ledger with invented news in it, and the console on a real server."""

from __future__ import annotations

import hashlib
import json
import socket
import threading
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn
from sqlalchemy import insert

from console.app import ConsoleSettings, create_app
from store import notices, tables
from store.database import Database
from store.ids import endpoint_id
from store.notices import About

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE

NO_RULES = type("NoRules", (), {"rules": {}})()
"""Stands for a rule set in which nothing is loaded."""


def now() -> int:
    """Microseconds UTC."""
    return time.time_ns() // 1_000


def uid(*parts: object) -> str:
    """Always the same UUID for the same parts."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, json.dumps(parts, default=str)))


def add_feed(db: Database, url: str = "https://news.example.org/rss", **changes: Any) -> str:
    """A feed that works."""
    at = now()
    row = {
        "id": uid("feed", url),
        "url": url,
        "name": "Example News",
        "outlet": "example.org",
        "tier": "press",
        "tags": [],
        "every": "auto",
        "backfill_s": 0,
        "full_text": False,
        "origin": "file",
        "created_at": at - 86_400 * SECOND,
        "status": "ok",
        "last_success_at": at - 4 * MINUTE,
        "next_check_at": at + 11 * MINUTE,
        "next_check_why": "adaptive",
    }
    return str(_insert(db, tables.feed, row | changes)["id"])


def add_article(db: Database, feed_id: str, title: str, text: str = "", **changes: Any) -> str:
    """An article that was matched a moment ago."""
    return str(_insert(db, tables.article, article_row(feed_id, title, text, **changes))["id"])


def add_articles(db: Database, rows: Sequence[Mapping[str, Any]]) -> None:
    """Many articles in one transaction."""
    with db.write() as connection:
        connection.execute(insert(tables.article), list(map(dict, rows)))


def article_row(feed_id: str, title: str, text: str = "", **changes: Any) -> dict[str, Any]:
    """The columns of an article."""
    at = changes.pop("at", now() - 5 * MINUTE)
    row = {
        "id": uid("article", feed_id, title, text),
        "feed_id": feed_id,
        "url": "https://news.example.org/" + hashlib.sha256(title.encode("utf-8", "replace")).hexdigest()[:8],
        "title": title,
        "text": text,
        "outlet": "example.org",
        "tier": "press",
        "tags": [],
        "published_at": at - 20 * MINUTE,
        "published_from": "declared",
        "first_seen_at": at,
        "revised_at": at,
        "revision": 1,
        "content_hash": uid("content", title, text),
        "story_id": uid("story", title),
        "evaluated_at": at + SECOND,
        "matches": 1,
    }
    return row | changes


def add_rule(db: Database, id: str, title: str, level: str = "high", **changes: Any) -> str:
    """A rule in force; returns its hash."""
    row = {
        "hash": uid("rule", id).replace("-", ""),
        "id": id,
        "version": "1",
        "title": title,
        "level": level,
        "maturity": "test",
        "tags": ["cameo.085"],
        "source": "packs/restrictions.yml:1",
        "first_loaded_at": now() - HOUR,
        "last_loaded_at": now() - HOUR,
        "active": True,
    }
    return str(_insert(db, tables.rule, row | changes)["hash"])


def evidence(text: str, quoted: str, field: str = "text") -> dict[str, Any]:
    """Where *text* says *quoted*."""
    start = text.index(quoted)
    return {"field": field, "start": start, "end": start + len(quoted), "text": quoted}


def add_alert(db: Database, article_id: str, rule_id: str = "embargo.ended", **changes: Any) -> str:
    """An alert that the article opened, with the match and the message that belong to it."""
    at = changes.pop("at", now() - 5 * MINUTE)
    row = {
        "id": uid("alert", article_id, rule_id),
        "subject": rule_id,
        "key": json.dumps([["story", article_id]]),
        "episode": 1,
        "rule_id": rule_id,
        "rule_hash": uid("rule", rule_id).replace("-", ""),
        "level": "high",
        "status": "done",
        "zone": "lead",
        "speaker": None,
        "bindings": {},
        "evidence": [],
        "confidence": 0.9,
        "article_id": article_id,
        "article_revision": 1,
        "story_id": uid("story", article_id),
        "opened_at": at,
        "seen_at": at,
        "revision": 1,
        "outlets": 1,
    } | changes
    _insert(db, tables.alert, row)
    add_match(db, row["id"], article_id, rule_id, at=at, outcome="opened", evidence=row["evidence"])
    facts = {"rule": rule_id, "entitled": [], "quiet": row.get("quiet")}
    data = {"version": 1, "alert": {"id": row["id"]}}
    message = {"id": uid("message", row["id"]), "kind": "alert.opened", "alert_id": row["id"], "revision": 1}
    _insert(db, tables.message, {**message, "at": at, "facts": facts, "data": data})
    return str(row["id"])


def add_match(db: Database, alert_id: str | None, article_id: str, rule_id: str, **changes: Any) -> None:
    """A match of an alert."""
    row = {
        "id": uid("match", rule_id, article_id),
        "article_id": article_id,
        "article_revision": 1,
        "rule_id": rule_id,
        "rule_hash": uid("rule", rule_id).replace("-", ""),
        "level": "high",
        "status": "done",
        "zone": "lead",
        "bindings": {},
        "evidence": [],
        "confidence": 0.9,
        "at": now(),
        "outcome": "sighting",
        "alert_id": alert_id,
    }
    _insert(db, tables.match, row | changes)


def add_subscription(db: Database, id: str = "desk-hook", channel: str = "webhook", **changes: Any) -> str:
    """A subscription with its endpoint; returns the endpoint's id."""
    address = changes.pop(
        "address", f"https://hooks.example.org/{id}/s3cr3t" if channel == "webhook" else f"{id}@x.org"
    )
    endpoint = {"id": endpoint_id(channel, address), "channel": channel, "address": address}
    _insert(db, tables.endpoint, endpoint | changes.pop("endpoint", {}))
    row = {
        "id": id,
        "owner": "desk@example.org",
        "filter": {"rules": ["*"], "level": "low", "tags": [], "tiers": [], "confidence": 0.0, "max_age": None},
        "channel": channel,
        "address": address,
        "cadence": {"instant": True},
        "options": {},
        "origin": "file",
        "created_at": now(),
    }
    _insert(db, tables.subscription, row | changes)
    return str(endpoint["id"])


def add_delivery(db: Database, alert_id: str, subscription_id: str, endpoint_id: str, seq: int, **changes: Any) -> str:
    """A delivery of the message that opened the alert; `tries` are rows of attempts."""
    tries = changes.pop("tries", [])
    body = {"type": "alert.opened", "timestamp": "2026-11-23T09:30:00Z", "data": {"version": 1, "seq": seq}}
    row = {
        "id": uid("delivery", alert_id, subscription_id),
        "message_id": uid("message", alert_id),
        "subscription_id": subscription_id,
        "endpoint_id": endpoint_id,
        "channel": "webhook",
        "seq": seq,
        "body": json.dumps(body).encode(),
        "status": "delivered",
        "attempts": len(tries),
        "created_at": now() - 4 * MINUTE,
        "done_at": now() - 4 * MINUTE,
    } | changes
    _insert(db, tables.delivery, row)
    for number, one in enumerate(tries, 1):
        started = {"delivery_id": row["id"], "number": number, "started_at": now() - 4 * MINUTE, "elapsed_ms": 41}
        _insert(db, tables.attempt, {**started, "outcome": "delivered", "code": 204, "detail": "taken", **one})
    return str(row["id"])


def add_notice(db: Database, kind: str, words: str, *, name: str = "Norvik Daily", ago: int = 0) -> None:
    """A notice about a feed, not yet told to anybody."""
    about, at = About(what="feed", id=uid("feed", name), name=name, path="/feeds"), now() - ago
    with db.write() as connection:
        notices.add_notice(connection, kind, about, words, episode=at, now=at, details={"failures": 5})


def add_service(db: Database, kind: str, ago_s: float = 2.0) -> None:
    """A process that gave a sign of life."""
    row = {"id": f"host/{kind}/1", "kind": kind, "host": "host", "pid": 1, "started_at": now() - HOUR}
    _insert(db, tables.service, {**row, "seen_at": now() - int(ago_s * SECOND)})


def _insert(db: Database, table: Any, row: Mapping[str, Any]) -> Mapping[str, Any]:
    with db.write() as connection:
        connection.execute(insert(table).values(dict(row)))
    return row


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A console on a real server."""

    url: str
    settings: ConsoleSettings


@contextmanager
def serving(db: Database, **changes: Any) -> Iterator[Served]:
    """The console on a free port of loopback."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        given: dict[str, Any] = {"db": db, "rules": lambda: NO_RULES, "base_url": url, "redis_ok": lambda: True}
        settings = ConsoleSettings(**(given | {"version": "0.1.0", "live_every_s": 0.3} | changes))
        config = uvicorn.Config(create_app(settings), log_config=None, access_log=False, lifespan="off")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        deadline = time.monotonic() + 10
        while not server.started and time.monotonic() < deadline:
            time.sleep(0.01)
        try:
            yield Served(url=url, settings=settings)
        finally:
            server.should_exit = True
            thread.join(10)
