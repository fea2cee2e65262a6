"""References to secrets."""

from __future__ import annotations

from pathlib import Path

import pytest

from tocsin.secret import resolver
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
