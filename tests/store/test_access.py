"""Sign-in links, sessions and tokens, on both databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select, update

from store import access, tables
from store.database import Database


def test_a_signin_link_works_once_and_gives_a_session(db: Database) -> None:
    secret = access.create_signin(db, "mira", "analyst", 60)
    assert access.signin_is_open(db, secret)
    cookie = access.use_signin(db, secret, 60)
    assert cookie is not None
    assert access.session_of(db, cookie) == access.Access(name="mira", role="analyst")
    assert access.use_signin(db, secret, 60) is None
    assert not access.signin_is_open(db, secret)


def test_of_many_who_use_a_link_at_once_one_gets_in(db: Database) -> None:
    secret = access.create_signin(db, "mira", "reader", 60)
    with ThreadPoolExecutor(8) as pool:
        cookies = list(pool.map(lambda _: access.use_signin(db, secret, 60), range(8)))
    assert sum(cookie is not None for cookie in cookies) == 1


def test_links_and_sessions_end_with_their_time(db: Database) -> None:
    assert access.use_signin(db, access.create_signin(db, "mira", "reader", -1), 60) is None
    cookie = access.use_signin(db, access.create_signin(db, "mira", "reader", 60), -1)
    assert cookie is not None
    assert access.session_of(db, cookie) is None


def test_signing_out_ends_the_session(db: Database) -> None:
    cookie = access.use_signin(db, access.create_signin(db, "mira", "reader", 60), 60)
    assert cookie is not None
    access.end_session(db, cookie)
    assert access.session_of(db, cookie) is None


def test_no_secret_is_in_the_database(db: Database) -> None:
    secret = access.create_signin(db, "mira", "admin", 60)
    cookie = access.use_signin(db, secret, 60)
    _, token = access.create_token(db, "feed reader", "reader")
    with db.read() as connection:
        found = [
            str(row)
            for table in (tables.signin, tables.session, tables.token)
            for row in connection.execute(select(table))
        ]
    assert len(found) == 3
    assert not any(each in row for each in (secret, str(cookie), token) for row in found)


def test_a_token_works_until_it_is_revoked(db: Database) -> None:
    id, secret = access.create_token(db, "siem", "reader")
    assert access.token_of(db, secret) == access.Access(name="siem", role="reader")
    assert access.token_of(db, secret + "x") is None
    [shown] = access.list_tokens(db)
    assert (shown.id, shown.name, shown.revoked_at) == (id, "siem", None)
    assert shown.used_at is not None
    assert access.revoke_token(db, id)
    assert access.token_of(db, secret) is None
    assert not access.revoke_token(db, id)
    assert not access.revoke_token(db, "another")


def test_using_a_token_often_writes_seldom(db: Database) -> None:
    _, secret = access.create_token(db, "siem", "reader")
    access.token_of(db, secret)
    with db.write() as connection:
        connection.execute(update(tables.token).values(used_at=tables.token.c.used_at - 1_000_000))
    [before] = access.list_tokens(db)
    access.token_of(db, secret)
    assert access.list_tokens(db) == [before]


@pytest.mark.parametrize("role", ["root", "", "Admin"])
def test_an_unknown_role_is_refused_with_the_known_ones(sqlite_db: Database, role: str) -> None:
    with pytest.raises(ValueError, match="reader, analyst, admin"):
        access.create_token(sqlite_db, "x", role)
    with pytest.raises(ValueError, match="reader, analyst, admin"):
        access.create_signin(sqlite_db, "x", role, 60)


def test_roles_contain_those_before_them() -> None:
    analyst = access.Access(name="x", role="analyst")
    assert [analyst.may(role) for role in access.ROLES] == [True, True, False]
