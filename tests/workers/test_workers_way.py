"""From an article in the ledger to a receiver that verifies, through real Valkey and a real worker."""

from __future__ import annotations

import json
from collections.abc import Callable

from sqlalchemy import select

from store.database import Database
from store.subscriptions import sync
from store.tables import alert, article, attempt, delivery, match
from tests.workers.parts import Receiver, add_articles, hook
from workers.context import Context
from workers.doorbell import Doorbell
from workers.worker import run_worker


def test_an_article_becomes_a_verified_webhook(
    db: Database, make_context: Callable[..., Context], valkey_url: str, receiver: Receiver
) -> None:
    sync(db, [hook(receiver.url())])
    ids = add_articles(db, ["the embargo has ended", "nothing here"])
    bell = Doorbell(valkey_url)
    assert bell.match(ids)
    run_worker(make_context(doorbell=bell), valkey_url, "w", burst=True)
    assert [one.valid for one in receiver.got] == [True]
    body = json.loads(receiver.got[0].body)
    assert body["type"] == "alert.opened"
    assert body["data"]["seq"] == 1
    assert body["data"]["alert"]["evidence"] == [{"field": "text", "start": 4, "end": 11, "text": "embargo"}]
    with db.read() as connection:
        sent = connection.execute(select(delivery)).one()
        assert (sent.status, sent.id, sent.attempts) == ("delivered", receiver.got[0].id, 1)
        assert connection.execute(select(attempt.c.outcome, attempt.c.code)).all() == [("delivered", 200)]
        assert connection.scalars(select(article.c.matches).order_by(article.c.id)).all() == [1, 0]
        assert connection.scalar(select(match.c.outcome)) == "opened"
        assert connection.scalar(select(alert.c.closed_at)) is None
