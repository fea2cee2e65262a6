"""What the API answers with. Instants are RFC 3339 in UTC, offsets are Unicode code points."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from rules.model import Level


class Answer(BaseModel):
    """Fields may be added to any answer; none changes its meaning."""

    model_config = ConfigDict(from_attributes=True)


class RuleOfAlert(Answer):
    """The rule that matched; `hash` names its exact text."""

    id: str
    hash: str
    title: str | None


class Speaker(Answer):
    """Who asserts the claim; `named` is false for "officials said"."""

    name: str | None
    title: str | None
    role: str
    named: bool = True


class Evidence(Answer):
    """A quoted span of the article."""

    field: Literal["title", "text"]
    start: int
    end: int
    text: str


class ArticleOfAlert(Answer):
    """The article that opened the alert."""

    id: str
    url: str | None
    title: str
    outlet: str
    tier: str
    published_at: datetime | None
    first_seen_at: datetime
    revision: int


class Alert(Answer):
    """One event. `quiet` says why it was shown and not told, `outlets` how many voices tell of it."""

    id: str
    rule: RuleOfAlert
    level: Level
    status: str
    zone: str
    speaker: Speaker | None
    bindings: dict[str, str]
    evidence: list[Evidence]
    confidence: float
    episode: int
    opened_at: datetime
    seen_at: datetime
    closed_at: datetime | None
    quiet: str | None
    outlets: int
    verdict: str | None
    verdict_by: str | None
    verdict_at: datetime | None
    article: ArticleOfAlert
    link: str


class Alerts(Answer):
    """Newest first. Ask on with `after=next_after` for newer ones, with `before=next_before` for older ones. An alert
    may come twice with `after`: know it by its id.
    """

    alerts: list[Alert]
    next_after: str | None = Field(description="Give it as `after` to get what comes next.")
    next_before: str | None = Field(description="Give it as `before` to get older ones; null where there are none.")
    more: bool


class Sighting(Answer):
    """A match of the alert."""

    article_id: str
    title: str
    url: str | None
    outlet: str
    at: datetime
    outcome: str
    why: str | None


class Episode(Answer):
    """One opening of the same key."""

    id: str
    episode: int
    rule_id: str
    becomes: str | None
    opened_at: datetime
    closed_at: datetime | None


class Try(Answer):
    """One try to send."""

    number: int
    started_at: datetime
    elapsed_ms: int
    outcome: str
    code: int | None
    detail: str


class Delivery(Answer):
    """One message for one subscription; `address` without the path of a webhook, which is often a secret. What goes
    into a digest has no `seq` of its own, is sent at `gather_at`, and shares the fate of the delivery `digest_id`.
    """

    id: str
    subscription_id: str
    seq: int | None
    channel: str
    address: str
    status: str
    why: str | None
    attempts: int
    created_at: datetime
    next_at: datetime | None
    done_at: datetime | None
    gather_at: datetime | None
    digest_id: str | None


class DeliveryOfAlert(Delivery):
    """With its tries."""

    tries: list[Try]


class ListedDelivery(Delivery):
    """With what it tells."""

    type: str
    alert_id: str | None


class Deliveries(Answer):
    """Newest first."""

    deliveries: list[ListedDelivery]
    next_before: str | None


class WholeAlert(Alert):
    """With all that became of it."""

    sightings: list[Sighting]
    episodes: list[Episode]
    deliveries: list[DeliveryOfAlert]


class VerdictWanted(BaseModel):
    """`null` takes a verdict back."""

    model_config = ConfigDict(extra="forbid")

    verdict: Literal["useful", "false_alarm", "duplicate"] | None


class Article(Answer):
    """An article as it is kept; `text` is plain, paragraphs separated by newlines."""

    id: str
    feed: str
    url: str | None
    title: str
    text: str
    author: str | None
    lang: str | None
    outlet: str
    tier: str
    tags: list[str]
    published_at: datetime | None
    published_from: str
    first_seen_at: datetime
    revised_at: datetime
    revision: int
    hash: str
    story: str
    evaluated_at: datetime | None
    parked_why: str | None


class Feed(Answer):
    """A watched feed and how it does."""

    id: str
    url: str
    name: str
    outlet: str
    tier: str
    tags: list[str]
    status: str
    failures: int
    error_class: str | None
    error: str | None
    last_success_at: datetime | None
    last_new_at: datetime | None
    usual_gap_s: int | None
    troubles: list[str]
    next_check_at: datetime
    next_check_why: str | None


class Feeds(Answer):
    """All feeds by name."""

    feeds: list[Feed]


class Rule(Answer):
    """A rule in force. `precision` is the share of judged alerts that were no false alarm."""

    id: str
    version: str
    hash: str
    title: str
    level: Level
    maturity: str
    tags: list[str]
    source: str
    alerts: int
    last_at: datetime | None
    precision: float | None


class Rules(Answer):
    """All rules in force by id."""

    rules: list[Rule]


class Subscription(Answer):
    """Who gets what; no secret is shown. `unsubscribed_at` is when its receiver asked for no more."""

    id: str
    owner: str
    filter: dict[str, Any]
    channel: str
    address: str
    cadence: dict[str, Any]
    unsubscribed_at: datetime | None


class Subscriptions(Answer):
    """All subscriptions in force by id."""

    subscriptions: list[Subscription]


class Silence(Answer):
    """What is kept back: messages that fit all that is given of `rule`, `bindings`, `outlet` and `alert_id`.
    `suppressed` counts the deliveries that were not sent because of it.
    """

    id: str
    rule: str | None
    bindings: dict[str, str]
    outlet: str | None
    alert_id: str | None
    author: str
    reason: str
    created_at: datetime
    until_at: datetime
    removed_at: datetime | None
    removed_by: str | None
    suppressed: int


class Silences(Answer):
    """Silences."""

    silences: list[Silence]


class SilenceWanted(BaseModel):
    """A silence to make: for so long (`8h`), or until an instant. `rule` is an id or a glob."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    reason: str = Field(max_length=500)
    rule: str | None = Field(None, max_length=200)
    bindings: dict[str, str] = {}
    outlet: str | None = Field(None, max_length=200)
    alert_id: str | None = Field(None, max_length=100)
    lasts: str | None = Field(None, alias="for", examples=["30m", "8h", "2d"])
    until: AwareDatetime | None = None


class AboutNotice(Answer):
    """The thing that a notice is about: a feed, rule, endpoint or subscription."""

    what: str
    id: str
    name: str


class ToldNotice(Answer):
    """What became of a notice for one subscription."""

    subscription_id: str
    status: str
    why: str | None


class Notice(Answer):
    """Something about the service itself; `told_at` is null while it waits to be told, `words` once it is pruned."""

    id: str
    type: str
    at: datetime
    told_at: datetime | None
    about: AboutNotice | None
    words: str | None
    details: dict[str, Any]
    told: list[ToldNotice]


class Notices(Answer):
    """Notices, newest first."""

    notices: list[Notice]
    next_before: str | None = Field(description="Give it as `before` to get older ones; null where there are none.")


class Message(Answer):
    """A message of a subscription: `type`, `timestamp` and `data` are what was (or will be) sent, `id` is its
    `webhook-id`, `status` what became of it.
    """

    id: str
    seq: int
    status: str
    why: str | None
    type: str
    timestamp: datetime
    data: dict[str, Any]


class Messages(Answer):
    """In their sequence, without a hole."""

    messages: list[Message]
    next_after: int
    more: bool


class Problem(BaseModel):
    """RFC 9457; `detail` says how to mend it."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
