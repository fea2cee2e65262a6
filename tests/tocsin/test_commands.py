"""The command line, run as its users run it: in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest
from sqlalchemy import delete, insert

from store import tables
from store.database import Database
from store.feeds import Feed, sync_feeds
from store.migrate import migrate
from store.subscriptions import Filter, Subscription, ensure_owned, sync
from tests.console import newsroom
from tests.workers.parts import hook
from workers.channels.webhook import key_of

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def tocsin(tmp_path: Path) -> Run:
    """Runs a command with a folder of its own."""

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("TOCSIN_")}
        own = {"TOCSIN_CONFIG": str(tmp_path / "config"), "TOCSIN_DATA": str(tmp_path / "data")}
        command = [sys.executable, "-m", "tocsin", *arguments]
        environment = inherited | own | {"COLUMNS": "200"} | environment
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)

    (tmp_path / "data").mkdir()
    return run


@pytest.fixture
def ledger(tmp_path: Path) -> Database:
    (tmp_path / "data").mkdir(exist_ok=True)
    db = Database(str(tmp_path / "data" / "tocsin.sqlite3"))
    migrate(db)
    return db


def test_the_starter_configuration_has_no_problem_and_about_thirty_feeds(tocsin: Run, tmp_path: Path) -> None:
    assert tocsin("init", str(tmp_path / "config")).returncode == 0
    checked = tocsin("check")
    assert (checked.returncode, checked.stderr) == (0, "")
    feeds = (tmp_path / "config" / "feeds.yml").read_text()
    assert 25 <= feeds.count("url:") <= 40


def test_init_never_writes_over_anything(tocsin: Run, tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "feeds.yml").write_text("mine")
    refused = tocsin("init", str(tmp_path / "config"))
    assert refused.returncode == 2
    assert "not empty" in refused.stderr
    assert (tmp_path / "config" / "feeds.yml").read_text() == "mine"


def test_check_tells_every_problem_of_every_file_with_its_place(tocsin: Run, tmp_path: Path) -> None:
    config = tmp_path / "config"
    (config / "rules").mkdir(parents=True)
    (config / "feeds.yml").write_text(
        "feeds:\n  - {url: 'https://a.example/rss', tear: press}\n  - {url: 'ftp://b/'}\n"
    )
    (config / "subscriptions.yml").write_text(
        "subscriptions:\n  - id: a\n    owner: o@example.org\n    filter: {rules: ['no.such.rule']}\n"
        "    channel: email\n    to: desk@example.org\n"
    )
    (config / "rules" / "mine.yml").write_text("rule: mine\ntitle: Mine\nclaim: {akt: $sign_agree}\n")
    checked = tocsin("check")
    assert checked.returncode == 1
    for part in ("feeds.yml:2:", "tear", "feeds.yml:3:", "subscriptions.yml:4:", "no.such.rule", "mine.yml:3:", "akt"):
        assert part in checked.stdout
    assert len(json.loads(tocsin("check", "--json").stdout)["problems"]) >= 4


@pytest.mark.parametrize(
    "bad", ["a: &x [1]\nb: *x\n", "rule: a\nrule: b\n", "[" * 5_000, "feeds: !!python/object:os.x {}"]
)
def test_no_yaml_trick_gets_past_check(tocsin: Run, tmp_path: Path, bad: str) -> None:
    (tmp_path / "config" / "rules").mkdir(parents=True)
    for name in ("feeds.yml", "subscriptions.yml", "rules/a.yml"):
        (tmp_path / "config" / name).write_text(bad)
    checked = tocsin("check")
    assert checked.returncode == 1
    assert "Traceback" not in checked.stderr
    for name in ("feeds.yml:", "subscriptions.yml:", "a.yml:"):
        assert name in checked.stdout


def test_an_unknown_setting_ends_every_command_with_a_hint(tocsin: Run) -> None:
    refused = tocsin("ledger", TOCSIN_DATABSE_URL="x")
    assert refused.returncode == 2
    assert "did you mean TOCSIN_DATABASE_URL" in refused.stderr


def test_single_services_say_what_they_need(tocsin: Run, tmp_path: Path) -> None:
    tocsin("init", str(tmp_path / "config"))
    refused = tocsin("watch")
    assert refused.returncode == 2
    assert "TOCSIN_REDIS_URL" in refused.stderr


def test_a_database_that_is_not_there_is_a_reason_not_a_traceback(tocsin: Run) -> None:
    refused = tocsin("ledger", TOCSIN_DATABASE_URL="postgresql://127.0.0.1:1/none?connect_timeout=2")
    assert refused.returncode == 1
    assert "cannot be used" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_the_ledger_names_rows_that_were_deleted_behind_its_back(tocsin: Run, ledger: Database) -> None:
    assert tocsin("ledger").returncode == 0
    with ledger.write() as connection:
        feed = {"id": "f", "url": "u", "name": "n", "outlet": "o", "tier": "press", "tags": [], "every": "auto"}
        more = {
            "backfill_s": 0,
            "full_text": False,
            "origin": "file",
            "created_at": 0,
            "status": "ok",
            "next_check_at": 0,
        }
        connection.execute(insert(tables.feed).values(**feed, **more))
        connection.execute(insert(tables.fetch).values(feed_id="f", at=1, outcome="fetched", entries=2, new=2))
    audit = tocsin("ledger")
    assert audit.returncode == 1
    assert "ODD" in audit.stdout
    with ledger.write() as connection:
        connection.execute(delete(tables.fetch))
    assert tocsin("ledger").returncode == 0


def test_tokens_are_shown_once_listed_without_secret_and_revoked(tocsin: Run, ledger: Database) -> None:
    made = json.loads(tocsin("tokens", "create", "desk", "--json").stdout)
    listed = tocsin("tokens", "list").stdout
    assert made["id"] in listed
    assert made["token"] not in listed
    assert tocsin("tokens", "revoke", made["id"]).returncode == 0
    assert "REVOKED" in tocsin("tokens", "list").stdout
    assert tocsin("tokens", "create", "x", "--role", "king").returncode == 2


def test_a_url_that_was_never_seen_is_traced_to_that_fact(tocsin: Run, ledger: Database) -> None:
    traced = tocsin("trace", "https://news.example.org/none")
    assert traced.returncode == 1
    assert "never seen" in traced.stdout


def test_who_has_unsubscribed_is_listed_until_an_operator_undoes_it(tocsin: Run, ledger: Database) -> None:
    one = Subscription(
        id="desk-mail", owner="o", filter=Filter(rules=("*",)), channel="email", address="desk@example.org"
    )
    sync(ledger, [one])
    assert "in force" in tocsin("subscriptions", "list").stdout
    with ledger.write() as connection:
        row = {"subscription_id": one.id, "endpoint_id": one.endpoint_id, "at": 1_790_000_000_000_000}
        connection.execute(insert(tables.unsubscribed).values(**row))
    assert "unsubscribed by its receiver on 2026-09-21" in tocsin("subscriptions", "list").stdout
    assert json.loads(tocsin("subscriptions", "list", "--json").stdout)[0]["unsubscribed_at"] == row["at"]
    assert "desk@example.org is told again" in tocsin("subscriptions", "resubscribe", "desk-mail").stdout
    again = tocsin("subscriptions", "resubscribe", "desk-mail")
    assert (again.returncode, "nobody has unsubscribed from desk-mail" in again.stderr) == (1, True)
    assert "in force" in tocsin("subscriptions", "list").stdout


def test_an_owner_who_unsubscribed_from_notices_can_be_told_again(tocsin: Run, ledger: Database) -> None:
    one = Subscription(id="owner:o@example.org", owner="o", filter=Filter(), channel="email", address="o@example.org")
    with ledger.write() as connection:
        ensure_owned(connection, one, 1)
        connection.execute(
            insert(tables.unsubscribed).values(subscription_id=one.id, endpoint_id=one.endpoint_id, at=1)
        )
    assert tocsin("subscriptions", "resubscribe", one.id).returncode == 0
    assert tocsin("subscriptions", "enable", one.id).returncode == 0
    assert json.loads(tocsin("subscriptions", "list", "--json").stdout) == []


@pytest.mark.parametrize("kind", ["rule", "webhook"])
def test_schemas_are_valid_json_schemas(tocsin: Run, kind: str) -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(tocsin("schema", kind).stdout))


def test_health_fails_where_nothing_runs(tocsin: Run, ledger: Database) -> None:
    assert tocsin("health").returncode == 1


def test_every_command_has_help(tocsin: Run) -> None:
    overview = tocsin("--help")
    assert overview.returncode == 0
    for command in ("run", "watch", "work", "serve", "migrate", "check", "rules", "feeds", "trace", "ledger"):
        assert command in overview.stdout


def test_a_secret_is_rotated_in_three_steps_that_name_what_is_there(tocsin: Run, ledger: Database) -> None:
    sync(ledger, [hook("https://hooks.example.org/a", "desk-hook", secret="env:HOOK")])
    rotated = tocsin("subscriptions", "rotate", "desk-hook")
    assert rotated.returncode == 0
    assert "secret: [env:HOOK_2, env:HOOK]" in rotated.stdout
    assert rotated.stdout.strip().endswith("secret: env:HOOK_2")
    (new,) = [line.strip() for line in rotated.stdout.splitlines() if line.strip().startswith("whsec_")]
    assert len(key_of(new)) == len(key_of(tocsin("subscriptions", "secret").stdout)) == 32
    assert tocsin("subscriptions", "rotate", "nobody").returncode == 1


def test_addresses_that_get_nothing_are_named_by_list_and_doctor(tocsin: Run, ledger: Database) -> None:
    sync(ledger, [hook(f"https://{id}.example.org/a", id) for id in ("gone", "weary", "well")])
    with ledger.write() as connection:
        for id, state in (
            ("gone", {"disabled_at": 1, "disabled_why": "HTTP 410"}),
            ("weary", {"failures": 7, "last_error": "HTTP 503"}),
        ):
            address = tables.endpoint.c.address.contains(id)
            connection.execute(tables.endpoint.update().where(address).values(**state))
    rests = "rests between tries: 7 in a row failed, the last: HTTP 503"
    listed = {line.split()[0]: line for line in tocsin("subscriptions", "list", COLUMNS="300").stdout.splitlines()}
    assert "disabled: HTTP 410" in listed["gone"]
    assert rests in listed["weary"]
    assert "in force" in listed["well"]
    examined = tocsin("doctor")
    assert examined.returncode == 1
    assert "BAD  endpoint https://gone.example.org/a: disabled: HTTP 410" in examined.stdout
    assert f"BAD  endpoint https://weary.example.org/a: {rests}" in examined.stdout
    assert "https://well.example.org" not in examined.stdout


def test_doctor_tells_of_many_feeds_with_one_trouble_in_one_line(tocsin: Run, ledger: Database) -> None:
    sync_feeds(ledger, [Feed(url=f"https://{n}.example/rss", name=str(n), outlet=f"{n}.example") for n in range(8)])
    with ledger.write() as connection:
        sick = {"status": "failing", "error_class": "dns", "error": "the name cannot be resolved"}
        connection.execute(tables.feed.update().values(**sick))
        alone = tables.feed.c.url == "https://7.example/rss"
        connection.execute(tables.feed.update().where(alone).values(error_class="tls", error="a bad certificate"))
    said = tocsin("doctor").stdout
    assert "BAD  7 feeds: host unknown, such as https://0.example/rss: the name cannot be resolved" in said
    assert "BAD  feed https://7.example/rss: a bad certificate; `tocsin feeds check URL` says how to mend it" in said
    assert "https://3.example" not in said


def test_doctor_says_what_it_knows_also_where_the_database_is_away(tocsin: Run, tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    examined = tocsin("doctor", TOCSIN_DATABASE_URL="postgresql://tocsin:open-sesame@127.0.0.1:1/tocsin")
    assert examined.returncode == 1
    assert "ok   configuration" in examined.stdout
    assert "BAD  database: the database cannot be used: connection failed" in examined.stdout
    assert "TOCSIN_DATABASE_URL" in examined.stdout
    assert "sesame" not in examined.stdout + examined.stderr


def test_a_delivery_that_waits_is_listed_with_what_its_last_try_brought(tocsin: Run, ledger: Database) -> None:
    newsroom.furnish(ledger)
    (waiting,) = [line for line in tocsin("deliveries", "list").stdout.splitlines() if " pending " in line]
    assert waiting.endswith("421 try again later")
    (row,) = json.loads(tocsin("deliveries", "list", "--status", "pending", "--json").stdout)
    assert row["last_try"] == "421 try again later"


def test_doctor_names_subscriptions_that_wait_for_reasons_of_our_own(tocsin: Run, ledger: Database) -> None:
    newsroom.furnish(ledger)
    why = "not sent, it cannot be signed: the environment variable DESK is not set"
    with ledger.write() as connection:
        connection.execute(tables.attempt.update().where(tables.attempt.c.code == 421).values(detail=why))
    said = tocsin("doctor").stdout
    assert f": 1 delivery waits: {why}\n" in said


def test_a_secret_in_place_of_its_reference_is_not_shown(tocsin: Run) -> None:
    secret = tocsin("subscriptions", "secret").stdout.strip()
    refused = tocsin("subscriptions", "test", "--url", "http://127.0.0.1:1024/", "--secret", secret)
    assert refused.returncode != 0
    assert "write env:NAME or file:PATH" in refused.stderr
    assert secret not in refused.stdout + refused.stderr


def test_watching_once_says_that_the_database_must_be_prepared_first(tocsin: Run, tmp_path: Path) -> None:
    assert tocsin("init", str(tmp_path / "config")).returncode == 0
    refused = tocsin("watch", "--once", TOCSIN_REDIS_URL="redis://127.0.0.1:1")
    assert refused.returncode == 1
    assert refused.stderr.startswith("the database is empty, this version needs revision ")
    assert refused.stderr.endswith(": run `tocsin migrate`\n")
