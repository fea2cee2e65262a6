"""What strangers write, shown by a real browser: nothing of it runs, asks another host or leads elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from store.database import Database
from tests.console import parts
from tests.console.conftest import Watched
from tests.console.hostile import EVIL, add_alert, poison
from tests.console.parts import Served
from tests.workers.conftest import Silent, secrets
from tests.workers.parts import Words
from tests.workers.test_workers_letters import digest, frozen, item, notice, parts_of
from tests.workers.test_workers_webhook import told
from workers.channels import Told
from workers.context import Context

pytestmark = pytest.mark.browser

SPEAKER = {"name": EVIL, "title": EVIL, "role": "official", "named": True}


def is_unharmed(page: Page) -> bool:
    page.keyboard.press("Tab")
    return bool(page.evaluate("typeof harmed === 'undefined' && !document.querySelector('main iframe, main object')"))


@pytest.mark.parametrize("role", ["analyst", "admin"])
def test_on_no_page_of_the_console_anything_of_it_works(
    served: Served, open_page: Callable[..., Watched], role: str
) -> None:
    id = poison(served.settings.db)
    watched = open_page(role=role)
    paths = ("/", f"/alerts/{id}", "/feeds", "/rules", "/rules/embargo.ended", "/deliveries", "/silences", "/held")
    for path in (*paths, "/notices", f"/?q={EVIL[:60]}"):
        page = watched.go(path)
        assert is_unharmed(page), path
        assert page.url.startswith(served.url)


def test_an_alert_that_comes_while_the_page_is_open_does_no_harm_either(
    served: Served, open_page: Callable[..., Watched]
) -> None:
    page = open_page().page
    feed = parts.add_feed(served.settings.db, name=EVIL, outlet=EVIL)
    expect(page.locator("#live")).to_have_text("live")
    add_alert(served.settings.db, feed, "late", "javascript:harmed=1")
    expect(page.locator(".alert")).to_have_count(1)
    assert is_unharmed(page)


def hostile_mails() -> dict[str, Told]:
    whole = told(evidence=2, quote=EVIL, bindings={EVIL: EVIL}, speaker=SPEAKER)
    article: dict[str, Any] = whole.data["article"]  # type: ignore[assignment]
    article |= {"title": EVIL, "outlet": EVIL, "url": "javascript:harmed=1"}
    said = {"id": "n", "title": "A feed cannot be read", "words": EVIL, "details": {EVIL[:40]: EVIL}}
    said["about"] = {"what": "feed", "id": "f", "name": EVIL, "link": "https://t.example/feeds"}
    failing = replace(notice("feed.failing"), data={"version": 1, "notice": said})
    return {"alert": whole, "digest": digest(item("a", title=EVIL)), "notice": failing}


def test_in_no_mail_anything_of_it_works(browser: Browser, sqlite_db: Database) -> None:
    context = Context(db=sqlite_db, doorbell=Silent(), rules=Words, secrets=secrets)
    page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for name, whole in hostile_mails().items():
        page.set_content(parts_of(frozen(whole, context))[1])
        assert is_unharmed(page), name
        assert not page.query_selector_all("script, img, svg, iframe, link, base, form, object, [onerror], [onload]")
        assert not [each for each in page.eval_on_selector_all("a", "all => all.map(a => a.href)") if "script:" in each]
    assert asked == []
    page.close()
