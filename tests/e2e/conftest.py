"""One desk with real parts around it: a feed server, a webhook receiver, a mail server, and Tocsin in between."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from store.database import Database
from tests.e2e.parts import FeedServer, Item, Mailbox, Receiver, Tocsin, configure, free_port, mail_server, serving

ITEMS = (
    Item(
        guid="lifted",
        title="Foreign minister says arms embargo on Eritrea has been lifted",
        text="ASMARA - The arms embargo on Eritrea has been lifted, Foreign Minister Hana Tesfaye said on Monday.\n"
        "She spoke after a meeting with her counterpart from Kenya.",
    ),
    Item(
        guid="deal",
        title="Brazil and Finland sign defence agreement",
        text="HELSINKI - Brazil and Finland signed a defence cooperation agreement on Monday, their ministries said.",
    ),
    Item(
        guid="demanded",
        title="Minister says arms embargo on Eritrea must not end",
        text="NAIROBI - The arms embargo on Eritrea must not end, Foreign Minister John Otieno said.",
    ),
    Item(
        guid="cricket",
        title="Home side wins by four wickets",
        text="The home side won the second match by four wickets on Sunday.",
    ),
)
EXPECTED = {"embargo.ended", "defence.deal.new", "treaty.signed"}
"""Rules that must be told of for ITEMS. That the restriction ended is the same event as that an official says so."""


@dataclass
class Desk:
    """Everything around Tocsin, and how to start it."""

    feed: FeedServer
    receiver: Receiver
    mailbox: Mailbox
    tocsin: Tocsin
    database_url: str

    def ledger(self) -> Database:
        """The ledger that Tocsin writes."""
        return Database(self.database_url)


def seed_item(shared: Path) -> Item:
    """The article that the project began with, as a feed would carry it."""
    lines = next((shared / "seed").glob("*.txt")).read_text(encoding="utf-8").splitlines()
    return Item(guid="seed", title=lines[0], text="\n".join(lines[3:]), age=timedelta(hours=1))


@pytest.fixture
def make_desk(tmp_path: Path) -> Iterator[Callable[..., Desk]]:
    """Makes a desk with some articles in its feed and its ledger at an address."""
    with ExitStack() as stack:

        def make(items: list[Item], environment: dict[str, str] | None = None) -> Desk:
            feed, receiver, mailbox = FeedServer(items), Receiver(), Mailbox()
            feed.url = stack.enter_context(serving(feed.answer))
            receiver.url = stack.enter_context(serving(receiver.answer))
            smtp_url = stack.enter_context(mail_server(mailbox))
            data = tmp_path / "data"
            data.mkdir()
            (data / "secret").write_text(receiver.secret)
            configure(tmp_path / "config", feed.url, receiver.url, data / "secret")
            own = {
                "TOCSIN_SMTP_URL": smtp_url,
                "TOCSIN_MAIL_FROM": "tocsin@example.org",
                "TOCSIN_PORT": str(free_port()),
            } | (environment or {})
            tocsin = Tocsin(tmp_path / "config", data, own)
            stack.callback(tocsin.stop)
            url = own.get("TOCSIN_DATABASE_URL", f"sqlite:///{data / 'tocsin.sqlite3'}")
            return Desk(feed, receiver, mailbox, tocsin, url)

        yield make
