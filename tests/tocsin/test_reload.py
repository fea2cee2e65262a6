"""Configuration that is replaced when its files change, and only by what is right."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tocsin import reload
from tocsin.reload import Reloading, loaded


def number_in(file: Path) -> Callable[[], int]:
    return lambda: int(file.read_text())


def write(file: Path, text: str) -> None:
    """Write as an editor would: a new file moved over the old one, with another time of change."""
    new = file.with_suffix(".new")
    new.write_text(text)
    os.utime(new, ns=(time.time_ns(), time.time_ns()))
    new.replace(file)


def reloading(file: Path, **callbacks: Callable[..., None]) -> Reloading[int]:
    return Reloading([file], number_in(file), first=loaded([file], number_in(file)), **callbacks)


def after_a_look(value: Reloading[int]) -> int:
    time.sleep(reload._LOOK_S + 0.05)
    return value()


def test_a_changed_file_is_taken_over(tmp_path: Path) -> None:
    file = tmp_path / "n.yml"
    write(file, "1")
    seen: list[int] = []
    value = reloading(file, accepted=seen.append)
    assert value() == 1
    write(file, "22")
    assert after_a_look(value) == 22
    assert seen == [1, 22]


def test_a_wrong_version_is_refused_once_and_the_last_good_one_stays(tmp_path: Path) -> None:
    file = tmp_path / "n.yml"
    write(file, "1")
    refused: list[str] = []
    value = reloading(file, refused=lambda error: refused.append(str(error)))
    assert value() == 1
    write(file, "wrong")
    assert after_a_look(value) == 1
    assert after_a_look(value) == 1
    assert len(refused) == 1
    write(file, "3")
    assert after_a_look(value) == 3


def test_a_file_that_appears_in_a_folder_is_seen(tmp_path: Path) -> None:
    paths = [tmp_path]

    def count() -> int:
        return len(list(tmp_path.iterdir()))

    value = Reloading(paths, count, first=loaded(paths, count))
    assert value() == 0
    write(tmp_path / "a.yml", "x")
    assert after_a_look(value) == 1


def test_a_first_version_that_is_wrong_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "n.yml").write_text("wrong")
    with pytest.raises(ValueError, match="wrong"):
        loaded([tmp_path / "n.yml"], number_in(tmp_path / "n.yml"))


def test_a_process_started_again_after_a_change_does_not_go_back_to_what_was_first_loaded(tmp_path: Path) -> None:
    file = tmp_path / "n.yml"
    write(file, "1")
    before = loaded([file], number_in(file))  # what the supervisor holds
    write(file, "22")
    accepted: list[int] = []
    value = Reloading([file], number_in(file), first=before, accepted=accepted.append)
    assert value() == 22
    assert accepted == [22]


def test_a_process_started_again_while_the_file_is_wrong_does_not_record_an_older_version(tmp_path: Path) -> None:
    file = tmp_path / "n.yml"
    write(file, "1")
    before = loaded([file], number_in(file))
    write(file, "wrong")
    accepted: list[int] = []
    refused: list[ValueError] = []
    value = Reloading([file], number_in(file), first=before, accepted=accepted.append, refused=refused.append)
    assert value() == 1
    assert (accepted, len(refused)) == ([], 1)


def test_what_was_first_loaded_is_recorded_though_the_file_is_wrong_at_the_first_look(tmp_path: Path) -> None:
    file = tmp_path / "n.yml"
    write(file, "1")
    said: list[object] = []
    started_at = time.time_ns() // 1_000
    value = reloading(
        file,
        accepted=said.append,
        refused=lambda error: said.append(str(error)),
        superseded=lambda at: not started_at <= at <= time.time_ns() // 1_000,
    )
    write(file, "wrong")
    assert value() == 1
    assert (said[0], len(said), value.is_taken) == (1, 2, True)


def test_what_is_in_force_is_still_recorded_when_a_wrong_version_comes_while_the_ledger_is_away(
    tmp_path: Path,
) -> None:
    file = tmp_path / "n.yml"
    write(file, "1")
    recorded: list[int] = []
    refused: list[ValueError] = []
    away: list[bool] = []

    def record(value: int) -> None:
        if away:
            raise ConnectionError("the ledger is away")
        recorded.append(value)

    value = reloading(file, accepted=record, refused=refused.append)
    assert value() == 1
    away.append(True)
    write(file, "22")
    assert after_a_look(value) == 22
    write(file, "wrong")
    assert after_a_look(value) == 22
    assert (recorded, refused, value.is_taken) == ([1], [], False)
    away.clear()
    assert after_a_look(value) == 22
    assert (recorded, len(refused), value.is_taken) == ([1, 22], 1, True)


def test_what_cannot_be_recorded_is_in_force_and_recorded_later(tmp_path: Path) -> None:
    file = tmp_path / "n.yml"
    write(file, "1")
    recorded: list[int] = []
    away = [True]

    def record(value: int) -> None:
        if away:
            raise ConnectionError("the ledger is away")
        recorded.append(value)

    value = reloading(file, accepted=record)
    assert value() == 1
    away.clear()
    assert after_a_look(value) == 1
    assert after_a_look(value) == 1
    assert recorded == [1]
