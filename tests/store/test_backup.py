"""A copy of a ledger that others write to meanwhile."""

import threading
from pathlib import Path

import pytest

from store.backup import BackupError, backup
from store.database import Database
from store.feeds import Feed, add_feed, add_feeds, list_feeds
from store.migrate import migrate


def feeds(count: int, host: str = "example.org") -> list[Feed]:
    return [Feed(url=f"https://{host}/{n}.xml", name=str(n), outlet=host, tier="press", tags=()) for n in range(count)]


@pytest.fixture
def ledger(tmp_path: Path) -> tuple[Database, Path]:
    path = tmp_path / "tocsin.sqlite3"
    db = Database(str(path))
    migrate(db)
    add_feeds(db, feeds(1_200))
    return db, path


def test_a_copy_made_while_others_write_is_whole_and_can_be_used(ledger: tuple[Database, Path], tmp_path: Path) -> None:
    db, path = ledger
    stop = threading.Event()
    written: list[int] = []

    def write() -> None:
        while not stop.is_set():
            add_feed(db, feeds(len(written) + 1, "busy.example")[-1])
            written.append(1)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        size = backup(path, tmp_path / "copy.sqlite3")
    finally:
        stop.set()
        writer.join()
    copy = Database(str(tmp_path / "copy.sqlite3"))
    copied = len(list_feeds(copy))
    copy.close()
    db.close()
    assert size == (tmp_path / "copy.sqlite3").stat().st_size
    assert 1_200 <= copied <= 1_200 + len(written)
    assert not list(tmp_path.glob(".*unfinished*"))


def test_an_existing_file_is_not_overwritten(ledger: tuple[Database, Path], tmp_path: Path) -> None:
    db, path = ledger
    db.close()
    target = tmp_path / "copy.sqlite3"
    target.write_text("precious", "utf8")
    with pytest.raises(BackupError, match="exists"):
        backup(path, target)
    assert target.read_text("utf8") == "precious"


def test_what_is_no_database_leaves_nothing_behind(tmp_path: Path) -> None:
    source = tmp_path / "x.sqlite3"
    source.write_bytes(b"not a database, only words " * 100)
    with pytest.raises(BackupError, match="could not be written"):
        backup(source, tmp_path / "copy.sqlite3")
    with pytest.raises(BackupError, match="no database at"):
        backup(tmp_path / "none.sqlite3", tmp_path / "copy.sqlite3")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["x.sqlite3"]
