"""Comparing secrets."""

from __future__ import annotations

import pytest

from hawkapi.security import HTTPBasicCredentials, same_secret, secret_among


@pytest.mark.parametrize(
    ("given", "expected", "same"),
    [
        ("a", "a", True),
        ("a", "b", False),
        ("a", "aa", False),
        ("", "", True),
        ("ñ", "ñ".encode(), True),
        (b"\xff", "\xff", False),
        ("\udcff", "\udcff", True),
    ],
)
def test_same_secret(given: str | bytes, expected: str | bytes, same: bool) -> None:
    """Texts are compared as UTF-8, whatever they hold."""
    assert same_secret(given, expected) is same


def test_secret_among() -> None:
    """A secret is found among others wherever it stands, and all of them are looked at."""
    assert [secret_among(given, ["a", b"b", "c"]) for given in "abcd"] == [True, True, True, False]
    assert not secret_among("", [])
    keys = iter(["a", "b"])
    assert secret_among("a", keys)
    assert next(keys, None) is None


@pytest.mark.parametrize(
    ("username", "password", "same"), [("u", "p", True), ("u", "q", False), ("v", "p", False), ("v", "q", False)]
)
def test_credentials_match(username: str, password: str, same: bool) -> None:
    """Both name and password must be the same."""
    assert HTTPBasicCredentials("u", "p").matches(username, password) is same
