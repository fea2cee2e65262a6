"""The YAML schema of a rule, of a filter, and of their parts: what may be written, under which key."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, StrictBool, WithJsonSchema, field_validator

from rules.model import Level, Role, Status, Zone
from rules.problems import Problem
from rules.shape import Duration, DurationS, Part, SomeWords, Words, duration_s, listed, parse_as
from rules.source import Source

PartyType = Literal["state", "igo", "body", "org", "company", "person", "country", "any"]
Maturity = Literal["experimental", "test", "stable", "deprecated"]


def _of_kinds(value: object) -> object:
    """Kinds of party as a list. ValueError for a noun or a name, which have keys of their own."""
    kinds = listed(value)
    wrong = [k for k in kinds if isinstance(k, str) and k not in get_args(PartyType)] if isinstance(kinds, list) else []
    if wrong:
        known = ", ".join(get_args(PartyType))
        raise ValueError(
            f"no kind of party ({known}); a noun stands under `head`, {{head: {wrong[0]}}}, a state under `name`"
        )
    return kinds


_Kinds = Annotated[
    tuple[PartyType, ...], BeforeValidator(_of_kinds, json_schema_input_type=PartyType | list[PartyType])
]
_Statuses = Annotated[
    tuple[Status, ...], BeforeValidator(listed, json_schema_input_type=Status | list[Status]), Field(min_length=1)
]
_Zones = Annotated[
    tuple[Zone, ...], BeforeValidator(listed, json_schema_input_type=Zone | list[Zone]), Field(min_length=1)
]


def _headed(value: object) -> object:
    return {"head": listed(value)} if isinstance(value, str | list) else value


def _typed(value: object) -> object:
    return {"is": listed(value)} if isinstance(value, str | list) else value


def _spoken(value: object) -> object:
    return {"is": value} if isinstance(value, str) else value


def _worded(value: object) -> object:
    return {"any": listed(value)} if isinstance(value, str | list) else value


def _keyed(value: object) -> object:
    return {"key": listed(value)} if isinstance(value, str | list) else value


def _ruled_out(value: object) -> object:
    """Plain words rule out what stands in one sentence with them: `unless: [released, freed]`."""
    words = listed(value) if isinstance(value, str) else value
    is_plain = isinstance(words, list) and words and all(isinstance(word, str) for word in words)
    return [{"text": {"any": words}, "where": "sentence"}] if is_plain else value


def _alternatives(value: object) -> object:
    return [value] if isinstance(value, dict) else value


class ObjectPart(Part):
    """What the act is done to: the noun that heads it (or a party), what it must be about, what rules it out."""

    head: SomeWords = Field(default=(), description="lexicons ($name) or plain nouns; one of them heads the object")
    kinds: _Kinds = Field(default=(), alias="is", description="or the object is itself a party of one of these kinds")
    about: Words | None = Field(default=None, description="words of which one stands in the object or completes it")
    unless: Words | None = Field(default=None, description="words that rule the object out (a class of objects)")
    as_: str | None = Field(default=None, alias="as", description="bind the party that the object is to this name")


class PartyPart(Part):
    """Who acts, or whom it is done to: by kind, by name, or by a noun."""

    kinds: _Kinds = Field(default=(), alias="is", description="kinds of party; `any` unless `head` is given")
    name: Words | None = Field(default=None, description="only these: ISO 3166-1 alpha-2 codes or bodies (IR, EU)")
    head: SomeWords = Field(default=(), description="or a noun that heads the phrase: [central bank, $court, rebels]")
    of: _Kinds = Field(default=(), description="whose those of `head` must be: kinds of party; `as` then binds these")
    as_: str | None = Field(default=None, alias="as", description="bind what was found to this name")
    optional: StrictBool | None = Field(
        default=None,
        description="true: a claim that does not say it is taken too. Default: true where `as` stands alone with `is`, "
        "false otherwise",
    )

    @property
    def may_lack(self) -> bool:
        """Is a claim taken that does not say this party? One that names another than `name` never is."""
        return self.optional if self.optional is not None else bool(self.as_ and not self.name and not self.head)

    @property
    def wanted(self) -> tuple[str, ...]:
        """The kinds asked for."""
        return self.kinds or (() if self.head else ("any",))


class PartiesPart(Part):
    """Who does it with whom: at least `min` distinct parties."""

    kinds: _Kinds = Field(default=("any",), alias="is", description="kinds of party that count")
    min: int = Field(default=2, ge=0, le=9, description="how many distinct ones the claim must name")
    as_: SomeWords = Field(default=(), alias="as", description="bind them, in the order of the text: [A, B]")


_Object = Annotated[ObjectPart, BeforeValidator(_headed, json_schema_input_type=str | list[str] | ObjectPart)]
_Party = Annotated[PartyPart, BeforeValidator(_typed, json_schema_input_type=PartyType | list[PartyType] | PartyPart)]
_Parties = Annotated[
    PartiesPart, BeforeValidator(_typed, json_schema_input_type=PartyType | list[PartyType] | PartiesPart)
]


class NearPart(Part):
    """Two groups of words at most `within` words apart."""

    a: Words
    b: Words
    within: int = Field(default=10, ge=1, le=500, description="words between them at most")
    ordered: StrictBool = Field(default=False, description="a must stand before b")


class TextPart(Part):
    """The Boolean escape hatch. Every key that is given must hold."""

    any: Words | None = Field(default=None, description="one of these words")
    all: Words | None = Field(default=None, description="every one of these words")
    not_: Words | None = Field(default=None, alias="not", description="none of these words")
    near: NearPart | None = Field(default=None, description="two groups of words close together")
    same: Literal["sentence", "paragraph"] | None = Field(default=None, description="where `all` must stand together")
    atleast: int | None = Field(default=None, ge=1, le=1000, description="how often words of `any` must occur")
    first: int | None = Field(default=None, ge=1, description="look only at the first words of the article")
    regex: str | None = Field(default=None, max_length=2000, description="an RE2 pattern: no look-around, no \\1")


_Text = Annotated[TextPart, BeforeValidator(_worded, json_schema_input_type=str | list[str] | TextPart)]


class UnlessPart(Part):
    """What rules a match out."""

    text: _Text
    where: Literal["sentence", "article"] = Field(default="article", description="where the words must stand")


_Unless = Annotated[
    tuple[UnlessPart, ...], BeforeValidator(_ruled_out, json_schema_input_type=str | list[str] | list[UnlessPart])
]


class ClaimPart(Part):
    """Constraints on one clause: who does what to what, with which status."""

    act: Words = Field(description="lexicons ($name) or plain verbs and act nouns; every form of them is found")
    object: _Object | None = Field(default=None, description="what it is done to, in every voice")
    about: Words | None = Field(
        default=None, description="words of which one stands in the sentence: over what it is done"
    )
    by: _Party | None = Field(default=None, description="who acts")
    on: _Party | None = Field(default=None, description="against, for or with whom")
    parties: _Parties | None = Field(default=None, description="all parties that take part, whoever acts")
    status: _Statuses = Field(
        default=(Status.DONE, Status.AGREED, Status.ANNOUNCED, Status.UNDERWAY), description="which statuses count"
    )
    novelty: Literal["new", "any"] = Field(default="any", description="new: not what is called old, existing, extended")
    unless: _Unless = Field(default=(), description="what rules this claim out, and no other of the rule")


class SpeakerPart(Part):
    """Who must assert the claim: anybody, the outlet itself, or a speaker with this role, name or state."""

    is_: Literal["any", "outlet", "somebody"] = Field(
        default="somebody", alias="is", description="any; the outlet itself; somebody who is quoted"
    )
    role: Annotated[tuple[Role, ...], BeforeValidator(listed, json_schema_input_type=Role | list[Role])] = Field(
        default=(), description="the office of the speaker as the text gives it"
    )
    named: StrictBool | None = Field(default=None, description='false: "officials said"')
    name: Words | None = Field(default=None, description="part of the speaker's name")
    title: Words | None = Field(default=None, description="part of the title: [minister]")
    as_: str | None = Field(default=None, alias="as", description="bind the speaker to this name")


class ScopePart(Part):
    """Where in the article, and how old the event may be."""

    zone: _Zones = Field(
        default=(Zone.HEADLINE, Zone.LEAD, Zone.BODY),
        description="headline, lead (first 2 sentences), body, background",
    )
    event_age: DurationS | None = Field(default=None, description="oldest event by its date in the text: 14d")


class OtherwisePart(Part):
    """What holds until an alert is confirmed."""

    level: Level = Field(description="the level of an alert that is not confirmed yet")


class ConfirmPart(Part):
    """How many independent outlets raise an alert to the rule's level, and how soon."""

    outlets: int = Field(ge=2, le=100, description="independent outlets that must report it")
    within: DurationS = Field(description="counted from the first report: 24h")
    otherwise: OtherwisePart = Field(description="until then: {level: medium}")


