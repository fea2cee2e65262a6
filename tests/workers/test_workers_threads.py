"""Mails of one story are one thread, whichever alert they tell of and whichever article carries it by then."""

from __future__ import annotations

from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from sqlalchemy import select

from store.database import Database
from store.subscriptions import sync
from store.tables import delivery
from tests.workers.parts import Words, add_articles, mail
from tests.workers.test_workers_corrections import ONE_EVENT, Statuses, edit
from workers.context import Context
from workers.matching import match_articles

Make = Callable[..., Context]
TWO = Words(words={"embargo.ended": "embargo", "sanctions.ended": "sanctions"})


@pytest.fixture(autouse=True)
def subscribed(db: Database) -> None:
    sync(db, [mail()])


def mails(db: Database) -> list[EmailMessage]:
    with db.read() as connection:
        bodies = connection.scalars(select(delivery.c.body).order_by(delivery.c.seq)).all()
    return [message_from_bytes(body, policy=policy.strict) for body in bodies]  # type: ignore[misc]


def threads(db: Database) -> list[str]:
    """The thread of each mail; both headers name the same."""
    for one in mails(db):
        assert one["References"] == one["In-Reply-To"]
    return [str(one["References"]) for one in mails(db)]


def test_two_alerts_of_one_text_and_its_copy_are_one_thread(db: Database, make_context: Make) -> None:
    context = make_context(TWO)
    match_articles(context, add_articles(db, ["embargo and sanctions"], "a"))
    match_articles(context, add_articles(db, ["sanctions"], "copy", story_id="story-a0", outlet="other.example"))
    match_articles(context, add_articles(db, ["embargo"], "b"))
    assert threads(db) == ["<story.story-a0@localhost>"] * 2 + ["<story.story-b0@localhost>"]
    assert len({str(one["Message-ID"]) for one in mails(db)}) == 3


def test_an_alert_stays_in_the_thread_of_the_article_that_opened_it(db: Database, make_context: Make) -> None:
    context = make_context(Statuses(emits=ONE_EVENT))
    match_articles(context, add_articles(db, ["embargo"], "a"))
    match_articles(context, add_articles(db, ["embargo"], "b", outlet="other.example"))
    edit(db, context, "a0", "nothing")
    edit(db, context, "b0", "planned: embargo")
    edit(db, context, "b0", "nothing")
    words = [str(one["Subject"]).partition(":")[0] for one in mails(db)]
    assert words == ["[high] Title of embargo.ended", "Corrected", "Corrected", "Retracted"]
    assert threads(db) == ["<story.story-a0@localhost>"] * 4


def test_no_mail_of_a_thread_answers_one_that_was_sent(db: Database, make_context: Make) -> None:
    context = make_context(TWO)
    match_articles(context, add_articles(db, ["embargo and sanctions"] * 3, "a"))
    sent = {str(one["Message-ID"]) for one in mails(db)}
    assert len(sent) == 6
    assert not sent & set(threads(db))
