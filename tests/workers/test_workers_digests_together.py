"""A digest and what went into it share one fate, also where they would lead to different addresses by themselves."""

from __future__ import annotations

from sqlalchemy import update

from store.database import Database
from store.endpoints import bury_stranded
from store.ids import endpoint_id
from store.replaying import Choice, replay
from store.subscriptions import enable_endpoint, sync
from store.tables import endpoint
from tests.workers.parts import add_articles
from tests.workers.test_workers_digests import Make, check, daily, fall_due
from workers.digesting import make_due
from workers.matching import match_articles

OLD, NEW = "https://old.example.org/", "https://new.example.org/"


def disable(db: Database, url: str) -> None:
    with db.write() as connection:
        chosen = endpoint.c.id == endpoint_id("webhook", url)
        connection.execute(update(endpoint).where(chosen).values(disabled_at=1, disabled_why="gone"))


def test_an_old_address_that_is_disabled_takes_nothing_out_of_a_digest_for_the_new_one(
    db: Database, make_context: Make
) -> None:
    context = make_context()
    sync(db, [daily(OLD)])
    disable(db, OLD)
    match_articles(context, add_articles(db, ["embargo"] * 2))
    check(db, dead=2)
    sync(db, [daily(NEW)])
    enable_endpoint(db, "webhook", OLD)
    assert sum(done.leave for done in replay(db, Choice(died_since_at=0))) == 2
    fall_due(db)
    assert len(make_due(context)) == 1
    disable(db, OLD)
    bury_stranded(db)
    check(db, pending=3)
    disable(db, NEW)
    bury_stranded(db)
    check(db, dead=3)
