"""Articles that change after an alert was told: corrected, retracted, or nothing to tell."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from email import message_from_bytes, policy
from typing import Any

import pytest
from sqlalchemy import select, update

from rules.model import Article, Emit, Match, Status
from store.database import Database
from store.ids import message_id
from store.ledger import ledger
from store.subscriptions import Filter, sync
from store.tables import alert, article, delivery, match, message
from tests.workers.parts import Words, add_articles, hook, mail
from workers.alerts import Corrected, Kept, Retracted, revise
from workers.context import Context
from workers.matching import match_articles

Make = Callable[..., Context]
ONE_EVENT = {"embargo.ended": Emit(key=(("object", "embargo"),))}


@dataclass(frozen=True)
class Statuses(Words):
    """Small rules where "planned" in the text makes the claim a planned one."""

    def match(self, article: Article) -> tuple[Match, ...]:
        status = Status.PLANNED if "planned" in article.text else Status.DONE
        return tuple(replace(one, status=status) for one in super().match(article))


def told(db: Database) -> list[tuple[str, str]]:
    chosen = select(message.c.kind, delivery.c.subscription_id).join(message, message.c.id == delivery.c.message_id)
    with db.read() as connection:
        return [tuple(row) for row in connection.execute(chosen.order_by(message.c.revision, delivery.c.seq))]


def bodies(db: Database) -> list[dict[str, Any]]:
    with db.read() as connection:
        chosen = select(delivery.c.body).order_by(delivery.c.seq, delivery.c.id)
        return [json.loads(body) for body in connection.scalars(chosen)]


def only(db: Database, table: Any) -> Any:
    with db.read() as connection:
        return connection.execute(select(table)).one()


def sound(db: Database) -> bool:
    """Whether the ledger balances, but for the fetches that these tests have not made."""
    audit = ledger(db)
    odd = [one for one in audit.odd if not one.what.startswith("feed ")]
    return not odd and all(one.difference == 0 for one in audit.equations if one.name != "entries")


def edit(db: Database, context: Context, id: str, text: str) -> None:
    """As the watcher stores a revision."""
    with db.write() as connection:
        values = {"text": text, "revision": article.c.revision + 1, "evaluated_at": None, "matches": None}
        connection.execute(update(article).where(article.c.id == id).values(match_tries=0, **values))
    match_articles(context, [id])


@pytest.fixture
def context(db: Database, make_context: Make) -> Context:
    sync(db, [hook("http://127.0.0.1:1/a", "all"), hook("http://127.0.0.1:1/b", "none", filter=Filter(rules=("x",)))])
    return make_context(Statuses(emits=ONE_EVENT))


def test_an_article_that_no_longer_says_it_retracts_the_alert_to_those_who_were_told(
    db: Database, context: Context
) -> None:
    match_articles(context, add_articles(db, ["embargo"]))
    edit(db, context, "a0", "nothing")
    assert told(db) == [("alert.opened", "all"), ("alert.retracted", "all")]
    assert bodies(db)[1]["type"] == "alert.retracted"
    assert bodies(db)[1]["data"]["article"]["revision"] == 2
    assert only(db, alert).closed_at is not None
    with db.read() as connection:
        ids = set(connection.scalars(select(message.c.id)))
    assert message_id(only(db, alert).id, "alert.retracted", 2) in ids
    assert sound(db)


def test_a_mail_says_first_what_became_of_the_alert_and_stays_in_its_thread(db: Database, make_context: Make) -> None:
    sync(db, [mail()])
    context = make_context(Statuses(emits=ONE_EVENT))
    match_articles(context, add_articles(db, ["embargo"]))
    edit(db, context, "a0", "planned: embargo")
    edit(db, context, "a0", "nothing")
    with db.read() as connection:
        frozen = connection.scalars(select(delivery.c.body).order_by(delivery.c.seq))
        mails = [message_from_bytes(body, policy=policy.default) for body in frozen]
    words = [str(one["Subject"]).partition(":")[0].strip() for one in mails]
    assert words == ["[high] Title of embargo.ended", "Corrected", "Retracted"]
    assert len({str(one["References"]) for one in mails}) == 1
    assert "no longer says this" in mails[2].get_body(("plain",)).get_content()


def test_a_retraction_is_told_once_and_a_return_of_the_claim_opens_anew(db: Database, context: Context) -> None:
    match_articles(context, add_articles(db, ["embargo"]))
    edit(db, context, "a0", "nothing")
    edit(db, context, "a0", "nothing again")
    assert [kind for kind, _ in told(db)] == ["alert.opened", "alert.retracted"]
    edit(db, context, "a0", "embargo")
    assert sorted(kind for kind, _ in told(db)) == ["alert.opened", "alert.opened", "alert.retracted"]
    assert sound(db)


def test_a_changed_status_corrects_the_alert_in_its_thread(db: Database, context: Context) -> None:
    match_articles(context, add_articles(db, ["embargo"]))
    edit(db, context, "a0", "planned: embargo")
    assert told(db) == [("alert.opened", "all"), ("alert.corrected", "all")]
    before, after = bodies(db)
    assert after["data"]["alert"]["id"] == before["data"]["alert"]["id"]
    assert (before["data"]["alert"]["status"], after["data"]["alert"]["status"]) == ("done", "planned")
    assert (only(db, alert).status, only(db, alert).closed_at) == ("planned", None)
    assert sound(db)


def test_an_edit_that_changes_nothing_material_tells_nothing(db: Database, context: Context) -> None:
    match_articles(context, add_articles(db, ["embargo"]))
    edit(db, context, "a0", "more words before the embargo")
    assert told(db) == [("alert.opened", "all")]
    assert only(db, alert).article_revision == 2
    assert only(db, alert).evidence[0]["start"] == len("more words before the ")
    assert sound(db)


def test_another_outlets_article_keeps_an_alert_whose_own_article_dropped_it(db: Database, context: Context) -> None:
    match_articles(context, add_articles(db, ["embargo"]))
    match_articles(context, add_articles(db, ["embargo"], "b", outlet="other.example"))
    edit(db, context, "a0", "nothing")
    assert told(db) == [("alert.opened", "all"), ("alert.corrected", "all")]
    assert bodies(db)[1]["data"]["article"]["outlet"] == "other.example"
    assert only(db, alert).article_id == "b0"
    edit(db, context, "b0", "nothing")
    assert [kind for kind, _ in told(db)] == ["alert.opened", "alert.corrected", "alert.retracted"]
    assert sound(db)


@pytest.mark.parametrize("same", [{"outlet": "example.org"}, {"outlet": "other.example", "story_id": "story-a0"}])
def test_the_same_outlet_or_a_copy_does_not_support_an_alert(
    db: Database, context: Context, same: dict[str, str]
) -> None:
    match_articles(context, add_articles(db, ["embargo"]))
    match_articles(context, add_articles(db, ["embargo"], "b", **same))
    edit(db, context, "a0", "nothing")
    assert [kind for kind, _ in told(db)] == ["alert.opened", "alert.retracted"]


def test_what_was_told_to_nobody_is_retracted_to_nobody(db: Database, context: Context) -> None:
    match_articles(context, add_articles(db, ["embargo"], quiet="baseline"))
    edit(db, context, "a0", "nothing")
    assert told(db) == []
    assert only(db, alert).closed_at is not None
    assert sound(db)


def test_a_rule_that_is_no_longer_loaded_retracts_nothing(db: Database, context: Context, make_context: Make) -> None:
    match_articles(context, add_articles(db, ["embargo"]))
    edit(db, make_context(Words(words={"other": "other"})), "a0", "nothing")
    assert told(db) == [("alert.opened", "all")]


def test_an_old_revisions_match_stays_in_the_ledger(db: Database, context: Context) -> None:
    match_articles(context, add_articles(db, ["embargo"]))
    edit(db, context, "a0", "planned: embargo")
    with db.read() as connection:
        revisions = connection.execute(
            select(match.c.article_revision, match.c.outcome).order_by(match.c.article_revision)
        )
        assert [tuple(row) for row in revisions] == [(1, "opened"), (2, "sighting")]


CLAIM = {"level": "high", "status": "done", "bindings": {}, "speaker": None, "evidence": [{"text": "It ended."}]}
DENIED = {"evidence": [{"text": "It has not ended."}]}
BOUND = {"bindings": {"TARGET": "IR"}}
LOW = {"level": "low"}


@pytest.mark.parametrize(
    ("held", "supporter", "expected"),
    [
        ({**CLAIM, "evidence": [{"text": "it ended"}]}, None, Kept()),
        (CLAIM | DENIED, None, Corrected(claim=CLAIM | DENIED)),
        (CLAIM | BOUND, None, Corrected(claim=CLAIM | BOUND)),
        (CLAIM | LOW, CLAIM, Corrected(claim=CLAIM | LOW)),
        (None, CLAIM, Corrected(claim=CLAIM)),
        (None, None, Retracted()),
    ],
)
def test_a_revision_tells_only_what_a_reader_would_call_another_claim(held: Any, supporter: Any, expected: Any) -> None:
    assert revise(CLAIM, held, supporter) == expected
