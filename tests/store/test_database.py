"""The one door to both databases."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, select, text, update

from store import tables
from store.database import Database, instant, microseconds
from store.migrate import SchemaTooNew, migrate, newest, revision


def test_the_migrations_lead_to_exactly_the_tables(db: Database) -> None:
    with db.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), tables.metadata) == []


def test_the_newest_revision_by_file_name_is_the_one_that_the_migrations_lead_to(db: Database) -> None:
    with db.read() as connection:
        assert MigrationContext.configure(connection).get_current_revision() == newest() == revision(db)


def test_an_empty_database_has_no_revision(database_url: str) -> None:
    assert revision(Database(database_url)) is None


def test_a_second_migration_changes_nothing(db: Database) -> None:
    assert migrate(db) == newest() == revision(db)


def test_migrations_that_start_together_run_once(database_url: str) -> None:
    errors: list[BaseException] = []

    def one() -> None:
        database = Database(database_url)
        try:
            migrate(database)
        except BaseException as error:  # noqa: BLE001 - shown by the assertion
            errors.append(error)
        finally:
            database.close()

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert revision(Database(database_url)) == newest()


def test_a_database_of_a_newer_version_is_refused(db: Database) -> None:
    with db.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SchemaTooNew, match="9999"):
        migrate(db)


def test_no_increment_is_lost_between_writers(db: Database) -> None:
    with db.write() as connection:
        connection.execute(insert(tables.lease).values(name="n", owner="o", until_at=0))

    def count() -> None:
        for _ in range(25):
            with db.write() as connection:
                row = connection.execute(select(tables.lease.c.until_at).with_for_update()).scalar_one()
                connection.execute(update(tables.lease).values(until_at=row + 1))

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with db.read() as connection:
        assert connection.execute(select(tables.lease.c.until_at)).scalar_one() == 100


def test_what_fails_in_a_transaction_leaves_nothing(db: Database) -> None:
    def cut_off() -> None:
        with db.write() as connection:
            connection.execute(insert(tables.lease).values(name="n", owner="o", until_at=0))
            raise RuntimeError("cut")

    with pytest.raises(RuntimeError, match="cut"):
        cut_off()
    with db.read() as connection:
        assert connection.execute(select(tables.lease)).first() is None


def test_the_ledgers_clock_is_now_in_microseconds(db: Database) -> None:
    with db.read() as connection:
        assert abs(db.now(connection) - microseconds(datetime.now(UTC))) < 5_000_000


@given(st.datetimes(timezones=st.just(UTC)))
def test_an_instant_survives_the_way_through_the_ledger(when: datetime) -> None:
    assert instant(microseconds(when)) == when


def test_other_databases_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match="only sqlite"):
        Database("mysql://localhost/x")


def test_many_that_open_a_new_sqlite_database_at_once_all_get_it(tmp_path: Path) -> None:
    errors: list[BaseException] = []

    def one(url: str, start: threading.Barrier) -> None:
        database = Database(url)
        start.wait()
        try:
            with database.write() as connection:
                connection.execute(text("SELECT 1"))
        except BaseException as error:  # noqa: BLE001 - shown by the assertion
            errors.append(error)
        finally:
            database.close()

    for attempt in range(30):
        start = threading.Barrier(8)
        url = f"sqlite:///{tmp_path / f'{attempt}.sqlite3'}"
        threads = [threading.Thread(target=one, args=(url, start)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert errors == []


def test_connections_that_died_while_they_rested_are_made_anew(postgres_db: Database) -> None:
    with postgres_db.read() as connection:
        gone = connection.scalar(text("SELECT pg_backend_pid()"))
    other = Database(postgres_db.engine.url.render_as_string(hide_password=False))
    with other.write() as connection:
        assert connection.scalar(text("SELECT pg_terminate_backend(:pid)"), {"pid": gone})
    time.sleep(1.1)  # who was asked a moment ago is not asked again
    with postgres_db.read() as connection:
        assert connection.scalar(text("SELECT pg_backend_pid()")) != gone
