"""Mails as a mail program shows them: no wider than a phone, nothing fetched, to be read by day and in the dark."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from store.database import Database
from tests.workers.conftest import Silent, secrets
from tests.workers.parts import Words
from tests.workers.test_workers_letters import MAILS, frozen, parts_of
from tests.workers.test_workers_webhook import told
from workers.context import Context

CONTRAST = (Path(__file__).parent / "contrast.js").read_text()
LONG = told(evidence=8, quote="x" * 600, bindings={"TARGET": "y" * 200})


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1200])
def test_every_mail_fits_fetches_nothing_and_can_be_read(
    browser: Browser, sqlite_db: Database, tmp_path: Path, width: int, scheme: str
) -> None:
    context = Context(db=sqlite_db, doorbell=Silent(), rules=Words, secrets=secrets)
    view = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)  # type: ignore[arg-type]
    page = view.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for name, whole in {**MAILS, "long": LONG}.items():
        page.set_content(parts_of(frozen(whole, context))[1])
        page.screenshot(path=tmp_path / f"{name}.png")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
        assert page.evaluate(CONTRAST) == [], name
    assert asked == []
    view.close()
