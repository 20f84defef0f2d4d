"""One application served by two threads with a loop each, over real connections: what hawkapi is made for."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from servers import can_serve, complaints, listening_process

HERE = Path(__file__).parent
REQUESTS = 300


@pytest.fixture(scope="module")
def addresses(files: Path) -> Iterator[list[tuple[str, int]]]:
    """Serve the application on two sockets; the process must stop by itself, cleanly."""
    if not can_serve("uvicorn"):
        pytest.skip("uvicorn is not installed")
    with tempfile.TemporaryFile() as log:
        command = [sys.executable, "-W", "error", str(HERE / "serve_in_threads.py")]
        variables = {"HAWKAPI_E2E_FILES": str(files)}
        with listening_process(command, log, variables, sockets=2) as (addresses, process):
            yield addresses
        log.seek(0)
        text = log.read().decode("utf-8", "replace")
        assert (process.returncode, complaints(text)) == (0, []), text


def url(address: tuple[str, int]) -> str:
    """Return where a server is."""
    return f"http://{address[0]}:{address[1]}"


def test_requests_at_both_loops(addresses: list[tuple[str, int]]) -> None:
    """Each loop answers in its own thread; counters, start-up and routes are shared and exact."""

    def drive(address: tuple[str, int]) -> set[int]:
        with httpx.Client(base_url=url(address), timeout=30, trust_env=False) as client:
            threads = {client.get("/count").json()["thread"] for _ in range(REQUESTS)}
            assert client.get("/lifespan").json() == {"started": True}
            return threads

    with ThreadPoolExecutor(len(addresses)) as pool:
        threads = list(pool.map(drive, addresses))
    assert [len(found) for found in threads] == [1, 1]
    assert threads[0] != threads[1]
    for address in addresses:
        with httpx.Client(base_url=url(address), timeout=30, trust_env=False) as client:
            assert client.get("/counted").json() == {"count": 2 * REQUESTS}
            assert client.get("/records/lifespan").json() == ["start"]


def test_each_kind_of_work_at_both_loops(addresses: list[tuple[str, int]]) -> None:
    """Streams, files, bodies, worker threads and failures side by side, each answer its own."""

    def drive(number: int) -> int:
        with httpx.Client(base_url=url(addresses[number % 2]), timeout=30, trust_env=False) as client:
            for index in range(20):
                text = f"{number}-{index}"
                assert client.get(f"/hello/{text}").json() == {"message": f"Hello, {text}."}
                assert client.post("/echo", content=text.encode()).content == text.encode()
                assert client.post("/items", json={"name": text}).json()["name"] == text
                assert client.get(f"/sync/{index}").json()["number"] == index
                assert client.get(f"/stream/{index}").text.count("\n") == index
                assert client.get("/file", headers={"range": f"bytes={index}-{index}"}).content == bytes([index])
                assert client.get("/crash").status_code == 500
                assert client.get(f"/nothing/{text}").status_code == 404
                posted = client.post("/upload/file", files={"file": (text, text.encode())})
                assert (posted.json()["name"], posted.json()["size"]) == (text, len(text))
        return number

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(drive, range(4))) == [0, 1, 2, 3]
