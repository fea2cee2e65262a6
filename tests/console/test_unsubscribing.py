"""The link in every mail: GET changes nothing, one POST without sign-in or cookie ends it, a forged one does not."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest
from sqlalchemy import insert

from store import tables
from store.unsubscribing import link_key, list_unsubscribed
from tests.console import parts
from tests.console.conftest import Watched
from tests.console.parts import Served
from workers.unsubscribing import token_of

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def path(served: Served) -> str:
    """Of the link in a mail that waits."""
    db = served.settings.db
    endpoint_id = parts.add_subscription(db, "desk-mail", "email", address="desk@estmark.example")
    alert_id = parts.add_alert(db, parts.add_article(db, parts.add_feed(db), "Embargo ended"))
    id = parts.uid("delivery")
    row = {"id": id, "message_id": parts.uid("message", alert_id), "subscription_id": "desk-mail", "seq": 1}
    row |= {"endpoint_id": endpoint_id, "channel": "email", "body": b"", "status": "pending", "created_at": 1}
    with db.write() as connection:
        connection.execute(insert(tables.delivery).values(**row, next_at=1))
        return f"/unsubscribe/{token_of(id, link_key(connection))}"


def status(served: Served) -> str:
    with served.settings.db.read() as connection:
        return str(connection.execute(tables.delivery.select()).one().status)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_whoever_only_looks_changes_nothing(served: Served, visitor: httpx.Client, path: str, method: str) -> None:
    for _ in range(3):
        answer = visitor.request(method, path)
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-store"
    assert list_unsubscribed(served.settings.db) == {}
    assert status(served) == "pending"


def test_the_page_says_what_the_button_does(visitor: httpx.Client, path: str) -> None:
    text = visitor.get(path).text
    assert "desk-mail" in text
    assert "desk@estmark.example" in text
    assert 'name="List-Unsubscribe" value="One-Click"' in text


@pytest.mark.parametrize("encoding", ["urlencoded", "multipart"])
def test_a_mail_program_ends_it_with_one_click(served: Served, visitor: httpx.Client, path: str, encoding: str) -> None:
    body = {"data": ONE_CLICK} if encoding == "urlencoded" else {"files": {"List-Unsubscribe": (None, "One-Click")}}
    answer = visitor.post(path, **body, headers={"origin": "https://mail.example.com"})  # type: ignore[arg-type]
    assert answer.status_code == 200
    assert "You are unsubscribed" in answer.text
    assert "tocsin subscriptions resubscribe desk-mail" in answer.text
    assert status(served) == "suppressed"
    assert visitor.post(path, data=ONE_CLICK).status_code == 200
    assert "You are unsubscribed" in visitor.get(path).text


@pytest.mark.parametrize("data", [{}, {"List-Unsubscribe": "yes"}, {"other": "One-Click"}])
def test_a_post_that_does_not_say_so_is_refused_in_words(
    served: Served, visitor: httpx.Client, path: str, data: dict[str, str]
) -> None:
    answer = visitor.post(path, data=data)
    assert answer.status_code == 400
    assert "List-Unsubscribe=One-Click" in answer.text
    assert status(served) == "pending"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_forged_link_does_nothing(served: Served, visitor: httpx.Client, path: str, method: str) -> None:
    token = path.rpartition("/")[2]
    forged = [token[:-2], token[::-1], "A" * 43, token_of(parts.uid("delivery"), b"x" * 32), "%F0%9F", "é", "a=b"]
    for one in forged:
        answer = visitor.request(method, f"/unsubscribe/{one}", data=ONE_CLICK if method == "POST" else None)
        assert answer.status_code == 403, one
        assert "Copy it whole" in answer.text
    assert visitor.request(method, "/unsubscribe/" + "a" * 101).status_code == 422
    assert status(served) == "pending"


def test_a_link_whose_mail_the_ledger_does_not_know_says_so(served: Served, visitor: httpx.Client, path: str) -> None:
    with served.settings.db.read() as connection:
        token = token_of(parts.uid("another"), link_key(connection))
    for answer in (visitor.get(f"/unsubscribe/{token}"), visitor.post(f"/unsubscribe/{token}", data=ONE_CLICK)):
        assert answer.status_code == 410
        assert "Use the link of a newer mail" in answer.text


def test_before_any_mail_was_made_every_link_is_forged(still: Served) -> None:
    assert httpx.get(f"{still.url}/unsubscribe/{'A' * 43}").status_code == 403


def test_programs_and_people_see_who_has_unsubscribed(
    served: Served, visitor: httpx.Client, analyst: httpx.Client, program: httpx.Client, path: str
) -> None:
    (before,) = program.get("/api/v1/subscriptions").json()["subscriptions"]
    assert before["unsubscribed_at"] is None
    visitor.post(path, data=ONE_CLICK)
    (after,) = program.get("/api/v1/subscriptions").json()["subscriptions"]
    assert after["unsubscribed_at"].startswith("20")
    assert "desk-mail was unsubscribed" in analyst.get("/deliveries").text


def test_the_button_works_in_a_browser(open_page: Callable[..., Watched], served: Served, path: str) -> None:
    page = open_page(width=390).go(path)
    page.get_by_role("button", name="Unsubscribe").press("Enter")
    page.get_by_role("heading", name="You are unsubscribed").wait_for()
    assert status(served) == "suppressed"
