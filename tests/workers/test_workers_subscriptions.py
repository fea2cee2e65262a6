"""subscriptions.yml: what is right is read, and each mistake is named with its place and its remedy."""

from __future__ import annotations

import pytest

from store.database import Database
from store.subscriptions import Filter, list_subscriptions, sync
from tests.workers.parts import SECRET, hook
from workers.context import NoSecret
from workers.subscriptions import read_subscriptions

RULES = ("embargo.ended", "sanctions.new")
GOOD = """\
subscriptions:
  - id: desk-hook
    owner: desk@example.org
    filter: {rules: ["embargo.*", "sanctions.*"], level: medium, tiers: [official, agency]}
    channel: webhook
    to: https://hooks.example.org/tocsin
    secret: env:DESK_HOOK_SECRET
    cadence: instant
  - id: desk-mail
    owner: desk@example.org
    filter: {rules: "*", max_age: 3d}
    channel: email
    to: desk@example.org
"""


def test_a_right_file_is_read_and_kept(sqlite_db: Database) -> None:
    subscriptions, problems = read_subscriptions(GOOD, "s.yml", rule_ids=RULES, secrets=lambda _: SECRET)
    assert problems == []
    first, second = subscriptions
    assert first.filter == Filter(
        rules=("embargo.*", "sanctions.*"), level="medium", tiers=("official", "agency"), confidence=0.0
    )
    assert (second.channel, second.secret, second.cadence) == ("email", None, {"instant": True})
    assert (first.filter.max_age, second.filter.max_age) == (None, "3d")
    sync(sqlite_db, subscriptions)
    assert list_subscriptions(sqlite_db) == [first, second]


@pytest.mark.parametrize(
    ("good", "bad", "problem"),
    [
        ("id: desk-mail", "id: desk-hook", "s.yml:9:9: id `desk-hook` is here twice (first in line 2)"),
        ("id: desk-mail", "id: Desk Mail", "s.yml:9:9: `subscriptions.1.id`: write at most 64 of a-z"),
        (
            'rules: "*"',
            'rules: "embrago.ended"',
            "s.yml:11:21: `embrago.ended` names no loaded rule; did you mean `emb",
        ),
        ('rules: "*"', "rules: []", "s.yml:11:21: `subscriptions.1.filter.rules`"),
        ("level: medium", "level: mid", "s.yml:4:58: `subscriptions.0.filter.level`"),
        (
            "level: medium",
            "max_age: three days",
            "s.yml:4:60: `subscriptions.0.filter.max_age`: write a duration such as 30m, 24h, 14d, 2w or 1y",
        ),
        ("level: medium", "max_age: 3", "`subscriptions.0.filter.max_age`: write a duration such as 30m"),
        ("level: medium", "levle: medium", "s.yml:4:51: unknown key `levle`; did you mean `level`?"),
        ("channel: email", "channel: pigeon", "s.yml:12:14: `subscriptions.1.channel`: Input should be 'webhook' or"),
        ("to: desk@", "to: Desk <desk@", "is not one plain address such as desk@example.org"),
        ("to: https://", "to: ftp://", "s.yml:6:9: this address cannot be a webhook's"),
        ("to: https://", "to: https://u:p@", "s.yml:6:9: this address cannot be a webhook's"),
        ("example.org/tocsin", "example.org:6379/tocsin", "s.yml:6:9: this address cannot be a webhook's"),
        (
            "cadence: instant",
            "cadence: daily",
            "s.yml:8:14: `subscriptions.0.cadence`: write `instant`, `hourly`, `{dai",
        ),
        ("cadence: instant", "cadence: {hourly: true}", "write `instant`, `hourly`, `{daily:"),
        (
            "cadence: instant",
            'cadence: {daily: "7:00"}',
            "'7:00' is no time of day; write hours and minutes of 24 hours",
        ),
        ("cadence: instant", 'cadence: {daily: "24:00"}', "'24:00' is no time of day"),
        (
            "cadence: instant",
            "cadence: {daily: 7}",
            '7 is no time of day; write hours and minutes of 24 hours, such as "07',
        ),
        ("cadence: instant", 'cadence: {daily: "07:00", zone: UTC}', "unknown key `zone`"),
        (
            "cadence: instant",
            'cadence: {daily: "07:00", timezone: Europe/Berlni}',
            "'Europe/Berlni' is no time zone of the IANA database; did you mean Europe/Berlin?",
        ),
        ("cadence: instant", 'cadence: {daily: "07:00", timezone: Mars/Base}', "is no time zone of the IANA database"),
        (
            "cadence: instant",
            'cadence: {daily: "07:00", timezone: /etc/passwd}',
            "is no time zone of the IANA database",
        ),
        ("cadence: instant", 'cadence: {weekly: "07:00"}', 'write `weekly: {day: monday, at: "07:00"}`'),
        ("cadence: instant", 'cadence: {weekly: {day: mon, at: "07:00"}}', "'mon' is no day; did you mean monday?"),
        (
            "cadence: instant",
            "concurrency: 5",
            "s.yml:8:18: `subscriptions.0.concurrency`: Input should be less than or",
        ),
        ("cadence: instant", 'concurrency: "2"', "`subscriptions.0.concurrency`: Input should be a valid integer"),
        (
            "cadence: instant",
            "tries: 11",
            "s.yml:8:12: `subscriptions.0.tries`: Input should be less than or equal to 10",
        ),
        ("cadence: instant", "tries: 0", "`subscriptions.0.tries`: Input should be greater than or equal to 1"),
        ("channel: email", "channel: email\n    concurrency: 1", "mails go to one server; remove `concurrency`"),
        ("    secret: env:DESK_HOOK_SECRET\n", "", "a webhook is signed: add `secret: env:NAME`"),
        ("cadence: instant", "cadence: instant\n    id: x", "s.yml:9:5: key 'id' is here twice"),
        ('owner: desk@example.org\n    filter: {rules: "*",', 'filter: {rules: "*",', "key `owner` is missing; add it"),
    ],
)
def test_a_mistake_is_named_with_its_place_and_its_remedy(good: str, bad: str, problem: str) -> None:
    assert good in GOOD
    subscriptions, problems = read_subscriptions(GOOD.replace(good, bad), "s.yml", rule_ids=RULES)
    assert subscriptions == ()
    assert any(problem in str(one) for one in problems), [str(one) for one in problems]


