"""A console with somebody signed in, and a browser where there is one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from store.access import create_signin, create_token
from store.database import Database
from store.migrate import migrate
from tests.console.parts import Served, serving

ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture
def served(sqlite_db: Database) -> Iterator[Served]:
    """The console over an SQLite ledger."""
    with serving(sqlite_db) as console:
        yield console


@pytest.fixture
def visitor(served: Served) -> Iterator[httpx.Client]:
    """Somebody who is not signed in."""
    with httpx.Client(base_url=served.url) as client:
        yield client


@pytest.fixture(scope="session")
def still(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One console over an empty ledger, for all tests that change nothing in it."""
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('still') / 'ledger.sqlite3'}")
    migrate(database)
    with serving(database) as console:
        yield console
    database.close()


def sign_in(served: Served, client: httpx.Client, role: str = "analyst") -> None:
    """Sign a client in through the page, as a browser does."""
    secret = create_signin(served.settings.db, "mira", role, 60)
    answer = client.post("/signin", data={"token": secret}, headers={"origin": served.url})
    assert answer.status_code == 303, answer.text


@pytest.fixture
def analyst(served: Served, visitor: httpx.Client) -> httpx.Client:
    """An analyst, by session cookie."""
    sign_in(served, visitor)
    return visitor


@pytest.fixture
def program(served: Served) -> Iterator[httpx.Client]:
    """A program with a reader's token."""
    _, secret = create_token(served.settings.db, "siem", "reader")
    with httpx.Client(base_url=served.url, headers={"authorization": f"Bearer {secret}"}) as client:
        yield client


# not the session: Playwright keeps an event loop running in this thread, which tests of other rooms cannot bear
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium. Where it is missing, tests skip; on CI they fail instead."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None and not os.environ.get("CI"):
        pytest.skip("no Chromium here: `apt-get install chromium` brings it")
    assert path is not None, "Chromium is missing, and CI must not skip"
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield found
        found.close()


@dataclass
class Watched:
    """A page, with all that must not happen on it."""

    page: Page
    base: str
    context: BrowserContext
    foreign: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("request", lambda request: self._note(request.url))
        self.page.on("console", lambda message: self.complaints.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _note(self, url: str) -> None:
        if not url.startswith(self.base + "/"):
            self.foreign.append(url)

    def go(self, path: str) -> Page:
        """Open a page of the console."""
        self.page.goto(self.base + path)
        return self.page


@pytest.fixture
def open_page(browser: Browser, served: Served) -> Iterator[Callable[..., Watched]]:
    """Opens pages with an analyst signed in; at the end, none may have asked another host or complained."""
    opened: list[Watched] = []

    def make(width: int = 1200, height: int = 900, scheme: str = "light", role: str = "analyst") -> Watched:
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=scheme,  # type: ignore[arg-type]
        )
        watched = Watched(context.new_page(), served.url, context)
        opened.append(watched)
        watched.go("/signin?token=" + create_signin(served.settings.db, "mira", role, 60))
        watched.page.get_by_role("button", name="Sign in").press("Enter")
        watched.page.wait_for_url(served.url + "/")
        return watched

    yield make
    for each in opened:
        assert each.foreign == []
        assert each.complaints == []
        each.context.close()
