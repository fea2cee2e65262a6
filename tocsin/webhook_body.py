"""The body of a webhook, as a published schema: version 1. New fields may be added; none changes its meaning."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from rules.model import Level, Role, Status, Zone


class _Open(BaseModel):
    model_config = ConfigDict(extra="allow")


class RuleBody(_Open):
    """The rule that matched; `hash` names its exact text."""

    id: str
    version: str
    hash: str
    title: str
    level: Level
    tags: list[str]


class SpeakerBody(_Open):
    """Who asserts the claim; `named` is false for "officials said"."""

    name: str | None
    title: str | None
    role: Role
    named: bool = True


class EvidenceBody(_Open):
    """A quoted span of the article; offsets in Unicode code points."""

    field: Literal["title", "text"]
    start: Annotated[int, Field(ge=0)]
    end: Annotated[int, Field(ge=0)]
    text: str


class AlertBody(_Open):
    """One event. `episode` counts the openings of its key: ended, reimposed, ended again are three. `story` is that of
    the article that opened it: alerts of one text and its copies share it.
    """

    id: str
    rule: RuleBody
    status: Status
    speaker: SpeakerBody | None
    zone: Zone
    bindings: dict[str, str]
    evidence: list[EvidenceBody]
    opened_at: datetime
    episode: Annotated[int, Field(ge=1)]
    story: str


class ArticleBody(_Open):
    """The article that the alert is about; `hash` names its content at this `revision`."""

    id: str
    url: str | None
    title: str
    outlet: str
    tier: Literal["official", "agency", "press", "blog"]
    published_at: datetime | None
    published_from: Literal["declared", "inferred", "first_seen"]
    first_seen_at: datetime
    revision: Annotated[int, Field(ge=1)]
    hash: str


class ToldBody(_Open):
    """An alert as it stands; `change` says what an update brings."""

    version: Literal[1]
    alert: AlertBody
    article: ArticleBody
    outlets: Annotated[int, Field(ge=1)]
    link: str
    change: str | None = None


class DataBody(ToldBody):
    """Of an alert. `seq` counts the messages of the subscription from 1, without a hole."""

    seq: Annotated[int, Field(ge=1)]


class ShortRuleBody(_Open):
    """A rule by name only; its title may be cut."""

    id: str
    title: str
    level: Level


class ShortAlertBody(_Open):
    """An alert by name only: `GET /api/v1/alerts/ID` has the rest."""

    id: str
    rule: ShortRuleBody


class ShortArticleBody(_Open):
    """The title of an article, which may be cut."""

    title: str


class ShortToldBody(_Open):
    """What an item of a digest comes down to where all of them do not fit."""

    alert: ShortAlertBody
    article: ShortArticleBody


class ItemBody(_Open):
    """A message within a digest, as it would have been sent alone; `short` where there was no room for all of it."""

    id: str
    type: str
    timestamp: datetime
    short: bool = False
    data: ToldBody | ShortToldBody


class PeriodBody(_Open):
    """What a digest is for. A period of more messages than one digest takes has several, each a `part`."""

    since: Annotated[datetime, Field(alias="from")]
    until: datetime
    timezone: str
    part: Annotated[int, Field(ge=1)]


class DigestDataBody(_Open):
    """Of the type `digest`. The items stand in the order in which they were told; none is in another digest."""

    version: Literal[1]
    seq: Annotated[int, Field(ge=1)]
    digest: PeriodBody
    items: list[ItemBody]


class AboutBody(_Open):
    """The thing that a notice is about, and its page on the console."""

    what: Literal["feed", "rule", "endpoint", "subscription"]
    id: str
    name: str
    link: str


class NoticeBody(_Open):
    """Something about the service itself. `words` say what, why and what to do; `details`, where there
    are some, say parts of it for programs. One trouble makes one notice of a kind: a repeat has the same `id`.
    """

    id: str
    title: str
    about: AboutBody
    words: str
    details: dict[str, int | str | list[str] | None] | None = None


class NoticeDataBody(_Open):
    """`seq` counts the messages of the subscription from 1, without a hole, alerts and notices alike."""

    version: Literal[1]
    seq: Annotated[int, Field(ge=1)]
    notice: NoticeBody


class TestBody(_Open):
    """Which case of `tocsin subscriptions test` an event is; `padding` makes the largest one large."""

    case: str
    padding: str = ""


class TestDataBody(_Open):
    """Of the types `test` and `test.…`: nothing has happened. `seq` is none of the subscription's."""

    version: Literal[1]
    seq: Annotated[int, Field(ge=1)]
    test: TestBody


class WebhookBody(_Open):
    """What is posted. `webhook-id` in the headers is the same for every repeat, and so is every byte of this. A `type`
    that begins with `alert.` has the data of an alert, `digest` those of a digest, `test` and what begins with `test.`
    those of a test, any other those of a notice.
    """

    type: str
    timestamp: datetime
    data: DataBody | DigestDataBody | NoticeDataBody | TestDataBody