def _duration_or_state(value: str) -> str:
    if value != "state_change":
        duration_s(value)
    return value


_OncePer = Annotated[
    str,
    AfterValidator(_duration_or_state),
    WithJsonSchema({"type": "string", "pattern": "^([1-9][0-9]{0,4}[mhdwy]|state_change)$", "examples": ["30d"]}),
]


class EmitPart(Part):
    """Which event a match belongs to."""

    key: Words | None = Field(default=None, description="what tells one event from another: [BY, TARGET]")
    symmetric: SomeWords = Field(default=(), description="values that are sorted, so that A-B is B-A")
    once_per: _OncePer | None = Field(
        default=None,
        description="how long a repeat is a sighting: 30d, or state_change",
        json_schema_extra={
            "anyOf": [{"const": "state_change"}, {"type": "string", "pattern": "^[1-9][0-9]{0,4}[mhdwy]$"}]
        },
    )
    state: str | None = Field(default=None, description="a state that rules share: restriction")
    becomes: Literal["in_force", "ended"] | None = Field(default=None, description="what the match makes of it")


class TestPart(Part):
    """An example inside a rule: a text that must match, or must not and why."""

    hit: str | None = Field(default=None, description="a text that must match")
    miss: str | None = Field(default=None, description="a text that must not match")
    todo_hit: str | None = Field(default=None, description="should match and does not yet: tells, never fails")
    todo_miss: str | None = Field(default=None, description="should not match and does: tells, never fails")
    title: str | None = Field(default=None, description="the article's title; the text is then its first paragraph")
    bind: dict[str, str | None] = Field(default_factory=dict, description="what a hit must bind: {TARGET: Iran}")
    status: Status | None = Field(default=None, description="the status that a hit must have")
    speaker: str | None = Field(default=None, description="the speaker that a hit must have")
    because: str | None = Field(default=None, description="a key that fails in a miss: status=planned, claim.object")
    published: str | None = Field(default=None, description="the article's date, 2024-06-03 unless given")