def test_all_problems_are_told_at_once() -> None:
    bad = (
        GOOD.replace("embargo.*", "x.*").replace("to: https://", "to: ftp://").replace("id: desk-mail", "id: desk-hook")
    )
    assert len(read_subscriptions(bad, "s.yml", rule_ids=RULES)[1]) == 3


@pytest.mark.parametrize("secret", ["whsec_c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0", "hunter2", "ENV:A", "env:A B"])
def test_a_secret_written_into_the_file_is_refused_and_not_repeated(secret: str) -> None:
    (problem,) = read_subscriptions(GOOD.replace("env:DESK_HOOK_SECRET", secret), "s.yml", rule_ids=RULES)[1]
    assert str(problem).startswith("s.yml:7:13: ")
    assert "env:NAME or file:PATH" in problem.message
    assert secret not in problem.message


def test_a_secret_that_can_be_read_is_checked() -> None:
    (problem,) = read_subscriptions(GOOD, "s.yml", rule_ids=RULES, secrets=lambda _: "whsec_c2hvcnQ=")[1]
    assert str(problem).startswith("s.yml:7:13: env:DESK_HOOK_SECRET: the secret holds 5 bytes, not 24 to 64; make one")


def test_a_secret_that_cannot_be_read_here_may_be_readable_elsewhere() -> None:
    def nothing(reference: str) -> str:
        raise NoSecret(reference)

    assert read_subscriptions(GOOD, "s.yml", rule_ids=RULES, secrets=nothing)[1] == []


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("instant", {"instant": True}),
        ("hourly", {"hourly": True}),
        ('{daily: "07:00", timezone: Europe/Berlin}', {"daily": "07:00", "timezone": "Europe/Berlin"}),
        ('{daily: "23:59"}', {"daily": "23:59", "timezone": "UTC"}),
        ("{daily: 07:00}", {"daily": "07:00", "timezone": "UTC"}),
        (
            '{weekly: {day: monday, at: "07:00"}, timezone: Asia/Kolkata}',
            {"weekly": {"day": "monday", "at": "07:00"}, "timezone": "Asia/Kolkata"},
        ),
    ],
)
def test_each_cadence_is_read_and_kept(sqlite_db: Database, written: str, kept: dict[str, object]) -> None:
    subscriptions, problems = read_subscriptions(
        GOOD.replace("cadence: instant", f"cadence: {written}"), "s.yml", rule_ids=RULES
    )
    assert problems == []
    sync(sqlite_db, subscriptions)
    assert list_subscriptions(sqlite_db)[0].cadence == kept


@pytest.mark.parametrize("text", ["", "subscriptions: []\n", "# nothing\n"])
def test_an_empty_file_has_no_subscriptions(text: str) -> None:
    assert read_subscriptions(text, "s.yml", rule_ids=RULES) == ((), [])


def test_two_processes_that_load_different_files_leave_one_of_them_whole(db: Database) -> None:
    one, other = (
        [hook("https://a.example.org/", "x")],
        [hook("https://b.example.org/", "x"), hook("https://c.example/", "y")],
    )
    sync(db, one)
    sync(db, other)
    sync(db, one)
    assert list_subscriptions(db) == one
