"""One server of each kind for all tests of a run; it must stop by itself and have nothing to complain about.

The default suite has uvicorn with its pure Python parser, which runs on every build. `nox -s e2e` adds granian and, on
builds with the GIL, uvicorn's C parser: they frame, buffer and disconnect differently.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from servers import FREE_THREADED, Served, can_serve, serve
from wire import connected, request_bytes

HERE = Path(__file__).parent
LARGE = bytes(range(256)) * 1024
"""256 KiB: four chunks of a `FileResponse`."""


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the files that the application serves, and one beside them that it must not serve."""
    place = tmp_path_factory.mktemp("files")
    public = place / "public"
    public.mkdir()
    (place / "secret.txt").write_text("secret")
    (place / "small.txt").write_text("small\n")
    (place / "large.bin").write_bytes(LARGE)
    (public / "large.bin").write_bytes(LARGE)
    (public / "style.css").write_text("body {}\n")
    (public / "index.html").write_text("<h1>home</h1>\n")
    (public / "way-out").symlink_to(place / "secret.txt")
    for path in (place / "large.bin", public / "large.bin", public / "style.css"):
        os.utime(path, (1_700_000_000, 1_700_000_000))
    return place


@pytest.fixture(
    scope="session",
    params=[
        "uvicorn",
        pytest.param("granian", marks=pytest.mark.e2e_long),
        pytest.param("granian-rsgi", marks=pytest.mark.e2e_long),
        # httptools has no wheel for free-threaded builds.
        *([] if FREE_THREADED else [pytest.param("httptools", marks=pytest.mark.e2e_long)]),
    ],
)
def server(request: pytest.FixtureRequest, files: Path) -> Iterator[Served]:
    """Serve the application of `apps.py`."""
    if not can_serve(request.param):
        pytest.skip(f"{request.param} is not installed")
    with serve(request.param, HERE, "apps:app", HAWKAPI_E2E_FILES=str(files)) as served:
        yield served


@pytest.fixture
def client(server: Served) -> Iterator[httpx.Client]:
    """Give a client with connections of its own, which does not follow redirects."""
    with httpx.Client(base_url=server.url, timeout=30, trust_env=False) as client:
        yield client


@pytest.fixture
def alive(server: Served) -> Iterator[None]:
    """Check after a test that the server still answers new connections."""
    yield
    with connected(server.address) as connection:
        connection.send(request_bytes("GET", "/plain"))
        assert connection.answer().body == b"plain text\n"
