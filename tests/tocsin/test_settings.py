"""Settings from the environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from tocsin.settings import SettingsError, read_settings


def test_without_variables_everything_has_a_default() -> None:
    settings = read_settings({})
    assert settings.link_base == "http://127.0.0.1:8765"
    assert settings.sender == "tocsin@127.0.0.1"
    assert settings.database.startswith("sqlite:////")


def test_an_unknown_variable_is_an_error_with_a_suggestion() -> None:
    with pytest.raises(SettingsError, match="did you mean TOCSIN_DATABASE_URL"):
        read_settings({"TOCSIN_DATABASE_URI": "postgresql://h/d"})


def test_a_secret_is_read_from_its_file(tmp_path: Path) -> None:
    (tmp_path / "smtp").write_text("smtps://user:word@mail.example.org\n")
    assert (
        read_settings({"TOCSIN_SMTP_URL_FILE": str(tmp_path / "smtp")}).smtp_url == "smtps://user:word@mail.example.org"
    )


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"TOCSIN_SMTP_URL_FILE: cannot read .*absent"):
        read_settings({"TOCSIN_SMTP_URL_FILE": str(tmp_path / "absent")})


def test_a_variable_set_twice_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "port").write_text("1")
    with pytest.raises(SettingsError, match="keep one"):
        read_settings({"TOCSIN_PORT": "2", "TOCSIN_PORT_FILE": str(tmp_path / "port")})


def test_every_wrong_value_is_named_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        read_settings({"TOCSIN_PORT": "high", "TOCSIN_REDIS_URL": "http://h", "TOCSIN_ALLOW_NETWORKS": "10.0.0.0/8,x"})
    assert {line.split(":")[0] for line in caught.value.problems} == {
        "TOCSIN_REDIS_URL",
        "TOCSIN_PORT",
        "TOCSIN_ALLOW_NETWORKS",
    }
    assert len(caught.value.problems) == 3


def test_networks_are_a_list_with_commas() -> None:
    settings = read_settings({"TOCSIN_ALLOW_NETWORKS": "127.0.0.0/8, ::1/128"})
    assert [str(network) for network in settings.allow_networks] == ["127.0.0.0/8", "::1/128"]


@pytest.mark.parametrize("name", ["DATABASE_URL", "REDIS_URL", "SMTP_URL", "BASE_URL"])
def test_no_error_shows_a_password(name: str) -> None:
    with pytest.raises(SettingsError, match="must begin with one of") as caught:
        read_settings({f"TOCSIN_{name}": "gopher://user:open-sesame@h.example/x"})
    assert "sesame" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("ALLOW_NETWORKS", "10.0.0.1/8", "10.0.0.1/8 is an address within a network; write 10.0.0.0/8"),
        ("ALLOW_NETWORKS", "::1/128, fe80::1/64", "fe80::1/64 is an address within a network; write fe80::/64"),
        ("ALLOW_NETWORKS", "intranet", "intranet is no network; write it as 10.0.0.0/8"),
        ("PORT", "high", "TOCSIN_PORT: write a whole number (it is 'high')"),
    ],
)
def test_an_error_says_how_to_mend_the_value(name: str, value: str, words: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_settings({f"TOCSIN_{name}": value})
    assert words in str(caught.value)
