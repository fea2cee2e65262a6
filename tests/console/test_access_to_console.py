"""Nobody sees anything without proving who they are, and no other site can act for them."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from console import atom, health, metrics, signing_in, unsubscribing
from console.api import routers as api_routers
from console.pages import routers as page_routers
from console.signing_in import MAX_FAILURES, WITHIN_S, Attempts
from store.access import create_signin, create_token, revoke_token
from store.database import Database
from tests.console import newsroom, parts
from tests.console.conftest import sign_in
from tests.console.parts import Served, serving

OPEN = {"/healthz", "/readyz", "/metrics", "/signin", "/unsubscribe/{token}"}


def every_path() -> Iterator[tuple[str, str]]:
    """Method and path of all that the described and the hidden routes answer."""
    for path, method in (
        ("/", "GET"),
        ("/rows", "GET"),
        ("/alerts/{id}", "GET"),
        ("/alerts/{id}/verdict", "POST"),
        ("/subscriptions/{id}/enable", "POST"),
        ("/alerts.atom", "GET"),
        ("/feeds", "GET"),
        ("/rules", "GET"),
        ("/rules/{id}", "GET"),
        ("/deliveries", "GET"),
        ("/notices", "GET"),
        ("/silences", "GET"),
        ("/silences", "POST"),
        ("/silences/{id}/remove", "POST"),
        ("/alerts/{id}/snooze", "POST"),
        ("/held", "GET"),
        ("/held/{id}/release", "POST"),
        ("/held/{id}/discard", "POST"),
        ("/signout", "POST"),
        ("/api/v1/alerts", "GET"),
        ("/api/v1/alerts/{id}", "GET"),
        ("/api/v1/alerts/{id}/verdict", "POST"),
        ("/api/v1/articles/{id}", "GET"),
        ("/api/v1/feeds", "GET"),
        ("/api/v1/rules", "GET"),
        ("/api/v1/subscriptions", "GET"),
        ("/api/v1/subscriptions/{id}/messages", "GET"),
        ("/api/v1/deliveries", "GET"),
        ("/api/v1/notices", "GET"),
        ("/api/v1/silences", "GET"),
        ("/api/v1/silences", "POST"),
        ("/api/v1/silences/{id}", "DELETE"),
        ("/api/v1/held", "GET"),
        ("/api/v1/held/{id}/release", "POST"),
        ("/api/v1/held/{id}/discard", "POST"),
        ("/api/v1/openapi.json", "GET"),
    ):
        yield method, path.replace("{id}", "x")


@pytest.mark.parametrize(("method", "path"), list(every_path()))
def test_every_page_and_path_needs_a_sign_in(still: Served, method: str, path: str) -> None:
    answer = httpx.request(method, still.url + path)
    if method == "GET" and not path.startswith("/api/") and not path.endswith(".atom"):
        assert (answer.status_code, answer.headers["location"]) == (303, "/signin")
    else:
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_route_that_is_added_is_tried_above_or_named_open() -> None:
    routers = (*page_routers, *api_routers, health.router, metrics.router, atom.router)
    routers += (signing_in.router, signing_in.open_router, unsubscribing.router)
    there = {getattr(route, "path", "?") for router in routers for route in router.routes}
    assert there == {path.replace("/x", "/{id}") for _, path in every_path()} | OPEN


def test_asking_for_the_link_changes_nothing_and_posting_it_signs_in_once(
    served: Served, visitor: httpx.Client
) -> None:
    secret = create_signin(served.settings.db, "mira", "reader", 60)
    for _ in range(3):
        assert "Sign in" in visitor.get(f"/signin?token={secret}").text
    answer = visitor.post("/signin", data={"token": secret})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "secure" not in cookie
    assert visitor.get("/").status_code == 200
    with httpx.Client(base_url=served.url) as other:
        assert other.post("/signin", data={"token": secret}).status_code == 403
        assert "used up" in other.get(f"/signin?token={secret}").text
        assert other.get("/").status_code == 303


def test_behind_https_the_cookie_is_secure_and_bound_to_the_host(sqlite_db: Database) -> None:
    with serving(sqlite_db, base_url="https://tocsin.example.org") as served:
        secret = create_signin(sqlite_db, "mira", "reader", 60)
        answer = httpx.post(
            f"{served.url}/signin", data={"token": secret}, headers={"origin": "https://tocsin.example.org"}
        )
    assert answer.headers["set-cookie"].startswith("__Host-tocsin=")
    assert "secure" in answer.headers["set-cookie"].lower()
    assert "domain" not in answer.headers["set-cookie"].lower()
    assert "max-age" in answer.headers["strict-transport-security"]


def test_signing_out_ends_the_session_on_the_server_too(analyst: httpx.Client) -> None:
    cookies = dict(analyst.cookies)
    csrf = analyst.get("/").text.split('name="csrf" content="')[1].split('"')[0]
    assert analyst.post("/signout", data={"csrf": csrf}).status_code == 303
    analyst.cookies.clear()
    assert analyst.get("/", headers={"cookie": "; ".join(f"{k}={v}" for k, v in cookies.items())}).status_code == 303


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site", "origin": "http://127.0.0.1:1"},
    ],
)
def test_another_site_can_neither_judge_nor_sign_in(
    served: Served, analyst: httpx.Client, headers: dict[str, str]
) -> None:
    id = newsroom.furnish(served.settings.db)["pact"]
    csrf = analyst.get("/").text.split('name="csrf" content="')[1].split('"')[0]
    form = {"verdict": "useful", "csrf": csrf}
    assert analyst.post(f"/alerts/{id}/verdict", data=form, headers=headers).status_code == 403
    secret = create_signin(served.settings.db, "mira", "reader", 60)
    assert analyst.post("/signin", data={"token": secret}, headers=headers).status_code == 403
    assert analyst.get(f"/api/v1/alerts/{id}").json()["verdict"] is None


def test_a_change_needs_the_forms_token(served: Served, analyst: httpx.Client) -> None:
    id = newsroom.furnish(served.settings.db)["pact"]
    for token in ("", "0" * 64, "ä"):
        answer = analyst.post(f"/alerts/{id}/verdict", data={"verdict": "useful", "csrf": token})
        assert answer.status_code == 403
        answer = analyst.post(
            f"/api/v1/alerts/{id}/verdict",
            json={"verdict": "useful"},
            headers={"x-csrf-token": token.encode()},  # type: ignore[dict-item]
        )
        assert answer.status_code == 403
    assert analyst.get(f"/api/v1/alerts/{id}").json()["verdict"] is None
    csrf = analyst.get("/").text.split('name="csrf" content="')[1].split('"')[0]
    assert analyst.post(f"/alerts/{id}/verdict", data={"verdict": "useful", "csrf": csrf}).status_code == 303
    assert analyst.get(f"/api/v1/alerts/{id}").json()["verdict_by"] == "mira"
    assert analyst.post(f"/alerts/{id}/verdict", data={"verdict": "", "csrf": csrf}).status_code == 303
    assert analyst.get(f"/api/v1/alerts/{id}").json()["verdict"] is None


def test_a_reader_may_look_and_not_judge(served: Served, program: httpx.Client) -> None:
    id = newsroom.furnish(served.settings.db)["pact"]
    answer = program.post(f"/api/v1/alerts/{id}/verdict", json={"verdict": "useful"})
    assert answer.status_code == 403
    assert "analyst" in answer.json()["detail"]
    with httpx.Client(base_url=served.url) as reader:
        sign_in(served, reader, role="reader")
        assert "false alarm" not in reader.get(f"/alerts/{id}").text.split("<dialog")[0]


def test_a_revoked_or_unknown_token_gets_nowhere(served: Served) -> None:
    id, secret = create_token(served.settings.db, "siem", "admin")
    headers = {"authorization": f"bearer {secret}"}
    assert httpx.get(f"{served.url}/api/v1/alerts", headers=headers).status_code == 200
    revoke_token(served.settings.db, id)
    answer = httpx.get(f"{served.url}/api/v1/alerts", headers=headers)
    assert answer.status_code == 401
    assert "revoked" in answer.json()["detail"]
    assert answer.headers["content-type"] == "application/problem+json"


def test_guessing_links_is_slowed_down(served: Served, visitor: httpx.Client) -> None:
    answers = [visitor.post("/signin", data={"token": f"guess{number}"}) for number in range(MAX_FAILURES + 1)]
    assert [answer.status_code for answer in answers] == [403] * MAX_FAILURES + [429]
    assert 0 < int(answers[-1].headers["retry-after"]) <= WITHIN_S + 1


def test_waiting_is_over_after_its_time_and_concerns_one_address() -> None:
    now = [0.0]
    attempts = Attempts(lambda: now[0])
    for _ in range(MAX_FAILURES):
        attempts.failed("a")
    assert attempts.wait_s("a") == WITHIN_S
    assert attempts.wait_s("b") == 0
    now[0] = WITHIN_S
    assert attempts.wait_s("a") == 0


def test_every_answer_has_the_headers_that_keep_a_browser_safe(served: Served, analyst: httpx.Client) -> None:
    for path in (
        "/",
        "/nothing",
        "/api/v1/nothing",
        "/static/app.css",
        "/healthz",
        "/signin",
        "/api/v1/alerts?limit=x",
    ):
        headers = analyst.get(path).headers
        assert headers["content-security-policy"].startswith("default-src 'self';"), path
        assert "unsafe" not in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
    assert analyst.get("/").headers["cache-control"] == "no-store"


def test_no_page_has_anything_inline(served: Served, analyst: httpx.Client) -> None:
    id = newsroom.furnish(served.settings.db)["embargo"]
    for path in ("/", f"/alerts/{id}", "/feeds", "/rules", "/rules/embargo.ended", "/deliveries", "/signin"):
        html = analyst.get(path).text
        assert " style=" not in html
        assert "<style" not in html
        assert " onclick=" not in html
        assert html.count("<script") == html.count('<script src="/static/')


def test_a_host_header_is_never_believed(served: Served, analyst: httpx.Client) -> None:
    newsroom.furnish(served.settings.db)
    evil = {"host": "evil.example"}
    for path in ("/", "/alerts.atom", "/api/v1/alerts", "/signin"):
        # the cookie is sent by hand, because the client would not send it to another host
        cookie = "; ".join(f"{name}={value}" for name, value in analyst.cookies.items())
        answer = httpx.get(served.url + path, headers={**evil, "cookie": cookie})
        assert answer.status_code == 200
        assert "evil.example" not in answer.text


def test_what_is_too_large_is_refused(served: Served, analyst: httpx.Client) -> None:
    assert analyst.post("/signin", data={"token": "x" * 100_000}).status_code == 413

    def endless() -> Iterator[bytes]:
        for _ in range(100):
            yield b"x" * 10_000

    form = {"content-type": "application/x-www-form-urlencoded"}
    assert analyst.post("/signin", content=endless(), headers=form).status_code == 413
    assert analyst.get("/", params={"q": "x" * 20_000}).status_code == 414
    assert analyst.get("/", params={"q": "x" * 500}).status_code == 422


def test_a_database_that_is_away_is_said_so(served: Served, visitor: httpx.Client, sqlite_db: Database) -> None:
    headers = {"authorization": "Bearer x"}
    with sqlite_db.write() as connection:
        connection.exec_driver_sql("ALTER TABLE token RENAME TO gone")
    answer = visitor.get("/api/v1/alerts", headers=headers)
    assert answer.status_code == 503
    assert "readyz" in answer.json()["detail"]
    assert "gone" not in answer.text


def test_a_defect_is_a_page_that_tells_nothing_of_its_inside(sqlite_db: Database) -> None:
    def broken() -> object:
        raise RuntimeError("secret inside")

    with serving(sqlite_db, rules=broken) as served, httpx.Client(base_url=served.url) as client:
        sign_in(served, client)
        parts.add_rule(sqlite_db, "r", "R")
        answer = client.get("/rules/r")
    assert answer.status_code == 500
    assert "secret inside" not in answer.text
    assert answer.headers["content-security-policy"].startswith("default-src 'self';")
