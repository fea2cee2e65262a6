"""Settings from environment variables, each also as `…_FILE` (for secrets that a container mounts)."""

from __future__ import annotations

import difflib
import ipaddress
import os
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, IPvAnyNetwork, ValidationError, field_validator

from rules.shape import duration_s
from store.retention import Keep
from tocsin.small_file import read_small

PREFIX = "TOCSIN_"
VERSION = version("tocsin")
"""Of this package, read once: a parent that forks has it for its children."""


class SettingsError(ValueError):
    """One or more environment variables are wrong; `problems` has a line for each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def _kept(value: object) -> object:
    """Seconds of a duration; None of "forever"."""
    return None if value == "forever" else duration_s(value) if isinstance(value, str) else value


_DAY_S = 86_400
Kept = Annotated[int | None, BeforeValidator(_kept)]


def _networks(value: object) -> object:
    if not isinstance(value, str):
        return value
    parts = [part.strip() for part in value.split(",") if part.strip()]
    for part in parts:
        _must_be_network(part)
    return parts


def _must_be_network(text: str) -> None:
    """Raises ValueError where *text* is none; says the network of an address within one."""
    try:
        around = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise ValueError(f"{text} is no network; write it as 10.0.0.0/8") from None
    if ipaddress.ip_interface(text).ip != around.network_address:
        raise ValueError(f"{text} is an address within a network; write {around}")


class Settings(BaseModel):
    """What an operator sets from outside. Field `x_y` is the variable TOCSIN_X_Y."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    config: Path = Field(Path("config"), description="folder with feeds.yml, subscriptions.yml and rules/")
    data: Path = Field(Path("data"), description="folder of the embedded database and server")
    database_url: str | None = Field(
        None, description="postgresql://… or sqlite:///…; default: SQLite in the data folder"
    )
    redis_url: str | None = Field(None, description="redis://…, rediss:// or unix://…; default: an embedded Valkey")
    host: str = Field("127.0.0.1", description="address that the console listens on")
    port: int = Field(8765, ge=1, le=65535, description="port that the console listens on")
    base_url: str | None = Field(None, description="how people reach the console; default http://HOST:PORT")
    smtp_url: str | None = Field(None, description="smtp+starttls://user:password@host:587, smtps://… or smtp://…")
    mail_from: str | None = Field(None, description="sender of mails; default tocsin@ the host of the base URL")
    allow_networks: Annotated[tuple[IPvAnyNetwork, ...], BeforeValidator(_networks)] = Field(
        (), description="CIDRs that the address guard lets through, comma-separated"
    )
    log: Literal["console", "json"] = Field("console", description="how log lines look")
    rule_limit: int = Field(60, ge=0, description="alerts of a rule that are told within an hour; 0 for all")
    workers: int = Field(2, ge=1, le=64, description="worker processes")
    keep_texts: Kept = Field(365 * _DAY_S, ge=_DAY_S, description="how long articles keep their text: 365d, forever")
    keep_bodies: Kept = Field(
        90 * _DAY_S, ge=8 * _DAY_S, description="how long what was sent, and answered, is kept; 8d at least"
    )
    keep_evidence: Kept = Field(730 * _DAY_S, ge=_DAY_S, description="how long matches and alerts keep quotations")
    keep_fetches: Kept = Field(30 * _DAY_S, ge=_DAY_S, description="how long single fetches are kept in the log")
    contact: str | None = Field(None, description="URL or address in the user agent, so that hosts can reach you")

    @field_validator("database_url")
    @classmethod
    def _database(cls, value: str | None) -> str | None:
        return _scheme(value, ("postgresql", "postgres", "postgresql+psycopg", "sqlite"))

    @field_validator("redis_url")
    @classmethod
    def _redis(cls, value: str | None) -> str | None:
        return _scheme(value, ("redis", "rediss", "unix"))

    @field_validator("base_url")
    @classmethod
    def _base(cls, value: str | None) -> str | None:
        return value and (_scheme(value, ("http", "https")) or "").rstrip("/")

    @field_validator("smtp_url")
    @classmethod
    def _smtp(cls, value: str | None) -> str | None:
        return _scheme(value, ("smtp", "smtps", "smtp+starttls"))

    @property
    def keep(self) -> Keep:
        """What retention keeps, and for how long."""
        return Keep(
            texts_s=self.keep_texts,
            bodies_s=self.keep_bodies,
            evidence_s=self.keep_evidence,
            fetches_s=self.keep_fetches,
        )

    @property
    def prunes_daily(self) -> bool:
        """Whether somebody has said how long anything is kept: nothing is dropped by itself before."""
        return any(name.startswith("keep_") for name in self.model_fields_set)

    @property
    def database(self) -> str:
        """URL of the ledger."""
        return self.database_url or f"sqlite:///{(self.data / 'tocsin.sqlite3').resolve()}"

    @property
    def ledger_file(self) -> Path | None:
        """The file of an SQLite ledger; None where it is elsewhere."""
        kind, _, path = self.database.partition(":///")
        return Path(path) if kind == "sqlite" else None

    @property
    def user_agent(self) -> str:
        """Who we say we are, and where to complain."""
        return f"Tocsin/{VERSION} (+{self.contact or self.link_base})"

    @property
    def link_base(self) -> str:
        """What links in messages begin with."""
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::") else self.host  # noqa: S104
        return self.base_url or f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def sender(self) -> str:
        """Address that mails come from."""
        return self.mail_from or f"tocsin@{urlsplit(self.link_base).hostname}"


