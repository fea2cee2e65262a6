"""Deterministic ids: the same event, told for the same reason to the same subscription, always has the same one.

A worker that dies and a database restored from yesterday derive them anew, so a repeat is known to its receiver.
"""

from __future__ import annotations

import json
import uuid

_NAMESPACE = uuid.UUID("b7d5f6f0-5f0a-5c55-9d3e-0c8f7b2f6f11")


def _id(kind: str, *parts: str | int) -> str:
    return str(uuid.uuid5(_NAMESPACE, json.dumps([kind, *parts], ensure_ascii=True, separators=(",", ":"))))


def match_id(rule: str, article_id: str, revision: int) -> str:
    """The match of *rule* in one revision of an article."""
    return _id("match", rule, article_id, revision)


def alert_id(subject: str, key: str, opening_article_id: str, episode: int) -> str:
    """The episode of (*subject*, *key*) that an article opened. The number is part of it because one article, revised,
    can open two episodes of a state.
    """
    return _id("alert", subject, key, opening_article_id, episode)


def message_id(alert: str, kind: str, revision: int) -> str:
    """What is told of an alert for the *revision*-th time."""
    return _id("message", alert, kind, revision)


def notice_id(kind: str, subject: str, episode: int) -> str:
    """A notice of this kind about *subject*; *episode* names the trouble, so that one trouble is told once."""
    return _id("notice", kind, subject, episode)


def digest_id(subscription: str, until: int, part: int) -> str:
    """The message that a digest is: of a subscription, for the period that ends at *until* (microseconds UTC)."""
    return _id("digest", subscription, until, part)


def delivery_id(message: str, subscription: str) -> str:
    """One message for one subscription: the `webhook-id` and the left part of an email's Message-ID."""
    return _id("delivery", message, subscription)


def endpoint_id(channel: str, address: str) -> str:
    """One configured address."""
    return _id("endpoint", channel, address)
