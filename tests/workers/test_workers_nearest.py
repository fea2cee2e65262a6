"""What a job has matched leaves from its own process at once; others are rung only where there is no room for more."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from store.database import Database
from store.subscriptions import sync
from store.tables import delivery
from tests.workers.conftest import Silent
from tests.workers.parts import Receiver, add_articles, eventually, hook
from tests.workers.test_workers_sending import rows
from workers import context as room
from workers import jobs
from workers.context import Context
from workers.sender import AT_ONCE, close_sender

Make = Callable[..., Context]


@pytest.fixture
def bell(make_context: Make) -> Iterator[Silent]:
    """The bell of a process that works; nobody hears it."""
    bell = Silent()
    room.use(make_context(doorbell=bell))
    yield bell
    close_sender()


def test_what_is_matched_leaves_though_nobody_hears_the_bell(db: Database, bell: Silent, receiver: Receiver) -> None:
    sync(db, [hook(receiver.url())])
    jobs.match(add_articles(db, ["embargo"] * 3))
    eventually(lambda: len(receiver.ids()) == 3)
    assert bell.deliveries == []
    eventually(lambda: {status for (status,) in rows(db, delivery.c.status)} == {"delivered"})


def test_others_are_rung_where_this_process_has_its_hands_full(db: Database, bell: Silent, receiver: Receiver) -> None:
    go = threading.Event()
    receiver.answer = lambda path, before: (200, {}) if go.wait(30) else (500, {})
    sync(db, [hook(receiver.url(f"/{number}"), f"s{number}") for number in range(AT_ONCE // 4 + 1)])
    jobs.match(add_articles(db, ["embargo"] * 4))
    assert len(bell.deliveries) == AT_ONCE + 4
    go.set()
