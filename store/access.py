"""Who may look and who may judge: one-time sign-in links, sessions and API tokens. Only digests are kept.

A secret is 256 random bits, so a digest cannot be guessed from and is looked up as it is; whoever reads the database
cannot sign in with what is there.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from store.database import Database
from store.tables import session, signin, token

ROLES: tuple[str, ...] = ("reader", "analyst", "admin")
"""Ascending: each may do what those before it may. A reader looks, an analyst judges alerts, an admin changes."""

TOKEN_PREFIX = "tocsin_"  # noqa: S105 - so that scanners for leaked secrets know one when they see it

_SECOND = 1_000_000
_USED_EVERY = 60 * _SECOND
"""`used_at` of a token is not written more often than this: reading must not queue for the one writer of SQLite."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Somebody who has proved who they are."""

    name: str
    role: str

    def may(self, role: str) -> bool:
        """Is what needs *role* allowed?"""
        return ROLES.index(self.role) >= ROLES.index(role)


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """An API token as it can be shown. Instants are microseconds UTC."""

    id: str
    name: str
    role: str
    created_at: int
    used_at: int | None
    revoked_at: int | None


def create_signin(db: Database, name: str, role: str, ttl_s: float) -> str:
    """The secret of a link that signs *name* in once, within *ttl_s* seconds: `/signin?token=SECRET`.

    Raises:
        ValueError: *role* is none of ROLES.
    """
    _check(role)
    secret = secrets.token_urlsafe(32)
    with db.write() as connection:
        now = db.now(connection)
        connection.execute(delete(signin).where(signin.c.expires_at < now - 86_400 * _SECOND))
        expires = now + int(ttl_s * _SECOND)
        connection.execute(insert(signin).values(digest=_digest(secret), name=name, role=role, expires_at=expires))
    return secret


def signin_is_open(db: Database, secret: str) -> bool:
    """Could the link still be used? Asking changes nothing: mail scanners and previews ask too."""
    with db.read() as connection:
        row = _by_digest(connection, signin, secret)
        return row is not None and row.used_at is None and row.expires_at > db.now(connection)


def use_signin(db: Database, secret: str, session_s: float) -> str | None:
    """Spend a sign-in link: the secret of a new session that lasts *session_s* seconds; None where the link is unknown,
    used or too old. Of two who try at once, one gets in.
    """
    cookie = secrets.token_urlsafe(32)
    with db.write() as connection:
        now = db.now(connection)
        spent = update(signin).where(
            signin.c.digest == _digest(secret), signin.c.used_at.is_(None), signin.c.expires_at > now
        )
        who = connection.execute(spent.values(used_at=now).returning(signin.c.name, signin.c.role)).one_or_none()
        if who is None:
            return None
        connection.execute(delete(session).where(session.c.expires_at < now))
        expires = now + int(session_s * _SECOND)
        values = {"digest": _digest(cookie), "name": who.name, "role": who.role}
        connection.execute(insert(session).values(**values, created_at=now, expires_at=expires))
    return cookie


def session_of(db: Database, cookie: str) -> Access | None:
    """Who is signed in with this cookie; None where nobody is (any more)."""
    with db.read() as connection:
        row = _by_digest(connection, session, cookie)
        live = row is not None and row.expires_at > db.now(connection)
        return Access(name=row.name, role=row.role) if row is not None and live else None


def end_session(db: Database, cookie: str) -> None:
    """Sign out."""
    with db.write() as connection:
        connection.execute(delete(session).where(session.c.digest == _digest(cookie)))


def create_token(db: Database, name: str, role: str) -> tuple[str, str]:
    """A new API token: its id, and its secret, which is shown this once.

    Raises:
        ValueError: *role* is none of ROLES.
    """
    _check(role)
    id, secret = str(uuid.uuid4()), TOKEN_PREFIX + secrets.token_urlsafe(32)
    with db.write() as connection:
        values = {"id": id, "name": name, "role": role, "digest": _digest(secret)}
        connection.execute(insert(token).values(**values, created_at=db.now(connection)))
    return id, secret


def list_tokens(db: Database) -> list[Token]:
    """All tokens, newest first, the revoked ones too."""
    columns = [token.c[name] for name in Token.__dataclass_fields__]
    with db.read() as connection:
        rows = connection.execute(select(*columns).order_by(token.c.created_at.desc(), token.c.id))
        return [Token(**row) for row in rows.mappings()]


def revoke_token(db: Database, id: str) -> bool:
    """Make a token useless at once; False where there is no such token, or it was revoked before."""
    with db.write() as connection:
        chosen = update(token).where(token.c.id == id, token.c.revoked_at.is_(None))
        return bool(connection.execute(chosen.values(revoked_at=db.now(connection))).rowcount)


def token_of(db: Database, secret: str) -> Access | None:
    """Whose token this is; None where it is unknown or revoked."""
    with db.read() as connection:
        row = _by_digest(connection, token, secret)
        now = db.now(connection)
    if row is None or row.revoked_at is not None:
        return None
    if row.used_at is None or row.used_at < now - _USED_EVERY:
        with db.write() as connection:
            connection.execute(update(token).where(token.c.id == row.id).values(used_at=now))
    return Access(name=row.name, role=row.role)


def _by_digest(connection: Connection, table: Any, secret: str) -> Row[Any] | None:
    digest = _digest(secret)
    row = connection.execute(select(table).where(table.c.digest == digest)).one_or_none()
    return row if row is not None and hmac.compare_digest(row.digest, digest) else None


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def _check(role: str) -> None:
    if role not in ROLES:
        raise ValueError(f"{role!r} is no role; write one of {', '.join(ROLES)}")
