"""subscriptions.yml into subscriptions, with every problem as file:line:column and how to mend it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, field_validator, model_validator

from net.client import check_url
from rules.document import parse
from rules.model import Level
from rules.problems import Problem
from rules.shape import Duration, duration_s, some
from rules.source import Source, read
from store.endpoints import PER_ENDPOINT
from store.notices import KINDS
from store.rate import spacing_of
from store.subscriptions import Filter, Subscription
from workers.cadence import CADENCE_SCHEMA, read_cadence
from workers.channels.headers import MAX_HEADERS, REFERENCE, BadHeader, problem_of, resolved
from workers.channels.webhook import BadSecret, key_of
from workers.context import NoSecret
from workers.retry import SCHEDULE_S
from workers.smtp import is_mailbox

_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}\Z")

MIN_HEARTBEAT_S = 300
"""A heartbeat is due at a look of the watchdog, three a minute; who wants to know within seconds reads the metric."""

_OPTIONS = ("rate", "concurrency", "tries", "headers", "heartbeat")

Secrets = Callable[[str], str]


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


Words = Annotated[tuple[str, ...], BeforeValidator(_listed, json_schema_input_type=str | list[str])]
Tier = Literal["official", "agency", "press", "blog"]
Tiers = Annotated[tuple[Tier, ...], BeforeValidator(_listed, json_schema_input_type=Tier | list[Tier])]


def _duration(value: object) -> object:
    duration_s(value)
    return value


Age = Annotated[Duration, BeforeValidator(_duration)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FilterPart(_Part):
    """Which messages: alerts of these rules, as far as the rest lets them pass, and these notices."""

    rules: Annotated[Words | None, Field(min_length=1)] = None
    notices: Annotated[Words | None, Field(min_length=1)] = None
    level: Level = Level.LOW
    tags: Words = ()
    tiers: Tiers = ()
    confidence: Annotated[float, Field(ge=0, le=1)] = 0.0
    max_age: Age | None = None

    @model_validator(mode="after")
    def _something(self) -> FilterPart:
        if self.rules is None and self.notices is None:
            raise ValueError('it lets nothing pass: write `rules: ["*"]`, `notices: ["feed.*"]`, or both')
        return self


class SubscriptionPart(_Part):
    """One subscription."""

    id: str
    owner: Annotated[str, Field(min_length=1, max_length=320)]
    filter: FilterPart
    channel: Literal["webhook", "email"]
    to: str
    secret: Words | None = None
    rate: Annotated[str | None, Field(examples=["10/s", "60/m", "100/h"])] = None
    concurrency: Annotated[int | None, Field(ge=1, le=PER_ENDPOINT, strict=True)] = None
    tries: Annotated[int | None, Field(ge=1, le=len(SCHEDULE_S), strict=True)] = None
    headers: Annotated[dict[str, str], Field(max_length=MAX_HEADERS)] = {}
    heartbeat: Age | None = None
    cadence: Annotated[Any, Field(validate_default=True), WithJsonSchema(CADENCE_SCHEMA)] = "instant"

    @field_validator("id")
    @classmethod
    def _plain(cls, value: str) -> str:
        if not _ID.match(value):
            raise ValueError("write at most 64 of a-z, 0-9, dot, dash and underscore, a letter or digit first")
        return value

    @field_validator("cadence")
    @classmethod
    def _readable(cls, value: object) -> Mapping[str, Any]:
        return read_cadence(value)

    @field_validator("rate")
    @classmethod
    def _spaced(cls, value: str | None) -> str | None:
        if value is not None:
            spacing_of(value)
        return value

    @field_validator("heartbeat")
    @classmethod
    def _often(cls, value: str | None) -> str | None:
        if value is not None and duration_s(value) < MIN_HEARTBEAT_S:
            raise ValueError(f"write {MIN_HEARTBEAT_S // 60}m or more")
        return value

    @field_validator("secret")
    @classmethod
    def _references(cls, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if any(not REFERENCE.match(one) for one in value or ()):
            # the value itself must not be shown: it may be the secret
            raise ValueError("write where the secret is kept, env:NAME or file:PATH, never the secret itself")
        return value

    @model_validator(mode="after")
    def _signed(self) -> SubscriptionPart:
        if self.channel == "webhook" and not self.secret:
            raise ValueError("a webhook is signed: add `secret: env:NAME` or `secret: file:PATH`")
        if self.heartbeat and not any(fnmatchcase("heartbeat", glob) for glob in self.filter.notices or ()):
            raise ValueError("`heartbeat` says how often: add `heartbeat` to `notices` in the filter, or remove it")
        if self.channel == "email" and self.secret:
            raise ValueError("an email is not signed: remove `secret`")
        if self.channel == "email" and self.rate:
            raise ValueError("a rate is for webhooks: the mail server spaces mails; remove `rate`")
        if self.channel == "email" and self.concurrency:
            raise ValueError("concurrency is for webhooks: mails go to one server; remove `concurrency`")
        if self.channel == "email" and self.headers:
            raise ValueError("headers are for webhooks; remove `headers`")
        return self


class SubscriptionsFile(_Part):
    """The whole file."""

    subscriptions: Annotated[
        tuple[SubscriptionPart, ...], BeforeValidator(some, json_schema_input_type=list[SubscriptionPart] | None)
    ] = ()


def read_subscriptions(
    text: str, file: str, *, rule_ids: Collection[str], secrets: Secrets | None = None
) -> tuple[tuple[Subscription, ...], list[Problem]]:
    """The subscriptions that *text* declares, and every problem of it, sorted by place; with a problem there are no
    subscriptions. *rule_ids* are the loaded rules that globs must name one of; *secrets* resolves references, so that a
    secret that can be read is checked (one that cannot be may be readable where the workers run).
    """
    sources, problems = read(text, file)
    if problems:
        return (), problems
    if not sources:
        return (), []
    if len(sources) > 1:
        return (), [sources[1].problem((), "a second document; keep one, without `---`")]
    whole, problems = parse(sources[0], SubscriptionsFile)
    if whole is None:
        return (), sorted(map(_without_secret, problems))
    problems = sorted({*_problems(sources[0], whole, rule_ids, secrets)})
    return (() if problems else tuple(map(_subscription, whole.subscriptions))), problems


def _without_secret(problem: Problem) -> Problem:
    """Errors show what was found; of a secret written into the file that would be the secret."""
    where, found, _ = problem.message.partition("; found ")
    if found and {"secret", "headers"} & set(where.split(":")[0].strip("`").split(".")):
        return Problem(problem.file, problem.line, problem.column, where)
    return problem


def _subscription(part: SubscriptionPart) -> Subscription:
    wanted = part.filter
    return Subscription(
        id=part.id,
        owner=part.owner,
        filter=Filter(
            rules=wanted.rules or (),
            notices=wanted.notices or (),
            level=str(wanted.level),
            tags=wanted.tags,
            tiers=wanted.tiers,
            confidence=wanted.confidence,
            max_age=wanted.max_age,
        ),
        channel=part.channel,
        address=part.to,
        secret=" ".join(part.secret) if part.secret else None,
        options={name: value for name in _OPTIONS if (value := getattr(part, name))},
        cadence=part.cadence,
    )


def _problems(
    source: Source, whole: SubscriptionsFile, rule_ids: Collection[str], secrets: Secrets | None
) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for number, part in enumerate(whole.subscriptions):
        at: tuple[str | int, ...] = ("subscriptions", number)
        if part.id in first:
            line = source.place(("subscriptions", first[part.id], "id")).line
            yield source.problem((*at, "id"), f"id `{part.id}` is here twice (first in line {line}); choose another")
        first.setdefault(part.id, number)
        if why := _bad_address(part):
            yield source.problem((*at, "to"), why)
        yield from _bad_globs(source, at, part.filter, rule_ids)
        if why := _bad_secret(part, secrets):
            yield source.problem((*at, "secret"), why)
        for name, why in _bad_headers(part, secrets):
            yield source.problem((*at, "headers", name), why)


def _bad_globs(
    source: Source, at: tuple[str | int, ...], wanted: FilterPart, rule_ids: Collection[str]
) -> Iterator[Problem]:
    for place, glob in enumerate(wanted.rules or ()):
        if rule_ids and not any(fnmatchcase(id, glob) for id in rule_ids):
            why = f"`{glob}` names no loaded rule; {_near(glob, rule_ids, '`tocsin rules list` shows them')}"
            yield source.problem((*at, "filter", "rules", place), why)
    for place, glob in enumerate(wanted.notices or ()):
        if not any(fnmatchcase(kind, glob) for kind in KINDS):
            why = f"`{glob}` names no kind of notice; {_near(glob, KINDS, 'there are ' + ', '.join(KINDS))}"
            yield source.problem((*at, "filter", "notices", place), why)


def _bad_address(part: SubscriptionPart) -> str | None:
    if part.channel == "email":
        return None if is_mailbox(part.to) else f"{part.to[:100]!r} is not one plain address such as desk@example.org"
    problem = check_url(part.to)
    return f"this address cannot be a webhook's: {problem}" if problem else None


def _near(glob: str, names: Collection[str], where: str) -> str:
    near = difflib.get_close_matches(glob, sorted(names), 1, 0.6)
    return f"did you mean `{near[0]}`?" if near else f'{where}; "*" means all'


def _bad_secret(part: SubscriptionPart, secrets: Secrets | None) -> str | None:
    if secrets is None:
        return None
    for reference in part.secret or ():
        try:
            key_of(secrets(reference))
        except NoSecret:
            continue
        except BadSecret as error:
            return f"{reference}: {error}"
    return None


def _bad_headers(part: SubscriptionPart, secrets: Secrets | None) -> Iterator[tuple[str, str]]:
    lower: set[str] = set()
    for name, value in part.headers.items():
        if why := problem_of(name, value) or _bad_reference(name, value, secrets):
            yield name, why
        if name.lower() in lower:
            yield name, f"header `{name}` is here twice: upper and lower case are the same"
        lower.add(name.lower())


def _bad_reference(name: str, value: str, secrets: Secrets | None) -> str | None:
    try:
        resolved({name: value} if secrets else {}, secrets or str)
    except NoSecret:
        return None
    except BadHeader as error:
        return f"{value}: {error}"
    return None
