"""Fixtures for pytest: add ``pytest_plugins = ["hawkapi.testing.plugin"]`` to the top `conftest.py`.

`hawk_client` is a client of the application that the project's own `app` fixture gives; `hammer` is
`hawkapi.testing.hammer`. They are not loaded by themselves: not every project that has hawkapi installed wants
fixtures of these names.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from hawkapi.testing.client import TestClient
from hawkapi.testing.hammer import hammer as drive

__all__ = ["hammer", "hawk_client"]


@pytest.fixture
def hawk_client(app: Any) -> Iterator[TestClient]:
    """Give a client of the `app` fixture, without start-up; ``with hawk_client:`` runs it."""
    client = TestClient(app)
    try:
        yield client
    finally:
        client.close()


@pytest.fixture
def hammer() -> Any:
    """Give `hawkapi.testing.hammer`."""
    return drive
