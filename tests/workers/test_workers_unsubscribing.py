"""Unsubscribing: what a link proves, and that nothing is sent any more to whoever used one."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from store.database import Database
from store.deliveries import exchange
from store.ledger import ledger
from store.subscriptions import sync
from store.tables import delivery, signing_key
from store.unsubscribing import WHY, find_link_key, link_key, list_unsubscribed, reader_of, resubscribe, unsubscribe
from tests.workers.parts import add_articles, hook, mail, replay_one
from workers.context import Context
from workers.matching import match_articles
from workers.unsubscribing import delivery_of, link_of, token_of

Make = Callable[..., Context]
KEY, OTHER = b"k" * 32, b"o" * 32


def states(db: Database, subscription: str = "desk-mail") -> list[tuple[str, str | None]]:
    chosen = select(delivery.c.status, delivery.c.why).where(delivery.c.subscription_id == subscription)
    with db.read() as connection:
        return [(row.status, row.why) for row in connection.execute(chosen.order_by(delivery.c.seq))]


def ids(db: Database, subscription: str = "desk-mail") -> list[str]:
    chosen = select(delivery.c.id).where(delivery.c.subscription_id == subscription).order_by(delivery.c.seq)
    with db.read() as connection:
        return list(connection.scalars(chosen))


@given(st.uuids())
def test_a_link_names_its_delivery_to_whoever_has_the_key(id: UUID) -> None:
    token = token_of(str(id), KEY)
    assert (len(token), delivery_of(token, KEY)) == (43, str(id))
    assert delivery_of(token, OTHER) is None


@given(st.uuids(), st.integers(0, 41), st.sampled_from("AZaz09-_"))
def test_a_link_changed_anywhere_proves_nothing(id: UUID, place: int, letter: str) -> None:
    token = token_of(str(id), KEY)
    forged = token[:place] + letter + token[place + 1 :]
    assert delivery_of(forged, KEY) == (str(id) if forged == token else None)


@given(st.text() | st.binary().map(lambda raw: raw.decode("latin-1")))
def test_no_text_proves_anything_by_chance_or_raises(token: str) -> None:
    assert delivery_of(token, KEY) is None


def test_the_key_is_made_once_and_stays(db: Database) -> None:
    with db.read() as connection:
        assert find_link_key(connection) is None
    made: list[bytes] = []

    def make() -> None:
        with db.write() as connection:
            made.append(link_key(connection))

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 8
    assert len(set(made)) == 1
    assert len(made[0]) == 32
    with db.read() as connection:
        assert find_link_key(connection) == made[0]
        assert connection.scalars(select(signing_key.c.name)).all() == ["unsubscribe"]


def test_a_mail_carries_a_link_that_leads_to_its_own_delivery(db: Database, make_context: Make) -> None:
    sync(db, [mail()])
    match_articles(make_context(base_url="https://t.example"), add_articles(db, ["embargo"]))
    with db.read() as connection:
        row = connection.execute(select(delivery)).one()
        key = link_key(connection)
    link = link_of("https://t.example", row.id, key)
    assert f"List-Unsubscribe: <{link}>\r\n".encode() in row.body
    assert b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in row.body
    assert reader_of(db, row.id) is not None


def test_from_then_on_nothing_leaves_for_that_address(db: Database, make_context: Make) -> None:
    sync(db, [mail(), mail(id="other-mail"), hook("https://hooks.example.org/")])
    context = make_context()
    match_articles(context, add_articles(db, ["embargo", "embargo"]))
    waiting, _ = ids(db)
    reader = unsubscribe(db, waiting)
    assert reader is not None
    assert (reader.subscription_id, reader.address) == ("desk-mail", "desk@example.org")
    assert states(db) == [("suppressed", WHY)] * 2
    match_articles(context, add_articles(db, ["embargo"], prefix="b"))
    assert states(db) == [("suppressed", WHY)] * 3
    assert states(db, "other-mail") == states(db, "desk-hook") == [("pending", None)] * 3
    assert "desk-mail" not in {one.subscription_id for one in exchange(db, "w", [], 64)}
    told = ledger(db).equations[3]
    assert (told.left, told.parts) == (9, {"pending": 6, f"suppressed: {WHY}": 3})


def test_a_try_in_the_air_while_its_receiver_unsubscribes_is_the_last_one(db: Database, make_context: Make) -> None:
    sync(db, [mail()])
    match_articles(make_context(), add_articles(db, ["embargo"]))
    (parcel,) = exchange(db, "w", [], 64)
    unsubscribe(db, parcel.id)
    assert exchange(db, "v", [], 64) == []
    assert states(db) == [("suppressed", WHY)]


def test_reading_a_file_again_does_not_undo_it_and_an_operator_does(db: Database, make_context: Make) -> None:
    context = make_context()
    sync(db, [mail()])
    match_articles(context, add_articles(db, ["embargo"]))
    (id,) = ids(db)
    unsubscribe(db, id)
    at = list_unsubscribed(db)
    sync(db, [])
    sync(db, [replace(mail(), owner="else@example.org")])
    unsubscribe(db, id)
    assert list_unsubscribed(db) == at
    match_articles(context, add_articles(db, ["embargo"], prefix="b"))
    assert states(db) == [("suppressed", WHY)] * 2
    assert resubscribe(db, "desk-mail", mail().endpoint_id)
    assert not resubscribe(db, "desk-mail", mail().endpoint_id)
    match_articles(context, add_articles(db, ["embargo"], prefix="c"))
    assert states(db) == [("suppressed", WHY), ("suppressed", WHY), ("pending", None)]


def test_it_is_about_one_address_and_follows_what_moves_there(db: Database, make_context: Make) -> None:
    context = make_context()
    sync(db, [mail()])
    match_articles(context, add_articles(db, ["embargo"]))
    (first,) = ids(db)
    unsubscribe(db, first)
    moved = replace(mail(), address="night@example.org")
    sync(db, [moved])
    match_articles(context, add_articles(db, ["embargo"], prefix="b"))
    assert states(db) == [("suppressed", WHY), ("pending", None)]
    sync(db, [mail()])
    assert states(db) == [("suppressed", WHY), ("suppressed", WHY)]


def test_what_was_sent_is_not_sent_again_by_hand(db: Database, make_context: Make) -> None:
    sync(db, [mail()])
    match_articles(make_context(), add_articles(db, ["embargo"]))
    (id,) = ids(db)
    with db.write() as connection:
        connection.execute(update(delivery).values(status="delivered", next_at=None, done_at=1))
    unsubscribe(db, id)
    assert not replay_one(db, id)
    resubscribe(db, "desk-mail", mail().endpoint_id)
    assert replay_one(db, id)


@pytest.mark.parametrize("id", ["", "nobody", "00000000-0000-0000-0000-000000000000"])
def test_a_delivery_that_is_not_there_unsubscribes_nobody(db: Database, id: str) -> None:
    assert reader_of(db, id) is None
    assert unsubscribe(db, id) is None
    assert list_unsubscribed(db) == {}


def test_whoever_unsubscribes_while_deliveries_are_made_gets_none_of_them(db: Database, make_context: Make) -> None:
    """Sixteen articles are matched by four threads while somebody unsubscribes: at the end nothing is pending."""
    context = make_context()
    sync(db, [mail()])
    match_articles(context, add_articles(db, ["embargo"]))
    (first,) = ids(db)
    batches = [add_articles(db, ["embargo"] * 4, prefix=f"x{number}-") for number in range(4)]
    threads = [threading.Thread(target=match_articles, args=(context, batch)) for batch in batches]
    threads.insert(2, threading.Thread(target=unsubscribe, args=(db, first)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert states(db) == [("suppressed", WHY)] * 17
    assert ledger(db).equations[3].difference == 0
