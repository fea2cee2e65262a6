"""Log lines: whole, one a write, and without secrets."""

from __future__ import annotations

import io
from contextlib import redirect_stderr
from typing import Literal

import pytest
import structlog

from tocsin.logs import set_up


class Writes(io.StringIO):
    """A stream that keeps what each write brought."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []

    def write(self, text: str) -> int:
        self.pieces.append(text)
        return super().write(text)


@pytest.mark.parametrize("form", ["console", "json"])
def test_a_line_is_one_write_so_that_processes_do_not_mix_theirs(form: Literal["console", "json"]) -> None:
    stream = Writes()
    with redirect_stderr(stream):
        set_up(form)
        structlog.get_logger().info("feed.looked_at", new=1)
    assert len(stream.pieces) == 1
    assert stream.pieces[0].endswith("\n")


@pytest.mark.parametrize("form", ["console", "json"])
def test_a_traceback_shows_no_local_variables(form: Literal["console", "json"]) -> None:
    stream = Writes()
    password = "-".join(["open", "sesame"])
    with redirect_stderr(stream):
        set_up(form)
        try:
            raise OSError(len(password))
        except OSError:
            structlog.get_logger().exception("service.failed")
    assert "OSError: 11" in stream.getvalue()
    assert "sesame" not in stream.getvalue()


def test_an_error_of_the_database_is_told_without_its_statement_and_values() -> None:
    stream = Writes()
    with redirect_stderr(stream):
        set_up("json")
        structlog.get_logger().warning(
            "clock.failed", error="no such table: feed\n[SQL: SELECT 1]\n[parameters: ('x',)]"
        )
    assert '"error": "no such table: feed"' in stream.getvalue()


@pytest.mark.parametrize("form", ["console", "json"])
def test_what_cannot_be_written_stops_nobody(form: Literal["console", "json"]) -> None:
    stream = Writes()
    with redirect_stderr(stream):
        set_up(form)
        stream.close()
        structlog.get_logger().info("feed.looked_at", new=1)
