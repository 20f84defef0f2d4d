"""Profiles: which file counts more, and how a profile is chosen."""

from __future__ import annotations

from pathlib import Path

import pytest

from hawkapi.config import SettingsError, load_profile_env


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty directory; the process environment names neither a profile nor the variables of the tests."""
    for name in ("HAWK_ENV", "A", "B", "C", "D"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_layers(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The profile's file counts more than `.env`, the process environment most, for names that a file has."""
    (directory / ".env").write_text("A=1\nB=1\nC=1")
    (directory / ".env.test").write_text("B=2\nC=2")
    monkeypatch.setenv("C", "3")
    monkeypatch.setenv("D", "3")
    assert load_profile_env("test", directory) == {"A": "1", "B": "2", "C": "3"}


@pytest.mark.parametrize(
    ("profile", "variable", "chosen"),
    [
        pytest.param("staging", "production", "staging", id="argument"),
        pytest.param(None, "production", "production", id="variable"),
        pytest.param(None, None, "development", id="default"),
        pytest.param("", "", "development", id="empty"),
    ],
)
def test_choice(
    profile: str | None, variable: str | None, chosen: str, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The argument counts more than `HAWK_ENV`, and that more than `development`."""
    if variable is not None:
        monkeypatch.setenv("HAWK_ENV", variable)
    for name in ("staging", "production", "development"):
        (directory / f".env.{name}").write_text(f"A={name}")
    monkeypatch.chdir(directory)
    assert load_profile_env(profile) == {"A": chosen}


@pytest.mark.parametrize("profile", ["../secrets", "a/b", "a\\b", "a b", "a\0", "ä", "a\n"])
def test_profile_that_is_no_name(profile: str, directory: Path) -> None:
    """Nothing that could name a file elsewhere is a profile."""
    with pytest.raises(SettingsError) as caught:
        load_profile_env(profile, directory)
    assert str(caught.value) == f"profile {profile!r} must be letters, digits, '_', '.' and '-'"


def test_profile_of_the_environment_that_is_no_name(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says where the profile came from."""
    monkeypatch.setenv("HAWK_ENV", "a/b")
    with pytest.raises(SettingsError, match="profile 'a/b', from HAWK_ENV in the process environment, must be"):
        load_profile_env(base_dir=directory)
