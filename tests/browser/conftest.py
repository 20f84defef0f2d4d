"""A headless Chromium that reaches nothing but the server under test.

`nox -s browser` fetches it and runs these tests; elsewhere they are skipped when it, or playwright, is not there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from servers import serve

HERE = Path(__file__).parent
PLACES = {
    "plain": ("pages_app:plain", ""),
    "prefix": ("pages_app:prefixed", "/api"),
    "mount": ("pages_app:plain", "/mounted"),
    "mount and prefix": ("pages_app:plain", "/both/api"),
}
"""Which application serves the pages, and below which path."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of these tests."""
    group = parser.getgroup("browser")
    group.addoption("--server-python", metavar="PATH", help="the interpreter that serves, default this one")
    group.addoption("--screenshots", metavar="DIRECTORY", help="where pictures of the pages are put, default nowhere")


@pytest.fixture(scope="session")
def chromium() -> Path:
    """Find a Chromium; nothing is fetched here."""
    # Here: the scripts of the checkout are not there when an installed wheel is tested.
    from programs import installed

    program = installed("chromium")
    if program is None:
        pytest.skip("there is no Chromium here; `nox -s browser` fetches one")
    return program


@pytest.fixture(scope="session")
def servers(request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    """Serve both applications with uvicorn, and give their URLs."""
    python = request.config.getoption("--server-python", default=None)
    with (
        serve("uvicorn", HERE, "pages_app:plain", python=python) as plain,
        serve("uvicorn", HERE, "pages_app:prefixed", python=python) as prefixed,
    ):
        yield {"pages_app:plain": plain.url, "pages_app:prefixed": prefixed.url}


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest, servers: dict[str, str]) -> str:
    """Give the URL below which the pages are, in each of the places."""
    application, path = PLACES[request.param]
    return servers[application] + path


@pytest.fixture
def picture(request: pytest.FixtureRequest) -> Callable[[str], Path | None]:
    """Give a function that says where a picture goes, if pictures are wanted."""
    directory = request.config.getoption("--screenshots", default=None)
    return lambda name: Path(directory, name) if directory else None