ParamValues = str | tuple[str, ...] | dict[str, str]


class RuleDocument(Part):
    """One rule as written."""

    rule: str = Field(
        pattern=r"^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*$",
        max_length=120,
        description="its id: lower case, parts joined by dots",
        json_schema_extra={"pattern": r"^[a-z{][A-Za-z0-9_{}]*(\.[A-Za-z0-9_{}]+)*$"},
    )
    title: str = Field(min_length=3, max_length=200, description="what it reports, for people")
    version: Annotated[str, BeforeValidator(lambda v: v, json_schema_input_type=str | int | float)] = Field(
        default="1", max_length=20, description="yours to count; the hash in alerts changes with every edit"
    )
    maturity: Maturity = Field(default="experimental", description="its readiness; stable needs a hit and two misses")
    level: Level = Field(default=Level.MEDIUM, description="what its reader must do: low note it … critical act now")
    tags: SomeWords = Field(default=(), description="free words; CAMEO codes as cameo.085")
    description: str = Field(default="", description="the definition, for people")
    false_positives: SomeWords = Field(default=(), description="what is known to fool it")
    references: SomeWords = Field(default=(), description="where its definition comes from")
    params: dict[str, ParamValues] = Field(
        default_factory=dict,
        description="one rule per value: {C: [IR, KP]}, then {C} and {C.name} in any text; `states` is every state",
    )
    claim: Annotated[
        tuple[ClaimPart, ...], BeforeValidator(_alternatives, json_schema_input_type=ClaimPart | list[ClaimPart])
    ] = Field(default=(), description="constraints on one clause; a list means any of them")
    text: _Text | None = Field(default=None, description="words that must be there")
    speaker: Annotated[
        SpeakerPart, BeforeValidator(_spoken, json_schema_input_type=Literal["any", "outlet", "somebody"] | SpeakerPart)
    ] = Field(default=SpeakerPart.model_validate({"is": "any"}), description="who must assert it")
    scope: ScopePart = Field(default=ScopePart(), description="where in the article, and how old the event may be")
    unless: _Unless = Field(default=(), description="what rules a match out; plain words do so in their sentence")
    gives_way: SomeWords = Field(default=(), description="rules before which it is silent: [defence.deal.new]")
    confirm: ConfirmPart | None = Field(default=None, description="independent outlets that raise the level")
    emit: Annotated[EmitPart, BeforeValidator(_keyed, json_schema_input_type=str | list[str] | EmitPart)] = Field(
        default=EmitPart(), description="which event a match belongs to"
    )
    tests: tuple[TestPart, ...] = Field(default=(), description="examples with their results")

    @field_validator("version", mode="before")
    @classmethod
    def _as_text(cls, value: object) -> object:
        return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


class FilterDocument(Part):
    """A suppression of a site's own: what rules out the matches of every rule that its globs name."""

    filter: str = Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=80, description="its id")
    title: str = Field(default="", max_length=200, description="why it is there, for people")
    rules: Words = Field(description="ids of rules, * and ? allowed: [embargo.*]")
    unless: Annotated[tuple[UnlessPart, ...], Field(min_length=1)] = Field(description="what rules a match out")


_HINTS = {
    "status": "a rule has no `status`; its own readiness is `maturity`, that of a claim stands under `claim`",
    "filters": "a rule does not list its filters; a filter is a document of its own that names rules",
    "condition": "unknown key `condition`; words are asked for with `text: {any: […], all: […], not: […]}`",
}


def parse(source: Source, model: type[BaseModel] = RuleDocument) -> tuple[Any, list[Problem]]:
    """The validated document, or None and every problem with its place."""
    hints = _HINTS if model is RuleDocument else {}
    return parse_as(source, model, next(iter(model.model_fields)), hints)  # type: ignore[no-any-return]


__all__ = ["Duration", "FilterDocument", "RuleDocument", "duration_s", "parse"]
