"""`tocsin prune`, run as its users run it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable

import pytest
from sqlalchemy import select, update

from store.database import Database
from store.deliveries import exchange
from store.subscriptions import sync
from store.tables import article, delivery
from tests.workers.conftest import Silent, secrets
from tests.workers.parts import Words, add_articles, hook
from tocsin.settings import SettingsError, read_settings
from workers.channels import Delivered
from workers.context import Context
from workers.fate import tried_of
from workers.matching import match_articles

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def tocsin(sqlite_db: Database) -> Run:
    """Runs a command on the test's ledger."""

    def run(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": "", "TOCSIN_DATABASE_URL": str(sqlite_db.engine.url)} | more
        command = [sys.executable, "-m", "tocsin", *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)

    return run


@pytest.fixture
def delivered(sqlite_db: Database) -> str:
    """The id of a delivery that arrived, of an article first seen in September 2026."""
    sync(sqlite_db, [hook("http://127.0.0.1:1/a")])
    words = Words()
    context = Context(db=sqlite_db, doorbell=Silent(), rules=lambda: words, secrets=secrets)
    match_articles(context, add_articles(sqlite_db, ["embargo"]))
    (one,) = exchange(sqlite_db, "me", [], 1)
    exchange(sqlite_db, "me", [tried_of(one, Delivered(code=200), 1, 3, 0.5)], 0)
    with sqlite_db.write() as connection:
        connection.execute(update(delivery).values(created_at=1))
    return one.id


def test_a_dry_run_says_in_json_what_would_go_and_drops_nothing(
    tocsin: Run, sqlite_db: Database, delivered: str
) -> None:
    done = tocsin("prune", "--kind", "bodies", "--dry-run", "--json")
    said = json.loads(done.stdout)
    assert said["dry_run"] is True
    assert [(one["what"], one["rows"]) for one in said["pruned"]] == [
        ("bodies of deliveries", 1),
        ("bodies of messages", 0),
    ]
    assert said["pruned"][0]["bytes"] > 100
    with sqlite_db.read() as connection:
        assert connection.scalar(select(delivery.c.body))


def test_a_delivery_whose_body_is_gone_cannot_be_replayed_and_the_command_says_why(tocsin: Run, delivered: str) -> None:
    assert tocsin("prune").returncode == 0
    refused = tocsin("deliveries", "replay", delivered)
    assert refused.returncode == 1
    assert "its body is gone since" in refused.stderr
    assert "its body is gone since" in tocsin("deliveries", "show", delivered).stdout


def test_what_is_dropped_can_be_chosen_by_kind_and_age(tocsin: Run, sqlite_db: Database, delivered: str) -> None:
    assert tocsin("prune", "--kind", "texts", "--older-than", "1d").stdout.startswith("1 texts of articles")
    with sqlite_db.read() as connection:
        assert connection.scalar(select(article.c.text)) == ""
        assert connection.scalar(select(delivery.c.body))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(("--kind", "rows"), "texts, bodies, evidence, fetches"), (("--older-than", "soon"), "write a duration")],
)
def test_a_wrong_choice_is_refused_in_words(tocsin: Run, arguments: tuple[str, str], said: str) -> None:
    refused = tocsin("prune", *arguments)
    assert refused.returncode == 2
    assert said in refused.stderr


def test_nothing_is_dropped_by_itself_before_somebody_says_how_long_to_keep_it() -> None:
    assert not read_settings({}).prunes_daily
    settings = read_settings({"TOCSIN_KEEP_TEXTS": "forever", "TOCSIN_KEEP_BODIES": "30d"})
    assert settings.prunes_daily
    assert (settings.keep.texts_s, settings.keep.bodies_s) == (None, 30 * 86_400)


def test_bodies_are_kept_for_as_long_as_they_may_still_be_needed() -> None:
    with pytest.raises(SettingsError, match="TOCSIN_KEEP_BODIES"):
        read_settings({"TOCSIN_KEEP_BODIES": "7d"})
