"""References to secrets."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tocsin.secret import resolver
from tocsin.settings import SettingsError, read_settings
from tocsin.small_file import MAX_BYTES
from workers.context import NoSecret


def test_a_file_is_read_relative_to_the_configuration_and_anew_each_time(tmp_path: Path) -> None:
    resolve = resolver(tmp_path)
    (tmp_path / "hook").write_text("whsec_one\n")
    assert resolve("file:hook") == "whsec_one"
    (tmp_path / "hook").write_text("whsec_two\n")
    assert resolve("file:hook") == "whsec_two"
    assert resolve(f"file:{tmp_path / 'hook'}") == "whsec_two"


@pytest.mark.parametrize("reference", ["env:TOCSIN_TEST_NO_SUCH_SECRET", "file:absent", "whsec_plain", "file:"])
def test_what_leads_nowhere_says_how_to_mend_it(tmp_path: Path, reference: str) -> None:
    with pytest.raises(NoSecret, match=r"set it|cannot read|write env"):
        resolver(tmp_path)(reference)


@pytest.mark.parametrize("make", [os.mkfifo, Path.mkdir, lambda path: path.symlink_to("/dev/zero")])
def test_what_is_no_regular_file_is_refused_without_waiting_for_it(
    tmp_path: Path, make: Callable[[Path], object]
) -> None:
    make(tmp_path / "hook")
    with pytest.raises(NoSecret, match=r"hook: .*(no regular file|directory)"):
        resolver(tmp_path)("file:hook")


@pytest.mark.parametrize(
    ("content", "mend"), [(b"k" * (MAX_BYTES + 1), "longer than 65536 bytes"), (b"\xff", "write it as text")]
)
def test_a_file_that_is_no_secret_is_refused_in_words(tmp_path: Path, content: bytes, mend: str) -> None:
    (tmp_path / "hook").write_bytes(content)
    with pytest.raises(NoSecret, match=f"hook: .*{mend}"):
        resolver(tmp_path)("file:hook")


def test_a_file_as_long_as_may_be_is_read_and_links_are_followed(tmp_path: Path) -> None:
    (tmp_path / "there").write_bytes(b"k" * MAX_BYTES)
    (tmp_path / "hook").symlink_to("there")
    assert resolver(tmp_path)("file:hook") == "k" * MAX_BYTES


def test_a_setting_from_a_file_has_the_same_bounds(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "smtp")
    with pytest.raises(SettingsError, match=r"TOCSIN_SMTP_URL_FILE: cannot read .*smtp: it is no regular file"):
        read_settings({"TOCSIN_SMTP_URL_FILE": str(tmp_path / "smtp")})
