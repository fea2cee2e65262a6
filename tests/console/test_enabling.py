"""A disabled address is said on the page of deliveries, and an admin lets it be used again."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest
from sqlalchemy import select

from store import tables
from tests.console import parts
from tests.console.conftest import Watched, sign_in
from tests.console.parts import Served

PATH = "/subscriptions/desk-hook/enable"
DISABLED = {
    "disabled_at": 1,
    "disabled_why": "HTTP 410: the receiver asked to be left alone",
    "failures": 12,
    "rests": 3,
}


@pytest.fixture
def disabled(served: Served) -> Served:
    """A console over a ledger with a disabled address and another one."""
    parts.add_subscription(served.settings.db, "desk-hook", endpoint=DISABLED)
    parts.add_subscription(served.settings.db, "other-hook")
    return served


@pytest.fixture
def admin(disabled: Served, visitor: httpx.Client) -> httpx.Client:
    sign_in(disabled, visitor, role="admin")
    return visitor


def csrf_of(client: httpx.Client) -> str:
    return client.get("/deliveries").text.split('name="csrf" content="')[1].split('"')[0]


def state(served: Served) -> tuple[object, ...]:
    columns = (tables.endpoint.c[name] for name in DISABLED)
    with served.settings.db.read() as connection:
        chosen = select(*columns).where(tables.endpoint.c.address.contains("desk-hook"))
        return tuple(connection.execute(chosen).one())


def test_the_page_says_why_an_address_is_disabled_and_shows_an_admin_the_button(admin: httpx.Client) -> None:
    text = admin.get("/deliveries").text
    assert "HTTP 410: the receiver asked to be left alone" in text
    assert text.count(f'action="{PATH}"') == text.count("Use this address again") == 1
    assert "other-hook/enable" not in text
    assert "HTTP 410" not in admin.get("/deliveries?subscription=other-hook").text


def test_an_admin_lets_it_be_used_again(disabled: Served, admin: httpx.Client) -> None:
    done = admin.post(PATH, data={"csrf": csrf_of(admin)})
    assert (done.status_code, done.headers["location"]) == (303, "/deliveries?subscription=desk-hook")
    assert state(disabled) == (None, None, 0, 0)
    assert "HTTP 410" not in admin.get("/deliveries").text
    assert admin.post("/subscriptions/nobody/enable", data={"csrf": csrf_of(admin)}).status_code == 404


def test_nobody_else_does(disabled: Served, analyst: httpx.Client) -> None:
    assert "Use this address again" not in analyst.get("/deliveries").text
    assert "An admin can let it be used again" in analyst.get("/deliveries").text
    assert "s3cr3t" not in analyst.get("/deliveries").text
    assert analyst.post(PATH, data={"csrf": csrf_of(analyst)}).status_code == 403
    assert state(disabled) == tuple(DISABLED.values())


def test_not_without_the_forms_token_and_not_from_another_site(disabled: Served, admin: httpx.Client) -> None:
    assert admin.post(PATH, data={"csrf": "forged"}).status_code == 403
    foreign = {"origin": "https://evil.example.org"}
    assert admin.post(PATH, data={"csrf": csrf_of(admin)}, headers=foreign).status_code == 403
    assert state(disabled) == tuple(DISABLED.values())


@pytest.mark.browser
def test_the_button_works_in_a_browser(disabled: Served, open_page: Callable[..., Watched]) -> None:
    page = open_page(role="admin").go("/deliveries")
    page.get_by_role("button", name="Use this address again").press("Enter")
    page.wait_for_url("**/deliveries?subscription=desk-hook")
    assert state(disabled) == (None, None, 0, 0)