def _scheme(value: str | None, allowed: tuple[str, ...]) -> str | None:
    if value is not None and urlsplit(value).scheme not in allowed:
        raise ValueError(f"must begin with one of {', '.join(scheme + '://' for scheme in allowed)}")
    return value


def read_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings of this process.

    Raises:
        SettingsError: an unknown TOCSIN_ variable, a value that does not fit, or a file that cannot be read.
    """
    values: dict[str, str] = {}
    problems: list[str] = []
    for variable in sorted(name for name in environ if name.startswith(PREFIX)):
        _take(variable, environ[variable], values, problems)
    if problems:
        raise SettingsError(problems)
    try:
        return Settings.model_validate({name: value for name, value in values.items() if value != ""})
    except ValidationError as error:
        raise SettingsError([_worded(problem) for problem in error.errors()]) from error


def _take(variable: str, value: str, values: dict[str, str], problems: list[str]) -> None:
    name = variable.removeprefix(PREFIX).lower()
    from_file = name not in Settings.model_fields and name.endswith("_file")
    name = name.removesuffix("_file") if from_file else name
    if name not in Settings.model_fields:
        problems.append(f"{variable}: there is no such setting{_suggestion(name)}")
    elif name in values:
        problems.append(f"{variable}: set both as itself and as a file; keep one")
    elif from_file:
        try:
            values[name] = read_small(Path(value))
        except ValueError as error:
            problems.append(f"{variable}: {error}")
    else:
        values[name] = value


_MAY_HOLD_PASSWORDS = frozenset(("database_url", "redis_url", "smtp_url", "base_url", "contact"))
"""Settings whose value no error shows."""


def _suggestion(name: str) -> str:
    near = difflib.get_close_matches(name, Settings.model_fields, n=1)
    return f"; did you mean {PREFIX}{near[0].upper()}?" if near else ""


def _worded(problem: Mapping[str, object]) -> str:
    location = problem["loc"]
    assert isinstance(location, tuple)  # noqa: S101 - for the type checker: pydantic says so
    name, why = str(location[0]), str(problem["msg"]).removeprefix("Value error, ")
    why = "write a whole number" if problem["type"] == "int_parsing" else why
    shown = "" if name in _MAY_HOLD_PASSWORDS else f" (it is {problem['input']!r})"
    return f"{PREFIX}{name.upper()}: {why}{shown}"
